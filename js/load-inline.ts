// The wasm from the text that is bundled in: for places that serve one file and no assets.
import init from '#glue';
import { wasm } from './wasm.js';

export const loadModule = (): Promise<unknown> => wasm().then((bytes) => init({ module_or_path: bytes }));
