// The commands of package.json start on a checkout where nothing is installed yet: what they import statically is in Node or in
// this repository. They install packages themselves and import those afterwards, with `import()`.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { parseAst } from 'vite';
import { root } from './load.mjs';

const { scripts } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const entries = [...new Set(Object.values(scripts).map((command) => command.match(/^node (\S+\.mjs)/)?.[1]))];

/** The modules that a file imports when it loads, as they are written. */
function staticImports(file) {
  const { body } = parseAst(readFileSync(path.join(root, file), 'utf8'));
  return body.map((node) => /^(Import|Export)/.test(node.type) && node.source?.value).filter(Boolean);
}

/** Adds to `found` each import of a package, by this file and by those that it imports. */
function packagesOf(file, found = [], seen = new Set()) {
  if (seen.has(file)) return found;
  seen.add(file);
  for (const source of staticImports(file)) {
    if (source.startsWith('.')) packagesOf(path.posix.join(path.posix.dirname(file), source), found, seen);
    else if (!source.startsWith('node:') && !builtinModules.includes(source)) found.push(`${file} imports ${source}`);
  }
  return found;
}

test('each command of package.json is a module of this repository', () => {
  assert.ok(entries.length > 5);
  assert.ok(entries.every(Boolean), `a command is not "node FILE.mjs": ${Object.values(scripts).join(', ')}`);
});

for (const entry of entries) {
  test(`${entry} imports no package before it has installed it`, () => assert.deepEqual(packagesOf(entry), []));
}
