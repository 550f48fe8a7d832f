// Where the wasm comes from: the file beside this module. A bundler that leaves the file behind (esbuild, Rollup without a
// plugin, Vite's dependencies before version 8) still takes along what is imported, so a copy stands ready as a module. It
// serves as well where the file is sent as something else than application/wasm.
import { imports, started } from '#glue';

/** From `file`, where it was asked for already. */
export function loadModule(file?: Promise<Response>): Promise<unknown> {
  const given = imports();
  // In a function, so that what it throws is a failure like any other.
  const streamed = async () =>
    WebAssembly.instantiateStreaming(file ?? fetch(new URL('tokenward_bg.wasm', import.meta.url)), given);
  return streamed()
    .catch((cause: unknown) =>
      import('./bytes.js')
        .then(({ wasm }) => wasm())
        .then(
          (bytes) => WebAssembly.instantiate(bytes, given),
          () => Promise.reject(cause),
        ),
    )
    .then(({ instance }) => started(instance));
}
