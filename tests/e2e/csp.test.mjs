// The headers that the documents recommend, in force: the client works under them, wherever its tokens are.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closeBrowser, openBrowser, signIn, withTabs } from './harness.mjs';

before(openBrowser);
after(closeBrowser);

const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "connect-src 'self'",
  "worker-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
];

/** As in docs/explanation/secrecy.md: scripts of workers come from the page's own origin. */
const trustOwnOrigin = () => {
  trustedTypes.createPolicy('default', {
    // (By its origin a blob would pass as well.)
    createScriptURL: (url) => (new URL(url, location.href).href.startsWith(`${location.origin}/`) ? url : null),
  });
};

const works = (page) =>
  page.evaluate(async () => {
    await auth.fetch('/demo/expire-token', { method: 'POST' });
    return [(await auth.fetch('/api/me')).status, (await auth.refresh()).status];
  });

/** What the browser said was against the policy. */
const watch = () => {
  globalThis.violations = [];
  addEventListener('securitypolicyviolation', ({ violatedDirective }) => violations.push(violatedDirective));
};

for (const dpop of [false, true])
  test(`page${dpop ? ', DPoP' : ''}: no policy of Trusted Types is needed`, () =>
    withTabs({}, async ({ open, proxy }) => {
      proxy.headers = { 'content-security-policy': [...POLICY, "trusted-types 'none'"].join('; ') };
      const page = await open({ isolation: 'page', dpop }, { init: watch });
      await signIn(page);
      assert.deepEqual(await works(page), [200, 'signed-in']);
      assert.deepEqual(await page.evaluate(() => violations), []);
    }));

for (const isolation of ['worker', 'shared-worker']) {
  test(`${isolation}: a default policy lets the worker's address through`, () =>
    withTabs({}, async ({ open, proxy }) => {
      proxy.headers = { 'content-security-policy': [...POLICY, 'trusted-types default'].join('; ') };
      const page = await open({ isolation }, { init: `(${watch})();(${trustOwnOrigin})()` });
      await signIn(page);
      assert.deepEqual(await works(page), [200, 'signed-in']);
      assert.deepEqual(await page.evaluate(() => violations), []);
      const stolen = await page.evaluate(() => {
        try {
          return String(new Worker(URL.createObjectURL(new Blob(['']))));
        } catch ({ name }) {
          return name;
        }
      });
      assert.equal(stolen, 'TypeError', 'nothing else becomes a worker');
    }));

  test(`${isolation}: without one, the error says what to do`, () =>
    withTabs({}, async ({ open, proxy }) => {
      proxy.headers = { 'content-security-policy': [...POLICY, "trusted-types 'none'"].join('; ') };
      const page = await open({ isolation });
      const { code, message } = await page.evaluate(() => failure(auth.login({})));
      assert.equal(code, 'WORKER_UNAVAILABLE');
      assert.match(message, /Trusted Types/);
    }));
}

test("without 'wasm-unsafe-eval' the error names it", () =>
  withTabs({}, async ({ open, proxy }) => {
    proxy.headers = { 'content-security-policy': "default-src 'self'" };
    const page = await open({ isolation: 'page' });
    const { code, message } = await page.evaluate(() => failure(auth.login({})));
    assert.equal(code, 'WASM_UNAVAILABLE');
    assert.match(message, /'wasm-unsafe-eval'/);
  }));

test('if the policy forbids wasm, the error names the directive that is missing', () =>
  withTabs({}, async ({ open, proxy }) => {
    proxy.headers = { 'content-security-policy': POLICY.join('; ').replace(" 'wasm-unsafe-eval'", '') };
    const page = await open({ isolation: 'page' });
    const { code, message } = await page.evaluate(() => failure(auth.refresh()));
    assert.equal(code, 'WASM_UNAVAILABLE');
    assert.match(message, /script-src needs 'wasm-unsafe-eval'/);
  }));

test('after its entry, a page loads one file: the engine with the wasm module in it', () =>
  withTabs({}, async ({ open }) => {
    const page = await open({ isolation: 'page' });
    await signIn(page);
    const files = await page.evaluate(() =>
      performance
        .getEntriesByType('resource')
        .map(({ name }) => new URL(name).pathname)
        .filter((name) => name.startsWith('/pkg/')),
    );
    assert.deepEqual(files, ['/pkg/index.js', '/pkg/engine.js']);
  }));

test('an engine that cannot be loaded once is loaded by the next call', () =>
  withTabs({}, async ({ open, context }) => {
    await context.route('**/engine.js', (route) => route.fulfill({ status: 404, body: 'not found' }), { times: 1 });
    const page = await open({ isolation: 'page' });
    await signIn(page);
    assert.deepEqual(await works(page), [200, 'signed-in']);
  }));
