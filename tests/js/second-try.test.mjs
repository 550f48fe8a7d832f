import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { captured } from '../../tools/run.mjs';
import { failedTests, runTestFile } from '../../tools/second-try.mjs';

const folder = mkdtempSync(path.join(os.tmpdir(), 'second-try-'));
after(() => rmSync(folder, { recursive: true }));

/** Runs a test file in which each test of `fails` fails so many times. (Below a test, Node runs no further test files.) */
async function runWith(name, fails, after = '') {
  const file = path.join(folder, `${name}.test.mjs`);
  const tests = Object.entries({ ...fails, 'passes (always) [1+1]': 0 }).map(
    ([title, times], index) => `test(${JSON.stringify(title)}, () => {
  const count = '${file}.${index}';
  const before = existsSync(count) ? Number(readFileSync(count, 'utf8')) : 0;
  writeFileSync(count, String(before + 1));
  assert.ok(before >= ${times}, 'fails');
});`,
  );
  const imports = `import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
`;
  writeFileSync(file, `${imports}${tests.join('\n')}\n${after}`);
  const { value, error } = await captured(() => runTestFile(file, { env: { NODE_TEST_CONTEXT: undefined } }));
  return error ?? value;
}

test('a file without a failure has one try', async () => {
  assert.deepEqual(await runWith('passes', {}), []);
});

test('a test that passes at the second try is named', async () => {
  const title = 'SQLite: "a" (1/2), *.js [b] {c} ^|$ \\d';
  assert.deepEqual(await runWith('once', { [title]: 1 }), [title]);
});

test('a test that fails twice fails', async () => {
  const error = await runWith('twice', { 'fails twice': 2, 'fails once': 1 });
  assert.match(error.message, /ended with exit code 1/);
});

test('more than two failures are not tried again', async () => {
  const error = await runWith('three', { one: 1, two: 1, three: 1 });
  assert.match(error.message, /ended with exit code 1/);
});

test('a failure of the file itself is not tried again', async () => {
  const error = await runWith('file', {}, "throw new Error('outside of a test');");
  assert.match(error.message, /ended with exit code 1/);
});

test('names of failed tests', () => {
  const text = `✖ in the run (1ms)
ℹ fail 2

✖ failing tests:

test at a.test.mjs:1:1
✖ one (two) (1.5ms)
  Error: ✖ not a name (1ms)

test at a.test.mjs:2:1
✖ three (20ms)
`;
  assert.deepEqual(failedTests(text), ['one (two)', 'three']);
  assert.deepEqual(failedTests('ℹ fail 0\n'), []);
});
