// The dialects of other servers: each spoken by our own server, and, for their oddities, by small servers of the test's own.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { ADA, closeBrowser, hasStatus, openBrowser, signIn, withTabs } from './harness.mjs';

before(openBrowser);
after(closeBrowser);

const BY_EMAIL = { email: ADA.email, password: ADA.password };
const BY_USERNAME = { username: ADA.email, password: ADA.password };

for (const { dialect, options, credentials, resumes } of [
  { dialect: 'tokenward', options: {}, credentials: BY_EMAIL, resumes: true },
  { dialect: 'error-text', options: {}, credentials: BY_EMAIL, resumes: true },
  { dialect: 'no-expires-in', options: {}, credentials: BY_EMAIL, resumes: true },
  { dialect: 'body', options: { transport: 'body' }, credentials: BY_EMAIL, resumes: false },
  { dialect: 'oauth2', options: { protocol: 'oauth2' }, credentials: BY_USERNAME, resumes: false },
  { dialect: 'cookies-only', options: {}, credentials: BY_EMAIL, resumes: true },
]) {
  test(`${dialect}: sign in, storm, reload, wrong password, sign out, against the real server`, () =>
    withTabs({ DIALECT: dialect }, async ({ server, open }) => {
      const page = await open(options);
      await signIn(page, credentials);
      const me = await page.evaluate(async () => {
        await auth.fetch('/demo/expire-token', { method: 'POST' });
        const calls = Array.from({ length: 100 }, () => auth.fetch('/api/me').then((response) => response.json()));
        return (await Promise.all(calls)).map(({ email }) => email);
      });
      assert.deepEqual([...new Set(me)], [ADA.email]);
      assert.equal(await server.counted('refresh_rotated'), 1, 'a hundred 401s, one refresh');
      const wrong = await page.evaluate((given) => failure(auth.login(given)), { ...credentials, password: 'wrong' });
      assert.equal(wrong.code, 'INVALID_CREDENTIALS');
      assert.match(wrong.message, /wrong email or password/);
      assert.equal(await page.evaluate(() => auth.session.status), 'signed-in', 'a failed login changes nothing');
      const next = await open(options);
      await hasStatus(next, resumes ? 'signed-in' : 'signed-out');
      const { revoked } = await page.evaluate(() => auth.logout());
      assert.deepEqual([revoked, await server.counted('logout')], [true, 1]);
      assert.equal((await page.evaluate(() => failure(auth.fetch('/api/me')))).code, 'SIGNED_OUT');
      // Everywhere: the server ends all sessions, and refuses what is left of them.
      await signIn(page, credentials);
      const everywhere = await page.evaluate(() => auth.logout({ scope: 'global' }));
      assert.equal(everywhere.revoked, true);
      assert.equal(await server.counted('refresh_reused'), 0);
    }));
}

const encoded = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
const jwt = (claims) => `${encoded({ alg: 'none' })}.${encoded(claims)}.c2ln`;

/**
 * Answers in the server's place: `speak(path, request)` returns `{status, headers, json}`. The rest of the page comes from
 * the real server.
 */
function speaking(proxy, speak) {
  proxy.fault = (request) => {
    const said = speak(request.path, request);
    if (!said) return undefined;
    const { status = 200, headers = {}, json } = said;
    return {
      answer: { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(json) },
    };
  };
}

/** Signs in, calls an API, refreshes, calls again with a refused token, signs out; returns what happened. */
const wholeStory = (page, credentials) =>
  page.evaluate(async (given) => {
    const statuses = [];
    const { user } = await auth.login(given);
    statuses.push((await auth.fetch('/api')).status);
    await auth.refresh();
    statuses.push((await auth.fetch('/api')).status);
    statuses.push((await auth.fetch('/api?expired')).status);
    const { expiresAt, claims } = auth.session;
    const { revoked } = await auth.logout();
    return { user, statuses, left: expiresAt && expiresAt - Date.now(), claims, revoked, status: auth.session.status };
  }, credentials);

/** An API that takes the latest token only; `?expired` is refused once. */
function api(latest) {
  let refused = false;
  return (request) => {
    if (request.query?.includes('expired') && !refused) {
      refused = true;
      return { status: 401, json: { error: 'Token expired' } };
    }
    return latest(request) ? { json: { fine: true } } : { status: 401, json: { error: 'no' } };
  };
}

test('A: {accessToken, expiresIn, user}, cookie, {error: "text"}, {success: true} at logout', () =>
  withTabs({}, async ({ proxy, open }) => {
    let count = 0;
    const token = () => jwt({ sub: '1', n: count });
    const call = api(({ authorization }) => authorization === `Bearer ${token()}`);
    const user = { id: 1, email: 'a@example.com', role: 'admin' };
    speaking(proxy, (path, request) => {
      if (path === '/api') return call(request);
      if (path === '/auth/logout') return { json: { success: true } };
      if (!path.startsWith('/auth/')) return undefined;
      count += 1;
      return {
        json: { accessToken: token(), expiresIn: 900, user },
        headers: { 'set-cookie': 'refresh_token=r; HttpOnly' },
      };
    });
    const page = await open();
    const { left, ...story } = await wholeStory(page, { email: 'a', password: 'b' });
    assert.deepEqual(story, {
      user,
      statuses: [200, 200, 200],
      claims: { sub: '1', n: 3 },
      revoked: true,
      status: 'signed-out',
    });
    assert.ok(left > 890_000 && left <= 900_000);
    speaking(proxy, (path) => path.startsWith('/auth/') && { status: 401, json: { error: 'Invalid credentials' } });
    const error = await page.evaluate(() => failure(auth.login({})));
    assert.deepEqual([error.code, error.status], ['INVALID_CREDENTIALS', 401]);
    assert.match(error.message, /the server says: Invalid credentials/);
  }));

test('B: no expiresIn, {error, code}; the lifetime is exp − iat', () =>
  withTabs({}, async ({ proxy, open }) => {
    let count = 0;
    const token = () => jwt({ userId: 7, iat: 1_000_000 + count, exp: 1_000_600 + count });
    const call = api(({ authorization }) => authorization === `Bearer ${token()}`);
    speaking(proxy, (path, request) => {
      if (path === '/api') return call(request);
      if (!path.startsWith('/auth/')) return undefined;
      count += 1;
      return {
        json: { accessToken: token(), ...(path.endsWith('login') && { user: { id: 7, email: 'b@example.com' } }) },
      };
    });
    const page = await open();
    const { left, user, statuses } = await wholeStory(page, {});
    assert.deepEqual([user.email, statuses], ['b@example.com', [200, 200, 200]]);
    assert.ok(left > 590_000 && left <= 600_000, String(left));
    await page.evaluate(() => auth.login({}));
    speaking(
      proxy,
      (path) => path.startsWith('/auth/') && { status: 401, json: { error: 'x', code: 'TOKEN_REVOKED' } },
    );
    await page.evaluate(() => failure(auth.refresh()));
    assert.equal(await page.evaluate(() => auth.session.reason), 'revoked');
  }));

/** Refresh tokens in the body: rotating, remembered, and what was asked with them. */
function bodies() {
  let present = '';
  const seen = [];
  return {
    seen,
    next() {
      present = randomBytes(12).toString('hex');
      return present;
    },
    takes(token) {
      const right = token === present;
      seen.push(right);
      return right;
    },
  };
}

test('C: both tokens in the body, {error: {code, message}}, 204 at logout, and logout-all', () =>
  withTabs({}, async ({ proxy, open, context }) => {
    const refresh = bodies();
    let count = 0;
    const token = () => jwt({ sub: 'c', n: count });
    const call = api(({ authorization }) => authorization === `Bearer ${token()}`);
    const ended = [];
    speaking(proxy, (path, request) => {
      if (path === '/api') return call(request);
      if (!path.startsWith('/auth/')) return undefined;
      assert.equal(request.cookie, undefined, 'no cookie goes along');
      if (path.startsWith('/auth/logout')) {
        ended.push([
          path,
          refresh.takes(JSON.parse(request.body || '{}').refreshToken),
          request.authorization === `Bearer ${token()}`,
        ]);
        return { status: 204 };
      }
      if (path === '/auth/refresh' && !refresh.takes(JSON.parse(request.body).refreshToken))
        return { status: 401, json: { error: { code: 'INVALID_REFRESH_TOKEN', message: 'no' } } };
      count += 1;
      return { json: { accessToken: token(), refreshToken: refresh.next(), expiresIn: 900 } };
    });
    const page = await open({ transport: 'body' });
    const { statuses, revoked, claims } = await wholeStory(page, { email: 'c' });
    assert.deepEqual([statuses, revoked, claims.sub], [[200, 200, 200], true, 'c']);
    assert.deepEqual(refresh.seen, [true, true, true], 'each refresh token once, and the last one at the logout');
    await page.evaluate(() => auth.login({}));
    await page.evaluate(() => auth.logout({ scope: 'global' }));
    assert.deepEqual(ended.at(-1), ['/auth/logout-all', true, true]);
    // Nothing is kept: not in storage, and not for the next page.
    await page.evaluate(() => auth.login({}));
    assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)), []);
    assert.deepEqual(await context.cookies(), []);
    const before = proxy.to('/auth/refresh').length;
    const next = await open({ transport: 'body', restore: 'always' });
    assert.equal(await next.evaluate(() => auth.session.status), 'signed-out');
    assert.equal(proxy.to('/auth/refresh').length, before, 'there is nothing to ask with');
    // A sign-out that the server did not hear is told again with the token it was about.
    speaking(proxy, (path) => (path.startsWith('/auth/') ? { status: 503 } : undefined));
    assert.deepEqual(await page.evaluate(() => auth.logout()), { revoked: false });
    const told = [];
    speaking(proxy, (path, request) => {
      if (!path.startsWith('/auth/')) return undefined;
      told.push(refresh.takes(JSON.parse(request.body).refreshToken));
      return { status: 204 };
    });
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await page.waitForFunction(() => auth.diagnostics().at(-1).detail?.status === 204);
    assert.deepEqual(told, [true]);
  }));

test('D: OAuth 2 with password and refresh_token grants, invalid_grant, and revocation', () =>
  withTabs({}, async ({ proxy, open }) => {
    const refresh = bodies();
    const asked = [];
    let access = '';
    const call = api(({ authorization }) => authorization === `Bearer ${access}`);
    speaking(proxy, (path, request) => {
      if (path === '/api') return call(request);
      if (!path.startsWith('/oauth/')) return undefined;
      assert.match(request.type, /^application\/x-www-form-urlencoded/);
      const form = Object.fromEntries(new URLSearchParams(request.body));
      asked.push([path, form.grant_type ?? form.token_type_hint, form.client_id]);
      if (path === '/oauth/revoke') return { status: refresh.takes(form.token) ? 200 : 400, json: {} };
      const right = form.grant_type === 'password' ? form.username === 'ada' : refresh.takes(form.refresh_token);
      if (!right) return { status: 400, json: { error: 'invalid_grant', error_description: 'wrong, sorry' } };
      access = randomBytes(8).toString('hex');
      return { json: { access_token: access, refresh_token: refresh.next(), expires_in: 300, token_type: 'Bearer' } };
    });
    const page = await open({ protocol: 'oauth2', clientId: 'spa', timeoutSeconds: 2 });
    const { statuses, revoked, claims, left } = await wholeStory(page, {
      username: 'ada',
      password: 'x',
      scope: 'api',
    });
    assert.deepEqual([statuses, revoked, claims], [[200, 200, 200], true, null]);
    assert.ok(left > 290_000 && left <= 300_000);
    assert.deepEqual(asked, [
      ['/oauth/token', 'password', 'spa'],
      ['/oauth/token', 'refresh_token', 'spa'],
      ['/oauth/token', 'refresh_token', 'spa'],
      ['/oauth/revoke', 'refresh_token', 'spa'],
    ]);
    const wrong = await page.evaluate(() => failure(auth.login({ username: 'eve', password: 'x' })));
    assert.deepEqual([wrong.code, wrong.status], ['INVALID_CREDENTIALS', 400]);
    assert.match(wrong.message, /wrong, sorry/);
    const strange = await page.evaluate(() => failure(auth.login({ username: 5 })));
    assert.equal(strange.code, 'INVALID_OPTIONS');
    await page.evaluate(() => auth.login({ username: 'ada', password: 'x' }));
    refresh.next(); // another client has used it
    assert.equal((await page.evaluate(() => failure(auth.refresh()))).code, 'SESSION_ENDED');
    assert.equal(await page.evaluate(() => auth.session.reason), 'expired');
  }));

test('E: both tokens in cookies, none in JavaScript; refreshed on a 401', () =>
  withTabs({}, async ({ proxy, open }) => {
    let count = 0;
    const cookie = () => ({
      'set-cookie': [`access=${count}; HttpOnly; Path=/`, `refresh=${count}; HttpOnly; Path=/auth`],
    });
    const call = api((request) => request.cookie?.includes(`access=${count}`) && !request.authorization);
    speaking(proxy, (path, request) => {
      if (path === '/api') return call(request);
      if (!path.startsWith('/auth/')) return undefined;
      if (path === '/auth/refresh' && !request.cookie?.includes(`refresh=${count}`)) return { status: 401, json: {} };
      count += 1;
      return { json: { success: true }, headers: path.endsWith('logout') ? {} : cookie() };
    });
    const page = await open();
    const { statuses, left, revoked } = await wholeStory(page, { email: 'e' });
    assert.deepEqual([statuses, left, revoked], [[200, 200, 200], null, true]);
    await page.evaluate(() => auth.login({}));
    assert.equal((await page.evaluate(() => failure(auth.getAccessToken()))).code, 'TOKEN_IN_COOKIE');
    // 100 calls at once on an expired cookie: one refresh. And a reload resumes.
    const before = proxy.to('/auth/refresh').length;
    count += 100;
    speaking(proxy, (path, request) => {
      if (path === '/api') return request.cookie?.includes('access=new') ? { json: {} } : { status: 401, json: {} };
      if (path === '/auth/refresh') return { json: { success: true }, headers: { 'set-cookie': 'access=new; Path=/' } };
      return undefined;
    });
    const storm = await page.evaluate(() =>
      Promise.all(Array.from({ length: 100 }, () => auth.fetch('/api').then(({ status }) => status))),
    );
    assert.ok(storm.every((status) => status === 200));
    assert.equal(proxy.to('/auth/refresh').length - before, 1);
    await page.close();
    await hasStatus(await open(), 'signed-in');
  }));

test('an opaque token without a lifetime is renewed on a 401', () =>
  withTabs({}, async ({ proxy, open }) => {
    let count = 0;
    const call = api(({ authorization }) => authorization === `Token opaque.${count}.x`);
    speaking(proxy, (path, request) => {
      if (path === '/api') return call(request);
      if (!path.startsWith('/auth/')) return undefined;
      count += 1;
      return { json: { data: { jwt: `opaque.${count}.x`, who: { id: 'o' } } } };
    });
    const page = await open({ tokenScheme: 'Token', fields: { accessToken: 'data.jwt', user: 'data.who' } });
    const { statuses, left, claims, user } = await wholeStory(page, {});
    assert.deepEqual([statuses, left, claims, user], [[200, 200, 200], null, null, { id: 'o' }]);
  }));
