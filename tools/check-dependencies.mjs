// Checks the crates of both lock files against deny.toml: licences, registries, and crates that are there in several
// versions. It reads `cargo metadata` only, so that a new machine compiles no further tool. Advisories need a database
// from the internet: the workflow `dependencies` of GitHub checks them with cargo-deny.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { captured, main, root, run, say, UserError } from './run.mjs';

const WORKSPACES = ['Cargo.toml', 'examples/rust/Cargo.toml'];

/** The strings of a list in deny.toml: `name = ["a", "b"]` in the table `[table]`, without comments. */
export function listOf(toml, table, name) {
  const section = toml.split(/^\[/m).find((part) => part.startsWith(`${table}]`)) ?? '';
  const list = new RegExp(`^${name} = \\[([^\\]]*)\\]`, 'm').exec(section.replaceAll(/#.*$/gm, ''));
  if (!list) throw new UserError(`deny.toml: expected a list ${name} in [${table}], found none`);
  return [...list[1].matchAll(/"([^"]*)"/g)].map(([, text]) => text);
}

/** Whether an SPDX expression can be satisfied with the allowed licences. `/` is an old form of `OR`. */
export function isAllowed(expression, allowed) {
  const words = expression.replaceAll('/', ' OR ').match(/[()]|[^\s()]+/g) ?? [];
  const one = () => {
    const word = words.shift();
    if (word === '(') {
      const inner = either();
      words.shift();
      return inner;
    }
    // An exception (`WITH`) gives further rights.
    if (words[0] === 'WITH') words.splice(0, 2);
    return allowed.includes(word);
  };
  const both = () => {
    let result = one();
    while (words[0] === 'AND') {
      words.shift();
      result = one() && result;
    }
    return result;
  };
  const either = () => {
    let result = both();
    while (words[0] === 'OR') {
      words.shift();
      result = both() || result;
    }
    return result;
  };
  return words.length > 0 && either() && words.length === 0;
}

/** What is wrong with the packages of `cargo metadata`: a sentence for each. */
export function problemsOf(packages, { licences, registries, skipped }) {
  const problems = [];
  const versions = new Map();
  for (const { name, version, license, source } of packages) {
    versions.set(name, [...(versions.get(name) ?? []), version]);
    if (!source) continue; // a crate of this repository
    if (!registries.includes(source.replace(/^registry\+/, '')))
      problems.push(`${name} ${version}: expected a registry of deny.toml, found ${source}`);
    if (!isAllowed(license ?? '', licences))
      problems.push(`${name} ${version}: expected a licence that deny.toml allows, found ${license ?? 'none'}`);
  }
  for (const [name, all] of versions) {
    const further = all.filter((version) => !skipped.includes(`${name}@${version}`));
    if (all.length > 1 && further.length > 1)
      problems.push(
        `${name}: expected one version, or all but one of them in bans.skip of deny.toml, found ${all.join(', ')}`,
      );
  }
  return problems;
}

/** The entries of bans.skip that name no package. */
export function unusedSkips(packages, { skipped }) {
  const present = new Set(packages.map(({ name, version }) => `${name}@${version}`));
  const unused = skipped.filter((skip) => !present.has(skip));
  return unused.map((skip) => `deny.toml: bans.skip names ${skip}, which is in no lock file`);
}

export async function checkDependencies() {
  const toml = readFileSync(path.join(root, 'deny.toml'), 'utf8');
  const rules = {
    licences: listOf(toml, 'licenses', 'allow'),
    registries: listOf(toml, 'sources', 'allow-registry'),
    skipped: listOf(toml, 'bans', 'skip'),
  };
  const problems = [];
  const all = [];
  for (const manifest of WORKSPACES) {
    const packages = await packagesOf(manifest);
    problems.push(...problemsOf(packages, rules).map((problem) => `${manifest}: ${problem}`));
    all.push(...packages);
    say(`${manifest}: ${packages.length} crates`);
  }
  problems.push(...unusedSkips(all, rules));
  if (problems.length > 0) throw new UserError(`deny.toml does not allow all crates:\n  ${problems.join('\n  ')}`);
  say('licences, registries and versions are right; advisories are checked by the workflow "dependencies" only');
}

async function packagesOf(manifest) {
  const arguments_ = ['metadata', '--locked', '--quiet', '--all-features', '--format-version', '1'];
  let json = '';
  const { error } = await captured(() =>
    run('cargo', [...arguments_, '--manifest-path', manifest], {
      onOutput: (chunk) => {
        json += chunk;
      },
    }),
  );
  if (error) throw error;
  return JSON.parse(json.slice(json.indexOf('{"packages"'))).packages;
}

if (process.argv[1] === path.join(root, 'tools/check-dependencies.mjs')) await main(checkDependencies);
