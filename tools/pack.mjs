// The package as npm would publish it, unpacked where the fixtures find it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { root, run, say, windows } from './run.mjs';
import { installed } from './setup.mjs';

const FOLDERS = ['tests/packaging', 'tests/packaging/react-18', 'examples/servers/express'];

/** What the tarball holds: `{filename, size, unpackedSize, files: [{path, size}]}`, sizes in bytes. */
export function pack(folder = path.join(root, 'target')) {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const text = execFileSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    shell: windows,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const told = JSON.parse(text);
  // An array until npm 11, an object by name since.
  const [packed] = Array.isArray(told) ? told : Object.values(told);
  return { ...packed, file: path.join(folder, packed.filename) };
}

/** Installs the tools of the fixtures, and the package as it is now. */
export async function installFixtures() {
  for (const folder of FOLDERS) await installed(folder, 'the tools that the package is tried with');
  await installPackage('tests/packaging');
}

/** Puts the package where the apps of a folder find it, as npm does it for one that depends on nothing. */
export async function installPackage(folder) {
  const { file } = pack();
  say(`package: ${path.basename(file)} to ${folder}/node_modules`);
  const place = path.join(root, folder, 'node_modules/tokenward');
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  await run('tar', ['-xzf', file, '--strip-components=1', '-C', place]);
}
