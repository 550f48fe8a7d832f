// Where no file is beside this one: the module is bundled in, or runs in Node.
export const early = (): Promise<Response> | undefined => undefined;
