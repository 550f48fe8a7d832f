// Each row of docs/explanation/wishes.md names a test, and the test exists.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from './load.mjs';

const FOLDER = path.join(root, 'docs/explanation');
const rows = readFileSync(path.join(FOLDER, 'wishes.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| '))
  .slice(2);

test('each wish names a test that exists', () => {
  assert.ok(rows.length > 20, `${rows.length} rows`);
  for (const row of rows) {
    const proof = row.split(' | ').at(-1);
    const named = [...proof.matchAll(/\((\.\.\/\.\.\/tests\/[^)]+)\) ("[^"]+"(?:, "[^"]+")*)/g)];
    assert.notEqual(named.length, 0, `a test in: ${row}`);
    for (const [, file, names] of named) {
      const text = readFileSync(path.join(FOLDER, file), 'utf8');
      for (const [, name] of names.matchAll(/"([^"]+)"/g)) assert.ok(text.includes(name), `${file}: "${name}"`);
    }
  }
});
