import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAllowed, listOf, problemsOf, unusedSkips } from '../../tools/check-dependencies.mjs';

const REGISTRY = 'https://github.com/rust-lang/crates.io-index';
const crate = (name, version, license, source = `registry+${REGISTRY}`) => ({ name, version, license, source });
const rules = { licences: ['MIT', 'ISC'], registries: [REGISTRY], skipped: ['syn@1.0.0'] };

test('an SPDX expression is allowed if the allowed licences satisfy it', () => {
  const allowed = ['MIT', 'ISC', 'Apache-2.0'];
  for (const expression of [
    'MIT',
    'GPL-3.0 OR MIT',
    'GPL-3.0/MIT',
    'MIT AND ISC',
    '(GPL-3.0 OR MIT) AND ISC',
    'Apache-2.0 WITH LLVM-exception',
    'ISC AND (Apache-2.0 OR GPL-3.0)',
  ])
    assert.ok(isAllowed(expression, allowed), expression);
  for (const expression of ['', 'GPL-3.0', 'MIT AND GPL-3.0', 'GPL-3.0 OR (MIT AND GPL-2.0)', 'MIT ISC'])
    assert.ok(!isAllowed(expression, allowed), expression);
});

test('the lists come from deny.toml, without its comments', () => {
  const toml = '[bans]\nskip = [\n  "a@1", # "b@1"\n]\n[licenses]\nallow = ["MIT"]\n';
  assert.deepEqual(listOf(toml, 'bans', 'skip'), ['a@1']);
  assert.deepEqual(listOf(toml, 'licenses', 'allow'), ['MIT']);
  assert.throws(() => listOf(toml, 'bans', 'allow'), /expected a list allow in \[bans\]/);
});

test('a wrong licence, another registry and a second version are problems', () => {
  const own = crate('own', '0.1.0', 'GPL-3.0', null);
  assert.deepEqual(
    problemsOf([own, crate('a', '1.0.0', 'MIT'), crate('syn', '1.0.0', 'MIT'), crate('syn', '2.0.0', 'MIT')], rules),
    [],
  );
  const problems = problemsOf(
    [
      crate('a', '1.0.0', 'GPL-3.0'),
      crate('b', '1.0.0', null),
      crate('c', '1.0.0', 'MIT', 'git+https://example.com/c'),
      crate('d', '1.0.0', 'MIT'),
      crate('d', '2.0.0', 'MIT'),
    ],
    rules,
  );
  assert.deepEqual(
    problems.map((problem) => problem.replace(/:.*, found/, ': found')),
    [
      'a 1.0.0: found GPL-3.0',
      'b 1.0.0: found none',
      'c 1.0.0: found git+https://example.com/c',
      'd: found 1.0.0, 2.0.0',
    ],
  );
});

test('an entry of bans.skip that no lock file has is a problem', () => {
  assert.equal(unusedSkips([crate('syn', '2.0.0', 'MIT')], rules).length, 1);
  assert.deepEqual(unusedSkips([crate('syn', '1.0.0', 'MIT')], rules), []);
});
