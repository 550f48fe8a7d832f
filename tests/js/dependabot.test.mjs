// Dependabot updates every folder that has a lockfile.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from './load.mjs';

const config = readFileSync(path.join(root, '.github/dependabot.yml'), 'utf8');

/** The folders that are listed for an ecosystem. */
function listed(ecosystem) {
  const sections = config.split('- package-ecosystem: ').filter((part) => part.startsWith(`${ecosystem}\n`));
  const directories = sections.map((section) => /directories:\n((?: {6}- .*\n)+)/.exec(section)?.[1] ?? '').join('');
  return [...directories.matchAll(/- (\S+)/g)].map(([, folder]) => folder).sort();
}

/** The folders of the files with this name, among those that git tracks or would track. */
function foldersWith(name) {
  const args = ['ls-files', '-co', '--exclude-standard', name, `**/${name}`];
  const files = execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\n').filter(Boolean);
  const present = files.filter((file) => existsSync(path.join(root, file)));
  return [...new Set(present.map((file) => path.posix.join('/', path.posix.dirname(file))))].sort();
}

for (const [ecosystem, lockfile] of Object.entries({
  npm: 'package-lock.json',
  cargo: 'Cargo.lock',
  pip: 'requirements.txt',
}))
  test(`the folders of ${ecosystem} are those with a ${lockfile}`, () => {
    assert.deepEqual(listed(ecosystem), foldersWith(lockfile));
  });
