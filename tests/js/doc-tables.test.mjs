// The tables of options and error codes in docs/reference are those of the doc comments (tools/docs.mjs).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { errorsTable, optionsTable, outdatedTables, withTable } from '../../tools/docs.mjs';

test('the tables in docs/reference are up to date (npm run docs)', () => {
  assert.deepEqual(outdatedTables(), []);
});

test('the options table has one row per option, with its type and comment', () => {
  const source = `export interface AuthClientOptions {
  /** Where. Default: here. */
  baseUrl?: string | URL;
  /**
   * Two
   * lines.
   */
  dpop?: boolean | 'memory';
}`;
  assert.equal(
    optionsTable(source),
    [
      '| option | type | meaning |',
      '| --- | --- | --- |',
      '| `baseUrl` | `string \\| URL` | Where. Default: here. |',
      "| `dpop` | `boolean \\| 'memory'` | Two lines. |",
    ].join('\n'),
  );
});

test('an option without a doc comment is reported', () => {
  assert.throws(() => optionsTable('export interface AuthClientOptions {\n  name?: string;\n}'), /name\?: string/);
});

test('an error code without a row is reported', () => {
  const source = `/**
 * | code | when | what to do |
 * | --- | --- | --- |
 * | \`A\` | x | y |
 */
export type AuthErrorCode = 'A' | 'B';`;
  assert.throws(() => errorsTable(source), /A,B/);
});

test('only the text between the two markers is replaced', () => {
  const table = { name: 'x', source: 's.ts' };
  const document = 'before\n<!-- x: generated from s.ts -->\nold\n<!-- end of x -->\nafter\n';
  assert.equal(
    withTable(document, table, 'new'),
    'before\n<!-- x: generated from s.ts -->\n\nnew\n\n<!-- end of x -->\nafter\n',
  );
  assert.throws(() => withTable('nothing', table, 'new'), /expected the lines/);
});
