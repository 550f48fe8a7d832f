// Where the wasm comes from: the file beside this module. A bundler that leaves the file behind (esbuild, Rollup without a
// plugin, Vite's dependencies before version 8) still takes along what is imported, so a copy stands ready as a module.
import init from '#glue';

export const loadModule = (): Promise<unknown> =>
  init().catch((cause: unknown) =>
    import('./wasm.js')
      .then(({ wasm }) => wasm())
      .then(
        (bytes) => init({ module_or_path: bytes }),
        () => Promise.reject(cause),
      ),
  );
