// Every relative link and anchor in the Markdown files of the repository has a target.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { anchorsOf, withoutCode } from '../../tools/markdown-anchors.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** The Markdown files that git tracks or would track. */
const documents = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.md'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\n')
  .filter((name) => name && existsSync(path.join(root, name)));

function linksOf(text) {
  const prose = withoutCode(text);
  return [
    ...[...prose.matchAll(/\]\(<?([^()\s>]+(?:\([^()]*\)[^()\s>]*)?)>?(?:\s+"[^"]*")?\)/g)].map(([, link]) => link),
    ...[...prose.matchAll(/^\[[^\]]+\]: (\S+)/gm)].map(([, link]) => link),
    ...[...prose.matchAll(/\b(?:src|href|srcset)="([^"\s]+)"/g)].map(([, link]) => link),
  ].filter((link) => !/^[a-z][a-z0-9+.-]*:/i.test(link));
}

/** Why the link is broken; undefined if it is not. */
function problem(document, link) {
  const [target, anchor] = decodeURI(link).split('#');
  const file = target ? path.resolve(root, path.dirname(document), target) : path.join(root, document);
  if (!file.startsWith(root)) return 'expected a path inside the repository';
  if (!existsSync(file)) return 'expected an existing file';
  if (!anchor) return undefined;
  if (statSync(file).isDirectory() || !file.endsWith('.md')) return 'expected an anchor of a Markdown file';
  return anchorsOf(readFileSync(file, 'utf8')).has(anchor) ? undefined : `expected a heading "#${anchor}"`;
}

test('every relative link in a Markdown file has a target', () => {
  const broken = documents.flatMap((document) =>
    linksOf(readFileSync(path.join(root, document), 'utf8')).flatMap((link) => {
      const why = problem(document, link);
      return why ? [`${document}: ${link}: ${why}`] : [];
    }),
  );
  assert.deepEqual(broken, []);
});

test('headings get the anchors that GitHub gives them', () => {
  const text = '# A `b` & C\n## Same\n## Same\n## React (18 or 19)\n```\n# not a heading\n```\n';
  assert.deepEqual([...anchorsOf(text)], ['a-b--c', 'same', 'same-1', 'react-18-or-19']);
});

test('links in code are not links', () => {
  assert.deepEqual(linksOf('`[a](b)` [c](d.md#e)\n```\n[f](g)\n```\n<img src="h.png"> <https://i>'), [
    'd.md#e',
    'h.png',
  ]);
});
