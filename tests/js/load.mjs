// Loads a TypeScript module of js/ for a unit test: esbuild bundles it in memory, and Node imports the result.
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..');

/** The engine loads when a client needs it, which no unit test does. */
const loadedLater = {
  name: 'loaded later',
  setup({ onResolve }) {
    onResolve({ filter: /^\./ }, ({ kind, path: file }) =>
      kind === 'dynamic-import' ? { path: file, external: true } : undefined,
    );
  },
};

/** `load('auth/jwt')` is the module `js/auth/jwt.ts`. */
export async function load(name) {
  const { outputFiles } = await build({
    entryPoints: [path.join(root, 'js', `${name}.ts`)],
    bundle: true,
    format: 'esm',
    target: 'es2022',
    write: false,
    plugins: [loadedLater],
    logLevel: 'error',
  });
  return import(`data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`);
}
