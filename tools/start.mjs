// npm start: builds everything (release) and serves the demo on the embedded store until Ctrl-C.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { buildPackage } from './build.mjs';
import { Mend, main, root, run, say, windows } from './run.mjs';
import { setUpBuild } from './setup.mjs';

export const demoDir = path.join(root, 'www/demo/dist');

export async function buildDemo() {
  say('demo page: Vite build');
  await run(process.execPath, [
    path.join(root, 'node_modules/vite/bin/vite.js'),
    'build',
    '--config',
    'www/demo/vite.config.js',
    '--logLevel',
    'warn',
  ]);
}

export async function buildServer() {
  say('server: cargo build --release');
  await run('cargo', ['build', '--locked', '--release', '--quiet', '--package', 'tokenward-server']);
  return path.join(root, 'target/release', windows ? 'tokenward-server.exe' : 'tokenward-server');
}

async function start() {
  const tools = await setUpBuild();
  await buildPackage(tools);
  await buildDemo();
  const program = await buildServer();
  const port = process.env.PORT ?? '8080';
  const server = spawn(program, [], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    // Tokens live for a minute, so that a renewal can be watched.
    env: {
      ACCESS_TTL: '60',
      COOKIE_SECURE: 'false',
      DEMO: 'true',
      DEMO_DIR: demoDir,
      LOGIN_LIMIT: '60',
      ...process.env,
      PORT: port,
    },
  });
  let said = '';
  server.stdout.on('data', (data) => {
    if (said === null) return process.stdout.write(data);
    said += data;
    const address = said.match(/listening on (\S+)/)?.[1];
    if (!address) return;
    said = null;
    console.log(`\n  tokenward demo:  ${address}\n`);
    console.log('  accounts:        ada@example.com    analytical engine   (admin)');
    console.log('                   grace@example.com  nanoseconds         (user)');
    console.log(`  your own server: ${address}/own-server\n`);
    console.log('  Ctrl-C stops it.\n');
  });
  // We stay until the server has ended. From a terminal it hears Ctrl-C itself; a `kill` reaches only us.
  process.on('SIGINT', () => server.kill('SIGINT'));
  process.on('SIGTERM', () => server.kill('SIGTERM'));
  const [code, signal] = await new Promise((resolve, reject) => {
    server.on('error', (error) => reject(new Mend(`the server could not be started: ${error.message}`)));
    server.on('exit', (...how) => resolve(how));
  });
  if (code === 0 || signal === 'SIGINT' || signal === 'SIGTERM') return console.log('stopped');
  if (said !== null)
    throw new Mend('the server did not start; it says why above. If the port is taken: PORT=8081 npm start');
  throw new Mend(`the server ended with ${signal ?? `exit code ${code}`}`);
}

if (process.argv[1] === path.join(root, 'tools/start.mjs')) await main(start);
