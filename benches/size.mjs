// The download of a minimal app that signs in, calls, refreshes, signs out and listens: one app per client (`benches/size`), bundled
// and minified by esbuild, compressed with brotli 11.
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { root } from '../tools/run.mjs';

const here = path.join(root, 'benches/size');
/** The length of the bytes after compression. */
export const brotli = (bytes) => brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;

/** Bytes of each app: `{name, bytes, first}`; `first` are the bytes that load before the wasm. */
export async function measureSizes() {
  const { build } = await import('esbuild');
  const sizes = [];
  for (const file of readdirSync(here).sort()) {
    const { outputFiles, metafile } = await build({
      entryPoints: [path.join(here, file)],
      bundle: true,
      minify: true,
      splitting: true,
      format: 'esm',
      target: 'es2022',
      outdir: 'out',
      absWorkingDir: root,
      write: false,
      metafile: true,
      legalComments: 'none',
      logLevel: 'error',
      alias: { tokenward: path.join(root, 'pkg/index.js') },
    });
    const loaded = downloads(metafile.outputs);
    const size = (names) =>
      outputFiles
        .filter(({ path: name }) => names.has(path.relative(root, name)))
        .reduce((sum, { contents }) => sum + brotli(contents), 0);
    sizes.push({ name: path.basename(file, '.js'), bytes: size(loaded.all), first: size(loaded.first) });
  }
  return sizes.sort((one, other) => one.bytes - other.bytes);
}

/** The files that a page downloads: `first` are the entry and its imports, `all` also the files that it then loads. */
function downloads(outputs) {
  const entry = Object.keys(outputs).find(
    (name) => /^out\/[\w-]+\.js$/.test(name) && outputs[name].entryPoint?.includes('benches/size'),
  );
  const first = new Set();
  const follow = (name, into) => {
    if (into.has(name) || !outputs[name]) return;
    into.add(name);
    for (const { path: next, kind } of outputs[name].imports) if (kind === 'import-statement') follow(next, into);
  };
  follow(entry, first);
  const all = new Set(first);
  for (const name of first)
    for (const { path: next, kind } of outputs[name].imports) {
      const notNeeded = /pkg\/(worker-client|engine-without-wasm|dpop|idle|sign-in)\.js$/.test(
        outputs[next]?.entryPoint ?? '',
      );
      if (kind === 'dynamic-import' && !notNeeded) follow(next, all);
    }
  return { first, all };
}
