// Captured when the module loads. Some hosts have no `performance`.
const clock = globalThis.performance ?? Date;

/** Milliseconds of the monotonic clock, if there is one. */
export const now = (): number => clock.now();
