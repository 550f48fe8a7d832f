// The pages of docs/guides/frameworks: each adapter has one, their code parses, and it imports only what the package exports.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { transform } from 'esbuild';
import { compile } from 'svelte/compiler';
import { compileScript, parse } from 'vue/compiler-sfc';
import { root } from './load.mjs';

const read = (...names) => readFileSync(path.join(root, ...names), 'utf8');
const FOLDER = 'docs/guides/frameworks';
const names = readdirSync(path.join(root, FOLDER)).filter((name) => name.endsWith('.md') && name !== 'README.md');
const pages = names.map((name) => ({ name, text: read(FOLDER, name) }));
const packageJson = JSON.parse(read('package.json'));

/** The fenced blocks of a page. */
const blocksOf = ({ name, text }) =>
  [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, code]) => ({ name, language, code }));
const blocks = pages.flatMap(blocksOf);

/** The imports from the package: `{ specifier, names }`. An import of another form than `{ … }` has no names. */
const importsOf = (code) =>
  [...code.matchAll(/\bimport\s+(?:type\s+)?([^'";]*?)\s*(?:\bfrom\s+)?['"](tokenward(?:\/[\w/-]+)?)['"]/g)].map(
    ([, clause, specifier]) => ({
      specifier,
      names: /^\{[^}]*\}$/.test(clause)
        ? clause
            .slice(1, -1)
            .split(',')
            .map((name) =>
              name
                .trim()
                .replace(/^type\s+/, '')
                .replace(/\s+as\s.*$/s, ''),
            )
            .filter(Boolean)
        : [],
    }),
  );

/** `tokenward/react` is `js/react.ts`. */
const sourceOf = (specifier) => {
  const entry = specifier.slice('tokenward'.length + 1);
  return read('js', `${entry.replace(/^testing\/playwright$/, 'testing-playwright') || 'index'}.ts`);
};

/** The names that a module of js/ exports. Such a module has no `export *` and no default. */
function exportsOf(source) {
  assert.doesNotMatch(source, /^export (\*|default)/m);
  const declared = [
    ...source.matchAll(
      /^export (?:declare )?(?:async )?(?:abstract )?(?:function\*?|class|const|let|interface|type|enum) (\w+)/gm,
    ),
  ].map(([, name]) => name);
  const listed = [...source.matchAll(/^export (?:type )?\{([^}]*)\}/gm)].flatMap(([, list]) =>
    list
      .split(',')
      .map((name) =>
        name
          .trim()
          .replace(/^type /, '')
          .replace(/^.* as /, ''),
      )
      .filter(Boolean),
  );
  return new Set([...declared, ...listed]);
}

/** Why the imports of a block are wrong: an entry that package.json does not export, or a name that the entry does not. */
const wrongImports = ({ name, code }) =>
  importsOf(code).flatMap(({ specifier, names }) => {
    const key = `.${specifier.slice('tokenward'.length)}`;
    if (!packageJson.exports[key]) return [`${name}: package.json does not export ${specifier}`];
    if (names.length === 0) return [`${name}: expected import { … } from '${specifier}'`];
    const known = exportsOf(sourceOf(specifier));
    return names.filter((one) => !known.has(one)).map((one) => `${name}: ${specifier} does not export ${one}`);
  });

/** The entries that import a package which the app installs: the adapters. */
const adapters = Object.keys(packageJson.exports)
  .filter((key) => /^\.\/[\w-]+$/.test(key))
  .map((key) => `tokenward${key.slice(1)}`)
  .filter((specifier) =>
    Object.keys(packageJson.peerDependencies).some((peer) => sourceOf(specifier).includes(` from '${peer}`)),
  );

/** Parses a block with the compiler of its language. Rejects if the block has an error. */
const PARSERS = {
  ts: (code) => transform(code, { loader: 'ts' }),
  tsx: (code) => transform(code, { loader: 'tsx', jsx: 'preserve' }),
  js: (code) => transform(code, { loader: 'js' }),
  json: async (code) => JSON.parse(code),
  svelte: async (code) => compile(code, { generate: 'client' }),
  vue: async (code) => {
    const { descriptor, errors } = parse(code);
    assert.deepEqual(errors, []);
    if (descriptor.scriptSetup) compileScript(descriptor, { id: 'page', inlineTemplate: true });
  },
  astro: (code) => transform(code.split('---')[1], { loader: 'ts' }),
  sh: async () => {},
};

test('each adapter of package.json has a page that imports from it, and the list of pages links it', () => {
  assert.deepEqual(
    adapters.toSorted(),
    ['angular', 'react', 'solid', 'svelte', 'vue'].map((name) => `tokenward/${name}`),
  );
  const list = read(FOLDER, 'README.md');
  for (const specifier of adapters) {
    const found = pages.filter(
      ({ name, text }) =>
        list.split('\n').some((line) => line.includes(`\`${specifier}\``) && line.includes(`(${name})`)) &&
        text.includes(`from '${specifier}'`),
    );
    assert.notEqual(found.length, 0, specifier);
  }
});

test('the list has each page', () => {
  const list = read(FOLDER, 'README.md');
  assert.deepEqual(
    names.filter((name) => !list.includes(`](${name})`)),
    [],
  );
});

test('code imports only names that the entry exports', () => {
  assert.deepEqual(blocks.flatMap(wrongImports), []);
  assert.ok(blocks.flatMap(({ code }) => importsOf(code)).length > 40);
});

test('an unknown name, an unknown entry and an import without braces are found', () => {
  const wrong = (code) => wrongImports({ name: 'page', code });
  assert.deepEqual(wrong("import { type Session, AuthClient as Client } from 'tokenward';"), []);
  assert.deepEqual(wrong("import {\n  useAuth,\n  useRoles,\n} from 'tokenward/react';"), [
    'page: tokenward/react does not export useRoles',
  ]);
  assert.deepEqual(wrong("import { a } from 'tokenward/preact';"), [
    'page: package.json does not export tokenward/preact',
  ]);
  assert.deepEqual(wrong("import tokenward from 'tokenward';"), ["page: expected import { … } from 'tokenward'"]);
  assert.ok(exportsOf(sourceOf('tokenward/angular')).has('AUTH_RETRY'));
  assert.ok(exportsOf(sourceOf('tokenward')).has('AuthErrorCode'));
});

test('each block parses', async () => {
  for (const { name, language, code } of blocks) {
    const parser = PARSERS[language];
    assert.ok(parser, `${name}: a parser for the language "${language}"`);
    await assert.doesNotReject(async () => parser(code), `${name}:\n${code}`);
  }
});

for (const [language, code] of [
  ['tsx', 'const a = <p>;'],
  ['vue', '<script setup lang="ts">\nconst a = ;\n</script>\n<template><p /></template>'],
  ['vue', '<script setup>\nconst a = 1;\n</script>\n<template><p v-if="a +" /></template>'],
  ['svelte', '{#if true}<p>'],
])
  test(`an error in a block of ${language} is found: ${code.slice(-24)}`, () =>
    assert.rejects(async () => PARSERS[language](code)));

test('each page has the same parts', () => {
  const parts = ['Install', 'Roles', 'Idle warning', 'Development', 'Server-side rendering', 'Data libraries', 'Tests'];
  for (const { name, text } of pages) {
    const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
    for (const part of [...parts, 'Restoring, and a server that is away', 'Limits', 'Tested by'])
      assert.ok(headings.includes(part), `${name}: the part "${part}"`);
    assert.match(text, /catch \(error\)|\.catch\(/, `${name}: a sign-in form that handles errors`);
    assert.match(text, /logout\(\)/, `${name}: a sign-out`);
  }
});

test('each page names a fixture that exists', () => {
  const fixtures = read('tests/packaging/fixtures.test.mjs');
  for (const { name, text } of pages) {
    const [, proof] = text.split('## Tested by');
    const named = [...proof.replaceAll('\n', ' ').matchAll(/"([^"]+)"/g)].map(([, title]) => title);
    assert.notEqual(named.length, 0, name);
    for (const title of named) assert.match(fixtures, new RegExp(`^  (?:'${title}[^']*'|${title}): \\{`, 'm'), name);
  }
});

test('the text of a failed sign-in is the same on each page', () => {
  const explain = /^export const explain = [\s\S]*?;$/m;
  assert.equal(new Set(pages.map(({ text }) => explain.exec(text)?.[0] ?? 'none')).size, 1);
  assert.match(pages[0].text, explain);
});

test('the check of a path to return to is the same on each page, and no path leads to another site', () => {
  const texts = [read('docs/guides/recipes.md'), ...pages.map(({ text }) => text)];
  const checks = texts.flatMap((text) => [...text.matchAll(/(\/\S+\/)\.test\(redirect\)/g)].map(([, regex]) => regex));
  assert.equal(checks.length, 3);
  assert.equal(new Set(checks).size, 1);
  const accepts = new RegExp(checks[0].slice(1, -1));
  for (const path of ['/', '/mine', '/mine?page=2&q=a%20b#total', '/a//b', '/~signed-in'])
    assert.ok(accepts.test(path), path);
  const hostile = ['//example.com', '/\\example.com', '/\t/example.com', '/\n\\example.com', 'https://example.com'];
  for (const path of [...hostile, 'javascript:alert(1)', '\\\\example.com', '', ' //example.com', 'mine'])
    assert.ok(!accepts.test(path), JSON.stringify(path));
});
