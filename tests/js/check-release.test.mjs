// A tag is published only if every file names its version.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { problemsOfRelease } from '../../tools/check-release.mjs';
import { root } from './load.mjs';

const files = (version, heading = `## [${version}] - 2026-01-01`) => ({
  packageJson: JSON.stringify({ version }),
  lockfile: JSON.stringify({ version }),
  cargoToml: `[workspace.package]\nedition = "2024"\nversion = "${version}"\n\n[package]\nversion.workspace = true\n`,
  changelog: `# Changelog\n\n${heading}\n`,
});

test('a tag of the version that all files name can be published', () => {
  assert.deepEqual(problemsOfRelease('v1.2.3', files('1.2.3')), []);
});

test('a pre-release is published from the unreleased section', () => {
  assert.deepEqual(problemsOfRelease('v1.2.3-rc.1', files('1.2.3-rc.1', '## [Unreleased]')), []);
});

test('each file with another version is named', () => {
  assert.deepEqual(problemsOfRelease('v1.3.0', files('1.2.3')), [
    'package.json: expected version 1.3.0, found 1.2.3',
    'package-lock.json: expected version 1.3.0, found 1.2.3',
    'Cargo.toml: expected version 1.3.0, found 1.2.3',
    'CHANGELOG.md: expected a section "## [1.3.0]", found none',
  ]);
});

test('a tag that is no version is rejected', () => {
  for (const tag of ['1.2.3', 'v1.2', 'v1.2.3;rm', ''])
    assert.match(problemsOfRelease(tag, files('1.2.3'))[0], /^the tag: expected v1\.2\.3/);
});

test('the files of the repository name one version', () => {
  const read = (name) => readFileSync(path.join(root, name), 'utf8');
  const packageJson = read('package.json');
  const repository = {
    packageJson,
    lockfile: read('package-lock.json'),
    cargoToml: read('Cargo.toml'),
    changelog: '\n## [Unreleased]',
  };
  const tag = `v${JSON.parse(packageJson).version}`;
  const problems = problemsOfRelease(tag, repository).filter((problem) => !problem.startsWith('CHANGELOG'));
  assert.deepEqual(problems, []);
});
