// Builds the peers as an app would: installed from the lockfile, each bundled and minified; those in Rust with the release profile.
import { copyFileSync } from 'node:fs';
import path from 'node:path';
import { root, run } from '../../tools/run.mjs';
import { installed } from '../../tools/setup.mjs';

const here = path.join(root, 'benches');
export const PEERS = {
  'hand-written': 'hand-written',
  'axios + axios-auth-refresh': 'axios',
  'auth0-spa-js, tokens in its worker': 'auth0',
  'oidc-client-ts, in memory': 'oidc',
  'supabase auth-js, default': 'supabase',
};

/** Returns the folder with one bundle per peer. */
export async function buildPeers() {
  await installed('benches', 'the clients that tokenward is compared with');
  const { build } = await import('esbuild');
  const folder = path.join(root, 'target/peers');
  await build({
    bundle: true,
    format: 'esm',
    minify: true,
    target: 'es2022',
    outdir: folder,
    entryPoints: [...Object.values(PEERS), 'ky', 'badgateway'].map((name) => path.join(here, 'peers', `${name}.js`)),
    logLevel: 'warning',
  });
  const auth0 = path.join(here, 'node_modules/@auth0/auth0-spa-js/dist/auth0-spa-js.worker.production.js');
  copyFileSync(auth0, path.join(folder, 'auth0-worker.js'));
  return folder;
}

/** Adds the clients of a Rust app to the folder: the crate of benches/rust, as `rust.js` and its wasm. */
export async function buildRustPeers(folder, { wasmBindgen }) {
  const target = path.join(root, 'target/bench-rust');
  const places = ['--manifest-path', path.join(root, 'examples/rust/Cargo.toml'), '--target-dir', target];
  const platform = ['--target', 'wasm32-unknown-unknown'];
  await run('cargo', [
    'build',
    '--locked',
    '--quiet',
    '--release',
    '--package',
    'tokenward-bench',
    ...platform,
    ...places,
  ]);
  const compiled = path.join(target, 'wasm32-unknown-unknown/release/tokenward_bench.wasm');
  await run(wasmBindgen, [compiled, '--target', 'web', '--out-dir', folder, '--out-name', 'rust', '--no-typescript']);
}
