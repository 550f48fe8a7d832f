// Each code of `AuthError` has a page in docs/reference/errors, to which `AuthError.docs` leads.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { codesOf } from '../../tools/docs.mjs';
import { load, root } from './load.mjs';

const FOLDER = 'docs/reference/errors';
const codes = codesOf(readFileSync(path.join(root, 'js/client/errors.ts'), 'utf8'));
const pageOf = (code) => readFileSync(path.join(root, FOLDER, `${code}.md`), 'utf8');

test('each error code has a page, and each page has a code', () => {
  const pages = readdirSync(path.join(root, FOLDER)).filter((name) => name !== 'README.md');
  assert.deepEqual(pages.sort(), codes.map((code) => `${code}.md`).sort());
});

test('each page says when the code arises, whether to try again, and what to do, with a message and an example', () => {
  for (const code of codes) {
    const page = pageOf(code);
    for (const part of [
      `# \`${code}\`\n`,
      ...['raised by', '`retryable`', 'the session', 'show the user', 'options'].map((row) => `\n| ${row} | `),
      '\n## When it arises\n\n- ',
      '\n## What to do\n\n- ',
      `\n## Example\n\n\`\`\`text\n${code}: `,
      '\n```ts\n',
    ])
      assert.ok(page.includes(part), `${code}.md: expected ${JSON.stringify(part)}`);
  }
});

test('the message on each page is the message of the code', async () => {
  const { MESSAGES } = await load('engine/auth-errors');
  for (const [code, message] of Object.entries(MESSAGES))
    assert.ok(pageOf(code).includes(`\`\`\`text\n${code}: ${message}`), `${code}.md: expected "${message}"`);
});

test('an error names the page of its code, in the repository of the package', async () => {
  const { AuthError } = await load('client/errors');
  const { homepage } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
  const repository = homepage.replace(/#.*$/, '');
  for (const code of codes)
    assert.equal(new AuthError(code, 'why').docs, `${repository}/blob/main/${FOLDER}/${code}.md`);
});
