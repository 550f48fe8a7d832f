// The wasm from the text that is bundled in: for places that serve one file and no assets.
import { imports, started } from '#glue';
import { wasm } from './bytes.js';

export const loadModule = (): Promise<unknown> =>
  wasm()
    .then((bytes) => WebAssembly.instantiate(bytes, imports()))
    .then(({ instance }) => started(instance));
