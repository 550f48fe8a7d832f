// npm run examples: the same small app in React, Vue, Svelte and plain JavaScript, with the server behind them.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { EXAMPLE_FOLDERS, installPackage, installTools } from './pack.mjs';
import { main, root } from './run.mjs';
import { startServer } from './servers.mjs';
import { setUpBuild } from './setup.mjs';
import { buildPackageOnce, buildServer } from './start.mjs';

/** Installs the packages of the examples, and the present build of the package. */
export async function installExamples() {
  await installTools(EXAMPLE_FOLDERS);
  await installPackage('examples');
}

/** The command that serves the examples. */
export function serveExamples(port, server) {
  const vite = path.join(root, 'examples/node_modules/vite/bin/vite.js');
  const args = [vite, '--port', String(port), '--host', '127.0.0.1', '--strictPort'];
  const env = { ...process.env, AUTH_SERVER: server };
  return spawn(process.execPath, args, { cwd: path.join(root, 'examples'), env, stdio: 'inherit' });
}

if (process.argv[1] === path.join(root, 'tools/examples.mjs'))
  await main(async () => {
    await buildPackageOnce(await setUpBuild());
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
