// Faults that users of auth clients reported in public, each with the right value (docs/reference/field-faults.md).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  ADA,
  closeBrowser,
  GRACE,
  hasStatus,
  ISOLATION,
  jwt,
  NPM_ONLY,
  openBrowser,
  signIn,
  until,
  withTabs,
} from './harness.mjs';

before(openBrowser);
after(closeBrowser);

const json = { 'content-type': 'application/json' };
const answer = (status, body, headers = {}) => ({
  answer: { status, headers: { ...json, ...headers }, body: JSON.stringify(body) },
});
const tokens = (accessToken, more = {}) => answer(200, { accessToken, expiresIn: 900, ...more });

/** Disposes the client of a page and makes another one, as a reload does. */
const reloaded = (page, options) =>
  page.evaluate(
    async ([options, isolation]) => {
      globalThis.auth?.dispose();
      globalThis.auth = new AuthClient({ isolation, exposeToken: true, restore: 'hint', ...options });
      await auth.ready;
    },
    [options, ISOLATION],
  );

test('fault 5a: a page that loads while the server is down shows why, and when the next attempt is', () =>
  withTabs({}, async ({ open, proxy, context }) => {
    const page = await open();
    await signIn(page);
    proxy.fault = ({ path }) => (path === '/auth/refresh' ? { answer: { status: 503, body: 'down' } } : undefined);
    const next = await open({ timeoutSeconds: 1 });
    const seen = await next.evaluate(
      () =>
        new Promise((resolve) => {
          auth.subscribe((session) => {
            const { status, error, retryAt } = session;
            if (error)
              resolve({ status, code: error.code, of: error.status, message: error.message, retryAt, now: Date.now() });
          });
        }),
    );
    assert.deepEqual([seen.status, seen.code, seen.of], ['restoring', 'SERVER_ERROR', 503]);
    assert.match(seen.message, /POST http:\/\/127\.0\.0\.1:\d+\/auth\/refresh: status 503/);
    assert.ok(seen.retryAt > seen.now - 1_000 && seen.retryAt < seen.now + 60_000, `${seen.retryAt - seen.now} ms`);
    proxy.fault = () => undefined;
    await next.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await hasStatus(next, 'signed-in');
    const { error, retryAt } = await next.evaluate(() => auth.session);
    assert.deepEqual([error, retryAt], [null, null]);
    await context.clearCookies();
  }));

test('fault 5a: a signed-in session shows a refresh that failed, and stays signed in', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open({ timeoutSeconds: 1 });
    await signIn(page);
    proxy.fault = ({ path }) => (path === '/auth/refresh' ? { answer: { status: 502 } } : undefined);
    const seen = await page.evaluate(async () => {
      await auth.refresh().catch(() => {});
      const { status, user, error } = auth.session;
      return { status, email: user.email, code: error?.code };
    });
    assert.deepEqual(seen, { status: 'signed-in', email: ADA.email, code: 'SERVER_ERROR' });
  }));

for (const [name, options, fault, path, code, retryable, message] of [
  [
    'a wrong path',
    { endpoints: { login: '/nowhere' } },
    {},
    '/nowhere',
    'SERVER_ERROR',
    false,
    /POST \S+\/nowhere: status 404 \(wrong options\.baseUrl or options\.endpoints\.login, or no proxy\?\)/,
  ],
  [
    '405',
    {},
    answer(405, {}),
    '/auth/login',
    'SERVER_ERROR',
    false,
    /POST \S+\/auth\/login: status 405 \(wrong options/,
  ],
  [
    '500',
    {},
    answer(500, { message: 'no disk' }),
    '/auth/login',
    'SERVER_ERROR',
    true,
    /login: status 500; the server says: no disk/,
  ],
  [
    'no token',
    {},
    answer(200, { data: { token: 'x', ttl: 1 }, ok: true }),
    '/auth/login',
    'MALFORMED_RESPONSE',
    false,
    /expected the member accessToken \(options\.fields\), found data\.token, data\.ttl, ok/,
  ],
  [
    'HTML',
    {},
    { answer: { status: 200, body: '<p>' } },
    '/auth/login',
    'MALFORMED_RESPONSE',
    false,
    /found a page of HTML \(no proxy\?\)/,
  ],
  ['no response', {}, { lose: 'request' }, '/auth/login', 'OFFLINE', true, /POST \S+\/auth\/login: no response/],
  [
    '400 for a field',
    {},
    answer(400, { error: 'invalid_request', error_description: 'email missing' }),
    '/auth/login',
    'LOGIN_REJECTED',
    false,
    /status 400; the server says: email missing/,
  ],
  [
    '403 for CSRF',
    {},
    answer(403, { detail: 'CSRF Failed: CSRF cookie not set.' }),
    '/auth/login',
    'LOGIN_REJECTED',
    false,
    /CSRF Failed/,
  ],
  [
    '401 for the client',
    {},
    answer(401, { error: 'invalid_client' }),
    '/auth/login',
    'LOGIN_REJECTED',
    false,
    /invalid_client/,
  ],
  [
    '409',
    {},
    answer(409, { message: 'confirm your address first' }),
    '/auth/login',
    'LOGIN_REJECTED',
    false,
    /confirm your address/,
  ],
  [
    '400 for credentials',
    {},
    answer(400, { detail: 'LOGIN_BAD_CREDENTIALS' }),
    '/auth/login',
    'INVALID_CREDENTIALS',
    false,
    /LOGIN_BAD_CREDENTIALS/,
  ],
  [
    '422 for credentials',
    {},
    answer(422, { message: 'The provided credentials are incorrect.' }),
    '/auth/login',
    'INVALID_CREDENTIALS',
    false,
    /incorrect/,
  ],
  [
    '400 invalid_grant',
    {},
    answer(400, { error: 'invalid_grant' }),
    '/auth/login',
    'INVALID_CREDENTIALS',
    false,
    /status 400/,
  ],
])
  test(`fault 5b: a login that fails with ${name} names the request, the status and the cause, once on the console`, () =>
    withTabs({}, async ({ open, proxy }) => {
      const page = await open(options);
      const lines = [];
      page.on('console', (line) => line.text().startsWith('tokenward:') && lines.push(line.text()));
      for (const worker of page.workers()) worker.on('console', (line) => lines.push(line.text()));
      if (fault.answer || fault.lose) proxy.fault = (request) => (request.path === path ? fault : undefined);
      const failed = await page.evaluate(() => failure(auth.login({ email: 'ada@example.com', password: 'x' })));
      assert.deepEqual([failed.code, failed.retryable], [code, retryable], failed.message);
      assert.match(failed.message, message);
      if (ISOLATION === 'page' || ISOLATION === 'rust') {
        assert.equal(lines.length, 1, lines.join('\n'));
        assert.match(lines[0], message);
      }
    }));

test('fault 5b: a login that takes too long names the request, once on the console', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open({ timeoutSeconds: 0.5 });
    const lines = [];
    page.on('console', (line) => line.text().startsWith('tokenward:') && lines.push(line.text()));
    proxy.fault = ({ path }) => (path === '/auth/login' ? { until: new Promise(() => {}) } : undefined);
    const failed = await page.evaluate(() => failure(auth.login({})));
    assert.deepEqual([failed.code, failed.retryable], ['TIMEOUT', true]);
    if (ISOLATION !== 'rust') assert.match(failed.message, /POST \S+\/auth\/login/);
    if (ISOLATION === 'page') assert.equal(lines.length, 1, lines.join('\n'));
  }));

test('fault 5b: a call without a token names the refresh that failed', () =>
  withTabs({}, async ({ open, proxy }) => {
    // Long enough for the answer on a busy machine: a timeout has no status.
    const page = await open({ timeoutSeconds: 5 });
    await signIn(page);
    proxy.fault = ({ path }) => (path === '/auth/refresh' ? { answer: { status: 404, body: 'not here' } } : undefined);
    const failed = await page.evaluate(() => failure(auth.refresh()));
    assert.deepEqual([failed.code, failed.retryable], ['REFRESH_UNAVAILABLE', true]);
    assert.match(
      failed.message,
      /POST \S+\/auth\/refresh: status 404 \(wrong options\.baseUrl or options\.endpoints\.refresh, or no/,
    );
  }));

test('fault 6: two apps of one origin with their own endpoints neither hear nor sign out each other', () =>
  withTabs({}, async ({ open, proxy }) => {
    const users = { one: 'ada', two: 'grace' };
    proxy.fault = ({ path }) => {
      const [, app, call] = path.match(/^\/(one|two)\/(\w+)$/) ?? [];
      if (!app) return undefined;
      return call === 'logout'
        ? { answer: { status: 204 } }
        : tokens(jwt({ sub: users[app], iat: 1, exp: 901 }), { user: { id: users[app] } });
    };
    const endpoints = (app) => ({ login: `/${app}/login`, refresh: `/${app}/refresh`, logout: `/${app}/logout` });
    const one = await open({ endpoints: endpoints('one') });
    const two = await open({ endpoints: endpoints('two') });
    await signIn(one);
    await signIn(two);
    const again = [await open({ endpoints: endpoints('one') }), await open({ endpoints: endpoints('two') })];
    for (const page of again) await hasStatus(page, 'signed-in');
    await one.evaluate(() => auth.refresh());
    await two.evaluate(() => auth.refresh());
    await one.evaluate(() => auth.logout());
    await hasStatus(again[0], 'signed-out');
    for (const page of [two, again[1]]) {
      const { status, user } = await page.evaluate(() => auth.session);
      assert.deepEqual([status, user?.id], ['signed-in', 'grace']);
    }
    const each = ISOLATION === 'shared-worker' ? 1 : 2; // a call, and a page that loads
    assert.equal(proxy.to('/one/refresh').length, each);
    assert.equal(proxy.to('/two/refresh').length, each);
  }));

test('fault 6: two apps with the same name and different servers do not make each other refresh without end', () =>
  withTabs({}, async ({ open, proxy }) => {
    const users = { one: 'ada', two: 'grace' };
    proxy.fault = ({ path }) => {
      const [, app] = path.match(/^\/(one|two)\/\w+$/) ?? [];
      return app && tokens(jwt({ sub: users[app], iat: 1, exp: 901 }), { user: { id: users[app] } });
    };
    const options = (app) => ({ name: 'same', endpoints: { login: `/${app}/login`, refresh: `/${app}/refresh` } });
    const one = await open(options('one'));
    const two = await open(options('two'));
    await signIn(one);
    await signIn(two);
    await hasStatus(one, 'signed-in');
    for (let round = 0; round < 3; round += 1) {
      await one.evaluate(() => auth.refresh().catch(() => {}));
      await two.evaluate(() => auth.refresh().catch(() => {}));
    }
    const sent = () => proxy.record.filter(({ path }) => path.endsWith('/refresh')).length;
    // Calm: no refresh for two seconds.
    let before = -1;
    await until(
      async () => {
        const now = sent();
        const calm = now === before;
        before = now;
        return calm;
      },
      () => `${sent()} refreshes and more`,
      { every: 2_000 },
    );
    assert.ok(sent() < 20, `${sent()} refreshes`);
    assert.equal((await one.evaluate(() => auth.session)).user.id, 'ada');
    assert.equal((await two.evaluate(() => auth.session)).user.id, 'grace');
  }));

for (const [name, login, refresh] of [
  ['user.id at login, another sub at refresh', { user: { id: 42, name: 'Ada' } }, {}],
  ['user.id at login, an opaque token at refresh', { user: { id: 42, name: 'Ada' } }, { opaque: true }],
  [
    'user.id at both, another sub in each token',
    { user: { id: 42, name: 'Ada' } },
    { user: { id: '42', name: 'Ada' }, sub: 'third' },
  ],
  ['an opaque token at login, sub at refresh', { user: { id: 42, name: 'Ada' }, opaque: true }, {}],
])
  test(`fault 7: one user stays one user: ${name}`, () =>
    withTabs({}, async ({ open, proxy }) => {
      const issue = ({ user, opaque, sub = 'auth0|ada' }) =>
        tokens(opaque ? `opaque-${proxy.record.length}` : jwt({ sub, iat: 1, exp: 901 }), user && { user });
      proxy.fault = ({ path }) =>
        path === '/auth/login' ? issue(login) : path === '/auth/refresh' ? issue(refresh) : undefined;
      const page = await open();
      await signIn(page);
      const seen = await page.evaluate(async () => {
        const events = [];
        auth.on('account-changed', () => events.push('account-changed'));
        auth.on('signed-in', () => events.push('signed-in'));
        const call = fetch.bind(null, '/blank');
        await Promise.all([auth.refresh(), call()]);
        await auth.refresh();
        await Promise.resolve();
        return { events, user: auth.session.user, status: auth.session.status };
      });
      assert.deepEqual([seen.events, seen.status], [[], 'signed-in']);
      assert.equal(seen.user?.name, 'Ada');
    }));

test('fault 7: another user.id or another sub of the same kind is another user', () =>
  withTabs({}, async ({ open, proxy }) => {
    let user = { id: 1 };
    let sub = 'one';
    proxy.fault = ({ path }) =>
      path.startsWith('/auth/') ? tokens(jwt({ sub, iat: 1, exp: 901 }), user && { user }) : undefined;
    const page = await open();
    await signIn(page);
    const refreshed = () =>
      page.evaluate(async () => {
        const changed = new Promise((resolve) => {
          auth.on('account-changed', () => resolve('changed'));
          auth.on('refreshed', () => resolve('refreshed'));
        });
        await auth.refresh().catch(() => {}); // it rejects if the session of the first user has ended
        return changed;
      });
    assert.equal(await refreshed(), 'refreshed');
    user = { id: 2 };
    assert.equal(await refreshed(), 'changed');
    user = null;
    sub = 'two';
    assert.equal(await refreshed(), 'changed');
  }));

test('fault 8: an endpoint that always answers 401 does not keep another one from a new token', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    await signIn(page);
    const refreshes = () => proxy.to('/auth/refresh').length;
    proxy.fault = ({ path }) => (path === '/api/always' ? answer(401, {}) : undefined);
    const statuses = await page.evaluate(async () => {
      const all = [];
      for (let call = 0; call < 5; call += 1) all.push((await auth.fetch(`/api/always?${call}`)).status);
      return all;
    });
    assert.deepEqual([statuses, refreshes()], [[401, 401, 401, 401, 401], 1]);
    const healed = await page.evaluate(async () => {
      await auth.fetch('/demo/expire-token', { method: 'POST' });
      return (await auth.fetch('/api/me')).status;
    });
    assert.deepEqual([healed, refreshes()], [200, 2]);
    // Places that always answer 401 do not cost a refresh for each call either.
    await page.evaluate(async () => {
      for (let call = 0; call < 30; call += 1) await auth.fetch(`/api/always`);
    });
    assert.ok(refreshes() <= 4, `${refreshes()} refreshes`);
  }));

test('fault 8: fifty places that always answer 401 cost few refreshes', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    await signIn(page);
    proxy.fault = ({ path }) => (path.startsWith('/api/other') ? answer(401, {}) : undefined);
    await page.evaluate(async () => {
      for (let call = 0; call < 200; call += 1) await auth.fetch(`/api/other/${call % 50}`);
    });
    const { length } = proxy.to('/auth/refresh');
    assert.ok(length >= 1 && length <= 6, `${length} refreshes`);
  }));

test('fault 9: the console of a developer explains a 401 that a new token does not change', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    await signIn(page);
    const lines = [];
    page.on('console', (line) => line.text().startsWith('tokenward:') && lines.push(line.text()));
    proxy.fault = ({ path }) => (path === '/api/password' ? answer(401, { error: 'wrong' }) : undefined);
    for (let times = 0; times < 3; times += 1)
      assert.equal(
        await page.evaluate(() => auth.fetch('/api/password', { method: 'POST', body: 'x' }).then((r) => r.status)),
        401,
      );
    if (ISOLATION !== 'page') return;
    assert.equal(lines.length, 1, lines.join('\n'));
    assert.match(lines[0], /POST \S+\/api\/password: status 401 with a new token too\. .*auth: \{retry: false\}$/);
  }));

test('fault 9: auth.retry false sends a call once and costs no refresh, also with a Request', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    await signIn(page);
    proxy.fault = ({ path }) =>
      path === '/api/password' ? answer(401, { error: 'wrong present password' }) : undefined;
    const seen = await page.evaluate(async () => {
      const url = '/api/password';
      const init = { method: 'POST', body: '{"present":"x"}' };
      const wrong = await failure(auth.fetch('/api/me', { auth: { retry: 'no' } }));
      return {
        statuses: [
          (await auth.fetch(url, { ...init, auth: { retry: false } })).status,
          (await auth.fetch(new Request(url, init), { auth: { retry: false } })).status,
          (await auth.fetch(new Request(new Request(url, init)), { auth: { retry: false } })).status,
        ],
        wrong,
      };
    });
    assert.deepEqual(seen.statuses, [401, 401, 401]);
    if (ISOLATION !== 'rust')
      assert.match(seen.wrong.message, /fetch\.init\.auth\.retry: expected true or false, got "no"/);
    assert.deepEqual([proxy.to('/api/password').length, proxy.to('/auth/refresh').length], [3, 0]);
    assert.ok(proxy.to('/api/password').every(({ authorization }) => authorization?.startsWith('Bearer ')));
    const later = await page.evaluate(async () => {
      await auth.fetch('/demo/expire-token', { method: 'POST' });
      return (await auth.fetch('/api/me')).status;
    });
    assert.deepEqual([later, proxy.to('/auth/refresh').length], [200, 1], 'a real refusal is healed');
  }));

test('fault 10: a browser that cleared the storage and kept the cookie is still signed in', () =>
  withTabs({}, async ({ open, proxy, context }) => {
    const first = await open({ restore: 'auto' });
    await hasStatus(first, 'signed-out');
    assert.equal(proxy.to('/auth/refresh').length, 1, 'a new visitor costs one question');
    assert.equal((await first.evaluate(() => auth.session)).reason, 'no-session');
    const second = await open({ restore: 'auto' });
    await hasStatus(second, 'signed-out');
    assert.equal(proxy.to('/auth/refresh').length, 1, 'and no second one');
    await signIn(first);
    await hasStatus(second, 'signed-in');
    for (const page of context.pages()) await page.evaluate(() => auth.dispose());
    await first.evaluate(() => localStorage.clear());
    const next = await open({ restore: 'auto' });
    await hasStatus(next, 'signed-in');
    await next.evaluate(() => auth.logout());
    proxy.record.length = 0;
    await hasStatus(await open({ restore: 'auto' }), 'signed-out');
    assert.equal(proxy.to('/auth/refresh').length, 0, 'a browser that signed out does not ask');
  }));

test('fault 10: a new visitor is signed out at once if the question gets no answer, and is asked again later', () =>
  withTabs({}, async ({ open, proxy }) => {
    proxy.fault = ({ path }) => (path === '/auth/refresh' ? { answer: { status: 503 } } : undefined);
    const page = await open({ restore: 'auto' });
    await hasStatus(page, 'signed-out');
    await reloaded(page, { restore: 'auto' });
    assert.equal(proxy.to('/auth/refresh').length, 2);
    proxy.fault = () => undefined;
    await reloaded(page, { restore: 'auto' });
    await reloaded(page, { restore: 'auto' });
    assert.equal(proxy.to('/auth/refresh').length, 3);
  }));

test('fault 12: a logout that wants the access token reaches the server', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open({ transport: 'body' });
    proxy.fault = ({ path, authorization }) => {
      if (path === '/auth/login') return tokens('opaque-1', { refreshToken: 'r1', user: { id: 1 } });
      if (path === '/auth/logout') return { answer: { status: authorization === 'Bearer opaque-1' ? 204 : 401 } };
      return undefined;
    };
    await signIn(page);
    assert.deepEqual(await page.evaluate(() => auth.logout()), { revoked: true });
    const sent = proxy.to('/auth/logout');
    assert.deepEqual(
      sent.map(({ authorization, body }) => [authorization, JSON.parse(body).refreshToken]),
      [
        [undefined, 'r1'],
        ['Bearer opaque-1', 'r1'],
      ],
    );
  }));

test('fault 13: paths go below the path of baseUrl', () =>
  withTabs({}, async ({ open, proxy }) => {
    proxy.fault = ({ path }) => (path.includes('/auth') ? tokens('opaque') : undefined);
    const cases = [
      ['/api/v1', 'auth/login', '/api/v1/auth/login'],
      ['/api/v1/', '/auth/login', '/api/v1/auth/login'],
      ['/api/v1', undefined, '/api/v1/auth/login'],
      ['', 'auth/login', '/auth/login'],
      ['/', '/auth/login?tenant=a', '/auth/login'],
      ['/api/v1', `${proxy.url}/elsewhere/auth`, '/elsewhere/auth'],
    ];
    for (const [base, login, expected] of cases) {
      proxy.record.length = 0;
      const page = await open({ baseUrl: proxy.url + base, ...(login && { endpoints: { login } }), restore: 'never' });
      await signIn(page);
      assert.deepEqual(
        proxy.record.map(({ path }) => path).filter((path) => path.includes('auth')),
        [expected],
        `${base} and ${login}`,
      );
      await page.evaluate(() => auth.dispose());
    }
    const page = await open({ name: 'y' });
    const wrong = await page.evaluate(() => {
      try {
        return String(new AuthClient({ baseUrl: 'https://api.example.com/v1?tenant=a' }));
      } catch (error) {
        return error.message;
      }
    });
    assert.match(
      wrong,
      ISOLATION === 'rust' ? /base_?[uU]rl/ : /options\.baseUrl: expected an absolute http\(s\) URL without/,
    );
  }));

test('fault 16: the replay repeats the bytes of the call, whatever the caller changes', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    await signIn(page);
    let rejected = 0;
    proxy.fault = ({ path }) => {
      if (path !== '/api/echo') return undefined;
      rejected += 1;
      return rejected % 2 ? answer(401, {}) : { answer: { status: 200 } };
    };
    for (const kind of ['bytes', 'buffer', 'view', 'params', 'form', 'headers', 'blob', 'text']) {
      proxy.record.length = 0;
      await page.evaluate(async (kind) => {
        const bytes = new TextEncoder().encode('before');
        const params = new URLSearchParams({ a: 'before' });
        const form = new FormData();
        form.append('a', 'before');
        const headers = new Headers({ 'x-a': 'before' });
        const body = {
          bytes,
          buffer: bytes.buffer,
          view: new DataView(bytes.buffer, 2),
          params,
          form,
          headers: 'before',
          blob: new Blob(['before']),
          text: 'before',
        }[kind];
        const call = auth.fetch('/api/echo', { method: 'POST', body, headers });
        bytes.fill(33);
        params.set('a', 'after');
        form.set('a', 'after');
        headers.set('x-a', 'after');
        await call;
      }, kind);
      const sent = proxy.to('/api/echo');
      assert.equal(sent.length, 2, kind);
      assert.deepEqual(sent[0].body, sent[1].body, `${kind}: the same bytes`);
      assert.deepEqual(
        sent.map(({ more }) => more['x-a']),
        ['before', 'before'],
      );
      assert.match(sent[0].body, kind === 'view' ? /^fore$/ : /before/, kind);
      assert.equal(sent[0].type, sent[1].type, kind);
    }
  }));

test('fault 15: values of an iframe are sent and repeated as what they are', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    await signIn(page);
    let calls = 0;
    proxy.fault = ({ path }) => {
      if (path !== '/api/echo') return undefined;
      calls += 1;
      return calls % 2 ? answer(401, {}) : { answer: { status: 200 } };
    };
    for (const kind of ['form', 'params', 'bytes', 'buffer', 'blob', 'file']) {
      proxy.record.length = 0;
      await page.evaluate(async (kind) => {
        const frame = document.body.appendChild(document.createElement('iframe'));
        const { FormData, URLSearchParams, TextEncoder, Blob, File } = frame.contentWindow;
        const form = new FormData();
        form.append('a', new File(['inside'], 'a.txt'));
        const body = {
          form,
          params: new URLSearchParams({ a: 'inside' }),
          bytes: new TextEncoder().encode('inside'),
          buffer: new TextEncoder().encode('inside').buffer,
          blob: new Blob(['inside'], { type: 'text/x-inside' }),
          file: new File(['inside'], 'a.txt'),
        }[kind];
        await auth.fetch('/api/echo', { method: 'POST', body });
        frame.remove();
      }, kind);
      const sent = proxy.to('/api/echo');
      assert.equal(sent.length, 2, kind);
      for (const { body, type = '' } of sent) {
        assert.match(body, /inside/, kind);
        const boundary = type.match(/boundary=(\S+)/)?.[1];
        if (kind === 'form') assert.ok(boundary && body.includes(boundary), `${type}: ${body.slice(0, 80)}`);
        if (kind === 'params') assert.match(type, /x-www-form-urlencoded/);
      }
    }
  }));

test('fault 18: a stream inside a Request is sent once, and its 401 goes to the caller', NPM_ONLY, () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    await signIn(page);
    proxy.fault = ({ path }) => (path.startsWith('/api/echo') ? answer(401, {}) : undefined);
    const sent = await page.evaluate(async () => {
      const init = (body) => ({ method: 'POST', body, duplex: 'half' });
      const stream = () => new Blob(['a stream']).stream();
      const call = async (request) => {
        const response = await auth.fetch(request);
        return response.status;
      };
      // (Chromium sends streams over HTTP/2 only: here the request fails, and must fail as it does without the client.)
      const outcome = (promise) =>
        promise.then(
          (status) => status,
          (error) => error.name,
        );
      return [
        await outcome(call(new Request('/api/echo', init(stream())))),
        await outcome(fetch(new Request('/api/echo', init(stream()))).then(({ status }) => status)),
        await call(new Request('/api/echo/bytes', { method: 'POST', body: 'bytes' })),
      ];
    });
    // (A body inside a Request is read before it goes to a worker, which can then send it over any version of HTTP.)
    assert.equal(sent[0], ISOLATION === 'page' ? sent[1] : 401, 'a stream ends as with fetch');
    assert.equal(sent[2], 401);
    assert.equal(proxy.to('/api/echo/bytes').filter(({ body }) => body === 'bytes').length, 2, 'bytes are sent again');
  }),
);

test('fault 19: an auth response from another origin writes no line to the console', () =>
  withTabs({}, async ({ open, proxy }) => {
    const other = proxy.url.replace('127.0.0.1', 'localhost');
    const cors = {
      'access-control-allow-origin': proxy.url,
      'access-control-allow-credentials': 'true',
      'access-control-allow-headers': 'content-type',
    };
    proxy.fault = ({ path, method }) => {
      if (!path.startsWith('/auth/')) return undefined;
      return method === 'OPTIONS'
        ? { answer: { status: 204, headers: cors } }
        : answer(200, { accessToken: 'opaque' }, cors);
    };
    const page = await open({ baseUrl: other });
    const lines = [];
    // (The browser asks for an icon of the page when it likes, and there is none.)
    page.on('console', (line) => /favicon/.test(line.location().url) || lines.push(line.text()));
    await signIn(page);
    await page.evaluate(() => auth.refresh());
    assert.equal(proxy.to('/auth/refresh').filter(({ method }) => method === 'POST').length, 1);
    // The client's own warning about the policy of the page is not a line of the browser.
    const ofBrowser = lines.filter((line) => !line.startsWith('tokenward: the page has no header'));
    assert.deepEqual(ofBrowser, []);
  }));

test('fault 20: no text that a script can read later holds a token', () =>
  withTabs({}, async ({ open, proxy }) => {
    const token = jwt({ sub: 'ada', iat: 1, exp: 901 });
    const bodies = [
      { accessToken: token, success: true },
      { success: true, data: { token } },
      { success: true, list: [{ deep: { jwtToken: token } }] },
      { success: true },
      { message: `token ${token}`, success: true },
    ];
    const page = await open({ isolation: ISOLATION === 'rust' ? 'rust' : 'page' });
    for (const body of bodies) {
      proxy.fault = ({ path }) => (path.startsWith('/auth/') ? answer(200, body) : undefined);
      const seen = await page.evaluate(async () => {
        /none/.test('none');
        await auth.login({}).catch(() => {});
        await auth.refresh().catch(() => {});
        return [RegExp.input, RegExp['$&'], RegExp.leftContext, RegExp.rightContext, RegExp.$1, RegExp.lastMatch].join(
          ' ',
        );
      });
      for (const part of [token, ...token.split('.')])
        assert.ok(!seen.includes(part), `${JSON.stringify(body)}: ${seen}`);
    }
  }));

test('fault 21: members that JSON merged into Object.prototype are no options', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open({ restore: 'never' });
    const evil = proxy.url.replace('127.0.0.1', 'localhost');
    const seen = await page.evaluate(
      async ([evil, isolation, credentials]) => {
        const polluted = {
          baseUrl: evil,
          endpoints: { login: `${evil}/steal` },
          apiOrigins: [evil],
          transport: 'body',
          protocol: 'oauth2',
          clientId: 'x',
          fields: { accessToken: 'x' },
          tokenScheme: 'Evil',
          exposeToken: true,
          dpop: true,
          name: 'evil',
          restore: 'always',
          idempotencyKey: true,
          timeoutSeconds: 0.001,
          scope: 'global',
          auth: { retry: false },
          retry: false,
          sub: 'evil',
          status: 999,
          credentials: 'include',
          server: { login: { path: '/steal' } },
          path: '/steal',
          method: 'PUT',
          as: 'form',
          body: { all: '{credentials}' },
          before: '/steal',
          headers: { 'x-steal': '{access}' },
          api: { 'x-steal': '{access}' },
          answer: { access: 'x' },
          access: 'x',
          refresh: { path: '/steal' },
          login: { path: '/steal' },
          user: '/steal',
          over: ['200'],
          remember: 'browser',
          call: 'mfa',
          isAnswer: true,
        };
        const { AuthClient: Client } = globalThis;
        Object.assign(Object.prototype, polluted);
        try {
          const client = new Client(isolation === 'page' ? {} : { isolation });
          await client.ready;
          await client.login(credentials);
          await client.fetch('/demo/expire-token', { method: 'POST' });
          const me = await client.fetch('/api/me');
          const far = await client.fetch(`${evil}/api/me`).then(
            ({ status }) => status,
            (error) => error.name,
          );
          const exposed = await client.getAccessToken().then(
            () => 'exposed',
            (error) => error.code,
          );
          await client.refresh();
          const { revoked } = await client.logout();
          return { me: me.status, far, exposed, revoked };
        } finally {
          for (const name of Object.keys(polluted)) delete Object.prototype[name];
        }
      },
      [evil, ISOLATION === 'rust' ? 'page' : ISOLATION, ADA],
    );
    assert.equal(seen.me, 200);
    assert.equal(seen.revoked, true);
    if (ISOLATION.includes('worker')) assert.equal(seen.exposed, 'TOKEN_NOT_EXPOSED');
    assert.equal(proxy.to('/steal').length, 0, 'the password goes to the own server only');
    const hosts = proxy.record.filter(({ headers }) => headers.host.startsWith('localhost'));
    assert.ok(
      hosts.every(({ authorization }) => !authorization?.includes('Bearer')),
      'the token goes to own origins only',
    );
    assert.equal(proxy.to('/auth/logout').length, 1);
    assert.equal(proxy.to('/auth/logout-all').length, 0);
  }));

test('fault 22: after a same-origin redirect, no getter of the page receives the authorised request', NPM_ONLY, () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open({ isolation: 'page', dpop: true });
    proxy.fault = ({ path, dpop }) => {
      if (path.startsWith('/auth/')) return tokens('opaque-secret', { token_type: 'DPoP' });
      if (path === '/api/old') return { answer: { status: 302, headers: { location: '/api/new' } } };
      if (path === '/api/new') {
        const htu = dpop && JSON.parse(Buffer.from(dpop.split('.')[1], 'base64url')).htu;
        return { answer: { status: htu?.endsWith('/api/new') ? 200 : 401 } };
      }
      return undefined;
    };
    await signIn(page);
    const seen = await page.evaluate(async () => {
      const seen = [];
      const headersOf = Object.getOwnPropertyDescriptor(Request.prototype, 'headers').get;
      for (const name of Object.getOwnPropertyNames(Request.prototype)) {
        const property = Object.getOwnPropertyDescriptor(Request.prototype, name);
        if (!property.get) continue;
        Object.defineProperty(Request.prototype, name, {
          ...property,
          get() {
            seen.push(headersOf.call(this).get('authorization'));
            return property.get.call(this);
          },
        });
      }
      const { status } = await auth.fetch('/api/old');
      return { status, leaked: seen.filter((value) => value?.includes('secret')) };
    });
    assert.deepEqual(seen, { status: 200, leaked: [] });
  }),
);

test('fault 23: forged messages neither sign a tab out nor stop its refreshes', () =>
  withTabs({}, async ({ open, proxy, context }) => {
    const page = await open();
    await signIn(page);
    const forger = await context.newPage();
    await forger.goto(`${proxy.url}/blank`);
    const forge = (messages) =>
      forger.evaluate(async (messages) => {
        const channel = new BroadcastChannel('tokenward:v1:default');
        const key = localStorage.getItem('tokenward:v1:default:sign-in-key');
        for (const message of messages) channel.postMessage({ v: 1, key, ...message });
        await new Promise((resolve) => setTimeout(resolve));
        channel.close();
      }, messages);
    await forge([
      { type: 'signed-out', reason: 'logout' },
      { type: 'signed-out', reason: 'token-reused' },
      { type: 'refresh-failed', waitMs: 86_400_000, failures: 1 },
      { type: 'refresh-failed', waitMs: 0, failures: 65_535 },
      { type: 'lock-stolen' },
    ]);
    // An ignored message leaves no trace that a test can wait for. The last check is 2.25 s after the message.
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 3_000)));
    assert.equal(await page.evaluate(() => auth.session.status), 'signed-in');
    assert.equal((await page.evaluate(() => auth.refresh())).status, 'signed-in');
    // A user that does not exist: the server is asked once, and the same claim is not believed again.
    for (let round = 0; round < 10; round += 1) {
      await forge([{ type: 'refreshed', userId: 'mallory' }]);
      await hasStatus(page, 'signed-in');
    }
    assert.ok(proxy.to('/auth/refresh').length <= 4, `${proxy.to('/auth/refresh').length} refreshes`);
    assert.equal((await page.evaluate(() => auth.session)).user.email, ADA.email);
    // A real logout in another tab still counts at once.
    const other = await open();
    await hasStatus(other, 'signed-in');
    await other.evaluate(() => auth.logout());
    await hasStatus(page, 'signed-out');
    await signIn(other, GRACE);
    await hasStatus(page, 'signed-in');
    assert.equal((await page.evaluate(() => auth.session)).user.email, GRACE.email);
  }));
