// The public API of the package, in Chromium, with the real server.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { root } from '../../tools/run.mjs';
import {
  ADA,
  closeBrowser,
  ISOLATION,
  makeClient,
  NPM_ONLY,
  openBlank,
  openBrowser,
  until,
  withPage,
} from './harness.mjs';

before(openBrowser);
after(closeBrowser);

/** Runs a test with a signed-in client on a blank page. */
const signedIn = (env, body, options) =>
  withPage(env, async ({ page, context, server }) => {
    await openBlank(page, server);
    await makeClient(page, options);
    await body({ page, context, server });
  });

test('the constructor is synchronous, and a call before `ready` waits for the session', () =>
  signedIn({}, async ({ page }) => {
    await page.reload();
    const [status, before, after] = await page.evaluate(async () => {
      const { AuthClient } = await import('/pkg/index.js');
      const auth = new AuthClient();
      const early = auth.session.status;
      const { status } = await auth.fetch('/api/me'); // before the module has loaded, before `ready`
      return [status, early, auth.session.status];
    });
    assert.deepEqual([status, before, after], [200, 'restoring', 'signed-in']);
  }));

test('the constructor throws INVALID_OPTIONS, and names the option and both values', NPM_ONLY, () =>
  withPage({}, async ({ page, server }) => {
    await openBlank(page, server);
    await makeClient(page, {}, { signIn: false });
    const messages = await page.evaluate(() => {
      const wrong = [
        5,
        null,
        [],
        { renewBefor: 5 },
        { baseUrl: 7 },
        { baseUrl: '/relative' },
        { baseUrl: 'javascript:alert(1)' },
        { baseUrl: 'https://user:secret@api.example.com' },
        { endpoints: 'x' },
        { endpoints: { login: 5 } },
        { endpoints: { signin: '/x' } },
        { fields: { user: 5 } },
        { fields: { token: 'x' } },
        { apiOrigins: 'https://api.example.com' },
        { apiOrigins: ['https://api.example.com/v1'] },
        { apiOrigins: [5] },
        { tokenScheme: 'two words' },
        { authHeaders: 5 },
        { authHeaders: { 'bad name': 'x' } },
        { idempotencyKey: 'yes' },
        { renewBeforeSeconds: '60s' },
        { renewBeforeSeconds: -1 },
        { renewBeforeSeconds: Number.NaN },
        { timeoutSeconds: 0 },
        { timeoutSeconds: Number.POSITIVE_INFINITY },
        { restore: 'sometimes' },
        { name: '' },
        { shouldRefresh: true },
        { transport: 'header' },
        { protocol: 'saml' },
        { clientId: 7, protocol: 'oauth2' },
        { clientId: 'spa' },
        { fields: { refreshToken: '' } },
        { crossTab: 'yes' },
        { onLog: 'console' },
        { isolation: 'iframe' },
        { exposeToken: 1 },
        { dpop: 'stored' },
      ];
      return wrong.map((options) => {
        try {
          new AuthClient(options);
          return [JSON.stringify(options), 'did not throw', ''];
        } catch (error) {
          const path = error.message.match(/^INVALID_OPTIONS: ([\w.[\]]+): expected .+, got .+/s)?.[1] ?? '';
          const name = options && typeof options === 'object' ? (Object.keys(options)[0] ?? '') : '';
          return [
            JSON.stringify(options),
            error instanceof AuthError && error.code,
            path.startsWith(`options${name && `.${name}`}`) ? 'named' : error.message,
          ];
        }
      });
    });
    for (const [options, code, named] of messages)
      assert.deepEqual([code, named], ['INVALID_OPTIONS', 'named'], options);
    assert.match(
      (await page.evaluate(() => failure(Promise.resolve().then(() => new AuthClient({ renewBeforeSeconds: '60s' })))))
        .message,
      /options\.renewBeforeSeconds: expected seconds from 0 to 3600, got "60s"/,
    );
  }),
);

test('the session is immutable, and stays the same object until it changes', () =>
  signedIn({}, async ({ page }) => {
    const observed = await page.evaluate(async () => {
      const first = auth.session;
      const same = first === auth.session;
      const sessions = [];
      const stop = auth.subscribe((session) => sessions.push(session));
      auth.subscribe(() => {
        throw new Error('a listener that throws');
      });
      const events = [];
      auth.on('refreshed', (session) => events.push(session));
      const reported = [];
      globalThis.addEventListener('error', (event) => {
        event.preventDefault();
        reported.push(event.error.message);
      });
      await auth.refresh();
      stop();
      const second = auth.session;
      await auth.refresh();
      return {
        same,
        frozen: [first, first.user, first.claims].every(Object.isFrozen),
        reported: new Set(reported).has('a listener that throws'),
        changed: first !== second,
        sessions: sessions.length === 2 && sessions[0] === first && sessions[1] === second,
        events: events.length === 2 && events[0] === second,
        user: second.user,
        role: [auth.hasRole('admin'), auth.hasRole('user')],
        left: second.expiresAt - Date.now(),
      };
    });
    const { user, left, ...rest } = observed;
    assert.deepEqual(rest, {
      same: true,
      frozen: true,
      reported: true,
      changed: true,
      sessions: true,
      events: true,
      role: [true, false],
    });
    assert.deepEqual(user, { id: 'demo-admin', email: 'ada@example.com', role: 'admin' });
    assert.ok(left > 890_000 && left <= 900_000, String(left));
  }));

test('the client retries a call with the same body and the same headers', () =>
  signedIn({}, async ({ page, server }) => {
    const results = await page.evaluate(async () => {
      const form = new FormData();
      form.set('file', new Blob(['abc']), 'a.txt');
      const bytes = new Uint8Array([1, 2, 3, 255]);
      const post = (body, headers) => ['/api/echo', { method: 'POST', body, ...(headers ? { headers } : {}) }];
      const json = { 'content-type': 'application/json', 'x-test': '1' };
      const requests = {
        string: () => post('{"a":1}', json),
        headerArray: () => post('{"a":1}', Object.entries(json)),
        headersObject: () => post('{"a":1}', new Headers(json)),
        urlSearchParams: () => post(new URLSearchParams({ a: '1' })),
        formData: () => post(form),
        blob: () => post(new Blob(['blob'], { type: 'text/plain' })),
        arrayBuffer: () => post(bytes.buffer),
        typedArray: () => post(bytes),
        request: () => [new Request('/api/echo', { method: 'POST', body: '{"r":1}', headers: json })],
        requestWithInit: () => [new Request('/api/echo', { method: 'POST', body: 'old' }), { body: 'new' }],
        url: () => [new URL('/api/me', location.href)],
        get: () => ['/api/me'],
      };
      const result = {};
      for (const [name, make] of Object.entries(requests)) {
        const direct = await auth.fetch(...make());
        const expected = {
          type: direct.headers.get('content-type')?.replace(/boundary=.*/, ''),
          size: (await direct.arrayBuffer()).byteLength,
        };
        await auth.fetch('/demo/expire-token', { method: 'POST' });
        const again = await auth.fetch(...make());
        const got = {
          type: again.headers.get('content-type')?.replace(/boundary=.*/, ''),
          size: (await again.arrayBuffer()).byteLength,
        };
        result[name] = [
          again.status,
          JSON.stringify(got) === JSON.stringify(expected)
            ? 'same'
            : `${JSON.stringify(got)} for ${JSON.stringify(expected)}`,
        ];
      }
      return result;
    });
    for (const [name, result] of Object.entries(results)) assert.deepEqual(result, [200, 'same'], name);
    const { length } = Object.keys(results);
    assert.equal(await server.counted('refresh_rotated'), length);
    assert.equal(await server.counted('api_unauthorised'), length);
  }));

test('the client sends the token only to the origins of the page, baseUrl and apiOrigins', () =>
  signedIn({ ALLOWED_ORIGINS: 'http://unused.example' }, async ({ page, server }) => {
    const sent = new Map();
    const pendingHeaders = [];
    page.on('request', (request) =>
      pendingHeaders.push(
        request.allHeaders().then(({ authorization }) => sent.set(request.url(), authorization ?? 'none')),
      ),
    );
    const { port } = new URL(server.url);
    await page.route('http://localhost:*/**', (route) =>
      route.fulfill({ status: 401, headers: { 'access-control-allow-origin': '*' } }),
    );
    await page.route(/^http:\/\/[^/]*\.test(:\d+)?\//, (route) =>
      route.fulfill({
        status: 200,
        headers: { 'access-control-allow-origin': '*', 'access-control-allow-headers': '*' },
      }),
    );
    const results = await page.evaluate(async (port) => {
      const other = new AuthClient({ apiOrigins: ['http://api.test'], name: 'other', restore: 'hint' });
      await other.ready;
      await other.login({ email: 'ada@example.com', password: 'analytical engine' });
      const call = (url, init) =>
        other.fetch(url, init).then(
          (response) => response.status,
          (error) => error.name,
        );
      return {
        own: await call('/api/me?own'),
        api: await call('http://api.test/x'),
        foreign: await call(`http://localhost:${port}/api/me`),
        lookAlike: await call('http://api.test.evil.test/x'),
        otherPort: await call('http://api.test:8080/x'),
        protocolRelative: await call('//evil.test/x'),
        userInfo: await call('http://api.test@evil.test/x'),
        data: await call('data:text/plain,hello'),
        ownHeader: await call('/api/me?mine', { headers: { authorization: 'Bearer mine' } }),
      };
    }, port);
    assert.deepEqual(results, {
      own: 200,
      api: 200,
      foreign: 401,
      lookAlike: 200,
      otherPort: 200,
      protocolRelative: 200,
      userInfo: 'TypeError',
      data: 200,
      ownHeader: 401,
    });
    await Promise.all(pendingHeaders);
    assert.match(sent.get(`${server.url}/api/me?own`), /^Bearer ey/);
    assert.match(sent.get('http://api.test/x'), /^Bearer ey/);
    assert.equal(sent.get(`${server.url}/api/me?mine`), 'Bearer mine');
    for (const url of [
      `http://localhost:${port}/api/me`,
      'http://api.test.evil.test/x',
      'http://api.test:8080/x',
      'http://evil.test/x',
    ]) {
      assert.equal(sent.get(url), 'none', url);
    }
    assert.equal(await server.counted('refresh_rotated'), 0, 'a 401 from another origin causes no refresh');
  }));

test('the session stays when the server answers a refresh with an HTML page', () =>
  signedIn(
    {},
    async ({ page, server }) => {
      await page.route('**/auth/refresh', (route) =>
        route.fulfill({ contentType: 'text/html', body: '<title>Wi-Fi</title>' }),
      );
      const [error, status, works] = await page.evaluate(async () => {
        const error = await failure(auth.refresh());
        return [error, auth.session.status, (await auth.fetch('/api/me')).status];
      });
      assert.deepEqual(
        [error.name, error.code, error.retryable, status, works],
        ['AuthError', 'REFRESH_UNAVAILABLE', true, 'signed-in', 200],
      );
      await page.unroute('**/auth/refresh');
      assert.equal(await page.evaluate(() => auth.refresh().then(({ status }) => status)), 'signed-in');
      assert.equal(await server.counted('refresh_rotated'), 1);
    },
    { timeoutSeconds: 3 },
  ));

test('login() rejects with OFFLINE while the server is down, and the current session stays', () =>
  signedIn({}, async ({ page, server }) => {
    await page.route('**/auth/login', (route) => route.abort('connectionrefused'));
    const [error, status] = await page.evaluate(
      async (credentials) => [await failure(auth.login(credentials)), auth.session.status],
      ADA,
    );
    assert.deepEqual([error.code, error.retryable, status], ['OFFLINE', true, 'signed-in']);
    assert.match(error.message, /no response: offline/);
    assert.equal(await server.counted('login_ok'), 1);
  }));

test('login() with a wrong password rejects, and the current session stays', () =>
  signedIn({}, async ({ page }) => {
    const [error, user, works] = await page.evaluate(async () => {
      const error = await failure(auth.login({ email: 'grace@example.com', password: 'x' }));
      return [error, auth.session.user.email, (await auth.fetch('/api/me')).status];
    });
    assert.deepEqual(
      [error.code, error.status, error.retryable, user, works],
      ['INVALID_CREDENTIALS', 401, false, 'ada@example.com', 200],
    );
  }));

test('login() rejects credentials that are not JSON before it sends a request', () =>
  signedIn({}, async ({ page, server }) => {
    const errors = await page.evaluate(async () => {
      const circular = {};
      circular.self = circular;
      const all = [await failure(auth.login(undefined)), await failure(auth.login(circular))];
      return all.map(({ code, name, message }) => [code ?? name, message]);
    });
    assert.equal(errors[0][1], 'INVALID_OPTIONS: login.credentials: expected a JSON value, got undefined');
    assert.equal(errors[1][0], 'INVALID_OPTIONS');
    assert.match(errors[1][1], /^INVALID_OPTIONS: login\.credentials: expected a JSON value, got /);
    assert.equal(await server.counted('login_ok'), 1);
  }));

test('login() rejects a form or a map, which JSON would send as an empty object', NPM_ONLY, () =>
  signedIn({}, async ({ page, server }) => {
    const messages = await page.evaluate(async () => {
      const form = new FormData();
      form.set('email', 'ada@example.com');
      const all = [form, new URLSearchParams('email=ada'), new Map([['email', 'ada']])];
      return Promise.all(all.map((credentials) => failure(auth.login(credentials)).then(({ message }) => message)));
    });
    assert.deepEqual(
      messages,
      ['FormData', 'URLSearchParams', 'Map'].map(
        (brand) => `INVALID_OPTIONS: login.credentials: expected a JSON value, got an object (${brand})`,
      ),
    );
    assert.equal(await server.counted('login_ok'), 1);
    assert.equal(await server.counted('login_failed'), 0);
  }),
);

test('on() rejects a name that is no event, and names those that exist', NPM_ONLY, () =>
  signedIn({}, async ({ page }) => {
    const message = await page.evaluate(() => {
      try {
        return auth.on('signed_out', () => {});
      } catch (error) {
        return error.message;
      }
    });
    assert.match(message, /^INVALID_OPTIONS: on\.event: expected signed-in, refreshed, .*, got "signed_out"$/);
  }),
);

test('a listener may call the client', () =>
  signedIn({}, async ({ page, server }) => {
    const results = await page.evaluate(async () => {
      const calls = [];
      const stop = auth.on('refreshed', () => {
        stop();
        calls.push(auth.refresh().then(() => auth.fetch('/api/me')));
      });
      await auth.refresh();
      const { status } = await calls[0];
      const signedOut = new Promise((resolve) => auth.on('refreshed', () => resolve(auth.logout())));
      await auth.refresh().catch(() => {});
      return [status, await signedOut, auth.session.reason];
    });
    assert.deepEqual(results, [200, { revoked: true }, 'logout']);
    assert.equal(await server.counted('refresh_rotated'), 3);
    assert.equal(await server.counted('logout'), 1);
  }));

test('without expiresIn the client takes the lifetime from exp − iat, and keeps the user after a refresh without one', () =>
  withPage({ ACCESS_TTL: '100' }, async ({ page, server }) => {
    await openBlank(page, server);
    await page.route('**/auth/{login,refresh}', async (route) => {
      const response = await route.fetch();
      const { accessToken, user } = await response.json();
      const login = route.request().url().endsWith('login');
      await route.fulfill({ response, json: login ? { accessToken, user } : { accessToken } });
    });
    await makeClient(page);
    const [left, user] = await page.evaluate(async () => {
      await auth.refresh();
      return [auth.session.expiresAt - Date.now(), auth.session.user?.email];
    });
    assert.ok(left > 95_000 && left <= 100_000, String(left));
    assert.equal(user, 'ada@example.com');
  }));

test('the client reads nested response fields by paths with dots', () =>
  withPage({}, async ({ page, server }) => {
    await openBlank(page, server);
    await page.route('**/auth/login', async (route) => {
      const response = await route.fetch();
      const { accessToken, user } = await response.json();
      await route.fulfill({ response, json: { data: { token: accessToken, ttl: '77', who: user } } });
    });
    await makeClient(page, { fields: { accessToken: 'data.token', expiresIn: 'data.ttl', user: 'data.who' } });
    const [status, left, role] = await page.evaluate(async () => [
      (await auth.fetch('/api/me')).status,
      auth.session.expiresAt - Date.now(),
      auth.hasRole('admin'),
    ]);
    assert.deepEqual([status, left > 70_000 && left <= 77_000, role], [200, true, true]);
  }));

test('the client applies endpoints, authHeaders, tokenScheme, idempotencyKey and shouldRefresh to its requests', () =>
  withPage({}, async ({ page, server }) => {
    await openBlank(page, server);
    const calls = [];
    let count = 0;
    const cors = {
      'access-control-allow-origin': server.url,
      'access-control-allow-credentials': 'true',
      'access-control-allow-headers': 'authorization, content-type, x-csrf, idempotency-key',
    };
    await page.route(/^http:\/\/auth\.test\//, async (route) => {
      const request = route.request();
      if (request.method() === 'OPTIONS') return route.fulfill({ status: 204, headers: cors });
      const headers = await request.allHeaders();
      const { pathname } = new URL(request.url());
      calls.push([pathname, headers['x-csrf'], headers.authorization, 'idempotency-key' in headers]);
      count += 1;
      const json = { accessToken: `opaque-${count}` };
      // The API answers 419 to the first token.
      if (pathname === '/api')
        return route.fulfill({ status: headers.authorization === 'Token opaque-1' ? 419 : 200, headers: cors });
      return route.fulfill({ headers: cors, json });
    });
    const run = (options) =>
      page.evaluate(async (settings) => {
        let count = 0;
        const auth = new AuthClient({
          restore: 'hint',
          ...settings,
          baseUrl: 'http://auth.test',
          endpoints: { login: '/in', refresh: 'again', logout: 'http://auth.test/out' },
          authHeaders: () => ({ 'x-csrf': `c${++count}` }),
          tokenScheme: 'Token',
          shouldRefresh: async ({ status }) => status === 419,
        });
        await auth.ready;
        await auth.login({ user: 'x' });
        const { status } = await auth.fetch('http://auth.test/api');
        await auth.logout();
        return status;
      }, options);
    await makeClient(page, {}, { signIn: false });
    assert.equal(await run({ name: 'plain' }), 200);
    const expected = [
      ['/in', 'c1', undefined, false],
      ['/api', undefined, 'Token opaque-1', false],
      ['/again', 'c2', undefined, false],
      ['/api', undefined, 'Token opaque-3', false],
      ['/out', 'c3', undefined, false],
    ];
    assert.deepEqual(calls, expected, 'another origin receives an Idempotency-Key only if the option is set');
    calls.length = 0;
    count = 0;
    assert.equal(await run({ name: 'keyed', idempotencyKey: true }), 200);
    assert.deepEqual(
      calls.map(([path, , , keyed]) => [path, keyed]),
      expected.map(([path]) => [path, path === '/again']),
    );
  }));

test('an API that always answers 401 causes two requests and one refresh, and then no more refreshes', () =>
  signedIn({}, async ({ page, server }) => {
    let requests = 0;
    await page.route('**/api/broken', (route) => {
      requests += 1;
      return route.fulfill({ status: 401, body: 'no' });
    });
    const first = await page.evaluate(async () => {
      const response = await auth.fetch('/api/broken');
      return [response.status, await response.text()];
    });
    assert.deepEqual([first, requests], [[401, 'no'], 2]);
    await page.evaluate(() => Promise.all(Array.from({ length: 20 }, () => auth.fetch('/api/broken'))));
    assert.equal(await server.counted('refresh_rotated'), 1);
    assert.equal(await page.evaluate(() => auth.fetch('/api/me').then(({ status }) => status)), 200);
  }));

test('the other calls still receive the token when one caller aborts', () =>
  signedIn({}, async ({ page, server }) => {
    await page.evaluate(() => auth.fetch('/demo/expire-token', { method: 'POST' }));
    await page.route('**/auth/refresh', async (route) => {
      await page.evaluate(() => globalThis.abort.abort());
      await route.continue();
    });
    const [aborted, other] = await page.evaluate(async () => {
      globalThis.abort = new AbortController();
      const first = failure(auth.fetch('/api/me', { signal: globalThis.abort.signal }));
      const second = auth.fetch('/api/me');
      return [(await first).name, (await second).status];
    });
    assert.deepEqual([aborted, other], ['AbortError', 200]);
    assert.equal(await server.counted('refresh_rotated'), 1);
  }));

test('the server treats a refresh after a lost response and a reload as a repetition, not as reuse', () =>
  signedIn(
    {},
    async ({ page, server }) => {
      let lost = 0;
      await page.route('**/auth/refresh', async (route) => {
        await route.fetch(); // The server rotates,
        lost += 1;
        await route.abort('connectionreset'); // and the response never arrives.
      });
      await page.evaluate(() => failure(auth.refresh()));
      assert.ok(lost >= 1);
      await page.unroute('**/auth/refresh');
      await page.reload();
      await makeClient(page, {}, { signIn: false });
      assert.equal(await page.evaluate(() => auth.session.status), 'signed-in');
      assert.equal(await server.counted('refresh_reused'), 0);
    },
    { timeoutSeconds: 1 },
  ));

test('a tab whose refresh is rejected keeps the idempotency key of a newer sign-in in another tab', () =>
  signedIn({}, async ({ page, context, server }) => {
    const other = await context.newPage();
    await openBlank(other, server);
    await makeClient(other, {}, { signIn: false });
    assert.equal(await other.evaluate(() => auth.session.status), 'signed-in');
    let finish;
    const finished = new Promise((resolve) => {
      finish = resolve;
    });
    // The server rejects this tab's refresh after the other tab has signed out and in again.
    const answerLate = async (route) => {
      await other.evaluate(async (credentials) => {
        await auth.logout();
        await auth.login(credentials);
      }, ADA);
      await route.fulfill({ status: 401, json: { error: { code: 'INVALID_REFRESH_TOKEN' } } }).catch(() => {});
      finish();
    };
    await page.route('**/auth/refresh', answerLate, { times: 1 });
    assert.equal((await page.evaluate(() => failure(auth.refresh()))).code, 'SESSION_ENDED');
    await page.waitForFunction(() => auth.session.status === 'signed-in');
    // If one worker serves both tabs, the other tab receives its own login later than this one.
    await finished;
    await other.reload();
    await makeClient(other, {}, { signIn: false });
    assert.equal(await other.evaluate(() => auth.session.status), 'signed-in');
  }));

test('calls reject with SIGNED_OUT after logout() and with DISPOSED after dispose()', () =>
  signedIn({}, async ({ page }) => {
    const codes = await page.evaluate(async () => {
      const { revoked } = await auth.logout();
      const out = [revoked, auth.session.status, auth.session.reason, auth.session.user];
      for (const call of [() => auth.fetch('/api/me'), () => auth.refresh(), () => auth.getAccessToken()])
        out.push((await failure(call())).code);
      const waiting = failure(new AuthClient({ name: 'second' }).login({}));
      auth.dispose();
      auth.dispose();
      for (const call of [() => auth.fetch('/api/me'), () => auth.login({}), () => auth.logout()])
        out.push((await failure(call())).code);
      return [...out, (await waiting).code];
    });
    assert.deepEqual(codes, [
      true,
      'signed-out',
      'logout',
      null,
      'SIGNED_OUT',
      'SIGNED_OUT',
      'SIGNED_OUT',
      'DISPOSED',
      'DISPOSED',
      'DISPOSED',
      'LOGIN_REJECTED',
    ]);
  }));

test('no storage, URL, console line, event, error or property of the client contains a token', () =>
  signedIn({}, async ({ page, context, server }) => {
    const tokens = new Set();
    page.on('response', async (response) => {
      if (!/\/auth\/(login|refresh)$/.test(response.url())) return;
      const { accessToken } = await response.json().catch(() => ({}));
      if (accessToken) tokens.add(accessToken);
    });
    // Playwright does not report the responses to a SharedWorker; the proxy records them.
    const { record = [] } = server.proxy ?? {};
    record.length = 0;
    await page.evaluate(async () => {
      globalThis.received = [];
      for (const event of ['signed-in', 'refreshed', 'signed-out', 'refresh-failed'])
        auth.on(event, (detail) => received.push(detail));
      auth.subscribe((session) => received.push(session));
      await auth.login({ email: 'ada@example.com', password: 'analytical engine' });
      await auth.refresh();
      await auth.fetch('/api/me');
      await auth.fetch('/demo/expire-token', { method: 'POST' });
      received.push(await auth.fetch('/api/me'));
      received.push(await auth.login({ email: 'ada@example.com', password: 'x' }).catch((error) => error));
    });
    for (const { answer } of record) {
      const { accessToken } = JSON.parse(answer || '{}');
      if (accessToken) tokens.add(accessToken);
    }
    for (const { name, value } of await context.cookies()) if (name === 'refresh_token') tokens.add(value);
    await until(
      () => tokens.size >= 4,
      () => `${tokens.size} tokens`,
    );
    assert.equal(tokens.size, 4, 'three access tokens and the refresh token');
    const found = await page.evaluate(async () => {
      const places = {};
      const dump = (value, depth = 0, seen = new Set()) => {
        if (typeof value !== 'object' && typeof value !== 'function') return String(value);
        if (value === null || seen.has(value) || depth > 8) return '';
        seen.add(value);
        let text = '';
        for (
          let object = value;
          object && object !== Object.prototype && object !== Function.prototype;
          object = Object.getPrototypeOf(object)
        ) {
          for (const key of Reflect.ownKeys(object)) {
            try {
              text += `${String(key)} ${dump(value[key], depth + 1, seen)}\n`;
            } catch {
              // The getter throws.
            }
          }
        }
        return text;
      };
      places.client = dump(auth) + JSON.stringify(auth);
      places.received = dump(received);
      places.localStorage = JSON.stringify({ ...localStorage });
      places.sessionStorage = JSON.stringify({ ...sessionStorage });
      places.cookie = document.cookie;
      places.databases = JSON.stringify(await indexedDB.databases());
      places.caches = JSON.stringify(await caches.keys());
      places.urls =
        location.href +
        JSON.stringify(history.state) +
        performance
          .getEntries()
          .map(({ name }) => name)
          .join(' ');
      places.globals = Object.getOwnPropertyNames(globalThis)
        .filter((name) => !['received', 'auth'].includes(name) && typeof globalThis[name] === 'string')
        .map((name) => globalThis[name])
        .join(' ');
      await auth.logout();
      places.afterLogout = dump(auth) + JSON.stringify({ ...localStorage });
      return places;
    });
    found.console = page.lines.join('\n');
    assert.ok(
      found.client.includes('signed-in') && found.received.includes('ada@example.com'),
      'the search finds what the client and the events contain',
    );
    assert.match(found.localStorage, /tokenward:v1:default/);
    assert.doesNotMatch(found.afterLogout, /tokenward:v1:default:(?!asked)/);
    for (const [place, text] of Object.entries(found)) {
      for (const token of tokens) {
        for (const part of [token, ...token.split('.').slice(-1)])
          assert.ok(!text.includes(part), `a token in ${place}`);
      }
    }
  }));

const ON_PAGE = { skip: ISOLATION !== 'page' && 'a stub on the page answers the calls' };

test('of 300 calls that are rejected at once, 128 are sent again at a time, and none after a sign-out', ON_PAGE, () =>
  withPage({}, async ({ page, server }) => {
    await openBlank(page, server);
    const seen = await page.evaluate(async (credentials) => {
      // The stub rejects the first token, and holds each call with a later one until it is released.
      const { fetch: real } = globalThis;
      let firstToken;
      const held = [];
      globalThis.fetch = (input, init) => {
        if (!/\/api\/held/.test(input.url ?? input)) return real(input, init);
        const token = new Headers(init?.headers ?? input.headers).get('authorization');
        firstToken ??= token;
        if (token === firstToken) return Promise.resolve(new Response(null, { status: 401 }));
        return new Promise((resolve) => held.push(() => resolve(new Response('{}'))));
      };
      const hasHeld = async (count) => {
        while (held.length < count) await new Promise((resolve) => setTimeout(resolve, 5));
        // If more were sent, they were sent by now.
        await new Promise((resolve) => setTimeout(resolve, 50));
        return held.length;
      };
      const { AuthClient } = await import('/pkg/index.js');
      const auth = new AuthClient({ restore: 'never' });
      await auth.login(credentials);
      const aborted = new AbortController();
      const call = (index) => auth.fetch('/api/held', index === 299 ? { signal: aborted.signal } : undefined);
      const outcomes = Array.from({ length: 300 }, (_, index) => call(index)).map((result) =>
        result.then(
          (response) => response.status,
          (error) => (error.name === 'AbortError' ? error.name : error.code),
        ),
      );
      const first = await hasHeld(128);
      aborted.abort();
      const last = await outcomes[299];
      for (let index = 0; index < 10; index += 1) held[index]();
      const second = await hasHeld(138);
      await auth.logout();
      await auth.login(credentials);
      for (const release of held) release();
      const sent = await hasHeld(138);
      return { first, last, second, sent, outcomes: await Promise.all(outcomes) };
    }, ADA);
    assert.deepEqual([seen.first, seen.last, seen.second, seen.sent], [128, 'AbortError', 138, 138]);
    const count = (outcome) => seen.outcomes.filter((one) => one === outcome).length;
    assert.deepEqual([count(200), count('SESSION_ENDED')], [138, 161]);
  }),
);

test('in Node, importing the package and making a client loads no engine', NPM_ONLY, async () => {
  const { AuthClient, AuthError } = await import(path.join(root, 'pkg/index.js'));
  const auth = new AuthClient({ baseUrl: 'https://api.example.com' });
  assert.equal((await auth.ready).status, 'restoring');
  assert.throws(() => new AuthClient({ timeoutSeconds: 'soon' }), AuthError);
  auth.dispose();
});
