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

/** As in docs/secrecy.md: scripts of workers come from the page's own origin. */
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

test('where the policy keeps wasm from compiling, the error says so and names the mend', () =>
  withTabs({}, async ({ open, proxy }) => {
    proxy.headers = { 'content-security-policy': POLICY.join('; ').replace(" 'wasm-unsafe-eval'", '') };
    const page = await open({ isolation: 'page' });
    const { code, message } = await page.evaluate(() => failure(auth.refresh()));
    assert.equal(code, 'WASM_UNAVAILABLE');
    assert.match(message, /script-src needs 'wasm-unsafe-eval'/);
    assert.doesNotMatch(message, /serve tokenward_bg/);
  }));

for (const [what, answer] of [
  ['missing', { status: 404, body: 'not found' }],
  [
    'answered with the page, as single-page servers do',
    { status: 200, contentType: 'text/html', body: '<!doctype html>' },
  ],
  ['served with a wrong type', undefined],
])
  test(`a module that is ${what} is had nonetheless`, () =>
    withTabs({}, async ({ open, context }) => {
      await context.route('**/*.wasm', async (route) =>
        answer ? route.fulfill(answer) : route.fulfill({ response: await route.fetch(), contentType: 'text/plain' }),
      );
      const page = await open({ isolation: 'page' });
      await signIn(page);
      assert.deepEqual(await works(page), [200, 'signed-in']);
    }));

test('where neither the module nor its copy is there, the error says what to serve, and the next call tries again', () =>
  withTabs({}, async ({ open, context }) => {
    await context.route(/\/(tokenward_bg\.wasm|wasm\.js)$/, (route) =>
      route.fulfill({ status: 404, body: 'not found' }),
    );
    const page = await open({ isolation: 'page' });
    const { code, message } = await page.evaluate(() => failure(auth.refresh()));
    assert.equal(code, 'WASM_UNAVAILABLE');
    assert.match(message, /serve tokenward_bg\.wasm beside engine\.js/);
    await context.unroute(/\/(tokenward_bg\.wasm|wasm\.js)$/);
    await signIn(page);
    assert.deepEqual(await works(page), [200, 'signed-in']);
  }));

test('the module is asked for beside the engine and not by it, and once', () =>
  withTabs({}, async ({ open, context }) => {
    await context.route('**/engine.js', async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 300));
      await route.continue();
    });
    const page = await open({ isolation: 'page' });
    await signIn(page);
    const loads = await page.evaluate(() =>
      performance
        .getEntriesByType('resource')
        .filter(({ name }) => /\/(engine\.js|tokenward_bg\.wasm)$/.test(name))
        .map(({ name, startTime, responseEnd }) => ({ wasm: name.endsWith('.wasm'), startTime, responseEnd })),
    );
    const [[wasm, ...more], [engine]] = [loads.filter((load) => load.wasm), loads.filter((load) => !load.wasm)];
    assert.deepEqual(more, []);
    assert.ok(wasm.startTime < engine.responseEnd - 200, JSON.stringify(loads));
  }));
