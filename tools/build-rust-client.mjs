// The Rust client for the tests: the crate with its JavaScript class, behind the interface of the npm package (tests/rust-client),
// in target/rust-client.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { main, root, run, say } from './run.mjs';
import { setUpBuild } from './setup.mjs';

const TARGET = 'wasm32-unknown-unknown';
const folder = path.join(root, 'target/rust-client');

export async function buildRustClient({ wasmBindgen }) {
  say('Rust client: crate to wasm');
  const args = [
    '--locked',
    '--quiet',
    '--package',
    'tokenward',
    '--lib',
    '--features',
    'js,dpop,idle,sign-in',
    '--target',
    TARGET,
    '--profile',
    'wasm-dev',
  ];
  await run('cargo', ['build', ...args]);
  const compiled = path.join(root, 'target', TARGET, 'wasm-dev/tokenward.wasm');
  await run(wasmBindgen, [
    compiled,
    '--target',
    'web',
    '--out-dir',
    path.join(folder, 'glue'),
    '--out-name',
    'tokenward',
  ]);
  mkdirSync(folder, { recursive: true });
  const { build } = await import('esbuild');
  await build({
    entryPoints: { index: path.join(root, 'tests/rust-client/face.js') },
    outdir: folder,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    loader: { '.wasm': 'binary' },
    alias: {
      '#rust-client': path.join(folder, 'glue/tokenward.js'),
      '#rust-client.wasm': path.join(folder, 'glue/tokenward_bg.wasm'),
    },
    logLevel: 'warning',
  });
}

if (process.argv[1] === path.join(root, 'tools/build-rust-client.mjs'))
  await main(async () => buildRustClient(await setUpBuild()));
