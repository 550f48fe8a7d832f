// npm run docs: writes the API reference (docs/reference/api) from the built types, and the tables of options and error
// codes from the doc comments. `node tools/docs.mjs --tables` writes the tables only; `--check` compares them and writes
// nothing. The tests of this file are tests/js/doc-tables.test.mjs.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { anchorsOf } from './markdown-anchors.mjs';
import { main, root, run } from './run.mjs';

const PACKAGING = path.join(root, 'tests/packaging');
export const REFERENCE = 'docs/reference/api';

/** Each generated table: the source of its doc comments, the document that holds it, and the function that makes it. */
export const TABLES = [
  {
    name: 'options',
    source: 'js/client/options.ts',
    document: 'docs/reference/options.md',
    render: optionsTable,
  },
  {
    name: 'errors',
    source: 'js/client/errors.ts',
    document: 'docs/reference/errors/README.md',
    render: errorsTable,
  },
];

const cell = (text) => text.replace(/\s+/g, ' ').trim().replaceAll('|', '\\|');

/** The table of the members of `AuthClientOptions`: name, type and doc comment. */
export function optionsTable(source) {
  const body = /export interface AuthClientOptions \{\n(.*?)\n\}/s.exec(source)?.[1];
  if (!body) throw new Error('options: expected an interface AuthClientOptions, found none');
  const rows = [];
  let undocumented = body;
  for (const [member, comment, name, type] of body.matchAll(
    / {2}\/\*\*((?:(?!\*\/).)*)\*\/\n {2}(\w+)\?: ([^\n]+);(?:\n|$)/gs,
  )) {
    undocumented = undocumented.replace(member, '');
    rows.push(`| \`${name}\` | \`${cell(type)}\` | ${cell(comment.replace(/^\s*\* ?/gm, ''))} |`);
  }
  if (undocumented.trim())
    throw new Error(`options: expected a doc comment before each option, found: ${undocumented.trim()}`);
  return ['| option | type | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

/** The codes of `AuthErrorCode`. */
export const codesOf = (source) =>
  [...(/export type AuthErrorCode =([^;]*);/.exec(source)?.[1] ?? '').matchAll(/'(\w+)'/g)].map(([, code]) => code);

/** The table in the doc comment of `AuthErrorCode`, after a check that it has a row for each code. Each code links to its page. */
export function errorsTable(source) {
  const table = [...source.matchAll(/^ \* (\|.*\|)$/gm)].map(([, row]) => row);
  const codes = codesOf(source).sort();
  const rows = table.slice(2).map((row) => /^\| `(\w+)` \|/.exec(row)?.[1]);
  if (!codes.length || codes.join() !== [...rows].sort().join())
    throw new Error(`errors: expected one row for each of ${codes}, found rows for ${rows}`);
  return table.map((row) => row.replace(/^\| `(\w+)` \|/, '| [`$1`]($1.md) |')).join('\n');
}

const marker = (name, source) => [`<!-- ${name}: generated from ${source} -->`, `<!-- end of ${name} -->`];

/** The document with its table replaced. */
export function withTable(document, { name, source }, table) {
  const [start, end] = marker(name, source);
  const from = document.indexOf(start);
  const to = document.indexOf(end);
  if (from < 0 || to < from) throw new Error(`expected the lines "${start}" and "${end}" in the document`);
  return `${document.slice(0, from + start.length)}\n\n${table}\n\n${document.slice(to)}`;
}

/** The documents whose tables differ from their sources; `write` brings them up to date. */
export function outdatedTables({ write = false } = {}) {
  const outdated = [];
  for (const table of TABLES) {
    const file = path.join(root, table.document);
    const document = readFileSync(file, 'utf8');
    const updated = withTable(document, table, table.render(readFileSync(path.join(root, table.source), 'utf8')));
    if (updated === document) continue;
    outdated.push(table.document);
    if (write) writeFileSync(file, updated);
  }
  return outdated;
}

/** TypeDoc numbers some anchors that GitHub does not number (`#autherrorcode-1`): removes the number where it leads nowhere. */
function repairAnchors(folder) {
  const names = readdirSync(folder);
  const texts = new Map(names.map((name) => [name, readFileSync(path.join(folder, name), 'utf8')]));
  const anchors = new Map([...texts].map(([name, text]) => [name, anchorsOf(text)]));
  for (const [name, text] of texts) {
    const repaired = text.replace(/\]\(([\w.]*)#([\w-]+?)-\d+\)/g, (link, target, anchor) => {
      const known = anchors.get(target || name);
      const numbered = link.slice(link.indexOf('#') + 1, -1);
      return known?.has(anchor) && !known.has(numbered) ? `](${target}#${anchor})` : link;
    });
    if (repaired !== text) writeFileSync(path.join(folder, name), repaired);
  }
}

/** Writes the API reference to a folder. TypeDoc needs TypeScript 5, which the packaging tests install. */
export async function writeReference(folder) {
  const typedoc = path.join(PACKAGING, 'node_modules/typedoc/bin/typedoc');
  const options = path.join(PACKAGING, 'typedoc.json');
  await run(process.execPath, [
    typedoc,
    '--options',
    options,
    '--out',
    folder,
    '--skipErrorChecking',
    '--logLevel',
    'Warn',
  ]);
  repairAnchors(folder);
}

async function checkTables() {
  const outdated = outdatedTables();
  if (outdated.length) throw new Error(`outdated tables in ${outdated.join(', ')}; run "npm run docs" and commit`);
}

async function writeAll() {
  outdatedTables({ write: true });
  const { buildPackage } = await import('./build.mjs');
  const { installFixtures } = await import('./pack.mjs');
  const { setUpBuild } = await import('./setup.mjs');
  await buildPackage(await setUpBuild());
  await installFixtures();
  await writeReference(path.join(root, REFERENCE));
}

if (process.argv[1] === path.join(root, 'tools/docs.mjs'))
  await main(async () => {
    if (process.argv.includes('--check')) return checkTables();
    if (process.argv.includes('--tables')) return void outdatedTables({ write: true });
    return writeAll();
  });
