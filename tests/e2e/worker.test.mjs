// The client in a worker: `auth.fetch` behaves as the browser's `fetch`, the token does not leave the worker, the session survives
// the end of a worker, and one SharedWorker serves all tabs.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as later } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { ADA, closeBrowser, hasStatus, makeClient, openBrowser, signIn, until, withTabs } from './harness.mjs';

before(openBrowser);
after(closeBrowser);

const KINDS = ['worker', 'shared-worker'];

/** The policy that docs/explanation/secrecy.md requires. */
const POLICY = { 'content-security-policy': "worker-src 'self'" };

function each(name, work, fault = () => undefined) {
  for (const isolation of KINDS)
    test(`${isolation}: ${name}`, () =>
      withTabs({}, async (tools) => {
        tools.proxy.headers = POLICY;
        tools.proxy.fault = (entry) => fault(entry, tools.proxy);
        await work({ ...tools, isolation, open: (options, more) => tools.open({ isolation, ...options }, more) });
      }));
}

/** Defines `observe` on the page: it makes a request and returns all that a caller can observe of the response or the error. */
const defineObserve = () => {
  globalThis.observe = async (fetch, options) => {
    const { input, init = {}, request, abort, read = 'text', form, search, blob, bytes, view, reuse } = options;
    const given = { ...init };
    if (form) {
      given.body = new FormData();
      given.body.append('text', 'ä');
      given.body.append('file', new File(['inside'], 'name.txt', { type: 'text/plain' }));
      given.body.append('blob', new Blob(['bare']));
    }
    if (search) given.body = new URLSearchParams({ a: '1', b: '&' });
    if (blob) given.body = new Blob(['blob'], { type: 'text/x-blob' });
    if (bytes) given.body = new Uint8Array([0, 1, 254, 255]).buffer;
    if (view) given.body = new Uint8Array([9, 1, 2, 3, 9]).subarray(1, 4);
    const aborting = new AbortController();
    if (abort) given.signal = aborting.signal;
    if (abort?.before) aborting.abort(abort.reason);
    try {
      const promise = request ? fetch(new Request(input, given)) : fetch(input, given);
      if (abort?.after) setTimeout(() => aborting.abort(abort.reason), abort.after);
      const response = await promise;
      if (abort?.head) aborting.abort(abort.reason);
      const { status, statusText, ok, url, redirected, type, bodyUsed } = response;
      // Chromium gives such a response from the network an empty stream as its body. No other code can.
      const empty = status === 204 || status === 304;
      const copy = response.clone();
      const sides = [copy.url, copy.type, copy.status, copy.redirected, copy instanceof Response];
      const headers = [...response.headers].filter(([name]) => !/date|x-request-id|keep-alive|connection/.test(name));
      let content;
      let cancelled;
      if (read === 'chunks') {
        content = 0;
        for await (const chunk of response.body) content += chunk.byteLength;
      } else if (read === 'form')
        content = [...(await response.formData())].map(([name, value]) => [name, value.name ?? value]);
      else if (read === 'byob') {
        const reader = response.body.getReader({ mode: 'byob' });
        const { value } = await reader.read(new Uint8Array(4));
        content = [...value];
        cancelled = reader.cancel();
      } else
        content = await response[read]().then((value) => (value instanceof Blob ? [value.size, value.type] : value));
      const again = reuse ? await response.text().catch(({ name }) => name) : undefined;
      // The body and its copy are the branches of a tee: cancelling one settles when both are cancelled (Streams, 4.9.5).
      await Promise.all([cancelled, copy.body?.cancel().catch(() => {})]);
      return {
        status,
        statusText,
        ok,
        url,
        redirected,
        type,
        body: empty || response.body !== null,
        bodyUsed,
        sides,
        headers,
        content,
        again,
        used: empty || response.bodyUsed,
      };
    } catch (error) {
      return {
        failed: error?.name ?? String(error),
        dom: error instanceof DOMException,
        type: error instanceof TypeError,
        value: typeof error === 'string' ? error : undefined,
      };
    }
  };
};

const post = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"a":1}' };
const REQUESTS = {
  'a GET': { input: '/api/open' },
  'a relative URL': { input: 'api/open?x#y' },
  'a relative URL with dot segments': { input: './a/../api/open' },
  'a HEAD': { input: '/api/open', init: { method: 'HEAD' } },
  'json()': { input: '/api/json', read: 'json' },
  'blob() with its type': { input: '/api/json', read: 'blob' },
  'formData()': { input: '/api/form', read: 'form' },
  'a body read twice': { input: '/api/open', reuse: true },
  'a reader with its own buffer': { input: '/api/open', read: 'byob' },
  204: { input: '/api/empty' },
  304: { input: '/api/304', init: { cache: 'no-store' } },
  '500 with a text': { input: '/api/500' },
  'an unusual status': { input: '/api/418' },
  'a redirect': { input: '/api/moved' },
  'a redirect that is not followed': { input: '/api/moved', init: { redirect: 'manual' } },
  'a redirect that is an error': { input: '/api/moved', init: { redirect: 'error' } },
  'an endless redirect': { input: '/api/circle' },
  'no response': { input: '/api/lost' },
  'a body that breaks off': { input: '/api/broken' },
  'an integrity value that matches': {
    input: '/api/fixed',
    init: { integrity: 'sha256-LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=' },
  },
  'an integrity value that does not match': {
    input: '/api/fixed',
    init: { integrity: 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' },
  },
  'only if cached': { input: '/api/never', init: { cache: 'only-if-cached', mode: 'same-origin' } },
  text: { input: '/api/reflect', init: { method: 'POST', body: 'text' } },
  json: { input: '/api/reflect', init: post },
  'a PUT in a Request': { input: '/api/reflect', init: { ...post, method: 'PUT' }, request: true },
  'a POST without a body': { input: '/api/reflect', init: { method: 'POST' } },
  'a form in a Request': { input: '/api/reflect', init: { method: 'POST' }, form: true, request: true, read: 'text' },
  URLSearchParams: { input: '/api/reflect', init: { method: 'POST' }, search: true },
  'a Blob': { input: '/api/reflect', init: { method: 'POST' }, blob: true },
  'an ArrayBuffer': { input: '/api/reflect', init: { method: 'POST' }, bytes: true },
  'a view of a part of a buffer': { input: '/api/reflect', init: { method: 'POST' }, view: true },
  'headers as pairs': {
    input: '/api/reflect',
    init: {
      method: 'POST',
      headers: [
        ['x-a', '1'],
        ['x-a', '2'],
      ],
      body: '',
    },
  },
  'no referrer': { input: '/api/reflect', init: { method: 'POST', body: 'x', referrerPolicy: 'no-referrer' } },
  'a referrer': {
    input: '/api/reflect',
    init: { method: 'POST', body: 'x', referrer: '/from/here', referrerPolicy: 'unsafe-url' },
  },
  'no-store, keepalive, low priority': {
    input: '/api/reflect',
    init: { method: 'POST', body: 'x', cache: 'no-store', keepalive: true, priority: 'low' },
  },
  'without cookies': { input: '/api/reflect', init: { method: 'POST', body: 'x', credentials: 'omit' } },
  'a forbidden method': { input: '/api/open', init: { method: 'TRACE' } },
  'a GET with a body': { input: '/api/open', init: { body: 'x' } },
  'an invalid URL': { input: 'http://[' },
  'aborted before': { input: '/api/open', abort: { before: true } },
  'aborted with a reason': { input: '/api/slow', abort: { after: 50, reason: 'enough' } },
  'aborted before the response': { input: '/api/slow', abort: { after: 50 } },
  'aborted in the middle of the body': { input: '/api/drip', abort: { head: true } },
  'three megabytes': { input: '/api/large', read: 'chunks' },
};

/** Responses that do not depend on the token, so that the browser's own `fetch` receives the same. */
function answers(entry) {
  const text = (body, more = {}, status = 200) => ({
    answer: { status, headers: { 'content-type': 'text/plain', ...more }, body },
  });
  const name = entry.path.slice('/api/'.length);
  const table = {
    open: () => text('open'),
    json: () => text('{"a":[1,"ä"]}', { 'content-type': 'application/json', 'x-more': '1' }),
    form: () => text('a=1&b=2', { 'content-type': 'application/x-www-form-urlencoded' }),
    empty: () => ({ answer: { status: 204 } }),
    304: () => ({ answer: { status: 304 } }),
    500: () => text('sorry', {}, 500),
    418: () => text('short and stout', {}, 418),
    moved: () => text('', { location: '/api/open?moved' }, 302),
    circle: () => text('', { location: '/api/circle' }, 302),
    lost: () => ({ lose: 'request' }),
    broken: () => text('short', { 'content-length': '1000' }),
    fixed: () => text('hello\n'.trim()),
    never: () => text('asked'),
    slow: () => ({ ...text('slow'), delay: 2_000 }),
    drip: () => ({
      answer: { status: 200, headers: { 'content-type': 'text/plain' }, body: 'x'.repeat(100), drip: 30 },
    }),
    large: () => text('0123456789'.repeat(300_000)),
    reflect: () => {
      const { method, type, body, cookie, referer, more } = entry;
      const boundary = /boundary=(.+)/.exec(type ?? '')?.[1];
      const request = { method, type, body, cookie: cookie !== undefined, referer, more };
      return text(JSON.stringify(request).replaceAll(boundary ?? '\0', '<boundary>'));
    },
  };
  return table[name]?.();
}

each('auth.fetch behaves as the browser’s fetch', async ({ open, proxy }) => {
  const page = await open();
  await signIn(page);
  await page.evaluate(defineObserve);
  proxy.fault = (entry) => (entry.path.startsWith('/api/') ? answers(entry) : undefined);
  const differ = [];
  for (const [name, options] of Object.entries(REQUESTS)) {
    const [browser, tokenward] = await page.evaluate(
      async (options) => [
        await observe((input, init) => fetch(input, init), options),
        await observe(auth.fetch, options),
      ],
      options,
    );
    if (!isDeepStrictEqual(tokenward, browser)) differ.push([name, { tokenward, browser }]);
  }
  assert.deepEqual(differ, []);
  const sent = proxy.record.filter(({ path }) => path === '/api/open');
  assert.ok(
    sent.some(({ authorization }) => authorization?.startsWith('Bearer ey')),
    'auth.fetch sent the token',
  );
});

each('the client sends a form with its files, also in the retry', async ({ open }) => {
  const page = await open();
  await signIn(page);
  const echoed = await page.evaluate(async () => {
    await auth.fetch('/demo/expire-token', { method: 'POST' });
    const form = new FormData();
    form.append('text', 'ä');
    form.append('file', new File(['inside'], 'name.txt', { type: 'text/plain' }));
    const response = await auth.fetch('/api/echo', { method: 'POST', body: form });
    const back = await new Response(await response.blob(), {
      headers: { 'content-type': response.headers.get('content-type') },
    }).formData();
    return [response.status, back.get('text'), back.get('file').name, await back.get('file').text()];
  });
  assert.deepEqual(echoed, [200, 'ä', 'name.txt', 'inside']);
});

each('the body of a response streams', async ({ open, proxy }) => {
  const page = await open();
  await signIn(page);
  proxy.fault = ({ path }) =>
    path === '/api/drip' ? { answer: { status: 200, body: 'abcdefghij', drip: 300 } } : undefined;
  const [pieces, first, whole] = await page.evaluate(async () => {
    const start = performance.now();
    const response = await auth.fetch('/api/drip');
    let pieces = 0;
    let first;
    for await (const _ of response.body) {
      pieces += 1;
      first ??= performance.now() - start;
    }
    return [pieces, first, performance.now() - start];
  });
  assert.ok(pieces >= 5 && first < whole / 2, `${pieces} pieces, the first after ${first} of ${whole} ms`);
});

each('getAccessToken() rejects unless exposeToken is set', async ({ open, isolation }) => {
  const page = await open({ exposeToken: false });
  await signIn(page);
  const rejected = await page.evaluate(() => failure(auth.getAccessToken()));
  assert.equal(rejected.code, 'TOKEN_NOT_EXPOSED');
  assert.match(rejected.message, /options\.exposeToken/);
  const other = await open({ exposeToken: true, name: 'other' });
  await signIn(other);
  assert.match(await other.evaluate(() => auth.getAccessToken()), /^ey/, isolation);
});

each(
  'the client calls the functions of its options on the page',
  async ({ open, proxy, isolation }) => {
    const page = await open({ restore: 'never' });
    const [events, judged, result, code] = await page.evaluate(
      async ([given, credentials]) => {
        const events = [];
        const judged = [];
        let broken = false;
        addEventListener('error', (event) => event.preventDefault());
        const client = new AuthClient({
          isolation: given,
          name: 'functions',
          restore: 'never',
          authHeaders: async () => {
            if (broken) throw new Error('the app is broken');
            return { 'x-csrf': 'csrf-1' };
          },
          shouldRefresh: async (response) => {
            const expired = (await response.text()) === 'expired';
            judged.push([response.status, expired]);
            return expired;
          },
          onLog: ({ event }) => events.push(event),
        });
        await client.login(credentials);
        const response = await client.fetch('/api/text');
        const result = [response.status, await response.text()];
        broken = true;
        const { code } = await failure(client.login(credentials));
        return [events, judged, result, code];
      },
      [isolation, ADA],
    );
    assert.equal(proxy.to('/auth/login')[0].more['x-csrf'], 'csrf-1');
    assert.equal(proxy.to('/auth/refresh')[0].more['x-csrf'], 'csrf-1');
    assert.deepEqual(
      [judged, result],
      [
        [
          [200, true],
          [200, false],
        ],
        [200, 'fresh'],
      ],
    );
    assert.equal(code, 'REQUEST_NOT_SENT');
    assert.ok(events.includes('call-rejected') && events.includes('refreshed'), events.join(' '));
  },
  ({ path }, proxy) =>
    path === '/api/text'
      ? { answer: { status: 200, body: proxy.to(path).length === 1 ? 'expired' : 'fresh' } }
      : undefined,
);

each('a reload restores the session', async ({ open, isolation }) => {
  const page = await open();
  await signIn(page);
  await page.reload();
  await makeClient(page, { isolation }, { signIn: false });
  assert.equal(await page.evaluate(() => auth.session.status), 'signed-in');
  assert.equal(await page.evaluate(() => auth.fetch('/api/me').then(({ status }) => status)), 200);
});

for (const isolation of KINDS)
  test(`${isolation}: the client replaces a worker that ends, and the session continues`, () =>
    withTabs({}, async ({ open, context, proxy }) => {
      const page = await open({ isolation, restore: 'never' });
      await signIn(page);
      proxy.fault = ({ path }) =>
        /\/api\/(slow|once)/.test(path) && proxy.to(path).length === 1
          ? { until: later(60_000, undefined, { ref: false }) }
          : undefined;
      await page.evaluate(() => {
        globalThis.events = [];
        for (const event of ['signed-in', 'signed-out', 'refreshed', 'account-changed'])
          auth.on(event, () => events.push(event));
        globalThis.calls = [
          auth.fetch('/api/slow').then(({ status }) => status),
          failure(auth.fetch('/api/once', { method: 'POST' })).then(({ name }) => name),
        ];
      });
      while (['slow', 'once'].some((name) => proxy.to(`/api/${name}`).length === 0)) await later(20);
      await kill(context, page);
      const answers = await page.evaluate(() => Promise.all(calls));
      // The event can follow the responses: the worker sends it when the storage of the page is written.
      await page.waitForFunction(() => events.length > 0);
      const [status, events] = await page.evaluate(() => [auth.session.status, globalThis.events]);
      assert.deepEqual([answers, status], [[404, 'TypeError'], 'signed-in']);
      assert.deepEqual(events, ['refreshed'], 'the session did not end');
      assert.equal(await page.evaluate(() => auth.fetch('/api/me').then((response) => response.status)), 200);
      assert.ok(await page.evaluate(() => auth.diagnostics().some(({ event }) => event === 'worker-ended')));
    }));

/** Ends the worker as a crash would. */
async function kill(context, page) {
  const devtools = await context.browser().newBrowserCDPSession();
  const { targetInfos } = await devtools.send('Target.getTargets');
  const worker = targetInfos.find(({ type, url }) => type === 'shared_worker' && url.endsWith('/pkg/worker.js'));
  if (worker) await devtools.send('Target.closeTarget', { targetId: worker.targetId });
  // By a timer, because `evaluate` fails if the worker ends during it.
  else await page.workers()[0].evaluate(() => void setTimeout(() => self.close()));
}

test('shared-worker: a new tab and a reload continue the session without an auth request', () =>
  withTabs({}, async ({ open, proxy, server }) => {
    const options = { isolation: 'shared-worker', transport: 'body' };
    const first = await open(options);
    await signIn(first, { ...ADA, transport: 'body' });
    const second = await open(options);
    await hasStatus(second, 'signed-in');
    await Promise.all([first, second].map((page) => page.evaluate(() => auth.refresh())));
    assert.ok(proxy.to('/auth/refresh').length <= 2);
    await second.close();
    await first.reload();
    await makeClient(first, options, { signIn: false });
    assert.equal(
      await first.evaluate(() => auth.session.status),
      'signed-in',
      'the session survives a reload without a cookie',
    );
    await first.evaluate(() => auth.logout());
    assert.equal(await server.counted('logout'), 1);
  }));

test('without a worker, `auto` falls back to the page, and the worker modes reject with WORKER_UNAVAILABLE', () =>
  withTabs({}, async ({ open, proxy }) => {
    proxy.headers = { 'content-security-policy': "worker-src 'none'" };
    const page = await open({ isolation: 'auto' });
    await signIn(page);
    assert.equal(page.workers().length, 0);
    assert.equal(await page.evaluate(() => auth.fetch('/api/me').then(({ status }) => status)), 200);
    for (const isolation of KINDS) {
      const { code, message } = await page.evaluate(
        (given) => failure(new AuthClient({ isolation: given, name: given }).login({})),
        isolation,
      );
      assert.equal(code, 'WORKER_UNAVAILABLE');
      assert.match(message, /worker-src 'self'/);
    }
  }));

test('the client waits for a worker whose script loads slowly', () =>
  withTabs({}, async ({ open, proxy }) => {
    proxy.headers = POLICY;
    const page = await open({ isolation: 'page', name: 'unused' });
    let requests = 0;
    await page.route('**/worker.js', async (route) => {
      requests += 1;
      await later(8_000);
      await route.continue();
    });
    await makeClient(page, { isolation: 'worker' }, { signIn: false });
    await signIn(page);
    assert.equal(requests, 1);
  }));

test('the client warns if the policy allows any worker', () =>
  withTabs({}, async ({ open, proxy }) => {
    const hasWarned = (page) =>
      page.evaluate(() => auth.diagnostics().some(({ event }) => event === 'worker-src-missing'));
    for (const [policy, expected] of [
      ['', true],
      ["script-src 'self' 'wasm-unsafe-eval' blob:", true],
      ["worker-src 'self'", false],
      ["default-src 'self'; script-src 'self' 'wasm-unsafe-eval'", false],
    ]) {
      proxy.headers = policy ? { 'content-security-policy': policy } : {};
      const page = await open({ isolation: 'worker' });
      if (expected)
        await until(
          () => hasWarned(page),
          () => `no warning: ${policy || 'no policy'}`,
        );
      else await later(500);
      assert.equal(await hasWarned(page), expected, policy || 'no policy');
      await page.close();
    }
  }));

test('no message from the page changes the settings of the worker', () =>
  withTabs({}, async ({ open, proxy }) => {
    const init = () => {
      globalThis.Worker = class extends Worker {
        constructor(...args) {
          super(...args);
          globalThis.worker = this;
        }
      };
    };
    const page = await open({ isolation: 'worker', exposeToken: false }, { init });
    await signIn(page);
    const messages = await page.evaluate(async () => {
      const messages = [];
      worker.addEventListener('message', ({ data }) => messages.push(data));
      const evil = {
        endpoints: { refresh: 'http://127.0.0.1:1/' },
        origins: ['http://127.0.0.1:1/'],
        exposeToken: true,
      };
      for (const method of ['connect', 'start', 'settings', 'getAccessToken', '__proto__', 'constructor', 'toString'])
        worker.postMessage({ request: method, method, params: { ...evil, storage: {}, resume: true } });
      worker.postMessage({ request: 1_000_001, method: 'fetch', params: { url: 'http://localhost:1/', init: {} } });
      worker.postMessage(null);
      worker.postMessage({ response: 7, result: evil });
      const answered = () => messages.filter(({ response }) => typeof response === 'string').length;
      for (let tries = 0; tries < 1_000 && answered() < 7; tries += 1)
        await new Promise((resolve) => setTimeout(resolve, 20));
      await new Promise((resolve) => setTimeout(resolve, 200));
      return messages;
    });
    const responses = messages.filter(({ response }) => typeof response === 'string');
    assert.deepEqual(responses.map(({ response }) => response).sort(), [
      '__proto__',
      'connect',
      'constructor',
      'getAccessToken',
      'settings',
      'start',
      'toString',
    ]);
    assert.equal(responses.find(({ response }) => response === 'getAccessToken').error.name, 'TOKEN_NOT_EXPOSED');
    assert.doesNotMatch(JSON.stringify(responses), /eyJ[\w-]+\.eyJ/, 'no response contains a token');
    assert.equal(
      await page.evaluate(() => failure(auth.getAccessToken()).then(({ code }) => code)),
      'TOKEN_NOT_EXPOSED',
    );
    assert.equal(await page.evaluate(() => auth.refresh().then(({ status }) => status)), 'signed-in');
    assert.equal(proxy.to('/auth/refresh').length, 1);
  }));
