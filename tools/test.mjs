// npm test: every test there is, one summary at the end, and an exit code that is true to it.
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildPackage, checkBudget } from './build.mjs';
import { CHROME_ARGS } from './chrome.mjs';
import { installExamples } from './examples.mjs';
import { installFixtures } from './pack.mjs';
import { Mend, main, root, run, say } from './run.mjs';
import { freePort, startServer } from './servers.mjs';
import { pythonFor, setUpTests } from './setup.mjs';
import { buildDemo, buildServer } from './start.mjs';

const bin = (name) => path.join(root, 'node_modules/.bin', name);

const STEPS = [
  ['Rust: format', () => run('cargo', ['fmt', '--all', '--check'])],
  [
    'Rust: clippy, host',
    () => run('cargo', ['clippy', '--locked', '--workspace', '--all-targets', '--quiet', '--', '-D', 'warnings']),
  ],
  ['package: build', (tools) => buildPackage(tools)],
  ['package: size', () => checkBudget()],
  [
    'Rust: clippy, wasm',
    () =>
      run('cargo', [
        'clippy',
        '--locked',
        '--target',
        'wasm32-unknown-unknown',
        '--all-targets',
        '--quiet',
        '--',
        '-D',
        'warnings',
      ]),
  ],
  ['TypeScript: format and lint', () => run(bin('biome'), ['ci', '--error-on-warnings', '.'])],
  ['demo page: types', () => run(bin('tsc'), ['-p', 'www/demo'])],
  [
    'core and server: tests on the host',
    ({ redis }) => run('cargo', ['test', '--locked', '--workspace', '--quiet'], { env: { REDIS_SERVER: redis } }),
  ],
  ['demo page: build', () => buildDemo()],
  ['server: build', () => buildServer()],
  ['shell: tests in headless Chromium', (tools) => shellTests(tools, chromium(tools))],
  ['shell: tests in headless Firefox', (tools) => shellTests(tools, firefox(tools))],
  ['client and demo page: end to end in browsers', (tools) => browserTests(tools, 'tests/e2e/')],
  ...['worker', 'shared-worker'].map((isolation) => [
    `client in a ${isolation}: end to end`,
    (tools) => browserTests(tools, IN_WORKERS, { ISOLATION: isolation }),
  ]),
  ['package: in every tool', (tools) => packageTests(tools)],
  ['secrecy: hostile scripts on the page', (tools) => browserTests(tools, 'tests/xss/')],
];

const e2e = (...names) => names.map((name) => `tests/e2e/${name}.test.mjs`);
/** The tests that run with the client in a worker as well. The others look at a clock that is the page's, or at the page alone. */
const IN_WORKERS = e2e('client', 'faults', 'lifecycle', 'tabs');

const chromium = ({ chrome, chromedriver }) => ({
  args: ['--chrome', '--chromedriver', chromedriver],
  capabilities: { 'goog:chromeOptions': { binary: chrome, args: ['--headless', ...CHROME_ARGS] } },
});

const firefox = ({ firefox, geckodriver }) => ({
  args: ['--firefox', '--geckodriver', geckodriver],
  capabilities: { 'moz:firefoxOptions': { binary: firefox, args: ['-headless'] } },
});

/** `wasm-pack test`, with a real server for the tests that want one. */
async function shellTests({ wasmPack, wasmBindgen }, { args, capabilities }) {
  const port = await freePort();
  const server = await startServer({ ALLOWED_ORIGINS: `http://127.0.0.1:${port}` });
  // wasm-pack reads the browser's flags from this file in the crate's folder.
  const flags = path.join(root, 'webdriver.json');
  writeFileSync(flags, JSON.stringify(capabilities));
  try {
    await run(wasmPack, ['test', '--headless', ...args, '--mode', 'no-install', '--', '--locked', '--test', 'web'], {
      env: {
        PATH: `${path.dirname(wasmBindgen)}${path.delimiter}${process.env.PATH}`,
        TOKENWARD_TEST_SERVER: server.url,
        WASM_BINDGEN_TEST_ADDRESS: `127.0.0.1:${port}`,
        WASM_BINDGEN_TEST_TIMEOUT: '60',
      },
    });
  } finally {
    rmSync(flags, { force: true });
    await server.stop();
  }
}

async function browserTests({ chrome, firefox, geckodriver, webkitDriver, redis }, places, env) {
  await run(process.execPath, ['--test', '--test-reporter=spec', '--test-concurrency=1', ...[places].flat()], {
    env: {
      ...env,
      CHROME: chrome,
      FIREFOX: firefox,
      GECKODRIVER: geckodriver,
      WEBKIT_DRIVER: webkitDriver ?? '',
      REDIS_SERVER: redis,
    },
  });
}

/** The packed tarball in bundlers, frameworks and test runners, and before the example servers. */
async function packageTests(tools) {
  await installFixtures();
  await installExamples();
  await run('cargo', ['build', '--locked', '--quiet', '--package', 'tokenward-example-axum']);
  const FASTAPI_PYTHON = await pythonFor('examples/servers/fastapi');
  await browserTests(
    tools,
    ['fixtures', 'units', 'servers', 'examples'].map((name) => `tests/packaging/${name}.test.mjs`),
    {
      FASTAPI_PYTHON,
    },
  );
}

await main(async () => {
  const only = process.argv.slice(2).join(' ');
  const steps = STEPS.filter(([name]) => name.includes(only));
  if (steps.length === 0)
    throw new Mend(`no step is called ${only}; there are:\n${STEPS.map(([name]) => `  ${name}`).join('\n')}`);
  const started = Date.now();
  const tools = await setUpTests();
  const results = [['set-up', null, Date.now() - started]];
  for (const [name, step] of steps) {
    say(name);
    const start = Date.now();
    let failure = null;
    try {
      await step(tools);
    } catch (error) {
      failure = error;
      console.error(error instanceof Mend ? error.message : error);
    }
    results.push([name, failure, Date.now() - start]);
  }
  console.log('\nsummary');
  for (const [name, failure, took] of results) {
    console.log(`  ${failure ? '✗' : '✓'} ${name.padEnd(48)}${(took / 1000).toFixed(1).padStart(7)} s`);
  }
  const failed = results.filter(([, failure]) => failure).length;
  console.log(`\n${results.length - failed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
});
