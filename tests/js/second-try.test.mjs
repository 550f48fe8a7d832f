import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { captured } from '../../tools/run.mjs';
import { runTestFile } from '../../tools/second-try.mjs';

const folder = mkdtempSync(path.join(os.tmpdir(), 'second-try-'));
after(() => rmSync(folder, { recursive: true }));

const IMPORTS = `import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { after, before, beforeEach, describe, test } from 'node:test';
`;

let files = 0;

/**
 * Runs a test file, in which `run` is 1 at the first try and 2 at the second. Returns the titles of the tests that passed only at the
 * second try, or the error; and how often the file was run. (Below a test, Node runs no further test files: hence the environment.)
 */
async function tries(body) {
  files += 1;
  const file = path.join(folder, `${files}.test.mjs`);
  const count = path.join(folder, `${files}.count`);
  writeFileSync(
    file,
    `${IMPORTS}appendFileSync(${JSON.stringify(count)}, 'x');
const run = readFileSync(${JSON.stringify(count)}, 'utf8').length;
test('passes (always) [1+1]', () => {});
${body}`,
  );
  const { value, error, text } = await captured(() => runTestFile(file, { env: { NODE_TEST_CONTEXT: undefined } }));
  const runs = existsSync(count) ? readFileSync(count, 'utf8').length : text.split('second try of').length;
  return { passed: value, error: error?.message, runs, text };
}

async function assertPasses(body, titles) {
  const { passed, error, runs } = await tries(body);
  assert.equal(error, undefined);
  assert.deepEqual({ passed, runs }, { passed: titles, runs: 2 });
}

async function assertFails(body, expectedRuns) {
  const { error, runs } = await tries(body);
  assert.match(error, /ended with exit code 1/);
  assert.equal(runs, expectedRuns);
}

test('a file without a failure has one try', async () => {
  const { passed, runs } = await tries('');
  assert.deepEqual({ passed, runs }, { passed: [], runs: 1 });
});

test('a test that passes at the second try is named', async () => {
  const title = 'SQLite: "a" (1/2), *.js [b] {c} ^|$ \\d';
  await assertPasses(`test(${JSON.stringify(title)}, () => assert.equal(run, 2));`, [title]);
});

test('the log has the report of Node for people', async () => {
  const { text } = await tries("test('once', () => assert.equal(run, 2));");
  assert.match(text, /✖ failing tests:[\s\S]*second try of .*: once[\s\S]*✔ once \(/);
  assert.doesNotMatch(text, /"names"/);
});

test('a test that fails twice fails', async () => {
  await assertFails("test('twice', () => assert.fail()); test('once', () => assert.equal(run, 2));", 2);
});

test('a test that is left out of the second try fails', async () => {
  await assertFails("test('a', { skip: run === 2 }, () => assert.fail());", 2);
});

test('more than two failures are not tried again', async () => {
  await assertFails("for (const name of ['a', 'b', 'c']) test(name, () => assert.equal(run, 2));", 1);
});

test('three failures of one name are three', async () => {
  await assertFails("for (const _ of [1, 2, 3]) test('same', () => assert.equal(run, 2));", 1);
});

test('two failures of one name are two', async () => {
  await assertPasses("for (const _ of [1, 2]) test('same', () => assert.equal(run, 2));", ['same', 'same']);
});

test('all tests of the name of one that failed must pass at the second try', async () => {
  const three = (body) => `for (const number of [1, 2, 3]) test('same', (t) => { ${body} });`;
  await assertPasses(three('assert.ok(run === 2 || number > 1)'), ['same']);
  await assertFails(three("if (run === 1) assert.ok(number > 1); else if (number === 1) t.skip('')"), 2);
});

test('a subtest that fails has a second try, with the test around it', async () => {
  await assertPasses(
    `test('outer', async (t) => {
      await t.test('passes', () => {});
      await t.test('inner', () => assert.equal(run, 2));
    });`,
    ['outer › inner'],
  );
});

test('a test in groups has a second try', async () => {
  await assertPasses(
    `describe('a group', () => describe('in it', () => {
      test('once', () => assert.equal(run, 2));
      test('passes', () => {});
    }));
    test('once', () => {});`,
    ['a group › in it › once'],
  );
});

test('more than two failures in one group are not tried again', async () => {
  await assertFails(
    "describe('group', () => { for (const name of ['a', 'b', 'c']) test(name, () => assert.equal(run, 2)); });",
    1,
  );
});

test('the tests of a group count each', async () => {
  await assertPasses(
    "describe('group', () => { for (const name of ['a', 'b']) test(name, () => assert.equal(run, 2)); });",
    ['group › a', 'group › b'],
  );
});

test('an unfinished test that fails is no failure', async () => {
  await assertPasses("test('todo', { todo: true }, () => assert.fail()); test('once', () => assert.equal(run, 2));", [
    'once',
  ]);
});

const FAILS_ONCE = "test('once', () => assert.equal(run, 2));";

for (const [what, body] of Object.entries({
  'an error at the top of the file': "throw new Error('outside of a test');",
  'an error at the top of the file, besides a test': `${FAILS_ONCE} if (run === 1) throw new Error('outside of a test');`,
  'an import of a file that does not exist': "import './none.mjs';",
  'an error in a hook after all tests': "after(() => { throw new Error('in a hook'); });",
  'an error in a hook after all tests, besides a test': `${FAILS_ONCE} after(() => assert.equal(run, 2));`,
  'an error in a hook before all tests': 'before(() => assert.equal(run, 2));',
  'an error in a hook before a test':
    "beforeEach(({ name }) => assert.ok(run === 2 || name !== 'a')); test('a', () => {});",
  'an error in a hook of a group':
    "describe('group', () => { before(() => assert.equal(run, 2)); test('a', () => {}); });",
  'an error after the end of a test, besides a test': `${FAILS_ONCE}
    test('late', () => void setTimeout(() => assert.equal(run, 2), 20));
    test('waits', () => new Promise((resolve) => setTimeout(resolve, 200)));`,
  'a process that ends too early': `test('exits', () => process.exit(3));`,
  'a process that ends too early, besides a test': `${FAILS_ONCE}
    test('exits', () => new Promise(() => setTimeout(() => process.exit(3), 300)));`,
}))
  test(`a failure of the file itself is not tried again: ${what}`, async () => {
    await assertFails(body, 1);
  });
