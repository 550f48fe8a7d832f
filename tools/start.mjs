// npm start: builds what has changed and serves the demo on the embedded store until Ctrl-C.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { buildPackage } from './build.mjs';
import { main, root, run, say, UserError } from './run.mjs';
import { serverProfile, serverProgram } from './servers.mjs';
import { checkRust, setUpBuild } from './setup.mjs';
import { buildOnce } from './stamp.mjs';

export const demoDir = path.join(root, 'www/demo/dist');

/** The inputs and outputs of the package's build. */
const PACKAGE = {
  name: 'package',
  inputs: [
    ...['src', 'bindings', 'js', 'tests/bindings', 'tools/build.mjs', 'tools/build-wasm.mjs'],
    ...['Cargo.toml', 'Cargo.lock', 'package.json', 'package-lock.json', 'tsconfig.json'],
  ],
  outputs: ['pkg', 'target/glue', 'target/glue-js', 'target/bindings-test.js'],
};
const DEMO = {
  name: 'demo',
  inputs: ['www/demo', 'pkg', 'package-lock.json'],
  outputs: ['www/demo/dist'],
};

/** Builds the package, unless its inputs have not changed since the last build. */
export const buildPackageOnce = (tools) => buildOnce(PACKAGE, () => buildPackage(tools));

/** Builds the demo page, unless its inputs have not changed since the last build. */
export const buildDemo = () =>
  buildOnce(DEMO, async () => {
    say('demo page: Vite build');
    const vite = path.join(root, 'node_modules/vite/bin/vite.js');
    await run(process.execPath, [vite, 'build', '--config', 'www/demo/vite.config.js', '--logLevel', 'warn']);
  });

/** Compiles the server. Returns the path of the program. */
export async function buildServer() {
  const profile = serverProfile();
  say(`server: cargo build --profile ${profile}`);
  await run('cargo', ['build', '--locked', '--profile', profile, '--quiet', '--package', 'tokenward-server']);
  return serverProgram();
}

/** Builds the package and the page while the server compiles, which uses other build folders. */
async function build() {
  const page = async () => {
    await buildPackageOnce(await setUpBuild());
    await buildDemo();
  };
  const [program] = await Promise.all([buildServer(), page()]);
  return program;
}

async function start() {
  checkRust();
  const program = await build();
  const port = process.env.PORT ?? '8080';
  const server = spawn(program, [], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    // Access tokens live for a minute, so that a visitor sees a renewal.
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
  let output = '';
  server.stdout.on('data', (data) => {
    if (output === null) return process.stdout.write(data);
    output += data;
    const address = output.match(/listening on (\S+)/)?.[1];
    if (!address) return;
    output = null;
    console.log(`\n  tokenward demo:  ${address}\n`);
    console.log('  accounts:        ada@example.com    analytical engine   (admin)');
    console.log('                   grace@example.com  nanoseconds         (user)');
    console.log(`  your own server: ${address}/own-server\n`);
    console.log('  Ctrl-C stops it.\n');
  });
  // This process ends after the server. Ctrl-C in a terminal reaches both; `kill` reaches this process alone.
  process.on('SIGINT', () => server.kill('SIGINT'));
  process.on('SIGTERM', () => server.kill('SIGTERM'));
  const [code, signal] = await new Promise((resolve, reject) => {
    server.on('error', (error) => reject(new UserError(`the server could not be started: ${error.message}`)));
    server.on('exit', (...how) => resolve(how));
  });
  if (code === 0 || signal === 'SIGINT' || signal === 'SIGTERM') return console.log('stopped');
  if (output !== null)
    throw new UserError(
      'the server did not start; its error is printed above. If the port is taken: PORT=8081 npm start',
    );
  throw new UserError(`the server ended with ${signal ?? `exit code ${code}`}`);
}

if (process.argv[1] === path.join(root, 'tools/start.mjs')) await main(start);
