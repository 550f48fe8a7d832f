// All set-up in one place. Each part installs only what is missing, and prints what it installs and why.
// Tools go to a cache folder of the user, one folder per version, shared by all clones; browsers and Redis come from the
// packages of the system.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { find, output, root, run, say, UserError, windows } from './run.mjs';

const cache =
  process.env.TOKENWARD_CACHE ??
  (windows
    ? path.join(process.env.LOCALAPPDATA ?? os.homedir(), 'tokenward')
    : path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'tokenward'));

const WASM_PACK = '0.15.1';
const GECKODRIVER = '0.37.1';

/** The parts of the set-up. Each resolves to the paths of the tools that it brings, by name. */
export const SETUP = {
  'node modules': async () => {
    checkNode();
    await installed('.', 'the build tools of package-lock.json (TypeScript, esbuild, wasm-opt, Vite, Playwright)', [
      'ci',
    ]);
    return {};
  },
  Rust: async () => {
    checkRust();
    await wasmTarget();
    return {};
  },
  'wasm-bindgen': async () => {
    checkRust();
    // (It reads and writes modules of 25 MB with these crates.)
    const optimised = ['walrus', 'wasm-encoder', 'wasmparser'];
    const version = lockedVersion('wasm-bindgen');
    return { wasmBindgen: await cargoTool('wasm-bindgen-cli', version, 'wasm-bindgen', optimised) };
  },
  'wasm-pack': async () => ({ wasmPack: await cargoTool('wasm-pack', WASM_PACK, 'wasm-pack') }),
  geckodriver: async () => ({ geckodriver: await cargoTool('geckodriver', GECKODRIVER, 'geckodriver') }),
  Redis: async () => ({ redis: await systemProgram('redis-server', process.env.REDIS_SERVER, REDIS) }),
  browsers: () => findBrowsers(),
  'headless shell': async () => ({ headlessShell: await findHeadlessShell() }),
};

/** Everything that builds the package, the demo and the server. Returns the paths of the tools. */
export async function setUpBuild() {
  const parts = ['node modules', 'Rust', 'wasm-bindgen'];
  return Object.assign({}, ...(await Promise.all(parts.map((part) => SETUP[part]()))));
}

/** What the tests need besides: wasm-pack, two browsers and their drivers, Redis. */
export async function setUpTests() {
  const tools = await setUpBuild();
  for (const part of ['Redis', 'browsers', 'wasm-pack', 'geckodriver']) Object.assign(tools, await SETUP[part]());
  return tools;
}

const REDIS = {
  why: "the tests run the server's store against a real one",
  fix: 'macOS: brew install redis. Windows: run the tests in WSL. Or name its path in REDIS_SERVER.',
};

/** Finds a program, or installs its system package if that needs no password. Returns its path. */
export async function systemProgram(name, given, { why, fix }) {
  const found = find(given, name);
  if (found) return found;
  await aptInstall([name], why);
  const installed = find(name);
  if (!installed)
    throw new UserError(`${name} was not found, and ${why}. Debian: sudo apt-get install ${name}. ${fix}`);
  return installed;
}

/** Installs packages on Debian and its relatives. A failure is not reported here: the caller looks for the program again. */
async function aptInstall(packages, why) {
  if (process.platform !== 'linux' || !find('apt-get')) return;
  const sudo = process.getuid() === 0 ? [] : ['sudo', '-n'];
  const apt = (...args) => {
    const [program, ...rest] = [...sudo, 'apt-get', ...args];
    return run(program, rest, { env: { DEBIAN_FRONTEND: 'noninteractive' } });
  };
  say(`apt-get install ${packages.join(' ')}: ${why}`);
  try {
    await apt('update', '-q');
    await apt('install', '-y', '-q', '--no-install-recommends', ...packages);
  } catch {
    // the caller reports a missing program, with the fix
  }
}

function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20)
    throw new UserError(`Node 20 or newer is needed, this is ${process.version}. Install it from nodejs.org.`);
}

export function checkRust() {
  if (!find('cargo')) {
    throw new UserError(
      'cargo is not on PATH. Install Rust with rustup (rustup.rs), open a new terminal, and try again.',
    );
  }
}

async function wasmTarget() {
  const sysroot = output('rustc', ['--print', 'sysroot']);
  if (sysroot && existsSync(path.join(sysroot, 'lib/rustlib/wasm32-unknown-unknown/lib'))) return;
  if (!find('rustup')) {
    throw new UserError(
      'This Rust has no wasm32-unknown-unknown target and was not installed by rustup. ' +
        'Install rustup (rustup.rs), or the package of your system that brings the target.',
    );
  }
  say('adding the Rust target wasm32-unknown-unknown: the client is compiled for it');
  await run('rustup', ['target', 'add', 'wasm32-unknown-unknown']);
}

/**
 * Installs the packages of a folder's lockfile if it has changed since the last time. `npm ci` rejects a lockfile that lacks the
 * optional packages of other systems; `npm install` adds those of this system.
 */
export async function installed(folder, what, command = ['install', '--no-save', '--ignore-scripts']) {
  const stamp = path.join(root, folder, 'node_modules/.tokenward-lock');
  const lock = createHash('sha256')
    .update(readFileSync(path.join(root, folder, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return;
  say(`npm ${command[0]}${folder === '.' ? '' : ` in ${folder}`}: ${what}`);
  await run('npm', [...command, '--no-fund', '--no-audit', '--loglevel', 'error', '--prefix', folder]);
  writeFileSync(stamp, lock);
}

/** The native modules that Directus and Strapi load. */
const CMS_MODULES = ['better-sqlite3', 'isolated-vm', 'sqlite3'];

/**
 * Installs Directus and Strapi, and the Node that runs them: Directus needs 22 or later, and is tried with 22.
 * The native modules are downloaded, or compiled with the headers of that Node. Returns the path of its program.
 */
export async function cmsNode() {
  const folder = 'tests/backends/cms';
  await installed(folder, 'Directus, Strapi and a Node for them (1.6 GB)');
  const modules = path.join(root, folder, 'node_modules');
  const own = path.join(modules, `node-${process.platform}-${process.arch}`);
  const found = [path.join(own, 'bin/node'), process.execPath].find((node) =>
    output(node, ['--version'])?.startsWith('v22.'),
  );
  if (!found) throw new UserError('Directus needs Node 22 here: run the command with it.');
  const [stamp, lock] = ['modules', 'lock'].map((name) => path.join(modules, `.tokenward-${name}`));
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === readFileSync(lock, 'utf8')) return found;
  say(`npm rebuild: ${CMS_MODULES.join(', ')}; takes some minutes if they must be compiled`);
  const env = { PATH: `${path.dirname(found)}${path.delimiter}${process.env.PATH}` };
  if (existsSync(path.join(own, 'include'))) env.npm_config_nodedir = own;
  await run('npm', ['rebuild', ...CMS_MODULES, '--prefix', folder, '--loglevel', 'error'], { env });
  writeFileSync(stamp, readFileSync(lock));
  return found;
}

/** A Python environment for a folder with a requirements.txt. Returns the path of its interpreter. */
export async function pythonFor(folder) {
  const place = path.join(root, 'target/python', path.basename(folder));
  const python = path.join(place, windows ? 'Scripts/python.exe' : 'bin/python');
  const wanted = readFileSync(path.join(root, folder, 'requirements.txt'), 'utf8');
  const stamp = path.join(place, 'requirements.txt');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python;
  const system = () =>
    ['python3', 'python'].map((name) => find(name)).find((name) => output(name, ['-c', 'import ensurepip']) !== null);
  if (!system()) await aptInstall(['python3', 'python3-venv'], `the tests run ${folder} with it`);
  if (!system())
    throw new UserError(`${folder} needs Python 3 with venv and pip. Debian: sudo apt-get install python3-venv.`);
  say(`pip install: what ${folder} needs, to ${place}`);
  await run(system(), ['-m', 'venv', '--clear', place]);
  const quietly = ['--quiet', '--disable-pip-version-check'];
  await run(python, ['-m', 'pip', 'install', ...quietly, '-r', path.join(root, folder, 'requirements.txt')]);
  writeFileSync(stamp, wanted);
  return python;
}

/** The version of a crate in Cargo.lock: the command-line tool must have exactly the version of the library. */
function lockedVersion(crate) {
  const lock = readFileSync(path.join(root, 'Cargo.lock'), 'utf8');
  const found = lock.match(new RegExp(`name = "${crate}"\\r?\\nversion = "([^"]+)"`));
  if (!found) throw new UserError(`Cargo.lock does not name ${crate}; run: cargo generate-lockfile`);
  return found[1];
}

/** A tool from crates.io: the one on PATH if its version is right, else the one in the cache. Returns its path. */
async function cargoTool(crate, version, program, optimised = []) {
  const folder = path.join(cache, `${crate}-${version}`);
  const own = path.join(folder, 'bin', windows ? `${program}.exe` : program);
  const right = (candidate) => candidate && output(candidate, ['--version'])?.split(/\s+/)[1] === version;
  for (const candidate of [own, find(program)]) if (right(candidate)) return candidate;
  say(`cargo install ${crate} ${version}: needed once, takes some minutes, goes to ${folder}`);
  const args = ['install', crate, '--version', version, '--root', folder];
  // Their speed hardly matters, so the compiler optimises only the crates of `optimised`: 110 processor seconds for
  // wasm-bindgen-cli, instead of 200 with `opt-level = 1` for all crates.
  const levels = ['opt-level=0', 'lto=false', ...optimised.map((name) => `package.${name}.opt-level=1`)];
  const fast = levels.flatMap((setting) => ['--config', `profile.release.${setting}`]);
  // (The text of cargo's error must not have colours.)
  const env = { CARGO_TERM_COLOR: 'never', CARGO_TERM_QUIET: 'false' };
  const chunks = [];
  try {
    await run('cargo', [...args, ...fast, '--locked'], { env, onOutput: (chunk) => chunks.push(chunk) });
  } catch (error) {
    if (!lacksLockedVersion(Buffer.concat(chunks).toString())) throw error;
    say(`the registry lacks a version that ${crate} is locked to: installing it with compatible versions`);
    await run('cargo', [...args, ...fast], { env });
  }
  if (!right(own)) throw new UserError(`${own} does not run. Remove ${folder} and try again.`);
  return own;
}

/**
 * Whether cargo's error is that the registry lacks a version of a lockfile: one that is not up to date lacks some of the versions
 * that a tool was released with.
 */
export const lacksLockedVersion = (text) => /^(error:)? *failed to select a version\b/m.test(text);

const CHROME = {
  linux: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
  darwin: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
  ],
  win32: [
    'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
    'C:\\Program Files (x86)\\Google\\Chrome\\Application\\chrome.exe',
  ],
};

const FIREFOX = {
  linux: ['firefox-esr', 'firefox'],
  darwin: ['/Applications/Firefox.app/Contents/MacOS/firefox'],
  win32: ['C:\\Program Files\\Mozilla Firefox\\firefox.exe'],
};

/**
 * The headless shell is Chromium without windows: the same engine and network stack, at a third of the processor time per page.
 * Tests run in it if the system has it; a browser that CHROME names runs all tests.
 */
async function findHeadlessShell() {
  const look = () => find(process.env.HEADLESS_SHELL, 'chromium-headless-shell', 'chrome-headless-shell');
  if (process.env.CHROME && !process.env.HEADLESS_SHELL) return undefined;
  const found = look();
  if (found) return found;
  await aptInstall(['chromium-headless-shell'], 'the browser tests take a third of the processor time in it');
  if (!look())
    say('chromium-headless-shell was not found: all browser tests run in Chromium with windows, which takes longer');
  return look();
}

async function findBrowsers() {
  const look = () => ({
    chrome: find(process.env.CHROME, ...(CHROME[process.platform] ?? [])),
    chromedriver: find(process.env.CHROMEDRIVER, 'chromedriver'),
    firefox: find(process.env.FIREFOX, ...(FIREFOX[process.platform] ?? [])),
    // WebKit has a driver that can be installed only on Linux; it needs a virtual screen.
    ...(process.platform === 'linux' && { webkitDriver: find('WebKitWebDriver'), screen: find('Xvfb') }),
  });
  const PACKAGES = {
    chrome: 'chromium',
    chromedriver: 'chromium-driver',
    firefox: 'firefox-esr',
    webkitDriver: 'webkit2gtk-driver',
    screen: 'xvfb',
  };
  let found = look();
  const missing = Object.keys(found).filter((name) => !found[name]);
  if (missing.length > 0) {
    await aptInstall(
      missing.map((name) => PACKAGES[name]),
      'the tests run in real browsers',
    );
    found = look();
  }
  if (!found.chrome || !found.chromedriver || !found.firefox) {
    const list = Object.entries(found).map(([name, place]) => `${name}: ${place ?? 'not found'}`);
    throw new UserError(
      `The browser tests need Chrome or Chromium, the chromedriver of the same version, and Firefox (${list.join(', ')}). ` +
        'Install them, or name them in CHROME, CHROMEDRIVER and FIREFOX. Debian: sudo apt-get install chromium ' +
        'chromium-driver firefox-esr. macOS: brew install --cask google-chrome chromedriver firefox.',
    );
  }
  if (process.platform === 'linux' && !(found.webkitDriver && found.screen)) {
    say(
      'WebKitWebDriver and Xvfb (Debian: webkit2gtk-driver xvfb) were not found: the one test in WebKitGTK is left out',
    );
    found.webkitDriver = null;
  }
  return found;
}
