// npm run examples: the same small app in React, Vue, Svelte and plain JavaScript, with the server behind them; with `-- --rust`
// in Dioxus, Leptos and Yew too.
import { spawn } from 'node:child_process';
import path from 'node:path';
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

/** Compiles the examples in Rust to `dist/` beside their pages. */
export async function buildRustExamples({ wasmBindgen }) {
  const folder = path.join(root, 'examples/rust');
  const target = path.join(root, 'target/examples');
  const places = ['--manifest-path', path.join(folder, 'Cargo.toml'), '--target-dir', target];
  const features = RUST_EXAMPLES.flatMap((name) => ['--features', `tokenward-example-${name}/idle`]);
  await run('cargo', ['build', '--locked', '--quiet', '--target', 'wasm32-unknown-unknown', ...places, ...features]);
  for (const name of RUST_EXAMPLES)
    for (const [program, outName] of [
      [`tokenward-example-${name}`, 'app'],
      [`tokenward-example-${name}-idle`, 'idle'],
    ]) {
      const compiled = path.join(target, 'wasm32-unknown-unknown/debug', `${program}.wasm`);
      const out = ['--out-dir', path.join(folder, name, 'dist'), '--out-name', outName];
      await run(wasmBindgen, [compiled, '--target', 'web', '--no-typescript', ...out]);
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
