// Runs a test file of Node, and the tests that fail in it a second time. docs/decisions/0074 says why, and for which files.
// Node imports this file too: as the reporter that tells `nodeTest` which tests ended, and how.
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root, run, say } from './run.mjs';

/** More failures in one file are no chance: they are not tried again. */
const MOST_PER_FILE = 2;

/**
 * Runs the file. Resolves with the titles of the tests that passed only at the second try, one for each failure; rejects if a test
 * fails twice, if more than two tests fail, or if the file itself or a hook fails.
 * The second try runs each test of the file's top level that contains a failure: all versions of Node select these by their name.
 */
export async function runTestFile(file, options = {}) {
  const first = await nodeTest([file], options);
  if (!first.error) return [];
  const failed = failuresToRepeat(file, first.ended);
  if (failed.length === 0) throw first.error;
  const titles = failed.map(titleOf);
  say(`second try of ${file}: ${titles.join(' · ')}`);
  const patterns = [...new Set(failed.map(({ names }) => namePattern(names[0])))];
  const second = await nodeTest([...patterns, file], options);
  // A name can belong to several tests: as many must pass as ran before.
  const allPassed = titles.every((title) => {
    const ran = first.ended.filter((test) => titleOf(test) === title && test.result !== 'skipped');
    const passed = second.ended.filter((test) => titleOf(test) === title && test.result === 'passed');
    return passed.length === ran.length;
  });
  if (second.error || !allPassed) throw first.error;
  return titles;
}

const titleOf = ({ names }) => names.join(' › ');

const namePattern = (name) => `--test-name-pattern=^${name.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}$`;

/** The failed tests without those that only contain one; none if a second try is not due. */
function failuresToRepeat(file, ended) {
  // (Node names the file itself by its path.)
  const isFile = ({ names }) => path.resolve(root, names[0]) === path.resolve(root, file);
  const isFault = (test) =>
    isFile(test) ? test.result !== UNENDED : [UNENDED, OUTSIDE, 'hookFailed'].includes(test.result);
  const failed = ended.filter(({ result }) => !['passed', 'skipped', 'subtestsFailed', UNENDED].includes(result));
  return ended.some(isFault) || failed.length > MOST_PER_FILE ? [] : failed;
}

/** Resolves with the error of the run, and with what the reporter below wrote: nothing if the run was killed. */
async function nodeTest(args, options) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tokenward-test-'));
  const list = path.join(folder, 'ended.json');
  const spec = ['--test-reporter=spec', '--test-reporter-destination=stdout'];
  const json = [`--test-reporter=${import.meta.url}`, `--test-reporter-destination=${list}`];
  try {
    const error = await run(process.execPath, ['--test', ...spec, ...json, ...args], options).catch((thrown) => thrown);
    const text = existsSync(list) ? readFileSync(list, 'utf8') : '';
    return { error, ended: text ? JSON.parse(text) : [] };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The process ended before this test of the top level did. */
const UNENDED = 'unended';
/** An error was thrown while none of the tests ran. If a test fails too, Node says so in a diagnostic message only. */
const OUTSIDE = 'outside';

/** The reporter: a list of `{names, result}`, with the names of the test and of those around it, and Node's type of a failure. */
export default async function* listEnded(events) {
  const ended = [];
  const names = [];
  const unended = [];
  for await (const { type, data } of events) {
    if (type === 'test:enqueue' && data.nesting === 0) unended.push(data.name);
    if (type === 'test:start') names[data.nesting] = data.name;
    if (type === 'test:diagnostic' && data.message.includes('asynchronous activity after the test ended'))
      ended.push({ names: [data.message], result: OUTSIDE });
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.nesting === 0 && unended.includes(data.name)) unended.splice(unended.indexOf(data.name), 1);
    ended.push({ names: [...names.slice(0, data.nesting), data.name], result: resultOf(type, data) });
  }
  yield JSON.stringify([...ended, ...unended.map((name) => ({ names: [name], result: UNENDED }))]);
}

function resultOf(type, { skip, todo, details }) {
  if (skip !== undefined || todo !== undefined) return 'skipped';
  return type === 'test:pass' ? 'passed' : (details.error.failureType ?? 'failed');
}
