// What the links in the Markdown lead to on the documentation site.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageOf, repository, resolveLink, resolvePicture } from '../../site/.vitepress/places.mjs';

test('documents are pages without the folder docs/, and the README is the home page', () => {
  assert.equal(pageOf('README.md'), 'index.md');
  assert.equal(pageOf('docs/start/demo.md'), 'start/demo.md');
  assert.equal(pageOf('docs/decisions/README.md'), 'decisions/index.md');
  assert.equal(pageOf('tests/packaging/README.md'), undefined);
  assert.equal(pageOf('docs/bench.svg'), undefined);
});

test('no two documents are the same page', () => {
  assert.notEqual(pageOf('docs/reference/api/README.md'), pageOf('docs/reference/api/index.md'));
});

test('a link to a document leads to its page, with its anchor', () => {
  assert.equal(resolveLink('README.md', 'docs/guides/recipes.md#guards'), '/guides/recipes.md#guards');
  assert.equal(resolveLink('docs/start/demo.md', '../../README.md'), '/index.md');
  assert.equal(resolveLink('docs/start/demo.md', '../decisions'), '/decisions/index.md');
});

test('a link to another file or folder leads to the repository', () => {
  assert.equal(resolveLink('docs/start/demo.md', '../../examples'), `${repository}/tree/main/examples`);
  assert.equal(resolveLink('docs/guides/rust.md', '../../Cargo.toml'), `${repository}/blob/main/Cargo.toml`);
});

test('an external link and an anchor stay as they are', () => {
  for (const link of ['https://example.com/a', 'mailto:a@example.com', '#install'])
    assert.equal(resolveLink('README.md', link), link);
});

test('a link or a picture without a target fails, and so does a picture of another origin', () => {
  assert.throws(() => resolveLink('docs/start/demo.md', 'missing.md'), /docs\/start\/demo\.md: .*"missing\.md"/);
  assert.throws(() => resolveLink('README.md', '../outside'), /to lead to a file of the repository/);
  assert.throws(() => resolvePicture('README.md', 'docs/missing.png'), /missing\.png/);
  assert.throws(() => resolvePicture('README.md', 'https://example.com/badge.svg'), /a picture of the repository/);
});
