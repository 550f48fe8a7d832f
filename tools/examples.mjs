// npm run examples: the same small app in React, Vue, Svelte and plain JavaScript, with the server behind them; with `-- --rust`
// in Dioxus, Leptos and Yew too.
import { execFile, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { EXAMPLE_FOLDERS, installPackage, installTools } from './pack.mjs';
import { main, root, run } from './run.mjs';
import { startServer } from './servers.mjs';
import { setUpBuild } from './setup.mjs';
import { buildPackageOnce, buildServer } from './start.mjs';

/** Installs the packages of the examples, and the present build of the package. */
export async function installExamples() {
  await installTools(EXAMPLE_FOLDERS);
  await installPackage('examples');
}

/** The examples in Rust, each a crate of examples/rust with two programs. */
export const RUST_EXAMPLES = ['dioxus', 'leptos', 'yew'];

const folder = path.join(root, 'examples/rust');
const target = path.join(root, 'target/examples');
const places = ['--manifest-path', path.join(folder, 'Cargo.toml'), '--target-dir', target];
const cargoBuild = (...args) => run('cargo', ['build', '--locked', '--quiet', ...places, ...args]);
const WASM = ['--target', 'wasm32-unknown-unknown'];

/** Writes the JavaScript and the wasm of a compiled program to the folder `out`. */
const bindWasm = (wasmBindgen, program, out, outName) =>
  run(wasmBindgen, [
    path.join(target, 'wasm32-unknown-unknown/debug', `${program}.wasm`),
    ...['--target', 'web', '--no-typescript', '--out-dir', out, '--out-name', outName],
  ]);

/** Compiles the examples in Rust to `dist/` beside their pages. */
export async function buildRustExamples({ wasmBindgen }) {
  await cargoBuild(...WASM, ...RUST_EXAMPLES.flatMap((name) => ['--features', `tokenward-example-${name}/idle`]));
  for (const name of RUST_EXAMPLES) {
    const dist = path.join(folder, name, 'dist');
    await bindWasm(wasmBindgen, `tokenward-example-${name}`, dist, 'app');
    await bindWasm(wasmBindgen, `tokenward-example-${name}-idle`, dist, 'idle');
  }
}

/** The folder with the page of tests/ssr that uses this framework: `body.html`, which its server renders, and `app.js`. */
export const renderedPage = (name) => path.join(root, 'target/ssr', name);

/** Compiles the apps of tests/ssr: for the server, which renders the page, and for the browser, which hydrates it. */
export async function buildRenderedPages({ wasmBindgen }) {
  // All apps in one build for each: they share the crates that they need.
  const appsWith = (feature) =>
    RUST_EXAMPLES.flatMap((name) => [
      '--package',
      `tokenward-ssr-${name}`,
      '--features',
      `tokenward-ssr-${name}/${feature}`,
    ]);
  await cargoBuild(...appsWith('ssr'));
  await cargoBuild(...WASM, ...appsWith('hydrate'));
  for (const name of RUST_EXAMPLES) {
    const program = `tokenward-ssr-${name}`;
    const out = renderedPage(name);
    await bindWasm(wasmBindgen, program, out, 'app');
    const { stdout } = await promisify(execFile)(path.join(target, 'debug', program));
    writeFileSync(path.join(out, 'body.html'), stdout);
  }
}

/** The command that serves the examples. */
export function serveExamples(port, server) {
  const vite = path.join(root, 'examples/node_modules/vite/bin/vite.js');
  // `--force`: Vite would serve the dependencies of an earlier build of the package.
  const args = [vite, '--port', String(port), '--host', '127.0.0.1', '--strictPort', '--force'];
  const env = { ...process.env, AUTH_SERVER: server };
  return spawn(process.execPath, args, { cwd: path.join(root, 'examples'), env, stdio: 'inherit' });
}

if (process.argv[1] === path.join(root, 'tools/examples.mjs'))
  await main(async () => {
    const tools = await setUpBuild();
    await buildPackageOnce(tools);
    if (process.argv.includes('--rust')) await buildRustExamples(tools);
    await buildServer();
    await installExamples();
    const server = await startServer({ ACCESS_TTL: '60' });
    console.log('\n  accounts:        ada@example.com    analytical engine   (admin)');
    console.log('                   grace@example.com  nanoseconds         (user)\n');
    const vite = serveExamples(process.env.PORT ?? 5173, server.url);
    process.on('SIGINT', () => vite.kill());
    process.on('SIGTERM', () => vite.kill());
    await new Promise((resolve) => vite.on('exit', resolve));
    await server.stop();
  });
