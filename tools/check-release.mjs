// node tools/check-release.mjs v1.2.3: fails unless package.json, Cargo.toml and CHANGELOG.md name this version. The workflow
// that publishes runs it first.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { main, root, UserError } from './run.mjs';

const read = (name) => readFileSync(path.join(root, name), 'utf8');

/** What must change before this tag can be published: a sentence for each file that does not fit. */
export function problemsOfRelease(tag, { packageJson, lockfile, cargoToml, changelog }) {
  const version = /^v(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)$/.exec(tag)?.[1];
  if (!version) return [`the tag: expected v1.2.3 or v1.2.3-rc.1, found ${tag}`];
  const found = {
    'package.json': JSON.parse(packageJson).version,
    'package-lock.json': JSON.parse(lockfile).version,
    'Cargo.toml': /^\[workspace\.package\]\n(?:.+\n)*?version = "([^"]+)"/m.exec(cargoToml)?.[1],
  };
  const wrong = Object.entries(found).filter(([, other]) => other !== version);
  const problems = wrong.map(([name, other]) => `${name}: expected version ${version}, found ${other}`);
  // A pre-release is published from the unreleased section.
  const heading = version.includes('-') ? '## [Unreleased]' : `## [${version}]`;
  if (!changelog.includes(`\n${heading}`)) problems.push(`CHANGELOG.md: expected a section "${heading}", found none`);
  return problems;
}

if (process.argv[1] === path.join(root, 'tools/check-release.mjs'))
  await main(async () => {
    const problems = problemsOfRelease(process.argv[2] ?? '', {
      packageJson: read('package.json'),
      lockfile: read('package-lock.json'),
      cargoToml: read('Cargo.toml'),
      changelog: read('CHANGELOG.md'),
    });
    if (problems.length > 0) throw new UserError(problems.join('\n  '));
  });
