// The client works under the recommended headers, in each isolation mode.
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
    // A comparison of origins would also accept a blob URL.
    createScriptURL: (url) => (new URL(url, location.href).href.startsWith(`${location.origin}/`) ? url : null),
  });
};

const works = (page) =>
  page.evaluate(async () => {
    await auth.fetch('/demo/expire-token', { method: 'POST' });
    return [(await auth.fetch('/api/me')).status, (await auth.refresh()).status];
  });

/** Records the violations of the policy that the browser reports. */
const recordViolations = () => {
  globalThis.violations = [];
  addEventListener('securitypolicyviolation', ({ violatedDirective }) => violations.push(violatedDirective));
};

for (const dpop of [false, true])
  test(`page${dpop ? ', DPoP' : ''}: the client works without a Trusted Types policy`, () =>
    withTabs({}, async ({ open, proxy }) => {
      proxy.headers = { 'content-security-policy': [...POLICY, "trusted-types 'none'"].join('; ') };
      const page = await open({ isolation: 'page', dpop }, { init: recordViolations });
      await signIn(page);
      assert.deepEqual(await works(page), [200, 'signed-in']);
      assert.deepEqual(await page.evaluate(() => violations), []);
    }));

for (const isolation of ['worker', 'shared-worker']) {
  test(`${isolation}: a default Trusted Types policy allows the worker's URL, and no other`, () =>
    withTabs({}, async ({ open, proxy }) => {
      proxy.headers = { 'content-security-policy': [...POLICY, 'trusted-types default'].join('; ') };
      const page = await open({ isolation }, { init: `(${recordViolations})();(${trustOwnOrigin})()` });
      await signIn(page);
      assert.deepEqual(await works(page), [200, 'signed-in']);
      assert.deepEqual(await page.evaluate(() => violations), []);
      const result = await page.evaluate(() => {
        try {
          return String(new Worker(URL.createObjectURL(new Blob(['']))));
        } catch ({ name }) {
          return name;
        }
      });
      assert.equal(result, 'TypeError', 'the policy rejects other URLs of workers');
    }));

  test(`${isolation}: without a default Trusted Types policy, the error message names Trusted Types`, () =>
    withTabs({}, async ({ open, proxy }) => {
      proxy.headers = { 'content-security-policy': [...POLICY, "trusted-types 'none'"].join('; ') };
      const page = await open({ isolation });
      const { code, message } = await page.evaluate(() => failure(auth.login({})));
      assert.equal(code, 'WORKER_UNAVAILABLE');
      assert.match(message, /Trusted Types/);
    }));
}

const STRICT = POLICY.join('; ').replace(" 'wasm-unsafe-eval'", '');
for (const [isolation, policy] of [
  ['page', "default-src 'self'"],
  ['page', `${STRICT}; trusted-types 'none'`],
  ['worker', STRICT.replace("require-trusted-types-for 'script'", '')],
  ['shared-worker', STRICT.replace("require-trusted-types-for 'script'", '')],
])
  test(`${isolation}, ${policy}: the client works without wasm, and the log names 'wasm-unsafe-eval'`, () =>
    withTabs({}, async ({ open, context, proxy }) => {
      const warnings = [];
      context.on('console', (line) => line.text().startsWith('tokenward:') && warnings.push(line.text()));
      proxy.headers = { 'content-security-policy': policy };
      const page = await open({ isolation });
      await signIn(page);
      assert.deepEqual(await works(page), [200, 'signed-in']);
      const entries = await page.evaluate(() => auth.diagnostics().filter(({ event }) => event === 'wasm-unavailable'));
      assert.equal(entries.length, 1);
      assert.match(entries[0].detail.reason, /add 'wasm-unsafe-eval' to script-src/);
      assert.equal(warnings.filter((text) => /JavaScript build of the core/.test(text)).length, 1, warnings.join('\n'));
    }));

test('a page loads the entry and one more file: the engine, which contains the wasm module', () =>
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

test('the next call loads the engine if its first load failed', () =>
  withTabs({}, async ({ open, context }) => {
    await context.route('**/engine.js', (route) => route.fulfill({ status: 404, body: 'not found' }), { times: 1 });
    const page = await open({ isolation: 'page' });
    await signIn(page);
    assert.deepEqual(await works(page), [200, 'signed-in']);
  }));
