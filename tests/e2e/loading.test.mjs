// How a client starts: calls before the engine has loaded, faults while it loads, and environments that lack a feature.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from '../../tools/servers.mjs';
import { ADA, closeBrowser, hasStatus, ISOLATION, openBrowser, signIn, until, withTabs } from './harness.mjs';
import { startProxy } from './proxy.mjs';
import { ENGINES, startBrowser } from './webdriver.mjs';

before(openBrowser);
after(closeBrowser);

/** Opens a page on which nothing is imported yet. */
async function openEmpty({ context, proxy }, init) {
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.lines = [];
  page.on('console', (message) => page.lines.push(message.text()));
  if (init) await page.addInitScript(init);
  await page.goto(`${proxy.url}/blank`);
  return page;
}

test('tokenward/eager signs in, calls and signs out, and loads no engine later', () =>
  withTabs({}, async ({ context, proxy }) => {
    const page = await openEmpty({ context, proxy });
    const seen = await page.evaluate(
      async ([credentials, isolation]) => {
        const { AuthClient } = await import('/pkg/eager.js');
        const auth = new AuthClient({ isolation, restore: 'never' });
        await auth.ready;
        const { status } = await auth.login(credentials);
        await auth.fetch('/demo/expire-token', { method: 'POST' });
        const responses = await Promise.all([1, 2, 3].map(() => auth.fetch('/api/me')));
        const { revoked } = await auth.logout();
        const files = performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname);
        return {
          states: [status, ...responses.map((response) => response.status), revoked, auth.session.status],
          files: files.filter((file) => file.startsWith('/pkg/')),
        };
      },
      [ADA, ISOLATION],
    );
    assert.deepEqual(seen.states, ['signed-in', 200, 200, 200, true, 'signed-out']);
    assert.equal(proxy.to('/auth/refresh').length, 1);
    assert.ok(seen.files.includes('/pkg/eager.js'));
    assert.ok(!seen.files.includes('/pkg/engine.js'));
    assert.equal(seen.files.includes('/pkg/worker-client.js'), ISOLATION !== 'page');
  }));

test('tokenward/eager checks its options as tokenward does', () =>
  withTabs({}, async ({ context, proxy }) => {
    const page = await openEmpty({ context, proxy });
    const messages = await page.evaluate(async () => {
      const { AuthClient } = await import('/pkg/eager.js');
      return [5, [], { timeout: 3 }].map((options) => {
        try {
          return String(new AuthClient(options));
        } catch ({ message }) {
          return message;
        }
      });
    });
    assert.match(messages[0], /INVALID_OPTIONS: options: expected an object, got 5/);
    assert.match(messages[1], /INVALID_OPTIONS: options: expected an object/);
    assert.match(messages[2], /INVALID_OPTIONS: options\.timeout/);
  }));

test('a call before the engine has loaded sends the body and the headers as they were when it was made', () =>
  withTabs({}, async ({ open, context, proxy }) => {
    await signIn(await open());
    const page = await openEmpty({ context, proxy });
    await page.evaluate(async (isolation) => {
      const { AuthClient } = await import('/pkg/index.js');
      const auth = new AuthClient({ isolation });
      const bytes = new TextEncoder().encode('before');
      const { buffer } = new TextEncoder().encode('before');
      const query = new URLSearchParams({ word: 'before' });
      const form = new FormData();
      form.set('word', 'before');
      const headers = new Headers({ 'x-word': 'before' });
      const url = new URL('/api/before', location.href);
      const calls = Object.entries({ bytes, buffer, query, form }).map(([name, body]) =>
        auth.fetch(`/api/${name}`, { method: 'POST', body, headers }),
      );
      calls.push(auth.fetch(url, { headers }));
      bytes.fill(65);
      new Uint8Array(buffer).fill(65);
      query.set('word', 'after');
      form.set('word', 'after');
      headers.set('x-word', 'after');
      url.pathname = '/api/after';
      await Promise.all(calls);
    }, ISOLATION);
    const sent = (name) => proxy.to(`/api/${name}`)[0];
    assert.equal(sent('bytes').body, 'before');
    assert.equal(sent('buffer').body, 'before');
    assert.equal(sent('query').body, 'word=before');
    assert.match(sent('query').type, /^application\/x-www-form-urlencoded/);
    assert.match(sent('form').body, /name="word"\r\n\r\nbefore\r\n/);
    const boundary = sent('form').type.match(/^multipart\/form-data; boundary=(.*)$/)[1];
    assert.ok(sent('form').body.startsWith(`--${boundary}`), 'the boundary of the header is that of the body');
    for (const name of ['bytes', 'buffer', 'query', 'form', 'before']) {
      assert.equal(sent(name).more['x-word'], 'before', name);
      assert.match(sent(name).authorization, /^Bearer /, name);
    }
    assert.equal(sent('after'), undefined);
  }));

test('an app may replace the global fetch by `auth.fetch` before the engine has loaded', () =>
  withTabs({}, async ({ open, context, proxy }) => {
    await signIn(await open());
    const page = await openEmpty({ context, proxy });
    const statuses = await page.evaluate(async (isolation) => {
      const { AuthClient } = await import('/pkg/index.js');
      const auth = new AuthClient({ isolation });
      let calls = 0;
      globalThis.fetch = (input, init) => {
        calls += 1;
        if (calls > 10) throw new Error('the client calls the function that the app made of it');
        return auth.fetch(input, init);
      };
      const early = await fetch('/api/me');
      const late = await fetch('/api/me', { headers: { authorization: 'Bearer none' } });
      return [early.status, late.status, calls];
    }, ISOLATION);
    assert.deepEqual(statuses, [200, 401, 2]);
  }));

/** The file whose connection breaks, and options with which a client needs it. */
const FILES = {
  page: [
    ['engine.js', {}],
    ['dpop.js', { dpop: true }],
    ['engine-without-wasm.js', {}],
  ],
  worker: [['worker-client.js', {}]],
  'shared-worker': [['worker-client.js', {}]],
};

/** On a page: makes a client whose files cannot be loaded, and returns what the app observes of it. */
async function observeFailure(settings) {
  if (settings.withoutWasm) delete window.WebAssembly;
  delete settings.withoutWasm;
  const warnings = [];
  const { warn } = console;
  console.warn = (text) => warnings.push(text) && warn(text);
  const { AuthClient, AuthError } = await import('/pkg/index.js');
  const auth = new AuthClient({ timeoutSeconds: 1, ...settings });
  window.auth = auth;
  const events = [];
  auth.on('refresh-failed', (detail) => events.push(detail));
  const { status, error, retryAt } = await auth.ready;
  const failure = await auth.fetch('/api/me').then(
    () => undefined,
    (reason) => reason,
  );
  return {
    status,
    stated: error?.code,
    retryAt: typeof retryAt,
    code: failure?.code,
    retryable: failure?.retryable,
    isAuthError: failure instanceof AuthError,
    message: failure?.message,
    event: events[0]?.error?.code,
    eventRetryAt: typeof events[0]?.retryAt,
    entry: auth.diagnostics().find(({ event }) => event === 'load-failed')?.detail,
    warnings: warnings.filter((text) => /could not be loaded/.test(text)).length,
  };
}

/** What the app observes of a client whose file cannot be loaded. */
function assertUnavailable({ message, entry, ...rest }, file) {
  assert.deepEqual(rest, {
    status: 'restoring',
    stated: 'ENGINE_UNAVAILABLE',
    retryAt: 'number',
    code: 'ENGINE_UNAVAILABLE',
    retryable: true,
    isAuthError: true,
    event: 'ENGINE_UNAVAILABLE',
    eventRetryAt: 'number',
    warnings: 1,
  });
  assert.ok(message.includes(`${file} could not be loaded: `), message);
  assert.ok(entry.reason.includes(file), entry.reason);
}

for (const [file, options] of FILES[ISOLATION] ?? [])
  test(`the connection breaks while ${file} is loaded: calls reject, and the session is known later without a reload`, () =>
    withTabs({}, async ({ open, context, proxy }) => {
      await signIn(await open(options));
      const page = await openEmpty({ context, proxy });
      proxy.broken.add(file);
      const settings = { isolation: ISOLATION, withoutWasm: file === 'engine-without-wasm.js', ...options };
      assertUnavailable(await page.evaluate(observeFailure, settings), file);
      proxy.broken.delete(file);
      await hasStatus(page, 'signed-in');
      assert.equal(await page.evaluate(() => auth.fetch('/api/me').then(({ status }) => status)), 200);
      assert.equal(await page.evaluate(() => auth.session.error), null);
    }));

if (ISOLATION !== 'page')
  test('the connection breaks while worker.js is loaded: the session is known later without a reload', () =>
    withTabs({}, async ({ open, context, proxy }) => {
      await signIn(await open());
      await context.pages()[0].close();
      const page = await openEmpty({ context, proxy });
      proxy.broken.add('worker.js');
      // (A client with another name has no hint of the session.)
      const settings = { isolation: ISOLATION, name: 'other', restore: 'hint' };
      const { code, message, stated } = await page.evaluate(observeFailure, settings);
      assert.deepEqual([code, stated], ['WORKER_UNAVAILABLE', 'WORKER_UNAVAILABLE'], message);
      proxy.broken.delete('worker.js');
      await hasStatus(page, 'signed-out');
    }));

test('a call that waits for the engine rejects with the reason of its signal', () =>
  withTabs({}, async ({ context, proxy }) => {
    const page = await openEmpty({ context, proxy });
    for (const name of ['engine.js', 'worker-client.js']) proxy.broken.add(name);
    const reasons = await page.evaluate(async (isolation) => {
      const { AuthClient } = await import('/pkg/index.js');
      const auth = new AuthClient({ isolation, timeoutSeconds: 600 });
      const { signal } = Object.assign(globalThis, { controller: new AbortController() }).controller;
      const calls = [auth.fetch('/api/me', { signal }), auth.login({}, { signal }), auth.refresh({ signal })];
      controller.abort('enough');
      return Promise.all(calls.map((call) => call.catch((reason) => reason)));
    }, ISOLATION);
    assert.deepEqual(reasons, ['enough', 'enough', 'enough']);
  }));

/** Runs a test with Firefox and a page on which nothing is imported yet. */
async function inFirefox(engine, body) {
  const server = await startServer();
  const proxy = await startProxy(server.url);
  const browser = await startBrowser(engine);
  try {
    const open = () => browser.open(`${proxy.url}/blank`);
    await body({ proxy, browser, open });
  } finally {
    await browser.stop();
    await proxy.stop();
    await server.stop();
  }
}

const { Firefox } = ENGINES;
const firefoxOptions = { ...Firefox.capabilities['moz:firefoxOptions'], prefs: { 'javascript.options.wasm': false } };
const WITHOUT_WASM = { ...Firefox, capabilities: { 'moz:firefoxOptions': firefoxOptions } };
const ofFirefox = { skip: !Firefox.driver && 'no geckodriver', timeout: 180_000 };

for (const [file, options] of FILES[ISOLATION] ?? [])
  test(
    `Firefox: the connection breaks while ${file} is loaded, and the client works later without a reload`,
    ofFirefox,
    () =>
      inFirefox(file === 'engine-without-wasm.js' ? WITHOUT_WASM : Firefox, async ({ proxy, browser, open }) => {
        const tab = await open();
        proxy.broken.add(file);
        const settings = { isolation: ISOLATION, withoutWasm: file === 'engine-without-wasm.js', ...options };
        assertUnavailable(await browser.run(tab, observeFailure, settings), file);
        proxy.broken.delete(file);
        await until(
          () => browser.run(tab, async () => window.auth.session.status === 'signed-out'),
          () => 'the client does not load its file again',
        );
        const result = await browser.run(
          tab,
          async (ada) => [(await window.auth.login(ada)).status, (await window.auth.fetch('/api/me')).status],
          ADA,
        );
        assert.deepEqual(result, ['signed-in', 200]);
      }),
  );
