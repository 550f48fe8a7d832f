// The option `server`: back ends that speak another language than the demo server, described as data (docs/reference/server-option.md).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closeBrowser, hasStatus, ISOLATION, jwt, openBrowser, until, withTabs } from './harness.mjs';

before(openBrowser);
after(closeBrowser);

const respond = (status, body, headers = {}) => ({
  answer: {
    status,
    headers: { 'content-type': 'application/json', ...headers },
    body: body === undefined ? '' : JSON.stringify(body),
  },
});
const CREDENTIALS = { email: 'ada', password: 'secret' };
const status = (page, url, init) =>
  page.evaluate(([url, init]) => auth.fetch(url, init).then(({ status }) => status), [url, init]);
const login = (page, options) =>
  page.evaluate(([given, options]) => auth.login(given, options), [CREDENTIALS, options]);
const failed = (page, work) =>
  page.evaluate(
    (work) =>
      new Function(`return ${work}`)().then(
        () => null,
        ({ code, message, body }) => ({ code, message, body }),
      ),
    work,
  );
const reload = async (page, options) => {
  await page.reload();
  await page.evaluate(
    async ([options, isolation]) => {
      const { AuthClient } = await import('/pkg/index.js');
      globalThis.auth = new AuthClient({ isolation, exposeToken: true, restore: 'hint', ...options });
      await auth.ready;
    },
    [options, ISOLATION],
  );
};

/** A back end with rotating tokens: `routes` are functions of the request and the state, by method and path. */
function backEnd(proxy, routes) {
  const state = { count: 0, alive: true };
  proxy.fault = (request) => {
    const route = routes[`${request.method} ${request.path}`];
    return route ? route(request, state) : respond(404, { detail: 'Not Found' });
  };
  return state;
}

/** An API that accepts the header of the latest access token. */
const api =
  (name, value) =>
  ({ headers, path }, { count }) =>
    headers[name] === value(count) ? respond(200, { path, count }) : respond(401, { detail: 'token' });

/** Login, call, rejected token, reload with the kept refresh token, second tab, logout. */
async function mainFlow({ open, proxy, options, state, remembers = true }) {
  const page = await open(options);
  await login(page);
  assert.equal(await status(page, '/api/me'), 200);
  state.count += 1; // the API rejects the token
  const statuses = await page.evaluate(() =>
    Promise.all(Array.from({ length: 20 }, () => auth.fetch('/api/me').then(({ status }) => status))),
  );
  assert.deepEqual([...new Set(statuses)], [200]);
  assert.equal(state.refreshes, 1, 'twenty 401s cost one refresh');
  if (remembers) {
    await reload(page, options);
    await hasStatus(page, 'signed-in');
    assert.equal(await status(page, '/api/me'), 200);
    const next = await open(options);
    await hasStatus(next, 'signed-in');
  }
  await page.evaluate(() => auth.logout());
  assert.equal(state.alive, false, 'the server heard of the logout');
  if (remembers) {
    await reload(page, options);
    await hasStatus(page, 'signed-out');
  }
  return { page, proxy };
}

const refreshed = (state, body, headers) => {
  state.refreshes = (state.refreshes ?? 0) + 1;
  state.count += 1;
  return respond(200, body(state.count), headers);
};

test('JSON calls with other names, a refresh token in the body, a logout with Bearer', () =>
  withTabs({}, async ({ open, proxy }) => {
    const pair = (n) => ({ session: { access: `a${n}` }, renew: `r${n}`, ttl: 900_000 });
    const state = backEnd(proxy, {
      'POST /v1/token': (request, state) => {
        assert.deepEqual(JSON.parse(request.body), {
          user: { name: 'ada' },
          pass: 'secret',
          device: 'web',
          remember: true,
        });
        state.alive = true;
        return respond(200, pair(state.count));
      },
      'PUT /v1/renew': (request, state) => {
        const { renew } = JSON.parse(request.body);
        return state.alive && Number(renew.slice(1)) <= state.count
          ? refreshed(state, pair)
          : respond(401, { code: 'token_not_valid', detail: 'no' });
      },
      'DELETE /v1/token': (request, state) => {
        assert.match(request.headers.authorization, /^Bearer a\d+$/);
        // (The worker of one tab may not have heard of the last renewal in another tab.)
        if (ISOLATION === 'worker') assert.match(JSON.parse(request.body).renew, /^r\d+$/);
        else assert.deepEqual(JSON.parse(request.body), { renew: `r${state.count}` });
        state.alive = false;
        return respond(204);
      },
      'GET /api/me': api('x-access-token', (n) => `a${n}`),
    });
    const options = {
      baseUrl: `${proxy.url}/v1`,
      remember: 'browser',
      server: {
        login: {
          path: 'token',
          body: {
            user: { name: '{credentials.email}' },
            pass: '{credentials.password}',
            device: 'web',
            remember: true,
          },
        },
        refresh: { method: 'PUT', path: 'renew', body: { renew: '{refresh}' } },
        logout: {
          method: 'DELETE',
          path: 'token',
          body: { renew: '{refresh}' },
          headers: { Authorization: 'Bearer {access}' },
        },
        api: { 'X-Access-Token': '{access}' },
        answer: { access: ['access', 'session.access'], refresh: 'renew', expiresIn: 'ttl ms' },
      },
    };
    const { page } = await mainFlow({ open, proxy, options, state });
    await login(page);
    const left = await page.evaluate(() => auth.session.expiresAt - Date.now());
    assert.ok(left > 890_000 && left <= 900_000, `${left} ms`);
  }));

test('forms, a refresh token as Bearer, tokens in response headers, further members for the credentials', () =>
  withTabs({}, async ({ open, proxy }) => {
    const tokens = (n) => ({ authorization: `Bearer a${n}`, 'x-refresh': `r${n}` });
    const state = backEnd(proxy, {
      'POST /login': (request, state) => {
        assert.equal(request.type, 'application/x-www-form-urlencoded;charset=UTF-8');
        assert.equal(request.body, 'email=ada&password=secret&scope=all&client_id=spa');
        assert.equal(request.query, '?key=spa');
        state.alive = true;
        return respond(200, {}, tokens(state.count));
      },
      'GET /refresh': (request, state) =>
        state.alive && /^Bearer r/.test(request.headers.authorization)
          ? refreshed(state, () => ({}), tokens(state.count + 1))
          : respond(422, { msg: 'Not enough segments' }),
      'POST /logout': (request, state) => {
        state.alive = !/^Bearer r/.test(request.headers.authorization);
        return respond(200, { msg: 'ok' });
      },
      'GET /api/me': api('authorization', (n) => `Token a${n}`),
    });
    const options = {
      clientId: 'spa',
      remember: ISOLATION === 'shared-worker' ? 'browser' : 'tab',
      server: {
        login: {
          path: '/login?key={clientId}',
          as: 'form',
          body: { '...': '{credentials}', scope: 'all', client_id: '{clientId}' },
        },
        refresh: { path: '/refresh', method: 'GET', body: null, headers: { authorization: 'Bearer {refresh}' } },
        logout: { path: '/logout', body: null, headers: { authorization: 'Bearer {refresh}' } },
        api: { authorization: 'Token {access}' },
        answer: { access: '@authorization', refresh: '@x-refresh' },
      },
    };
    const page = await open(options);
    await login(page);
    assert.equal(await status(page, '/api/me'), 200);
    await page.evaluate(() => auth.refresh());
    assert.equal(await status(page, '/api/me'), 200);
    if (ISOLATION !== 'shared-worker') {
      await reload(page, options);
      await hasStatus(page, 'signed-in');
      assert.equal(await status(page, '/api/me'), 200);
      // The tab's storage is not the browser's.
      const other = await open(options);
      await hasStatus(other, 'signed-out');
    }
    await page.evaluate(() => auth.logout());
    assert.equal(state.alive, false);
    await login(page);
    state.alive = false;
    assert.equal((await failed(page, 'auth.refresh()')).code, 'SESSION_ENDED');
  }));

test('a CSRF header from a cookie is new in the replay of a call, and in the auth requests', () =>
  withTabs({}, async ({ open, proxy }) => {
    const cookies = (n) => ({ 'set-cookie': [`csrf=c%3D${n}; Path=/`, `session=s${n}; Path=/; HttpOnly`] });
    const fresh = (request, { count }) => request.headers['x-csrf-token'] === `c=${count}`;
    const seen = [];
    const state = backEnd(proxy, {
      'GET /csrf': (_, state) => respond(204, undefined, cookies(state.count)),
      'POST /login': (request, state) =>
        fresh(request, state)
          ? respond(204, undefined, cookies(state.count))
          : respond(403, { detail: 'CSRF Failed: missing' }),
      'POST /refresh': (request, state) =>
        fresh(request, state) && request.cookie.includes(`session=s${state.count}`)
          ? refreshed(state, () => ({ msg: 'ok' }), cookies(state.count + 1))
          : respond(401, { msg: 'CSRF double submit tokens do not match' }),
      'POST /api/note': (request, state) => {
        seen.push([request.headers['x-csrf-token'], request.body]);
        if (state.count === 0) return respond(401, { msg: 'Token has expired' });
        return respond(fresh(request, state) ? 200 : 403, {});
      },
      'GET /me': (_, state) => respond(200, { data: { id: 7, n: state.count } }),
    });
    const page = await open({
      server: {
        login: { path: '/login', before: '/csrf', headers: { 'x-csrf-token': '{cookie:csrf}' } },
        refresh: { path: '/refresh', headers: { 'x-csrf-token': '{cookie:csrf}' } },
        logout: null,
        api: { 'x-csrf-token': '{cookie:csrf}' },
        answer: { access: null },
        user: '/me',
      },
    });
    await login(page);
    assert.deepEqual(await page.evaluate(() => auth.session.user), { id: 7, n: 0 });
    assert.equal(await status(page, '/api/note', { method: 'POST', body: 'note' }), 200);
    assert.deepEqual(seen, [
      ['c=0', 'note'],
      ['c=1', 'note'],
    ]);
    assert.equal(state.refreshes, 1);
    // An error about CSRF says nothing about the session.
    await page.evaluate(() => {
      // biome-ignore lint/suspicious/noDocumentCookie: Firefox has no cookieStore
      document.cookie = 'csrf=other; Path=/';
    });
    assert.equal((await failed(page, 'auth.refresh()')).code, 'REFRESH_UNAVAILABLE');
    assert.equal(await page.evaluate(() => auth.session.status), 'signed-in');
    assert.deepEqual(await page.evaluate(() => auth.logout()), { revoked: false });
  }));

test('a server that renews nothing: no early renewal, a reload continues, the 401 ends the session', () =>
  withTabs({}, async ({ open, proxy }) => {
    const state = backEnd(proxy, {
      'POST /token': (_, state) =>
        respond(200, { access_token: jwt({ user_id: 5, exp: 2, iat: 1 + state.count }), token_type: 'bearer' }),
      'GET /users/me': ({ headers }) =>
        headers.authorization?.startsWith('Bearer ey') ? respond(200, { pk: 5, name: 'Ada' }) : respond(401, {}),
      'GET /api/me': (_, { alive }) => (alive ? respond(200, {}) : respond(401, { detail: 'expired' })),
    });
    state.count = -9_000;
    const options = {
      remember: 'browser',
      server: {
        login: { path: '/token' },
        refresh: null,
        logout: null,
        answer: { access: 'access_token' },
        user: '/users/me',
      },
    };
    const page = await open(options);
    await login(page);
    assert.equal(await page.evaluate(() => auth.session.user.name), 'Ada');
    assert.equal((await failed(page, 'auth.refresh()')).code, 'REFRESH_UNAVAILABLE');
    assert.equal(await failed(page, 'auth.getAccessToken({ minValiditySeconds: 86400 })'), null);
    await reload(page, options);
    await hasStatus(page, 'signed-in');
    assert.equal(await page.evaluate(() => auth.session.user.name), 'Ada');
    assert.equal(await status(page, '/api/me'), 200);
    state.alive = false;
    assert.equal((await failed(page, 'auth.fetch("/api/me")')).code, 'SESSION_ENDED');
    await hasStatus(page, 'signed-out');
    await reload(page, options);
    await hasStatus(page, 'signed-out');
    // Its end ends the session.
    state.count = 0;
    await login(page);
    await until(
      () => page.evaluate(() => auth.session.reason === 'expired'),
      () => 'the session has not ended',
    );
  }));

test('a first step, a second call, the words of the server and the body of its answer', () =>
  withTabs({}, async ({ open, proxy }) => {
    backEnd(proxy, {
      'POST /login': ({ body }) =>
        JSON.parse(body).password === 'secret'
          ? respond(200, { mfaToken: 'm1', methods: ['totp'] })
          : respond(400, {
              errors: [{ message: 'Invalid user credentials.', extensions: { code: 'INVALID_CREDENTIALS' } }],
            }),
      'POST /mfa': ({ body }) =>
        JSON.parse(body).code === '123' ? respond(200, { token: 'a' }) : respond(422, { title: 'Wrong code', left: 2 }),
    });
    const page = await open({
      server: {
        login: { path: '/login' },
        calls: { mfa: { path: '/mfa' } },
        answer: { access: 'token', step: 'mfaToken' },
      },
    });
    const step = await failed(page, 'auth.login({ email: "ada", password: "secret" })');
    assert.deepEqual([step.code, step.body], ['LOGIN_STEP_REQUIRED', { mfaToken: 'm1', methods: ['totp'] }]);
    const wrong = await failed(page, 'auth.login({ email: "ada", password: "x" })');
    assert.equal(wrong.code, 'INVALID_CREDENTIALS');
    assert.match(wrong.message, /the server says: Invalid user credentials\./);
    const code = await failed(page, 'auth.login({ code: "1" }, { call: "mfa" })');
    assert.deepEqual([code.code, code.body], ['LOGIN_REJECTED', { title: 'Wrong code', left: 2 }]);
    assert.match(code.message, /POST .*\/mfa: status 422; the server says: Wrong code/);
    for (const name of ['refresh', 'constructor', 'nope'])
      assert.equal((await failed(page, `auth.login({}, { call: "${name}" })`)).code, 'INVALID_OPTIONS');
    assert.equal(
      await page.evaluate(() => auth.login({ code: '123' }, { call: 'mfa' }).then(({ status }) => status)),
      'signed-in',
    );
  }));

const REFUSALS = [
  [400, { refresh: ['This field is required.'] }],
  [401, { detail: 'Unauthorized' }],
  [401, undefined],
  [403, { message: 'Forbidden' }],
  [419, { message: 'Session expired' }],
  [422, { msg: 'Signature verification failed' }],
  [404, { error: { name: 'NotFoundError', message: 'Session not found' } }],
  [200, { success: false }],
  [200, { accessToken: null }],
];

test('a refused refresh ends the session in each shape, if the server repeats it', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    for (const [code, body] of REFUSALS)
      for (const again of [false, true]) {
        let refusals = 0;
        backEnd(proxy, {
          'POST /auth/login': () => respond(200, { accessToken: 'a', expiresIn: 900 }),
          'POST /auth/refresh': () => {
            refusals += 1;
            return again || refusals === 1 ? respond(code, body) : respond(200, { accessToken: 'b', expiresIn: 900 });
          },
        });
        await login(page);
        const result = await failed(page, 'auth.refresh()');
        const shape = `${code} ${JSON.stringify(body)}, ${again ? 'repeated' : 'once'}`;
        assert.deepEqual([result?.code, refusals], [again ? 'SESSION_ENDED' : undefined, 2], shape);
        assert.equal(await page.evaluate(() => auth.session.status), again ? 'signed-out' : 'signed-in', shape);
      }
  }));

test('`over` and `notOver` decide about an answer before the defaults', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open({
      server: { over: ['500 token has expired', 'gone_for_good'], notOver: ['401 maintenance'] },
    });
    for (const [code, body, ends] of [
      [500, { message: 'Token has expired' }, true],
      [409, { code: 'GONE_FOR_GOOD' }, true],
      [500, { message: 'other' }, false],
      [401, { message: 'Maintenance' }, false],
    ]) {
      let refreshes = 0;
      backEnd(proxy, {
        'POST /auth/login': () => respond(200, { accessToken: 'a', expiresIn: 900 }),
        'POST /auth/refresh': () => {
          refreshes += 1;
          return respond(code, body);
        },
      });
      await login(page);
      await failed(page, 'auth.refresh()');
      assert.equal(
        await page.evaluate(() => auth.session.status),
        ends ? 'signed-out' : 'signed-in',
        JSON.stringify(body),
      );
      if (ends) assert.equal(refreshes, 1);
      await page.evaluate(() => auth.logout());
    }
  }));

test(
  'R-40: answers that say nothing about the session end a restore, and the client asks again',
  {
    skip: ISOLATION === 'shared-worker' && 'the tabs share one client',
  },
  () =>
    withTabs({}, async ({ open, proxy }) => {
      let fault;
      backEnd(proxy, {
        'POST /auth/login': () => respond(200, { accessToken: 'a', expiresIn: 900 }),
        'POST /auth/refresh': () => fault ?? respond(200, { accessToken: 'b', expiresIn: 900 }),
      });
      const page = await open();
      await login(page);
      fault = {
        answer: { status: 200, headers: { 'content-type': 'text/html' }, body: '<!doctype html><title>app</title>' },
      };
      const next = await open();
      await hasStatus(next, 'signed-out');
      const [retryAt, ...shown] = await next.evaluate(() => {
        const { reason, error, retryAt } = auth.session;
        return [retryAt, reason, error.code, error.status];
      });
      assert.deepEqual(shown, ['restore-failed', 'MALFORMED_RESPONSE', 200]);
      assert.ok(retryAt > Date.now() - 60_000, `the next attempt is at ${retryAt}`);
      const asked = await next.evaluate(
        () => new Promise((resolve) => auth.on('refresh-failed', ({ error }) => resolve(error.code))),
      );
      assert.equal(asked, 'MALFORMED_RESPONSE', 'the client asks by itself');
      assert.equal(await next.evaluate(() => auth.session.reason), 'restore-failed');
      fault = undefined;
      await hasStatus(next, 'signed-in');
    }),
);

test('restore() asks the server also after a logout, and adopt() takes an answer of the app', () =>
  withTabs({}, async ({ open, proxy }) => {
    const state = backEnd(proxy, {
      'POST /auth/login': () => respond(200, { accessToken: 'a', expiresIn: 900 }),
      'POST /auth/refresh': (_, state) =>
        state.session ? respond(200, { accessToken: 'b', user: { id: 2 } }) : respond(401, { error: 'no session' }),
      'POST /auth/logout': () => respond(204),
      'GET /api/me': ({ headers }) => respond(200, { seen: headers.authorization }),
    });
    const page = await open();
    await login(page);
    await page.evaluate(() => auth.logout());
    assert.equal((await failed(page, 'auth.refresh()')).code, 'SIGNED_OUT');
    assert.equal(await page.evaluate(() => auth.restore().then(({ status }) => status)), 'signed-out');
    state.session = true;
    assert.deepEqual(await page.evaluate(() => auth.restore().then(({ user }) => user)), { id: 2 });
    const adopted = await page.evaluate(async () => {
      const { user } = await auth.adopt({ accessToken: 'given', expiresIn: 900, user: { id: 3 } });
      const { seen } = await auth.fetch('/api/me').then((response) => response.json());
      return [user, seen];
    });
    assert.deepEqual(adopted, [{ id: 3 }, 'Bearer given']);
    assert.equal((await failed(page, 'auth.adopt({ token: "x" })')).code, 'MALFORMED_RESPONSE');
    assert.equal((await failed(page, 'auth.adopt(undefined)')).code, 'INVALID_OPTIONS');
  }));

test('a session that is a cookie: any success signs in, the question answers with the user, a page is none', () =>
  withTabs({}, async ({ open, proxy }) => {
    const user = { id: 9, name: 'Ada' };
    const state = backEnd(proxy, {
      'POST /login': (_, state) => {
        state.alive = true;
        return respond(204, undefined, { 'set-cookie': 'sid=1; Path=/; HttpOnly' });
      },
      'GET /api/user': ({ cookie }, { alive }) =>
        alive && cookie?.includes('sid=1') ? respond(200, user) : respond(401, { message: 'Unauthenticated.' }),
      'POST /logout': (_, state) => {
        state.alive = false;
        return respond(204);
      },
    });
    const options = {
      server: {
        login: { path: '/login' },
        refresh: { path: '/api/user', method: 'GET', body: null },
        logout: { path: '/logout' },
        answer: { access: null, user: '.' },
        user: '/api/user',
      },
    };
    const page = await open(options);
    await login(page);
    assert.deepEqual(await page.evaluate(() => auth.session.user), user);
    assert.equal(await status(page, '/api/user'), 200, 'an API call to the same place is none of the client');
    await reload(page, options);
    assert.deepEqual(await page.evaluate(() => auth.session.user), user);
    state.alive = false;
    assert.equal((await failed(page, 'auth.fetch("/api/user")')).code, 'SESSION_ENDED');
    await login(page);
    assert.deepEqual(await page.evaluate(() => auth.logout()), { revoked: true });
  }));

/** Why a client cannot have the app's own store. */
const WITHOUT_STORE = ISOLATION === 'rust' ? 'the Rust client takes no store of the app' : 'a worker cannot call it';

test('a store of the app keeps the refresh token', { skip: ISOLATION !== 'page' && WITHOUT_STORE }, () =>
  withTabs({}, async ({ open, proxy }) => {
    const state = backEnd(proxy, {
      'POST /auth/login': () => respond(200, { accessToken: 'a0', refreshToken: 'r0', expiresIn: 900 }),
      'POST /auth/refresh': (request, state) =>
        refreshed(state, (n) => ({ accessToken: `a${n}`, refreshToken: `r${n}`, given: request.body })),
      'POST /auth/logout': (request, state) => {
        state.revoked = JSON.parse(request.body).refreshToken;
        return respond(204);
      },
    });
    const withStore = (page) =>
      page.evaluate(async () => {
        const { AuthClient } = await import('/pkg/index.js');
        const wait = () => new Promise((resolve) => setTimeout(resolve));
        globalThis.auth?.dispose();
        globalThis.auth = new AuthClient({
          transport: 'body',
          restore: 'hint',
          remember: {
            get: () => wait().then(() => sessionStorage.getItem('keychain')),
            set: (text) => wait().then(() => sessionStorage.setItem('keychain', text)),
            remove: () => wait().then(() => sessionStorage.removeItem('keychain')),
          },
        });
        await auth.ready;
      });
    const page = await open({ transport: 'body' });
    await withStore(page);
    await login(page);
    await until(
      () => page.evaluate(() => sessionStorage.getItem('keychain')?.includes('r0')),
      () => 'nothing is kept',
    );
    await withStore(page);
    await hasStatus(page, 'signed-in');
    assert.equal(proxy.to('/auth/refresh')[0].body, '{"refreshToken":"r0"}');
    await page.evaluate(() => auth.logout());
    await until(
      () => page.evaluate(() => sessionStorage.getItem('keychain') === null),
      () => 'the token is still kept',
    );
    assert.equal(state.revoked, 'r1');
  }),
);

test('a logout that wants the access token reaches the server also when the token has expired', () =>
  withTabs({}, async ({ open, proxy }) => {
    const state = backEnd(proxy, {
      'POST /auth/login': () => respond(200, { accessToken: 'a0', refreshToken: 'r0', expiresIn: 900 }),
      'POST /auth/refresh': (_, state) => refreshed(state, (n) => ({ accessToken: `a${n}`, refreshToken: `r${n}` })),
      'POST /auth/logout': (request, state) => {
        if (request.headers.authorization !== 'Bearer a1') return respond(401, { error: 'token' });
        state.revoked = request.body;
        return respond(204);
      },
    });
    for (const options of [
      { transport: 'body' },
      { transport: 'body', server: { logout: { headers: { authorization: 'Bearer {access}' } } } },
    ]) {
      Object.assign(state, { count: 0, refreshes: 0, revoked: undefined });
      const page = await open(options);
      await login(page);
      assert.deepEqual(await page.evaluate(() => auth.logout()), { revoked: true });
      assert.deepEqual([state.refreshes, state.revoked], [1, '{"refreshToken":"r1"}']);
    }
  }));

test('a user that is asked for slowly costs neither the login nor the rotated refresh token', () =>
  withTabs({}, async ({ open, proxy }) => {
    const state = backEnd(proxy, {
      'POST /auth/login': () => respond(200, { accessToken: 'a0', refreshToken: 'r0' }),
      'POST /auth/refresh': (request, state) =>
        JSON.parse(request.body).refreshToken === `r${state.count}`
          ? refreshed(state, (n) => ({ accessToken: `a${n}`, refreshToken: `r${n}` }))
          : respond(400, { error: 'invalid_grant' }),
      'GET /me': () => new Promise(() => {}),
    });
    const options = { transport: 'body', timeoutSeconds: 2, server: { user: '/me' } };
    const page = await open(options);
    await login(page);
    assert.equal(await page.evaluate(() => auth.session.status), 'signed-in');
    for (const count of [1, 2]) {
      await page.evaluate(() => auth.refresh());
      assert.equal(state.count, count);
    }
  }));

test('R-40: a refresh that is redirected to a page of the server ends a restore', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    backEnd(proxy, {
      'POST /auth/login': () => respond(200, { accessToken: 'a', expiresIn: 900 }),
      'POST /auth/refresh': () => ({ answer: { status: 302, headers: { location: '/sign-in' } } }),
      'GET /sign-in': () => ({
        answer: { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Sign in' },
      }),
    });
    await login(page);
    await reload(page, {});
    if (ISOLATION === 'shared-worker') return; // the worker keeps the session
    await hasStatus(page, 'signed-out');
    assert.equal(await page.evaluate(() => auth.session.reason), 'restore-failed');
  }));

test('a logout of a session in a cookie is no sign-in, and reaches a server that wants a new access cookie', () =>
  withTabs({}, async ({ open, proxy }) => {
    const state = backEnd(proxy, {
      'POST /login': () => respond(204),
      'POST /refresh': (_, state) => {
        state.fresh = true;
        return respond(200, {});
      },
      'POST /logout': (_, state) => {
        state.left = state.fresh === true;
        return respond(state.left ? 204 : 401, undefined);
      },
      'GET /me': (_, state) => {
        state.asked = (state.asked ?? 0) + 1;
        return respond(200, { id: 1 });
      },
    });
    const page = await open({
      server: {
        login: { path: '/login' },
        refresh: { path: '/refresh' },
        logout: { path: '/logout' },
        answer: { access: null },
        user: '/me',
      },
    });
    await login(page);
    assert.deepEqual(await page.evaluate(() => auth.logout()), { revoked: true });
    assert.deepEqual([state.left, state.asked], [true, 1]);
    assert.equal(await page.evaluate(() => auth.session.status), 'signed-out');
  }));

test('with `refresh: null` and a session in a cookie, the logout carries the cookie', () =>
  withTabs({}, async ({ open, proxy }) => {
    const state = backEnd(proxy, {
      'POST /login': () => respond(204, undefined, { 'set-cookie': 'sid=7; Path=/; HttpOnly' }),
      'POST /logout': ({ cookie }, state) => {
        state.cookie = cookie;
        return respond(204);
      },
    });
    const page = await open({
      server: { login: { path: '/login' }, refresh: null, logout: { path: '/logout' }, answer: { access: null } },
    });
    await login(page);
    assert.deepEqual(await page.evaluate(() => auth.logout()), { revoked: true });
    assert.match(state.cookie, /sid=7/);
  }));

test('two tabs that renew with the access token use the one that was renewed last', () =>
  withTabs({}, async ({ open, proxy }) => {
    const state = backEnd(proxy, {
      'POST /auth/login': (_, state) => respond(200, { accessToken: `a${state.count}`, expiresIn: 900 }),
      'POST /auth/refresh': ({ headers }, state) =>
        headers.authorization === `Bearer a${state.count}`
          ? refreshed(state, (n) => ({ accessToken: `a${n}`, expiresIn: 900 }))
          : respond(401, { message: 'The token has been blacklisted' }),
    });
    const options = {
      transport: 'body',
      remember: 'browser',
      server: { refresh: { body: null, headers: { authorization: 'Bearer {access}' } } },
    };
    const [one, two] = [await open(options), await open(options)];
    await login(one);
    await hasStatus(two, 'signed-in');
    for (const page of [one, two, one, two]) await page.evaluate(() => auth.refresh());
    assert.equal(await one.evaluate(() => auth.session.status), 'signed-in');
    assert.ok(state.count >= (ISOLATION === 'shared-worker' ? 4 : 5), String(state.count));
  }));

test(
  'a full storage does not bring an older refresh token back',
  { skip: ISOLATION !== 'page' && 'the page writes' },
  () =>
    withTabs({}, async ({ open, proxy }) => {
      const state = backEnd(proxy, {
        'POST /auth/login': () => respond(200, { accessToken: 'a0', refreshToken: 'r0', expiresIn: 900 }),
        'POST /auth/refresh': (request, state) =>
          JSON.parse(request.body).refreshToken === `r${state.count}`
            ? refreshed(state, (n) => ({ accessToken: `a${n}`, refreshToken: `r${n}`, expiresIn: 900 }))
            : respond(400, { error: 'invalid_grant' }),
      });
      const page = await open({ transport: 'body', remember: 'browser' });
      await login(page);
      await page.evaluate(() => {
        const { setItem } = Storage.prototype;
        Storage.prototype.setItem = function (key, value) {
          if (key.endsWith(':tokens')) throw new DOMException('full', 'QuotaExceededError');
          return setItem.call(this, key, value);
        };
      });
      for (const count of [1, 2]) {
        await page.evaluate(() => auth.refresh());
        assert.equal(state.count, count);
      }
      const stored = await page.evaluate(() => JSON.stringify(localStorage));
      assert.ok(!stored.includes('r0'), 'the storage holds no older token');
    }),
);

test('a login whose first question is not answered in time sends no credentials later', () =>
  withTabs({}, async ({ open, proxy }) => {
    let release;
    const held = new Promise((resolve) => {
      release = resolve;
    });
    backEnd(proxy, {
      'GET /csrf': () => held,
      'POST /login': () => respond(200, { accessToken: 'a' }),
    });
    const page = await open({ timeoutSeconds: 1, server: { login: { path: '/login', before: '/csrf' } } });
    assert.equal((await failed(page, 'auth.login({ password: "secret" })')).code, 'TIMEOUT');
    release(respond(204));
    await page.evaluate(() => fetch('/csrf'));
    assert.equal(proxy.to('/login').length, 0);
  }));
