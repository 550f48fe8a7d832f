// The file beside the worker, or none: a worker is one file, because bundlers of today (Vite before version 8) cannot split one.
import init from '#glue';

export const loadModule = (): Promise<unknown> => init();
