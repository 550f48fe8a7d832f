// The fake server and the fake browser of `tokenward/testing`: rotation, faults, tabs, and the clock of the test.
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { until } from '../../tools/servers.mjs';
import { load } from './load.mjs';

const { createFakeBrowser, createFakeServer, createTestAuth } = await load('testing');

const ADA = { id: '1', email: 'ada@example.com' };
const GRACE = { id: '2', email: 'grace@example.com' };
const login = ({ email }) => [ADA, GRACE].find((user) => user.email === email) ?? null;
const CREDENTIALS = { email: ADA.email, password: 'any' };

function setUp(options = {}) {
  const server = createFakeServer({ login, ...options });
  const browser = createFakeBrowser(server);
  const auth = createTestAuth({ browser });
  return { server, browser, auth };
}

const codeOf = (promise) =>
  promise.then(
    () => 'no error',
    ({ code, name }) => code ?? name,
  );

/** A refresh as a client sends it. */
const refresh = (server, cookie, key) =>
  server.handle({
    method: 'POST',
    url: 'http://localhost/auth/refresh',
    headers: { cookie, ...(key && { 'idempotency-key': key }) },
    body: '',
  });
const cookieOf = ({ headers }) => headers['set-cookie'].split(';')[0];

test('a client signs in, calls and signs out', async () => {
  const { server, browser, auth } = setUp({ claims: ({ id }) => ({ roles: id === '1' ? ['admin'] : [] }) });
  assert.equal((await auth.ready).status, 'signed-out');
  assert.deepEqual((await auth.login(CREDENTIALS)).user, ADA);
  assert.equal(auth.hasRole('admin'), true);
  assert.deepEqual(await (await auth.fetch('/api/me')).json(), ADA);
  assert.equal(browser.hasSession, true);
  assert.deepEqual(await auth.logout(), { revoked: true });
  assert.equal(browser.hasSession, false);
  assert.equal(await codeOf(auth.fetch('/api/me')), 'SIGNED_OUT');
  assert.deepEqual(
    server.requests.map(({ call, status }) => `${call} ${status}`),
    ['login 200', 'api 200', 'logout 204'],
  );
});

test('wrong credentials, a full server and a lost request reject a login with their codes', async () => {
  const { server, auth } = setUp();
  assert.equal(await codeOf(auth.login({ email: 'x' })), 'INVALID_CREDENTIALS');
  server.failNext('login', { status: 429, headers: { 'retry-after': '7' } });
  const error = await auth.login(CREDENTIALS).catch((reason) => reason);
  assert.deepEqual([error.code, error.retryAfterSeconds, error.retryable], ['RATE_LIMITED', 7, true]);
  server.failNext('login', { status: 403, json: { message: 'confirm your address' } });
  assert.match((await auth.login(CREDENTIALS).catch((reason) => reason)).message, /^LOGIN_REJECTED: confirm/);
  server.failNext('login', 'request-lost');
  assert.equal(await codeOf(auth.login(CREDENTIALS)), 'OFFLINE');
  assert.equal(auth.session.status, 'signed-out');
});

test('any number of calls with an expired token cost one refresh', async () => {
  const { server, auth } = setUp();
  await auth.login(CREDENTIALS);
  server.expireAccessTokens();
  const responses = await Promise.all(Array.from({ length: 100 }, (_, at) => auth.fetch(`/api/${at}`)));
  assert.ok(responses.every(({ status }) => status === 200));
  assert.deepEqual(server.counts, { logins: 1, refreshes: 1, repeats: 0, reuseAlarms: 0, rejectedCalls: 100 });
});

test('a refresh whose response was lost is repeated without an alarm', async () => {
  const { server, auth } = setUp();
  await auth.login(CREDENTIALS);
  server.expireAccessTokens();
  server.failNext('refresh', 'response-lost');
  const failures = [];
  auth.on('refresh-failed', ({ error }) => failures.push(error.code));
  assert.equal(await codeOf(auth.fetch('/api/me')), 'REFRESH_UNAVAILABLE');
  assert.equal(auth.session.status, 'signed-in', 'no fault signs a user out');
  assert.equal((await auth.fetch('/api/me')).status, 200);
  assert.deepEqual(failures, ['OFFLINE']);
  assert.deepEqual([server.counts.repeats, server.counts.reuseAlarms], [1, 0]);
});

test('an old refresh token ends the session, unless it comes with the key of its rotation', async () => {
  const server = createFakeServer({ login });
  const first = server.signIn(ADA).split(';')[0];
  const second = cookieOf(await refresh(server, first, 'k'));
  assert.notEqual(second, first);
  assert.equal(cookieOf(await refresh(server, first, 'k')), second, 'a repetition gets the same successor');
  const stolen = await refresh(server, first, 'other');
  assert.deepEqual([stolen.status, JSON.parse(stolen.body).code], [401, 'REFRESH_TOKEN_REUSED']);
  assert.equal((await refresh(server, second, 'l')).status, 401, 'the session of the owner has ended, too');
  assert.deepEqual([server.counts.repeats, server.counts.reuseAlarms], [1, 1]);
});

test('with `rotates: false`, a copy of a refresh token raises no alarm', async () => {
  const server = createFakeServer({ login, rotates: false });
  const cookie = server.signIn(ADA).split(';')[0];
  for (const key of ['k', 'l']) assert.equal((await refresh(server, cookie, key)).status, 200);
  assert.equal(server.counts.reuseAlarms, 0);
});

test('the end of the session on the server reaches the client with its reason', async () => {
  for (const [code, reason] of [
    ['TOKEN_REVOKED', 'revoked'],
    ['INVALID_REFRESH_TOKEN', 'expired'],
  ]) {
    const { server, auth } = setUp();
    await auth.login(CREDENTIALS);
    server.endSessions(code);
    assert.equal(await codeOf(auth.fetch('/api/me')), 'SESSION_ENDED');
    assert.equal(auth.session.reason, reason);
  }
});

test('two tabs share the session: a sign-in, a refresh and a sign-out take effect in both', async () => {
  const { server, browser, auth: one } = setUp();
  const two = createTestAuth({ browser });
  const has = (client, status) =>
    until(
      () => client.session.status === status,
      () => client.session.status,
    );
  await one.login(CREDENTIALS);
  await has(two, 'signed-in');
  server.expireAccessTokens();
  const statuses = await Promise.all(
    [one, two, one, two].map((tab) => tab.fetch('/api/me').then(({ status }) => status)),
  );
  assert.deepEqual(statuses, [200, 200, 200, 200]);
  assert.equal(server.counts.reuseAlarms, 0, 'the tabs refresh one after the other');
  const changes = [];
  two.on('account-changed', ({ from, to }) => changes.push([from.id, to.user.id]));
  await one.login({ email: GRACE.email });
  await until(
    () => two.session.user.id === '2',
    () => 'the other tab shows another user',
  );
  assert.deepEqual(changes, [['1', '2']]);
  await two.logout();
  await has(one, 'signed-out');
  assert.equal(one.session.reason, 'other-tab');
});

test('a browser with a session restores it', async () => {
  const { browser } = setUp();
  browser.signIn(ADA);
  const auth = createTestAuth({ browser });
  assert.equal(auth.session.status, 'restoring');
  assert.equal((await auth.fetch('/api/me')).status, 200, 'a call waits for the restore');
  assert.deepEqual((await auth.ready).user, ADA);
  auth.test.signIn(GRACE);
  await until(
    () => auth.session.user.id === '2',
    () => 'the test signs another user in',
  );
});

test('the clock of the test renews the token, and expires it', async () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'], now: 1_700_000_000_000 });
  try {
    const { server, auth } = setUp();
    await auth.login(CREDENTIALS);
    assert.equal(auth.session.expiresAt, Date.now() + 900_000);
    const renewed = new Promise((resolve) => auth.on('refreshed', resolve));
    mock.timers.tick(840_000);
    await renewed;
    assert.equal(server.counts.refreshes, 1, 'a minute before its end');
    mock.timers.setTime(Date.now() + 901_000); // a machine that slept: the timer has not fired yet
    assert.equal((await auth.fetch('/api/me')).status, 200);
    assert.deepEqual([server.counts.rejectedCalls, server.counts.reuseAlarms], [0, 0]);
    auth.dispose();
  } finally {
    mock.timers.reset();
  }
});

test('the fetch of a browser is that of an app without a client', async () => {
  const { server, browser } = setUp();
  const response = await browser.fetch('/auth/login', { method: 'POST', body: JSON.stringify(CREDENTIALS) });
  const { accessToken } = await response.json();
  assert.equal(response.headers.get('set-cookie'), null, 'no script sees the cookie');
  const call = (token) => browser.fetch(new Request('http://localhost/api/me', { headers: { authorization: token } }));
  assert.equal((await call(`Bearer ${accessToken}`)).status, 200);
  assert.equal((await call('Bearer other')).status, 401);
  server.failNext('api', 'request-lost');
  await assert.rejects(call(`Bearer ${accessToken}`), TypeError);
  assert.equal((await browser.fetch('/auth/refresh', { method: 'POST' })).status, 200, 'with the cookie');
});

test('claims and users keep every letter', async () => {
  const user = { id: '3', email: 'Ünï©ode 世界' };
  const { auth } = setUp({ login: () => user, claims: ({ email }) => ({ name: email }) });
  await auth.login({});
  assert.equal(auth.session.claims.name, user.email);
  assert.deepEqual(auth.session.user, user);
});

test('the controls of the test client work with a browser', async () => {
  const { auth } = setUp();
  await auth.login(CREDENTIALS);
  auth.test.failNext('OFFLINE');
  assert.equal(await codeOf(auth.refresh()), 'OFFLINE');
  auth.test.signOut('revoked');
  assert.equal(auth.session.reason, 'revoked');
  assert.equal(await codeOf(auth.fetch('/api/me')), 'SIGNED_OUT');
  assert.deepEqual(
    auth.test.calls.map(({ name }) => name),
    ['login', 'refresh', 'fetch'],
  );
  auth.dispose();
  assert.equal(await codeOf(auth.fetch('/api/me')), 'DISPOSED');
});

test('an API that requires a step-up, a call that must not be repeated, and an abort cost no refresh', async () => {
  const challenge = { 'www-authenticate': 'Bearer error="insufficient_user_authentication"' };
  const { server, auth } = setUp({
    api: ({ url }) => (url.endsWith('/pay') ? { status: 401, headers: challenge } : {}),
  });
  await auth.login(CREDENTIALS);
  const required = new Promise((resolve) => auth.on('step-up-required', resolve));
  assert.equal((await auth.fetch('/api/pay')).status, 401);
  assert.equal((await required).response.status, 401);
  server.failNext('api', { status: 401 });
  assert.equal((await auth.fetch('/api/password', { auth: { retry: false } })).status, 401);
  assert.equal(
    await codeOf(auth.fetch('/api/me', { signal: AbortSignal.abort() })),
    20,
    'AbortError, whose code is 20',
  );
  assert.equal(server.counts.refreshes, 0);
});
