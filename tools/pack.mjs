// The package as npm would publish it, unpacked where the apps of the packaging tests and the examples find it.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { root, run, say, windows } from './run.mjs';
import { installed } from './setup.mjs';

/** Folders with a lockfile: the tools of the packaging tests, and the examples. */
export const PACKAGING_FOLDERS = [
  'tests/packaging',
  'tests/packaging/react-18',
  'tests/packaging/angular',
  'tests/packaging/astro',
  'tests/packaging/nuxt',
  'examples/servers/express',
];
export const EXAMPLE_FOLDERS = ['examples'];
/** Where the packaging tests need the package: beside the one copy of the framework that an app has. */
export const FIXTURE_FOLDERS = [
  'tests/packaging',
  'tests/packaging/angular',
  'tests/packaging/astro',
  'tests/packaging/nuxt',
];

/** Packs the package. Describes the tarball: `{filename, size, unpackedSize, files: [{path, size}]}`, sizes in bytes. */
export function pack(folder = path.join(root, 'target')) {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
  const text = execFileSync('npm', args, {
    cwd: root,
    encoding: 'utf8',
    shell: windows,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const described = JSON.parse(text);
  // npm prints an array up to version 11, and an object by name from then on.
  const [packed] = Array.isArray(described) ? described : Object.values(described);
  return { ...packed, file: path.join(folder, packed.filename) };
}

/** Installs the packages of these folders' lockfiles. */
export async function installTools(folders) {
  for (const folder of folders) await installed(folder, 'the tools of the packaging tests');
}

/** Installs the tools of the packaging tests, and the package as it is now. */
export async function installFixtures() {
  await installTools(PACKAGING_FOLDERS);
  await installPackage(...FIXTURE_FOLDERS);
}

/** Packs the package and puts it where the apps of these folders find it, as npm does for a package without dependencies. */
export async function installPackage(...folders) {
  const { file } = pack();
  for (const folder of folders) {
    say(`package: ${path.basename(file)} to ${folder}/node_modules`);
    const place = path.join(root, folder, 'node_modules/tokenward');
    rmSync(place, { recursive: true, force: true });
    mkdirSync(place, { recursive: true });
    await run('tar', ['-xzf', file, '--strip-components=1', '-C', place]);
  }
}
