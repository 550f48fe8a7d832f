// The dialects of other servers: first with the demo server, then with responses as other servers send them.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { ADA, closeBrowser, hasStatus, jwt, openBrowser, signIn, withTabs } from './harness.mjs';

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
  test(`${dialect}: a user signs in, calls, reloads, enters a wrong password and signs out, with the real server`, () =>
    withTabs({ DIALECT: dialect }, async ({ server, open }) => {
      const page = await open(options);
      await signIn(page, credentials);
      const me = await page.evaluate(async () => {
        await auth.fetch('/demo/expire-token', { method: 'POST' });
        const calls = Array.from({ length: 100 }, () => auth.fetch('/api/me').then((response) => response.json()));
        return (await Promise.all(calls)).map(({ email }) => email);
      });
      assert.deepEqual([...new Set(me)], [ADA.email]);
      assert.equal(await server.counted('refresh_rotated'), 1, 'a hundred 401s cause one refresh');
      const wrong = await page.evaluate((given) => failure(auth.login(given)), { ...credentials, password: 'wrong' });
      assert.equal(wrong.code, 'INVALID_CREDENTIALS');
      assert.match(wrong.message, /wrong email or password/);
      assert.equal(await page.evaluate(() => auth.session.status), 'signed-in', 'a failed login changes nothing');
      const next = await open(options);
      await hasStatus(next, resumes ? 'signed-in' : 'signed-out');
      const { revoked } = await page.evaluate(() => auth.logout());
      assert.deepEqual([revoked, await server.counted('logout')], [true, 1]);
      assert.equal((await page.evaluate(() => failure(auth.fetch('/api/me')))).code, 'SIGNED_OUT');
      // A global logout ends all sessions of the user.
      await signIn(page, credentials);
      const global = await page.evaluate(() => auth.logout({ scope: 'global' }));
      assert.equal(global.revoked, true);
      assert.equal(await server.counted('refresh_reused'), 0);
    }));
}

/**
 * Answers instead of the server: `respond(path, request)` returns `{status, headers, json}`, or nothing for a request that the
 * real server answers.
 */
function answerBy(proxy, respond) {
  proxy.fault = (request) => {
    const response = respond(request.path, request);
    if (!response) return undefined;
    const { status = 200, headers = {}, json } = response;
    return {
      answer: { status, headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(json) },
    };
  };
}

/** Signs in, calls an API, refreshes, calls with a rejected token, signs out; returns the results. */
const runMainFlow = (page, credentials) =>
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

/** An API that accepts only requests with the latest token, and rejects `?expired` once. */
function api(hasLatestToken) {
  let rejected = false;
  return (request) => {
    if (request.query?.includes('expired') && !rejected) {
      rejected = true;
      return { status: 401, json: { error: 'Token expired' } };
    }
    return hasLatestToken(request) ? { json: { fine: true } } : { status: 401, json: { error: 'no' } };
  };
}

test('A: the client reads {accessToken, expiresIn, user}, {error: "text"} and {success: true}, with a cookie', () =>
  withTabs({}, async ({ proxy, open }) => {
    let count = 0;
    const token = () => jwt({ sub: '1', n: count });
    const call = api(({ authorization }) => authorization === `Bearer ${token()}`);
    const user = { id: 1, email: 'a@example.com', role: 'admin' };
    answerBy(proxy, (path, request) => {
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
    const { left, ...results } = await runMainFlow(page, { email: 'a', password: 'b' });
    assert.deepEqual(results, {
      user,
      statuses: [200, 200, 200],
      claims: { sub: '1', n: 3 },
      revoked: true,
      status: 'signed-out',
    });
    assert.ok(left > 890_000 && left <= 900_000);
    answerBy(proxy, (path) => path.startsWith('/auth/') && { status: 401, json: { error: 'Invalid credentials' } });
    const error = await page.evaluate(() => failure(auth.login({})));
    assert.deepEqual([error.code, error.status], ['INVALID_CREDENTIALS', 401]);
    assert.match(error.message, /the server says: Invalid credentials/);
  }));

test('B: the client reads {error, code}, and takes the lifetime from exp − iat without expiresIn', () =>
  withTabs({}, async ({ proxy, open }) => {
    let count = 0;
    const token = () => jwt({ userId: 7, iat: 1_000_000 + count, exp: 1_000_600 + count });
    const call = api(({ authorization }) => authorization === `Bearer ${token()}`);
    answerBy(proxy, (path, request) => {
      if (path === '/api') return call(request);
      if (!path.startsWith('/auth/')) return undefined;
      count += 1;
      return {
        json: { accessToken: token(), ...(path.endsWith('login') && { user: { id: 7, email: 'b@example.com' } }) },
      };
    });
    const page = await open();
    const { left, user, statuses } = await runMainFlow(page, {});
    assert.deepEqual([user.email, statuses], ['b@example.com', [200, 200, 200]]);
    assert.ok(left > 590_000 && left <= 600_000, String(left));
    await page.evaluate(() => auth.login({}));
    answerBy(
      proxy,
      (path) => path.startsWith('/auth/') && { status: 401, json: { error: 'x', code: 'TOKEN_REVOKED' } },
    );
    await page.evaluate(() => failure(auth.refresh()));
    assert.equal(await page.evaluate(() => auth.session.reason), 'revoked');
  }));

/** Issues refresh tokens, and records whether each presented one was the current one. */
function refreshTokens() {
  let current = '';
  const presented = [];
  return {
    presented,
    next() {
      current = randomBytes(12).toString('hex');
      return current;
    },
    accepts(token) {
      const isCurrent = token === current;
      presented.push(isCurrent);
      return isCurrent;
    },
  };
}

test('C: the client reads both tokens from the body and {error: {code, message}}, and calls logout-all', () =>
  withTabs({}, async ({ proxy, open, context }) => {
    const refresh = refreshTokens();
    let count = 0;
    const token = () => jwt({ sub: 'c', n: count });
    const call = api(({ authorization }) => authorization === `Bearer ${token()}`);
    const ended = [];
    answerBy(proxy, (path, request) => {
      if (path === '/api') return call(request);
      if (!path.startsWith('/auth/')) return undefined;
      assert.equal(request.cookie, undefined, 'the client sends no cookie');
      if (path.startsWith('/auth/logout')) {
        ended.push([
          path,
          refresh.accepts(JSON.parse(request.body || '{}').refreshToken),
          request.authorization === `Bearer ${token()}`,
        ]);
        return { status: 204 };
      }
      if (path === '/auth/refresh' && !refresh.accepts(JSON.parse(request.body).refreshToken))
        return { status: 401, json: { error: { code: 'INVALID_REFRESH_TOKEN', message: 'no' } } };
      count += 1;
      return { json: { accessToken: token(), refreshToken: refresh.next(), expiresIn: 900 } };
    });
    const page = await open({ transport: 'body' });
    const { statuses, revoked, claims } = await runMainFlow(page, { email: 'c' });
    assert.deepEqual([statuses, revoked, claims.sub], [[200, 200, 200], true, 'c']);
    assert.deepEqual(
      refresh.presented,
      [true, true, true],
      'the client sends each refresh token once, and the last one at the logout',
    );
    await page.evaluate(() => auth.login({}));
    await page.evaluate(() => auth.logout({ scope: 'global' }));
    assert.deepEqual(ended.at(-1), ['/auth/logout-all', true, true]);
    // The client stores nothing, and the next page has no session.
    await page.evaluate(() => auth.login({}));
    assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)), []);
    assert.deepEqual(await context.cookies(), []);
    const before = proxy.to('/auth/refresh').length;
    const next = await open({ transport: 'body', restore: 'always' });
    assert.equal(await next.evaluate(() => auth.session.status), 'signed-out');
    assert.equal(proxy.to('/auth/refresh').length, before, 'without a refresh token, the client sends no refresh');
    // The client sends a failed revocation again, with the refresh token of the ended session.
    answerBy(proxy, (path) => (path.startsWith('/auth/') ? { status: 503 } : undefined));
    assert.deepEqual(await page.evaluate(() => auth.logout()), { revoked: false });
    const revocations = [];
    answerBy(proxy, (path, request) => {
      if (!path.startsWith('/auth/')) return undefined;
      revocations.push(refresh.accepts(JSON.parse(request.body).refreshToken));
      return { status: 204 };
    });
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await page.waitForFunction(() => auth.diagnostics().at(-1).detail?.status === 204);
    assert.deepEqual(revocations, [true]);
  }));

test('D: the client uses the password and refresh_token grants and the revocation endpoint of OAuth 2', () =>
  withTabs({}, async ({ proxy, open }) => {
    const refresh = refreshTokens();
    const requests = [];
    let access = '';
    const call = api(({ authorization }) => authorization === `Bearer ${access}`);
    answerBy(proxy, (path, request) => {
      if (path === '/api') return call(request);
      if (!path.startsWith('/oauth/')) return undefined;
      assert.match(request.type, /^application\/x-www-form-urlencoded/);
      const form = Object.fromEntries(new URLSearchParams(request.body));
      requests.push([path, form.grant_type ?? form.token_type_hint, form.client_id]);
      if (path === '/oauth/revoke') return { status: refresh.accepts(form.token) ? 200 : 400, json: {} };
      const valid = form.grant_type === 'password' ? form.username === 'ada' : refresh.accepts(form.refresh_token);
      if (!valid) return { status: 400, json: { error: 'invalid_grant', error_description: 'wrong, sorry' } };
      access = randomBytes(8).toString('hex');
      return { json: { access_token: access, refresh_token: refresh.next(), expires_in: 300, token_type: 'Bearer' } };
    });
    const page = await open({ protocol: 'oauth2', clientId: 'spa', timeoutSeconds: 2 });
    const { statuses, revoked, claims, left } = await runMainFlow(page, {
      username: 'ada',
      password: 'x',
      scope: 'api',
    });
    assert.deepEqual([statuses, revoked, claims], [[200, 200, 200], true, null]);
    assert.ok(left > 290_000 && left <= 300_000);
    assert.deepEqual(requests, [
      ['/oauth/token', 'password', 'spa'],
      ['/oauth/token', 'refresh_token', 'spa'],
      ['/oauth/token', 'refresh_token', 'spa'],
      ['/oauth/revoke', 'refresh_token', 'spa'],
    ]);
    const wrong = await page.evaluate(() => failure(auth.login({ username: 'eve', password: 'x' })));
    assert.deepEqual([wrong.code, wrong.status], ['INVALID_CREDENTIALS', 400]);
    assert.match(wrong.message, /wrong, sorry/);
    const invalid = await page.evaluate(() => failure(auth.login({ username: 5 })));
    assert.equal(invalid.code, 'INVALID_OPTIONS');
    await page.evaluate(() => auth.login({ username: 'ada', password: 'x' }));
    refresh.next(); // Another client has used the refresh token.
    assert.equal((await page.evaluate(() => failure(auth.refresh()))).code, 'SESSION_ENDED');
    assert.equal(await page.evaluate(() => auth.session.reason), 'expired');
  }));

test('E: with both tokens in cookies, the client refreshes after a 401', () =>
  withTabs({}, async ({ proxy, open }) => {
    let count = 0;
    const cookie = () => ({
      'set-cookie': [`access=${count}; HttpOnly; Path=/`, `refresh=${count}; HttpOnly; Path=/auth`],
    });
    const call = api((request) => request.cookie?.includes(`access=${count}`) && !request.authorization);
    answerBy(proxy, (path, request) => {
      if (path === '/api') return call(request);
      if (!path.startsWith('/auth/')) return undefined;
      if (path === '/auth/refresh' && !request.cookie?.includes(`refresh=${count}`)) return { status: 401, json: {} };
      count += 1;
      return { json: { success: true }, headers: path.endsWith('logout') ? {} : cookie() };
    });
    const page = await open();
    const { statuses, left, revoked } = await runMainFlow(page, { email: 'e' });
    assert.deepEqual([statuses, left, revoked], [[200, 200, 200], null, true]);
    await page.evaluate(() => auth.login({}));
    assert.equal((await page.evaluate(() => failure(auth.getAccessToken()))).code, 'TOKEN_IN_COOKIE');
    // 100 calls at once with an expired cookie cause one refresh. A new page restores the session.
    const before = proxy.to('/auth/refresh').length;
    count += 100;
    answerBy(proxy, (path, request) => {
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

test('the client refreshes an opaque token without a lifetime after a 401', () =>
  withTabs({}, async ({ proxy, open }) => {
    let count = 0;
    const call = api(({ authorization }) => authorization === `Token opaque.${count}.x`);
    answerBy(proxy, (path, request) => {
      if (path === '/api') return call(request);
      if (!path.startsWith('/auth/')) return undefined;
      count += 1;
      return { json: { data: { jwt: `opaque.${count}.x`, who: { id: 'o' } } } };
    });
    const page = await open({ tokenScheme: 'Token', fields: { accessToken: 'data.jwt', user: 'data.who' } });
    const { statuses, left, claims, user } = await runMainFlow(page, {});
    assert.deepEqual([statuses, left, claims, user], [[200, 200, 200], null, null, { id: 'o' }]);
  }));
