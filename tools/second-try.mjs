// Runs a test file of Node, and the tests that fail in it a second time. docs/decisions/0074 says why, and for which files.
import { run, say } from './run.mjs';

/** More failures in one file are no chance: they are not tried again. */
const MOST_PER_FILE = 2;

/**
 * Runs the file. Resolves with the names of the tests that passed only at the second try; rejects if a test fails twice, if more
 * than two tests fail, or if the file itself fails.
 */
export async function runTestFile(file, options = {}) {
  const first = await nodeTest([file], options);
  if (!first.error) return [];
  const failed = failedTests(first.text);
  if (failed.length === 0 || failed.length > MOST_PER_FILE) throw first.error;
  say(`second try of ${file}: ${failed.join(' · ')}`);
  const patterns = failed.map((name) => `--test-name-pattern=^${name.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')}$`);
  const second = await nodeTest([...patterns, file], options);
  // (A name that no test has, as that of the file, would let none run.)
  if (second.error || passedTests(second.text) < failed.length) throw first.error;
  return failed;
}

async function nodeTest(args, options) {
  const chunks = [];
  const error = await run(process.execPath, ['--test', '--test-reporter=spec', ...args], {
    ...options,
    onOutput: (chunk) => chunks.push(chunk),
  }).catch((thrown) => thrown);
  return { error, text: Buffer.concat(chunks).toString() };
}

/** The names of the failed tests, which Node's reporter `spec` lists at the end of its output. */
export function failedTests(text) {
  const [, list = ''] = text.split('\n✖ failing tests:\n');
  return [...new Set([...list.matchAll(/^✖ (.+) \(\d[\d.]*ms\)$/gm)].map(([, name]) => name))];
}

const passedTests = (text) => Number(/^ℹ pass (\d+)$/m.exec(text)?.[1] ?? 0);
