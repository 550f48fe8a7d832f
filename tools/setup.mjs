// All set-up in one place. Each step looks first, does something only where something is missing, and says what and why.
// What it installs by itself goes to a cache folder of the user's, one folder per version, shared by all clones;
// only the browser comes from the system's packages.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { find, Mend, output, root, run, say, windows } from './run.mjs';

const cache =
  process.env.TOKENWARD_CACHE ??
  (windows
    ? path.join(process.env.LOCALAPPDATA ?? os.homedir(), 'tokenward')
    : path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), '.cache'), 'tokenward'));

const WASM_PACK = '0.15.1';
const GECKODRIVER = '0.37.1';

/** Everything that builds the package, the demo and the server. Returns the paths of the tools. */
export async function setUpBuild() {
  checkNode();
  checkRust();
  await wasmTarget();
  await nodeModules();
  return { wasmBindgen: await cargoTool('wasm-bindgen-cli', lockedVersion('wasm-bindgen'), 'wasm-bindgen') };
}

/** What the tests need besides: wasm-pack, two browsers and their drivers, Redis. */
export async function setUpTests() {
  const build = await setUpBuild();
  const redis = await systemProgram('redis-server', process.env.REDIS_SERVER, REDIS);
  const wasmPack = await cargoTool('wasm-pack', WASM_PACK, 'wasm-pack');
  const browsers = await findBrowsers();
  const geckodriver = await cargoTool('geckodriver', GECKODRIVER, 'geckodriver');
  return { ...build, redis, wasmPack, ...browsers, geckodriver };
}

const REDIS = {
  why: "the tests run the server's store against a real one",
  mend: 'macOS: brew install redis. Windows: run the tests in WSL. Or name its path in REDIS_SERVER.',
};

/** A program of the system's packages, installed where that can be done without asking. Returns its path. */
export async function systemProgram(name, given, { why, mend }) {
  const found = find(given, name);
  if (found) return found;
  await aptInstall([name], why);
  const installed = find(name);
  if (!installed) throw new Mend(`${name} was not found, and ${why}. Debian: sudo apt-get install ${name}. ${mend}`);
  return installed;
}

/** On Debian and the like. What could not be installed, whoever asked for it will miss and say so. */
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
    // said by whoever needs it, with the mend
  }
}

function checkNode() {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) throw new Mend(`Node 20 or newer is needed, this is ${process.version}. Install it from nodejs.org.`);
}

function checkRust() {
  if (!find('cargo')) {
    throw new Mend('cargo is not on PATH. Install Rust with rustup (rustup.rs), open a new terminal, and try again.');
  }
}

async function wasmTarget() {
  const sysroot = output('rustc', ['--print', 'sysroot']);
  if (sysroot && existsSync(path.join(sysroot, 'lib/rustlib/wasm32-unknown-unknown/lib'))) return;
  if (!find('rustup')) {
    throw new Mend(
      'This Rust has no wasm32-unknown-unknown target and was not installed by rustup. ' +
        'Install rustup (rustup.rs), or the package of your system that brings the target.',
    );
  }
  say('adding the Rust target wasm32-unknown-unknown: the client is compiled for it');
  await run('rustup', ['target', 'add', 'wasm32-unknown-unknown']);
}

const nodeModules = () =>
  installed('.', 'the build tools of package-lock.json (TypeScript, esbuild, wasm-opt, Vite, Playwright)', ['ci']);

/**
 * Installs what a folder's lockfile says, where it has changed since the last time. (`npm ci` refuses lockfiles that were made
 * where a registry lacks the programs of other systems; `npm install` fetches them where they are wanted.)
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

/** A Python of its own for a folder with a requirements.txt. Returns the interpreter's path. */
export async function pythonFor(folder) {
  const place = path.join(root, 'target/python', path.basename(folder));
  const python = path.join(place, windows ? 'Scripts/python.exe' : 'bin/python');
  const wanted = readFileSync(path.join(root, folder, 'requirements.txt'), 'utf8');
  const stamp = path.join(place, 'requirements.txt');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return python;
  const system = () =>
    ['python3', 'python'].map((name) => find(name)).find((name) => output(name, ['-c', 'import ensurepip']) !== null);
  if (!system()) await aptInstall(['python3', 'python3-venv'], `${folder} is tried with it`);
  if (!system())
    throw new Mend(`${folder} needs Python 3 with venv and pip. Debian: sudo apt-get install python3-venv.`);
  say(`pip install: what ${folder} needs, to ${place}`);
  await run(system(), ['-m', 'venv', '--clear', place]);
  const quietly = ['--quiet', '--disable-pip-version-check'];
  await run(python, ['-m', 'pip', 'install', ...quietly, '-r', path.join(root, folder, 'requirements.txt')]);
  writeFileSync(stamp, wanted);
  return python;
}

/** The version of a crate in Cargo.lock: the command-line tool must match the library to the digit. */
function lockedVersion(crate) {
  const lock = readFileSync(path.join(root, 'Cargo.lock'), 'utf8');
  const found = lock.match(new RegExp(`name = "${crate}"\\r?\\nversion = "([^"]+)"`));
  if (!found) throw new Mend(`Cargo.lock does not name ${crate}; run: cargo generate-lockfile`);
  return found[1];
}

/** A tool from crates.io: the one on PATH if its version is right, else our own in the cache. Returns its path. */
async function cargoTool(crate, version, program) {
  const folder = path.join(cache, `${crate}-${version}`);
  const own = path.join(folder, 'bin', windows ? `${program}.exe` : program);
  const right = (candidate) => candidate && output(candidate, ['--version'])?.split(/\s+/)[1] === version;
  for (const candidate of [own, find(program)]) if (right(candidate)) return candidate;
  say(`cargo install ${crate} ${version}: needed once, takes some minutes, goes to ${folder}`);
  const args = ['install', crate, '--version', version, '--root', folder];
  // The tools' own speed hardly matters here; the minutes of compiling do.
  const fast = ['--config', 'profile.release.opt-level=1', '--config', 'profile.release.lto=false'];
  try {
    await run('cargo', [...args, ...fast, '--locked']);
  } catch {
    say(`the versions that ${crate} was released with could not all be had: trying compatible ones`);
    await run('cargo', [...args, ...fast]);
  }
  if (!right(own)) throw new Mend(`${own} does not run. Remove ${folder} and try again.`);
  return own;
}

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

async function findBrowsers() {
  const look = () => ({
    chrome: find(process.env.CHROME, ...(CHROME[process.platform] ?? [])),
    chromedriver: find(process.env.CHROMEDRIVER, 'chromedriver'),
    firefox: find(process.env.FIREFOX, ...(FIREFOX[process.platform] ?? [])),
    // Of WebKit only Linux has a port with a driver that anybody may install; it draws on a screen of its own.
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
    throw new Mend(
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
