// The plugin `tokenward/vite`, with pages as Vite describes them. tests/packaging/fixtures.test.mjs builds an app with it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { tokenward } = await load('vite');

const file = (fileName, more = {}) => ({ type: 'chunk', fileName, ...more });
const ENGINE = file('assets/engine-1.js', { moduleIds: ['/app/node_modules/tokenward/pkg/engine.js'] });
const WORKER_CLIENT = file('assets/worker-client-1.js', {
  moduleIds: ['C:\\app\\node_modules\\tokenward\\pkg\\worker-client.js'],
});
const WITHOUT_WASM = file('assets/engine-without-wasm-1.js', {
  moduleIds: ['/app/node_modules/tokenward/pkg/engine-without-wasm.js'],
});
const LATER = [WITHOUT_WASM, WORKER_CLIENT, ENGINE];
const names = (files) => files.map(({ fileName }) => fileName);

/** The addresses that a page preloads. */
function preloads({ entry, others = LATER, base = '/', path = '/index.html', options }) {
  const plugin = tokenward(options);
  plugin.configResolved({ base });
  const bundle = Object.fromEntries([entry, ...others].filter(Boolean).map((one) => [one.fileName, one]));
  const tags = plugin.transformIndexHtml.handler('', { path, bundle, chunk: entry }) ?? [];
  for (const { tag, attrs, injectTo } of tags)
    assert.deepEqual([tag, attrs.rel, attrs.crossorigin, injectTo], ['link', 'modulepreload', true, 'head']);
  return tags.map(({ attrs }) => attrs.href);
}

const entry = file('assets/index-1.js', { dynamicImports: names(LATER) });

test('a page preloads the engine, and in a worker mode what starts the worker', () => {
  assert.deepEqual(preloads({ entry }), ['/assets/engine-1.js']);
  for (const isolation of ['worker', 'shared-worker', 'auto'])
    assert.deepEqual(preloads({ entry, options: { isolation } }), ['/assets/worker-client-1.js']);
});

test('the address follows the base of the app and the folder of the page', () => {
  assert.deepEqual(preloads({ entry, base: '/shop/' }), ['/shop/assets/engine-1.js']);
  assert.deepEqual(preloads({ entry, base: 'https://cdn.example/x/' }), ['https://cdn.example/x/assets/engine-1.js']);
  for (const base of ['', './']) {
    assert.deepEqual(preloads({ entry, base }), ['./assets/engine-1.js']);
    assert.deepEqual(preloads({ entry, base, path: '/a/b/index.html' }), ['../../assets/engine-1.js']);
  }
});

test('the client may be in a file that the first script imports', () => {
  const vendor = file('assets/vendor-1.js', { dynamicImports: names(LATER), imports: ['assets/index-1.js'] });
  const first = file('assets/index-1.js', { imports: ['assets/vendor-1.js', 'https://cdn.example/react.js'] });
  assert.deepEqual(preloads({ entry: first, others: [vendor, ...LATER] }), ['/assets/engine-1.js']);
});

test('what the engine imports is preloaded too, but for what the page imports itself', () => {
  const engine = { ...ENGINE, imports: ['assets/index-1.js', 'assets/shared-1.js'] };
  const others = [engine, file('assets/shared-1.js')];
  assert.deepEqual(preloads({ entry, others }), ['/assets/engine-1.js', '/assets/shared-1.js']);
});

test('a page that needs no engine preloads nothing', () => {
  assert.deepEqual(preloads({ entry: file('assets/about-1.js') }), []);
  assert.deepEqual(preloads({ entry: undefined }), [], 'a page without a script');
  const lazy = file('assets/account-1.js', { dynamicImports: names(LATER) });
  const home = file('assets/home-1.js', { dynamicImports: [lazy.fileName] });
  assert.deepEqual(preloads({ entry: home, others: [lazy, ...LATER] }), [], 'the route loads the client later');
  assert.equal(
    tokenward().transformIndexHtml.handler('', { path: '/index.html' }),
    undefined,
    'the development server',
  );
});

test('an unknown mode is an error that names the valid ones', () => {
  assert.throws(
    () => tokenward({ isolation: 'Worker' }),
    /^TypeError: tokenward\/vite: options\.isolation: expected "page", "worker", "shared-worker", "auto", got "Worker"$/,
  );
  assert.throws(() => tokenward({ isolation: 'toString' }), /got "toString"/);
});
