// Faults of the server and the network, and how the client reports them.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  ADA,
  closeBrowser,
  GRACE,
  hasStatus,
  INSPECTABLE,
  inside,
  NPM_ONLY,
  openBrowser,
  signIn,
  until,
  withTabs,
} from './harness.mjs';

before(openBrowser);
after(closeBrowser);

const json = { 'content-type': 'application/json' };
const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Responses to a refresh that are no clear rejection. */
const FAULTS = {
  'no response': { lose: 'request' },
  'a lost response': { lose: 'answer' },
  500: { answer: { status: 500 } },
  502: { answer: { status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>Bad gateway</h1>' } },
  503: { answer: { status: 503, headers: { 'retry-after': 'nonsense' } } },
  408: { answer: { status: 408 } },
  429: { answer: { status: 429 } },
  404: { answer: { status: 404, body: 'not here' } },
  'a 403 of a firewall': {
    answer: { status: 403, headers: { 'content-type': 'text/html' }, body: '<h1>Blocked</h1>' },
  },
  'a 403 for CSRF': { answer: { status: 403, headers: json, body: '{"detail":"CSRF Failed: CSRF token missing."}' } },
  'a 401 for the client': { answer: { status: 401, headers: json, body: '{"error":"invalid_client"}' } },
  'an HTML page': { answer: { status: 200, headers: { 'content-type': 'text/html' }, body: '<title>Wi-Fi</title>' } },
  'truncated JSON': { answer: { status: 200, headers: json, body: '{"accessToken":"ey' } },
  'an empty 200': { answer: { status: 200 } },
  'a token of the wrong type': {
    answer: { status: 200, headers: json, body: '{"accessToken":{"no":1},"success":true}' },
  },
  'a redirect': { answer: { status: 302, headers: { location: '/blank' } } },
};

test('R-7: no fault of a refresh ends the session, and refresh() rejects within the timeout', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open({ timeoutSeconds: 1 });
    await signIn(page);
    for (const [name, fault] of Object.entries(FAULTS)) {
      proxy.fault = ({ path }) => (path === '/auth/refresh' ? fault : undefined);
      const [error, took, status, works] = await page.evaluate(async () => {
        const start = performance.now();
        const error = await failure(auth.refresh());
        const { status } = await auth.fetch('/api/me');
        return [error, performance.now() - start, auth.session.status, status];
      });
      assert.deepEqual([error.name, error.code, error.retryable], ['AuthError', 'REFRESH_UNAVAILABLE', true], name);
      if (fault.answer?.body)
        assert.equal(error.status, fault.answer.status, `${name}: the status of the last refresh`);
      assert.ok(took < 8_000, `${name}: ${took} ms`);
      assert.deepEqual([status, works], ['signed-in', 200], name);
    }
    proxy.fault = () => undefined;
    assert.equal(await page.evaluate(() => auth.refresh().then(({ status }) => status)), 'signed-in');
  }));

test('R-7: the client waits until the date in Retry-After', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    await signIn(page);
    proxy.fault = ({ path }) => {
      if (path !== '/auth/refresh' || proxy.to(path).length > 1) return undefined;
      const headers = { 'retry-after': new Date(Date.now() + 3_000).toUTCString() };
      return { answer: { status: 503, headers } };
    };
    assert.equal(await page.evaluate(() => auth.refresh().then(({ status }) => status)), 'signed-in');
    const [first, second] = proxy.to('/auth/refresh');
    assert.ok(second.start - first.end >= 1_900 && second.start - first.end < 9_000, `${second.start - first.end} ms`);
  }));

test('R-10: each clear rejection ends the session, with its reason', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    for (const [status, code, reason] of [
      [401, 'INVALID_REFRESH_TOKEN', 'expired'],
      [401, 'REFRESH_TOKEN_REUSED', 'token-reused'],
      [403, 'TOKEN_REVOKED', 'revoked'],
      [400, 'invalid_grant', 'expired'],
      [401, '', 'expired'],
    ]) {
      proxy.fault = () => undefined;
      await signIn(page);
      proxy.fault = ({ path }) =>
        path === '/auth/refresh'
          ? { answer: { status, headers: json, body: JSON.stringify(code ? { error: { code } } : {}) } }
          : undefined;
      const ended = await page.evaluate(async () => [(await failure(auth.refresh())).code, auth.session.reason]);
      assert.deepEqual(ended, ['SESSION_ENDED', reason], `${status} ${code}`);
      const log = await page.evaluate(() => auth.diagnostics().slice(-2));
      assert.deepEqual(
        log.map(({ event, detail }) => [event, detail.reason ?? detail.status]),
        [
          ['auth-request', status],
          ['signed-out', reason],
        ],
        'the diagnostics contain the reason',
      );
    }
  }));

test('R-28e: a logout while offline ends the session at once, and the client sends it when it is online', () =>
  withTabs({}, async ({ open, proxy, context, server }) => {
    const page = await open({ timeoutSeconds: 1 });
    await signIn(page);
    await context.setOffline(true);
    proxy.fault = () => ({ lose: 'request' }); // Playwright cannot take a SharedWorker offline.
    const out = await page.evaluate(async () => [await auth.logout(), auth.session.status]);
    assert.deepEqual(out, [{ revoked: false }, 'signed-out']);
    proxy.fault = () => undefined;
    await context.setOffline(false);
    // The server counts the logout before it responds.
    while ((await server.counted('logout')) === 0 || (await context.cookies()).length > 0) await later(50);
  }));

test('R-28e: the client sends a pending revocation at the next start, before a login, and restores no session', () =>
  withTabs({}, async ({ open, proxy, server }) => {
    const page = await open({ timeoutSeconds: 1 });
    await signIn(page);
    proxy.fault = ({ path }) => (path === '/auth/logout' ? { answer: { status: 503 } } : undefined);
    assert.deepEqual(await page.evaluate(() => auth.logout()), { revoked: false });
    await page.close();
    const next = await open({ restore: 'always' });
    assert.deepEqual(await next.evaluate(() => [auth.session.status, auth.session.reason]), ['signed-out', 'logout']);
    // The attempt at the start has failed: no request is in flight when the server works again.
    await next.waitForFunction(() => auth.diagnostics().some(({ detail }) => detail?.status === 503));
    proxy.fault = () => undefined;
    await signIn(next);
    assert.equal(await server.counted('logout'), 1);
    const paths = proxy.record.map(({ path }) => path).filter((path) => path.startsWith('/auth'));
    assert.deepEqual(paths.slice(-2), ['/auth/logout', '/auth/login'], 'the client sends the logout before the login');
    assert.ok(!paths.includes('/auth/refresh'));
    const sent = proxy.to('/auth/logout').length;
    await next.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await later(200);
    assert.equal(proxy.to('/auth/logout').length, sent, 'the client does not send a confirmed logout again');
  }));

test('R-28e: a logout while the page unloads reaches the server', () =>
  withTabs({}, async ({ open, proxy, server }) => {
    const page = await open();
    await signIn(page);
    proxy.fault = ({ path }) => (path === '/auth/logout' ? { delay: 300 } : undefined);
    await page.evaluate(() => void auth.logout());
    await page.close();
    await until(
      async () => (await server.counted('logout')) > 0,
      () => 'the server received no logout',
    );
    assert.equal(await server.counted('logout'), 1);
  }));

test('the client revokes this session when the server rejects a global logout', () =>
  withTabs({}, async ({ open, proxy, server, context }) => {
    const page = await open();
    await signIn(page);
    proxy.fault = ({ path }) => (path === '/auth/logout-all' ? { answer: { status: 401 } } : undefined);
    assert.deepEqual(await page.evaluate(() => auth.logout({ scope: 'global' })), { revoked: false });
    await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    while ((await server.counted('logout')) === 0) await later(20);
    await page.waitForFunction(() => Object.keys(localStorage).every((key) => key.endsWith(':asked'))); // No revocation is pending.
    assert.equal((await context.cookies()).length, 0);
  }));

test('R-28c: the client does not refresh when an API requires step-up authentication', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    await signIn(page);
    for (const [status, header, stepUp] of [
      [401, 'Bearer error="insufficient_user_authentication", max_age="60"', true],
      [401, 'DPoP realm="x", error=insufficient_scope', true],
      [403, 'Bearer error="insufficient_scope", scope="admin"', true],
      [403, 'Bearer error="something_else"', false],
    ]) {
      proxy.record.length = 0;
      proxy.fault = ({ path }) =>
        path === '/api/me'
          ? { answer: { status, headers: { 'www-authenticate': header }, body: 'more, please' } }
          : undefined;
      const [got, text, events] = await page.evaluate(async (stepUp) => {
        const events = [];
        const stop = auth.on('step-up-required', async ({ response }) =>
          events.push([response.status, await response.text()]),
        );
        const response = await auth.fetch('/api/me');
        const text = await response.text();
        for (let tries = 0; tries < (stepUp ? 500 : 1) && events.length === 0; tries += 1)
          await new Promise((resolve) => setTimeout(resolve, 20));
        stop();
        return [response.status, text, events];
      }, stepUp);
      assert.deepEqual([got, text], [status, 'more, please'], header);
      assert.deepEqual(events, stepUp ? [[status, 'more, please']] : [], header);
      assert.equal(proxy.record.length, 1, `${header}: no refresh and no retry`);
    }
  }));

test('R-25, R-27: the client returns other failures, and responses of the auth endpoints, unchanged', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    await signIn(page);
    proxy.record.length = 0;
    for (const status of [400, 403, 404, 409, 500, 503]) {
      proxy.fault = () => ({ answer: { status, body: `body of ${status}` } });
      const got = await page.evaluate(async () => {
        const response = await auth.fetch('/api/me');
        return [response.status, await response.text()];
      });
      assert.deepEqual(got, [status, `body of ${status}`]);
    }
    proxy.fault = () => ({ answer: { status: 401 } });
    assert.equal(
      await page.evaluate(() => auth.fetch('/auth/refresh', { method: 'POST' }).then(({ status }) => status)),
      401,
    );
    assert.equal(proxy.to('/auth/refresh').length, 1);
    assert.equal(proxy.to('/auth/refresh')[0].authorization, undefined);
  }));

test('the client sends no call with a rejected token during the refresh', () =>
  withTabs({}, async ({ open, proxy, server }) => {
    const page = await open();
    await signIn(page);
    proxy.fault = ({ path }) => (path === '/auth/refresh' ? { delay: 800 } : undefined);
    const first = page.evaluate(async () => {
      await auth.fetch('/demo/expire-token', { method: 'POST' });
      return (await auth.fetch('/api/me?first')).status;
    });
    while (proxy.to('/auth/refresh').length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    const second = await page.evaluate(() => auth.fetch('/api/me?second').then(({ status }) => status));
    assert.deepEqual([await first, second], [200, 200]);
    assert.equal(await server.counted('api_unauthorised'), 1, 'the API rejected only the first call');
    assert.equal(proxy.to('/api/me').length, 3, 'the first call twice, the second once');
  }));

/** Runs before the library loads, which captures `fetch`: if `spy` returns a response, no request is sent. */
const spyOnFetch = () => {
  const native = globalThis.fetch;
  globalThis.fetch = async (input, init) => (await globalThis.spy?.(input, init)) ?? native(input, init);
};

test('R-23: the client sends a stream once and returns its 401 to the caller', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open(INSPECTABLE, { init: spyOnFetch });
    await signIn(page);
    await page.evaluate(() => auth.fetch('/demo/expire-token', { method: 'POST' }));
    // Chromium streams uploads over HTTP/2 only, so the test reads the request before it is sent.
    await inside(page).evaluate(() => {
      globalThis.sent = [];
      globalThis.spy = async (input) => {
        if (!input.url.endsWith('/api/echo')) return undefined;
        sent.push(await input.text());
        return new Response('no', { status: 401 });
      };
    });
    const status = await page.evaluate(async () => {
      const body = new Blob(['once']).stream();
      const response = await auth.fetch('/api/echo', { method: 'POST', body, duplex: 'half' });
      return response.status;
    });
    assert.deepEqual([status, await inside(page).evaluate(() => sent)], [401, ['once']]);
    assert.equal(proxy.to('/auth/refresh').length, 1, 'the next call has a new token');
  }));

test('R-3: the client retries a call that had an older token with the current one, without a refresh', () =>
  withTabs({}, async ({ open, proxy, server }) => {
    const page = await open();
    await signIn(page);
    let forward;
    const renewed = new Promise((resolve) => {
      forward = resolve;
    });
    proxy.fault = ({ path }) => (path === '/api/me' && proxy.to(path).length === 1 ? renewed : undefined);
    const slow = page.evaluate(async () => {
      await auth.fetch('/demo/expire-token', { method: 'POST' });
      return (await auth.fetch('/api/me')).status;
    });
    while (proxy.to('/api/me').length === 0) await later(10);
    await page.evaluate(() => auth.refresh().then(() => {}));
    forward();
    assert.equal(await slow, 200);
    const [first, second] = proxy.to('/api/me');
    assert.deepEqual([first.status, second.status], [401, 200]);
    assert.notEqual(first.authorization, second.authorization);
    assert.equal(await server.counted('refresh_rotated'), 1, 'only the refresh that the test requested');
  }));

test('R-18: after a login during a refresh of another user, the client ignores the response to the refresh', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    await signIn(page);
    let forward;
    const signedIn = new Promise((resolve) => {
      forward = resolve;
    });
    proxy.fault = ({ path }) => (path === '/auth/refresh' ? signedIn : undefined);
    const refresh = page.evaluate(() => failure(auth.refresh()));
    while (proxy.to('/auth/refresh').length === 0) await later(10);
    await signIn(page, GRACE);
    assert.equal((await refresh).code, 'SESSION_ENDED');
    forward();
    proxy.fault = () => undefined;
    await until(
      () => proxy.to('/auth/refresh').every(({ end }) => end),
      () => 'a refresh received no response',
    );
    await later(200);
    const emails = await page.evaluate(async () => [
      auth.session.user.email,
      (await (await auth.fetch('/api/me')).json()).email,
      (await auth.refresh()).user.email,
    ]);
    assert.deepEqual(emails, [GRACE.email, GRACE.email, GRACE.email]);
  }));

test('R-22: the retry has every member of the first request', () =>
  withTabs({}, async ({ open }) => {
    const page = await open(INSPECTABLE, { init: spyOnFetch });
    await signIn(page);
    await inside(page).evaluate(() => {
      globalThis.sent = [];
      globalThis.spy = async (input, init) => {
        if (!String(input.url ?? input).includes('/api/')) return undefined;
        const request = new Request(input, init);
        const members = {};
        const names = 'url method mode credentials cache redirect referrer referrerPolicy integrity keepalive duplex';
        for (const name of names.split(' ')) members[name] = request[name];
        sent.push({
          ...members,
          headers: [...request.headers].filter(([name]) => name !== 'authorization'),
          body: await request.text(),
        });
        return new Response('', { status: sent.length % 2 ? 401 : 200 });
      };
    });
    const last = await page.evaluate(async () => {
      const options = {
        method: 'PUT',
        headers: { 'content-type': 'application/json', 'x-test': '1' },
        body: '{"a":1}',
        credentials: 'omit',
        cache: 'no-store',
        redirect: 'manual',
        referrer: '/from',
        referrerPolicy: 'origin',
        integrity: 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=',
        keepalive: true,
        priority: 'high',
      };
      await auth.fetch('/api/a', options);
      await auth.fetch(new Request('/api/b', options));
      await auth.fetch('/api/c', { mode: 'same-origin', headers: [['x-test', '2']] });
      const leave = new AbortController();
      return auth.fetch('/api/d', { signal: leave.signal }).then(({ status }) => status);
    });
    const sent = await inside(page).evaluate(() => globalThis.sent);
    assert.deepEqual([sent.length, last], [8, 200]);
    for (let index = 0; index < sent.length; index += 2)
      assert.deepEqual(sent[index], sent[index + 1], sent[index].url);
    assert.equal(sent[1].referrer.endsWith('/from'), true);
    assert.deepEqual(
      [sent[1].redirect, sent[1].credentials, sent[1].keepalive, sent[3].body],
      ['manual', 'omit', true, '{"a":1}'],
    );
  }));

test('a call reaches the API as the request of `fetch`, with the token', () =>
  withTabs({}, async ({ open, proxy }) => {
    const received = [];
    const record = async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const headers = [];
      const { rawHeaders } = request;
      for (let at = 0; at < rawHeaders.length; at += 2)
        headers.push([rawHeaders[at].toLowerCase(), rawHeaders[at + 1]]);
      const { authorization } = request.headers;
      // (Chromium sends the client hints from pages only.)
      const others = headers.filter(([name]) => !/^(authorization|sec-ch-ua.*)$/.test(name)).sort();
      const { method, url } = request;
      received.push({ authorization, request: { method, url, others, body: Buffer.concat(chunks).toString() } });
      response.writeHead(200).end();
    };
    for (const path of ['/api/raw', '/api/raw/', '/api/r%20w', '/deep/api/raw']) proxy.raw.set(path, record);
    const page = await open();
    await signIn(page);
    const results = await page.evaluate(async () => {
      const json = { 'Content-Type': 'application/json', 'X-Own': ' a ' };
      const calls = [
        ['/api/raw'],
        ['/api/raw?a=%20&b=ä#fragment'],
        ['/api/./x/../raw/?a'],
        ['/api/r w'],
        ['api/raw'],
        [`${location.origin}/api/raw`],
        [`${location.protocol}//${location.host.toUpperCase()}/api/raw`],
        [`//${location.host}/api/raw`],
        [' /api/raw '],
        [new URL('/api/raw', location.href)],
        ['/api/raw', {}],
        ['/api/raw', { method: 'post' }],
        ['/api/raw', { method: 'PATCH', body: 'ä' }],
        ['/api/raw', { method: 'POST', body: '{"a":1}', headers: json, credentials: 'omit', cache: 'no-store' }],
        ['/api/raw', { method: 'POST', body: '', headers: { 'x-number': 1 } }],
        ['/api/raw', { method: 'DELETE', headers: [['x-own', 'a']], redirect: 'manual' }],
        ['/api/raw', { headers: new Headers(json), mode: 'same-origin' }],
        ['/api/raw', { method: 'POST', body: null, headers: { accept: 'text/plain' } }],
        ['/api/raw', Object.create({ method: 'PUT', body: 'inherited' })],
        ['/api/raw', { method: 'GET', body: 'x' }],
        ['/api/raw', { method: 'a b' }],
        ['/api/raw', { headers: { 'a b': 'c' } }],
        ['/api/raw', { headers: { a: '\u0100' } }],
        ['/api/raw', { credentials: 'all' }],
        ['https://a:b@app.example/api/raw'],
        ['http://['],
      ];
      const outcome = (send) =>
        send().then(
          (response) => [response.status, new URL(response.url).href, response.redirected, response.type],
          (error) => error.name,
        );
      const all = [];
      // The base of the page decides where a relative URL leads.
      const base = document.createElement('base');
      for (const href of [undefined, '/deep/page']) {
        if (href) {
          base.href = href;
          document.head.append(base);
        }
        for (const call of href ? [['api/raw'], ['/api/raw']] : calls)
          all.push([await outcome(() => fetch(...call)), await outcome(() => auth.fetch(...call))]);
      }
      return all;
    });
    for (const [index, [native, own]] of results.entries()) assert.deepEqual(own, native, `call ${index}`);
    assert.equal(received.length, 2 * results.filter(([native]) => Array.isArray(native)).length);
    for (let at = 0; at < received.length; at += 2) {
      assert.deepEqual(received[at + 1].request, received[at].request);
      assert.match(received[at + 1].authorization, /^Bearer /, received[at].request.url);
    }
  }));

test('R-28: concurrent downloads stream', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    await signIn(page);
    proxy.fault = ({ path }) =>
      path === '/api/me'
        ? { answer: { status: 200, headers: { 'x-accel-buffering': 'no' }, body: 'abcde', drip: 600 } }
        : undefined;
    const all = await page.evaluate(async () => {
      const read = async () => {
        const start = performance.now();
        const response = await auth.fetch('/api/me');
        const reader = response.body.getReader();
        const first = await reader.read();
        const early = performance.now() - start;
        let text = new TextDecoder().decode(first.value);
        for (let next = await reader.read(); !next.done; next = await reader.read())
          text += new TextDecoder().decode(next.value);
        return { text, early, whole: performance.now() - start };
      };
      return Promise.all([read(), read(), read()]);
    });
    for (const { text, early, whole } of all) {
      assert.equal(text, 'abcde');
      assert.ok(whole - early > 500, `the first character after ${early} ms, the last after ${whole} ms`);
    }
  }));

test('R-26: a redirect to another origin does not carry the token', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    await signIn(page);
    const elsewhere = proxy.url.replace('127.0.0.1', 'localhost');
    const cors = { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' };
    proxy.fault = ({ path }) => {
      if (path === '/api/me')
        return { answer: { status: 302, headers: { location: `${elsewhere}/elsewhere`, ...cors } } };
      return path === '/elsewhere' ? { answer: { status: 200, headers: cors, body: 'here' } } : undefined;
    };
    const text = await page.evaluate(() => auth.fetch('/api/me').then((response) => response.text()));
    assert.equal(text, 'here');
    const [redirected] = proxy.to('/elsewhere').filter(({ method }) => method === 'GET');
    assert.equal(redirected.authorization, undefined);
    assert.match(proxy.to('/api/me')[0].authorization, /^Bearer /);
  }));

test('R-2: the refresh completes although the caller that started it, or each caller, aborts', () =>
  withTabs({}, async ({ open, proxy, server }) => {
    const page = await open();
    await signIn(page);
    await page.evaluate(() => auth.fetch('/demo/expire-token', { method: 'POST' }));
    proxy.fault = ({ path }) => (path === '/auth/refresh' ? { delay: 2_000 } : undefined);
    const names = await page.evaluate(async () => {
      const leave = new AbortController();
      const all = [auth.fetch('/api/me', { signal: leave.signal }), auth.refresh({ signal: leave.signal })];
      setTimeout(() => leave.abort(), 100);
      const names = await Promise.all(all.map((one) => failure(one).then(({ name }) => name)));
      await new Promise((resolve) => auth.on('refreshed', resolve));
      return names;
    });
    assert.deepEqual(names, ['AbortError', 'AbortError']);
    assert.equal(await page.evaluate(() => auth.fetch('/api/me').then(({ status }) => status)), 200);
    assert.equal(await server.counted('refresh_rotated'), 1);
    const before = await page.evaluate(() =>
      failure(auth.fetch('/api/me', { signal: AbortSignal.abort() })).then(({ name }) => name),
    );
    assert.equal(before, 'AbortError');
  }));

test('R-30: the client can reject with every code of AuthError', NPM_ONLY, () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    const impatient = await open({ name: 'impatient', timeoutSeconds: 0.5 });
    await signIn(impatient);
    const codes = new Set();
    const addCode = async (tab, call) => codes.add((await tab.evaluate(call)).code);
    const addCodeOfPage = (call) => addCode(page, call);
    await addCodeOfPage(() => failure(Promise.resolve().then(() => new AuthClient({ timeoutSeconds: '5' }))));
    await addCodeOfPage(() => failure(auth.fetch('/api/me')));
    await addCodeOfPage(() => failure(auth.login({ email: 'x@example.com', password: 'x' })));
    proxy.fault = ({ path }) => (path === '/auth/login' ? { delay: 2_000 } : { answer: { status: 503 } });
    await addCode(impatient, () => failure(auth.login({ email: 'x@example.com', password: 'x' })));
    await addCode(impatient, () => failure(auth.refresh()));
    for (const fault of [
      { lose: 'request' },
      { answer: { status: 429 } },
      { answer: { status: 500 } },
      { answer: { status: 200, headers: json, body: '{"jwt":"elsewhere"}' } },
    ]) {
      proxy.fault = () => fault;
      await page.evaluate((given) => {
        globalThis.given = given;
      }, ADA);
      await addCodeOfPage(() => failure(auth.login(given)));
    }
    proxy.fault = () => undefined;
    await signIn(page);
    proxy.fault = ({ path }) => (path === '/auth/refresh' ? { answer: { status: 401 } } : undefined);
    await addCodeOfPage(() => failure(auth.refresh()));
    await hasStatus(page, 'signed-out');
    await addCodeOfPage(() => {
      auth.dispose();
      return failure(auth.refresh());
    });
    proxy.fault = () => undefined;
    const broken = await open();
    proxy.broken.add('engine.js');
    await broken.reload();
    codes.add(
      (
        await broken.evaluate(async () => {
          const { AuthClient } = await import('/pkg/index.js');
          return new AuthClient({ timeoutSeconds: 0.5 }).login({}).catch(({ code }) => ({ code }));
        })
      ).code,
    );
    proxy.broken.clear();
    proxy.fault = ({ path }) =>
      path === '/auth/login' ? { answer: { status: 200, headers: json, body: '{"success":true}' } } : undefined;
    const other = await open({ name: 'other' });
    await addCode(other, async () => {
      await auth.login({});
      return failure(auth.getAccessToken());
    });
    await addCode(other, () => {
      addEventListener('error', (event) => event.preventDefault());
      const authHeaders = () => Promise.reject(new Error('the app is broken'));
      return failure(new AuthClient({ name: 'headers', authHeaders }).login({}));
    });
    await addCode(other, async () => {
      const client = new AuthClient({ name: 'worker', isolation: 'worker' });
      await client.login({});
      return failure(client.getAccessToken());
    });
    proxy.raw.set('/pkg/worker.js', (_, response) => response.writeHead(404).end());
    await addCode(other, () => failure(new AuthClient({ name: 'no worker', isolation: 'worker' }).login({})));
    assert.deepEqual([...codes].sort(), [
      'DISPOSED',
      'ENGINE_UNAVAILABLE',
      'INVALID_CREDENTIALS',
      'INVALID_OPTIONS',
      'MALFORMED_RESPONSE',
      'OFFLINE',
      'RATE_LIMITED',
      'REFRESH_UNAVAILABLE',
      'REQUEST_NOT_SENT',
      'SERVER_ERROR',
      'SESSION_ENDED',
      'SIGNED_OUT',
      'TIMEOUT',
      'TOKEN_IN_COOKIE',
      'TOKEN_NOT_EXPOSED',
      'WORKER_UNAVAILABLE',
    ]);
  }),
);

test('login() rejects with REQUEST_NOT_SENT when authHeaders throws, and the session stays', () =>
  withTabs({}, async ({ open }) => {
    const page = await open();
    const [error, reported, status] = await page.evaluate(async (given) => {
      const reported = [];
      addEventListener('error', (event) => {
        event.preventDefault();
        reported.push(event.message);
      });
      let broken = false;
      const client = new AuthClient({
        name: 'headers',
        timeoutSeconds: 3,
        authHeaders: () => {
          if (broken) throw new Error('no CSRF token');
          return { 'x-csrf': '1' };
        },
      });
      await client.ready;
      await client.login(given);
      broken = true;
      await failure(client.refresh());
      const error = await failure(client.login(given));
      return [error, reported, client.session.status];
    }, ADA);
    assert.deepEqual([error.code, status], ['REQUEST_NOT_SENT', 'signed-in']);
    assert.match(error.message, /options\.authHeaders|auth_headers/);
    assert.match(reported[0], /no CSRF token/);
  }));

test('the client works on a page that replaces Promise, as zone.js does', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    const status = await page.evaluate(async (given) => {
      const client = new AuthClient({ name: 'zone', authHeaders: async () => ({ 'x-csrf': 'later' }) });
      globalThis.Promise = class extends Promise {};
      await client.ready;
      await client.login(given);
      return (await client.fetch('/api/echo', { method: 'POST', body: 'text' })).status;
    }, ADA);
    assert.equal(status, 200);
    assert.equal(proxy.to('/auth/login').at(-1).more['x-csrf'], 'later');
  }));
