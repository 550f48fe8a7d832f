// Imports in js/ go one way, and functions stay short: entry -> client -> worker, rust -> engine -> auth -> browser -> util.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { parseAst } from 'vite';
import { root } from './load.mjs';

/** A folder imports from itself and from those after it. Entries are the files at the top of js/. */
const ORDER = ['entry', 'testing', 'servers', 'client', 'worker', 'rust', 'engine', 'auth', 'browser', 'wasm', 'util'];
/** The public types (errors, events, options, session) are the vocabulary of all folders; a type costs no import at run time. */
const TYPES_FOR_ALL = 'client';
/** Exceptions, each with its reason. */
const ALLOWED = new Map([
  ['worker/worker.ts', ['client/errors.ts']], // the worker is a separate bundle, with a separate error class
  ['rust/server.ts', ['client/validate-options.ts']], // `server` is data in both clients, checked by the same code
  ['rust/idle.ts', ['client/idle.ts']], // idle sign-out is the same code in both clients
  ['rust/sign-in.ts', ['client/sign-in.ts', 'client/sign-in-mark.ts']], // the sign-in is the same code in both clients
]);
/** Lines of a function without those of the functions inside it, and with them. */
const MOST_OWN_LINES = 60;
const MOST_LINES = 100;

const js = path.join(root, 'js');
const files = readdirSync(js, { recursive: true })
  .map((file) => file.replaceAll(path.sep, '/'))
  .filter((file) => file.endsWith('.ts'));
const parsed = files.map((file) => {
  const text = readFileSync(path.join(js, file), 'utf8');
  return { file, text, program: parseAst(text, { lang: 'ts' }) };
});

const folderOf = (file) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : 'entry');

/** Calls `visit` for each node and its children. */
function walk(node, visit) {
  if (typeof node !== 'object' || node === null) return;
  if (typeof node.type === 'string') visit(node);
  for (const child of Object.values(node)) walk(child, visit);
}

/** The relative imports of a module, static and dynamic. */
function importsOf({ file, program }) {
  const found = [];
  walk(program, (node) => {
    const source = node.source?.value;
    if (!/^(Import|Export)/.test(node.type) || typeof source !== 'string' || !source.startsWith('.')) return;
    const target = path.posix.join(path.posix.dirname(file), source).replace(/\.js$/, '.ts');
    const kinds = (node.specifiers ?? []).map((specifier) => specifier.importKind ?? specifier.exportKind ?? 'value');
    const onlyTypes =
      node.importKind === 'type' ||
      node.exportKind === 'type' ||
      (kinds.length > 0 && kinds.every((kind) => kind === 'type'));
    found.push({ target, onlyTypes });
  });
  return found;
}

/** Each function with its two lengths, and its name if the source gives one. */
function functionsOf({ text, program }) {
  const lineOf = (offset) => text.slice(0, offset).split('\n').length;
  const stack = [];
  const found = [];
  const enter = (node, name) => {
    if (typeof node !== 'object' || node === null) return;
    const isFunction = /Function(Declaration|Expression)$/.test(node.type ?? '') && node.body;
    if (isFunction) {
      const lines = lineOf(node.end) - lineOf(node.start) + 1;
      const entry = { name: node.id?.name ?? name, lines, own: lines };
      const outer = stack.at(-1);
      if (outer && lines > 1) outer.own -= lines;
      found.push(entry);
      stack.push(entry);
    }
    for (const [key, child] of Object.entries(node)) {
      const inner = node.key?.name ?? node.id?.name ?? name;
      if (Array.isArray(child)) for (const item of child) enter(item, inner);
      else if (key !== 'parent') enter(child, inner);
    }
    if (isFunction) stack.pop();
  };
  enter(program, 'module');
  return found;
}

test('every folder of js/ has its place in the order', () => {
  for (const file of files)
    assert.ok(ORDER.includes(folderOf(file)), `${file}: expected a folder of ${ORDER.join(', ')}`);
});

test('imports go one way', () => {
  const wrong = [];
  for (const module of parsed)
    for (const { target, onlyTypes } of importsOf(module)) {
      const [from, to] = [folderOf(module.file), folderOf(target)];
      const allowed =
        ORDER.indexOf(from) <= ORDER.indexOf(to) ||
        (onlyTypes && to === TYPES_FOR_ALL) ||
        ALLOWED.get(module.file)?.includes(target);
      if (!allowed) wrong.push(`${module.file} (${from}) imports ${target} (${to})`);
    }
  assert.deepEqual(wrong, []);
});

test('every relative import names a file', () => {
  for (const module of parsed)
    for (const { target } of importsOf(module)) assert.ok(files.includes(target), `${module.file}: ${target}`);
});

test('no modules import each other in a circle', () => {
  const graph = new Map(
    parsed.map((module) => [
      module.file,
      importsOf(module)
        .filter(({ onlyTypes }) => !onlyTypes)
        .map(({ target }) => target),
    ]),
  );
  const circles = [];
  const visit = (file, trail) => {
    if (trail.includes(file)) circles.push([...trail.slice(trail.indexOf(file)), file].join(' -> '));
    else for (const next of graph.get(file) ?? []) visit(next, [...trail, file]);
  };
  for (const file of files) visit(file, []);
  assert.deepEqual(circles, []);
});

test(`no function is longer than ${MOST_OWN_LINES} lines, or ${MOST_LINES} with the functions inside it`, () => {
  const long = parsed.flatMap((module) =>
    functionsOf(module)
      .filter(({ own, lines }) => own > MOST_OWN_LINES || lines > MOST_LINES)
      .map(({ name, own, lines }) => `${module.file}: ${name} has ${own} lines, ${lines} with the functions inside it`),
  );
  assert.deepEqual(long, []);
});

test('the first line of every module states its purpose', () => {
  for (const { file, text } of parsed) assert.match(text, /^(\/\/|\/\*\*) ?\S/, file);
});
