// What only a client in a worker does: its `fetch` behaves as the browser's, the token does not leave the worker, the session
// survives the end of a worker, and one worker serves all tabs.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as later } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { ADA, closeBrowser, hasStatus, makeClient, openBrowser, signIn, withTabs } from './harness.mjs';

before(openBrowser);
after(closeBrowser);

const KINDS = ['worker', 'shared-worker'];

/** A page with the worker in its policy, as the documents ask for. */
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

/** Runs on the page: everything that can be seen of an answer, or of why there was none. */
const observe = () => {
  globalThis.seen = async (fetch, what) => {
    const { input, init = {}, request, abort, read = 'text', form, search, blob, bytes, view, reuse } = what;
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
      // (Chromium gives these a body when they come from the network. No other code can.)
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
  'a relative address': { input: 'api/open?x#y' },
  'another base': { input: './a/../api/open' },
  'a HEAD': { input: '/api/open', init: { method: 'HEAD' } },
  'json()': { input: '/api/json', read: 'json' },
  'blob() with its type': { input: '/api/json', read: 'blob' },
  'formData()': { input: '/api/form', read: 'form' },
  'a body read twice': { input: '/api/open', reuse: true },
  'a reader with its own buffer': { input: '/api/open', read: 'byob' },
  204: { input: '/api/empty' },
  304: { input: '/api/304', init: { cache: 'no-store' } },
  '500 with a text': { input: '/api/500' },
  'a status of its own': { input: '/api/418' },
  'a redirect': { input: '/api/moved' },
  'a redirect that is not followed': { input: '/api/moved', init: { redirect: 'manual' } },
  'a redirect that is an error': { input: '/api/moved', init: { redirect: 'error' } },
  'a redirect without end': { input: '/api/circle' },
  'no answer': { input: '/api/lost' },
  'a body that breaks off': { input: '/api/broken' },
  'integrity that holds': {
    input: '/api/fixed',
    init: { integrity: 'sha256-LCa0a2j/xo/5m0U8HTBBNBNCLXBkg7+g+YpeiGJm564=' },
  },
  'integrity that does not': {
    input: '/api/fixed',
    init: { integrity: 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' },
  },
  'only if cached': { input: '/api/never', init: { cache: 'only-if-cached', mode: 'same-origin' } },
  text: { input: '/api/tell', init: { method: 'POST', body: 'text' } },
  json: { input: '/api/tell', init: post },
  'a PUT in a Request': { input: '/api/tell', init: { ...post, method: 'PUT' }, request: true },
  'a POST without a body': { input: '/api/tell', init: { method: 'POST' } },
  'a form in a Request': { input: '/api/tell', init: { method: 'POST' }, form: true, request: true, read: 'text' },
  URLSearchParams: { input: '/api/tell', init: { method: 'POST' }, search: true },
  'a Blob': { input: '/api/tell', init: { method: 'POST' }, blob: true },
  'an ArrayBuffer': { input: '/api/tell', init: { method: 'POST' }, bytes: true },
  'a view of a part': { input: '/api/tell', init: { method: 'POST' }, view: true },
  'headers as pairs': {
    input: '/api/tell',
    init: {
      method: 'POST',
      headers: [
        ['x-a', '1'],
        ['x-a', '2'],
      ],
      body: '',
    },
  },
  'no referrer': { input: '/api/tell', init: { method: 'POST', body: 'x', referrerPolicy: 'no-referrer' } },
  'a referrer': {
    input: '/api/tell',
    init: { method: 'POST', body: 'x', referrer: '/from/here', referrerPolicy: 'unsafe-url' },
  },
  'not to be kept': {
    input: '/api/tell',
    init: { method: 'POST', body: 'x', cache: 'no-store', keepalive: true, priority: 'low' },
  },
  'without cookies': { input: '/api/tell', init: { method: 'POST', body: 'x', credentials: 'omit' } },
  'a method that is none': { input: '/api/open', init: { method: 'TRACE' } },
  'a GET with a body': { input: '/api/open', init: { body: 'x' } },
  'an address that is none': { input: 'http://[' },
  'aborted before': { input: '/api/open', abort: { before: true } },
  'aborted with a reason': { input: '/api/slow', abort: { after: 50, reason: 'enough' } },
  'aborted while it waits': { input: '/api/slow', abort: { after: 50 } },
  'aborted in the middle of the body': { input: '/api/drip', abort: { head: true } },
  'three megabytes': { input: '/api/large', read: 'chunks' },
};

/** Answers that do not look at the token, so that the browser's own `fetch` can be asked for the same. */
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
    tell: () => {
      const { method, type, body, cookie, referer, more } = entry;
      const boundary = /boundary=(.+)/.exec(type ?? '')?.[1];
      const told = { method, type, body, cookie: cookie !== undefined, referer, more };
      return text(JSON.stringify(told).replaceAll(boundary ?? '\0', '<boundary>'));
    },
  };
  return table[name]?.();
}

each('fetch is the same as the browser’s own', async ({ open, proxy }) => {
  const page = await open();
  await signIn(page);
  await page.evaluate(observe);
  proxy.fault = (entry) => (entry.path.startsWith('/api/') ? answers(entry) : undefined);
  const differ = [];
  for (const [name, what] of Object.entries(REQUESTS)) {
    const [own, ours] = await page.evaluate(
      async (one) => [await seen((input, init) => fetch(input, init), one), await seen(auth.fetch, one)],
      what,
    );
    if (!isDeepStrictEqual(ours, own)) differ.push([name, { ours, own }]);
  }
  assert.deepEqual(differ, []);
  const sent = proxy.record.filter(({ path }) => path === '/api/open');
  assert.ok(
    sent.some(({ authorization }) => authorization?.startsWith('Bearer ey')),
    'ours went out with the token',
  );
});

each('a form is sent with its files, also for the second time', async ({ open }) => {
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

each('bodies stream as they come, and no faster than they are read', async ({ open, proxy }) => {
  const page = await open();
  await signIn(page);
  proxy.fault = ({ path }) =>
    path === '/api/drip' ? { answer: { status: 200, body: 'abcdefghij', drip: 100 } } : undefined;
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

each('the token does not come out, unless asked for', async ({ open, isolation }) => {
  const page = await open({ exposeToken: false });
  await signIn(page);
  const refused = await page.evaluate(() => failure(auth.getAccessToken()));
  assert.equal(refused.code, 'TOKEN_NOT_EXPOSED');
  assert.match(refused.message, /options\.exposeToken/);
  const other = await open({ exposeToken: true, name: 'other' });
  await signIn(other);
  assert.match(await other.evaluate(() => auth.getAccessToken()), /^ey/, isolation);
});

each(
  'options that are functions are asked on the page',
  async ({ open, proxy, isolation }) => {
    const page = await open({ restore: 'never' });
    const [heard, refusals, told, code] = await page.evaluate(
      async ([given, credentials]) => {
        const heard = [];
        const refusals = [];
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
            refusals.push([response.status, expired]);
            return expired;
          },
          onLog: ({ event }) => heard.push(event),
        });
        await client.login(credentials);
        const response = await client.fetch('/api/says');
        const told = [response.status, await response.text()];
        broken = true;
        const { code } = await failure(client.login(credentials));
        return [heard, refusals, told, code];
      },
      [isolation, ADA],
    );
    assert.equal(proxy.to('/auth/login')[0].more['x-csrf'], 'csrf-1');
    assert.equal(proxy.to('/auth/refresh')[0].more['x-csrf'], 'csrf-1');
    assert.deepEqual(
      [refusals, told],
      [
        [
          [200, true],
          [200, false],
        ],
        [200, 'fresh'],
      ],
    );
    assert.equal(code, 'REQUEST_NOT_SENT');
    assert.ok(heard.includes('call-rejected') && heard.includes('refreshed'), heard.join(' '));
  },
  ({ path }, proxy) =>
    path === '/api/says'
      ? { answer: { status: 200, body: proxy.to(path).length === 1 ? 'expired' : 'fresh' } }
      : undefined,
);

each('a page that is reloaded continues its session', async ({ open, isolation }) => {
  const page = await open();
  await signIn(page);
  await page.reload();
  await makeClient(page, { isolation }, { signIn: false });
  assert.equal(await page.evaluate(() => auth.session.status), 'signed-in');
  assert.equal(await page.evaluate(() => auth.fetch('/api/me').then(({ status }) => status)), 200);
});

for (const isolation of KINDS)
  test(`${isolation}: the client notices that a worker died, and the session continues in the next one`, () =>
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
      assert.deepEqual(events, ['refreshed'], 'the session never ended');
      assert.equal(await page.evaluate(() => auth.fetch('/api/me').then((answer) => answer.status)), 200);
      assert.ok(await page.evaluate(() => auth.diagnostics().some(({ event }) => event === 'worker-ended')));
    }));

/** Ends the worker from outside, as a crash would. */
async function kill(context, page) {
  const devtools = await context.browser().newBrowserCDPSession();
  const { targetInfos } = await devtools.send('Target.getTargets');
  const worker = targetInfos.find(({ type, url }) => type === 'shared_worker' && url.endsWith('/pkg/worker.js'));
  if (worker) await devtools.send('Target.closeTarget', { targetId: worker.targetId });
  // (Not at once: a worker that ends while it answers makes the question fail.)
  else await page.workers()[0].evaluate(() => void setTimeout(() => self.close()));
}

test('shared-worker: one holder for all tabs; who comes later asks nothing', () =>
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
    assert.equal(await first.evaluate(() => auth.session.status), 'signed-in', 'no cookie, and a reload survived');
    await first.evaluate(() => auth.logout());
    assert.equal(await server.counted('logout'), 1);
  }));

test('a worker that cannot be had: told where it was asked for, replaced where it was not', () =>
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

test('a worker whose script takes long to load is waited for', () =>
  withTabs({}, async ({ open, proxy }) => {
    proxy.headers = POLICY;
    const page = await open({ isolation: 'page', name: 'nobody' });
    let asked = 0;
    await page.route('**/worker.js', async (route) => {
      asked += 1;
      await later(8_000);
      await route.continue();
    });
    await makeClient(page, { isolation: 'worker' }, { signIn: false });
    await signIn(page);
    assert.equal(asked, 1);
  }));

test('a page that lets any worker run is warned', () =>
  withTabs({}, async ({ open, proxy }) => {
    const warned = (page) =>
      page.evaluate(() => auth.diagnostics().some(({ event }) => event === 'worker-src-missing'));
    for (const [policy, expected] of [
      ['', true],
      ["script-src 'self' 'wasm-unsafe-eval' blob:", true],
      ["worker-src 'self'", false],
      ["default-src 'self'; script-src 'self' 'wasm-unsafe-eval'", false],
    ]) {
      proxy.headers = policy ? { 'content-security-policy': policy } : {};
      const page = await open({ isolation: 'worker' });
      await later(500);
      assert.equal(await warned(page), expected, policy || 'no policy');
      await page.close();
    }
  }));

test('a message from the page changes nothing of what the worker was started with', () =>
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
    const heard = await page.evaluate(async () => {
      const heard = [];
      worker.addEventListener('message', ({ data }) => heard.push(data));
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
      await new Promise((resolve) => setTimeout(resolve, 200));
      return heard;
    });
    const answers = heard.filter(({ response }) => typeof response === 'string');
    assert.deepEqual(answers.map(({ response }) => response).sort(), [
      '__proto__',
      'connect',
      'constructor',
      'getAccessToken',
      'settings',
      'start',
      'toString',
    ]);
    assert.equal(answers.find(({ response }) => response === 'getAccessToken').error.name, 'TOKEN_NOT_EXPOSED');
    assert.doesNotMatch(JSON.stringify(answers), /eyJ[\w-]+\.eyJ/, 'and none of them is a token');
    assert.equal(
      await page.evaluate(() => failure(auth.getAccessToken()).then(({ code }) => code)),
      'TOKEN_NOT_EXPOSED',
    );
    assert.equal(await page.evaluate(() => auth.refresh().then(({ status }) => status)), 'signed-in');
    assert.equal(proxy.to('/auth/refresh').length, 1);
  }));
