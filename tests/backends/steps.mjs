// The steps that each back end goes through with the client and its preset of js/servers: the same for all.
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { root } from '../../tools/run.mjs';
import { closeBrowser, hasStatus, ISOLATION, makeClient, openBrowser, until, withTabs } from '../e2e/harness.mjs';

const AT_ONCE = 20;
/** The longest time that a page may take to reach a state, on a busy machine. */
const SECONDS = 20;
const STEPS = {
  wrong: 'a wrong password is told in the words of the server',
  login: 'login, user and a call',
  expiry: '20 calls at expiry cost one refresh',
  rejected: '20 calls met by a 401 cost one refresh',
  refresh: 'a third refresh',
  reload: 'a reload keeps the session',
  tab: 'a second tab is signed in',
  csrf: 'a POST and its repetition carry the CSRF token, and a refresh without it ends nothing',
  trouble: 'a refusal that is not about the session ends nothing',
  refused: 'a refused refresh, or a 401 where there is none, ends the session in both tabs',
  other: 'a refresh that returns another user changes the user',
  logout: 'the server hears the logout and rejects the refresh token, in both tabs',
  early: 'a logout before the session is restored reaches the server too',
};
/** Playwright sets the clock of a page, and not that of a worker. */
const CLOCK = ISOLATION === 'page' ? {} : { expiry: 'the clock of a worker is real' };
/** What a gateway answers while the server behind it starts anew. */
const BAD_GATEWAY = { status: 502, headers: { 'content-type': 'text/html' }, body: '<h1>502 Bad Gateway</h1>' };

/** The requests of the client that ask for a new token. */
function refreshesOf({ server }, proxy, baseUrl = '') {
  if (!server.refresh) return [];
  const { path: place, method = 'POST' } = server.refresh;
  const target = new URL(baseUrl + place.replace('{clientId}', 'spa'), 'http://proxy');
  const sharesPath = server.login.path.split('?')[0] === place.split('?')[0];
  return proxy
    .to(target.pathname)
    .filter((entry) => entry.method === method)
    .filter(({ query, body }) => !sharesPath || /grant_type=refresh_token|REFRESH_TOKEN_AUTH/.test(query + body));
}

/** The requests to the address of the logout, which a login may share. */
function logoutsOf({ server, baseUrl = '' }, proxy) {
  if (!server.logout) return [];
  const { pathname } = new URL(baseUrl + server.logout.path, 'http://proxy');
  const refreshes = refreshesOf({ server }, proxy, baseUrl);
  return proxy.to(pathname).filter((entry) => !refreshes.includes(entry));
}

/** A tab's calls at once: their statuses. */
const calls = (page, count = AT_ONCE) =>
  page.evaluate(
    (times) => Promise.all(Array.from({ length: times }, () => auth.fetch('/api/me').then(({ status }) => status))),
    count,
  );

/** The user's e-mail address in the session. */
const emailOf = (page) => page.evaluate(() => auth.session.user?.email);

/** A POST of JSON by the client: its status, and what the server got. */
const post = (page) =>
  page.evaluate(async () => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"number":1}' };
    const response = await auth.fetch('/api/echo', init);
    return [response.status, response.ok && (await response.json()).number];
  });

/** The back end as one test uses it. */
function createRun(backend, { proxy, server, context, open }) {
  const options = { ...backend.options, server: backend.server };
  if (backend.baseUrl) options.baseUrl = proxy.url + backend.baseUrl;
  const run = {
    backend,
    proxy,
    context,
    options,
    async open() {
      const page = await open(options);
      page.setDefaultTimeout(SECONDS * 1000);
      return page;
    },
    refreshes: () => refreshesOf(backend, proxy, backend.baseUrl),
    logouts: () => logoutsOf(backend, proxy),
    /** Signs in, if the session has ended. */
    async signIn(page) {
      if ((await page.evaluate(() => auth.session.status)) === 'signed-in') return;
      const given = await backend.prepare?.(page, server);
      await page.evaluate((credentials) => auth.login(credentials), given ?? backend.credentials);
    },
    /** The result of the calls of a tab, and how many refreshes they cost. */
    async cost(body) {
      const earlier = run.refreshes().length;
      const result = await body();
      return { result, refreshes: run.refreshes().length - earlier };
    },
  };
  return run;
}

/** A refresh as a browser sends it whose session the server does not know: other tokens, and no cookie. */
async function withoutSession(proxy, entry) {
  const spoil = (text) => text?.replace(/[\w.-]{20,}/g, (token) => [...token].reverse().join(''));
  const { cookie: _, ...headers } = entry.headers;
  if (headers.authorization) headers.authorization = spoil(headers.authorization);
  const answer = await proxy.forward({ ...entry, headers, body: spoil(entry.body) });
  return { answer: { status: answer.status(), headers: answer.headers(), body: answer.text } };
}

/** Without a refresh, an API that rejects the token ends the session, in both tabs. */
async function endsBy401(page, second, proxy) {
  proxy.fault = ({ path: place }) => (place === '/api/me' ? { answer: { status: 401 } } : undefined);
  const error = await page.evaluate(() => failure(auth.fetch('/api/me')));
  assert.equal(error.code, 'SESSION_ENDED', error.message);
  await hasStatus(second, 'signed-out');
  await second.close();
}

/**
 * A refresh of the client that does not reach the server: its token is not used up. `proxy.fault` keeps further ones from the
 * server too.
 */
async function holdRefresh(page, proxy, refreshes) {
  proxy.fault = (entry) => (refreshes().includes(entry) ? { answer: BAD_GATEWAY } : undefined);
  const earlier = refreshes().length;
  // A tab that finds newer tokens of another tab in the storage takes them, and sends nothing: it refreshes again.
  await until(
    async () => {
      await startRefresh(page);
      return refreshes().length > earlier;
    },
    () => 'the client sent no refresh',
  );
  return refreshes().at(-1);
}

/** Refreshes without waiting for the result, which comes after some attempts if they fail. */
const startRefresh = (page) => page.evaluate(() => void auth.refresh().catch(() => {}));

/** A refresh as a browser sends it that has lost the CSRF token. */
async function withoutCsrf(proxy, entry) {
  const headers = Object.fromEntries(Object.entries(entry.headers).filter(([name]) => !/csrf|xsrf/.test(name)));
  const answer = await proxy.forward({ ...entry, headers });
  return { answer: { status: answer.status(), headers: answer.headers(), body: answer.text } };
}

const steps = {
  async wrong({ backend, page, server }) {
    await backend.prepare?.(page, server);
    const given = backend.wrong ?? { ...backend.credentials, password: 'wrong' };
    const error = await page.evaluate((credentials) => failure(auth.login(credentials)), given);
    assert.equal(error.code, 'INVALID_CREDENTIALS', error.message);
    assert.match(error.message, backend.says);
    assert.equal(await page.evaluate(() => auth.session.status), 'signed-out');
  },

  async login({ backend, page, signIn }) {
    await signIn(page);
    await hasStatus(page, 'signed-in');
    if (backend.user) assert.equal(await emailOf(page), backend.user);
    const me = await page.evaluate(() => auth.fetch('/api/me').then((response) => response.json()));
    assert.equal(me.email, 'ada@example.com');
    assert.deepEqual(await post(page), [200, 1]);
  },

  async expiry({ page, cost }) {
    const left = await page.evaluate(async () => {
      // (better-auth tells the life only when it renews.)
      if (!auth.session.expiresAt) await auth.refresh();
      return auth.session.expiresAt && auth.session.expiresAt - Date.now();
    });
    assert.ok(left > 200_000 && left < 301_000, `the client knows the life of the token: ${left} ms`);
    const { result, refreshes } = await cost(async () => {
      await page.clock.fastForward(left);
      return calls(page);
    });
    assert.deepEqual([...new Set(result)], [200]);
    assert.equal(refreshes, 1);
  },

  async rejected({ page, proxy, refreshes, cost }) {
    const earlier = refreshes().length;
    let rejected = 0;
    proxy.fault = ({ path: place }) => {
      if (place !== '/api/me' || refreshes().length > earlier) return undefined;
      rejected += 1;
      return { answer: { status: 401 } };
    };
    const { result, refreshes: count } = await cost(() => calls(page));
    assert.deepEqual([...new Set(result)], [200]);
    assert.equal(count, 1);
    assert.ok(rejected > 0);
  },

  async refresh({ backend, page, proxy, cost }) {
    const asked = () => proxy.to(backend.server.user).length;
    const earlier = asked();
    const { result, refreshes } = await cost(async () => {
      await page.evaluate(() => auth.refresh());
      return calls(page, 1);
    });
    assert.deepEqual(result, [200]);
    assert.equal(refreshes, 1);
    if (backend.namesUser) assert.equal(asked(), earlier, 'the client asks for a user whom the token names');
  },

  async reload({ backend, page, options }) {
    await page.reload();
    await makeClient(page, options, { signIn: false });
    await hasStatus(page, 'signed-in');
    assert.deepEqual(await calls(page, 1), [200]);
    if (backend.user) assert.equal(await emailOf(page), backend.user);
  },

  async tab({ backend, open }) {
    const second = await open();
    await hasStatus(second, 'signed-in');
    assert.deepEqual(await calls(second, 1), [200]);
    if (backend.user) assert.equal(await emailOf(second), backend.user);
    await second.close();
  },

  async csrf({ backend, page, proxy, refreshes }) {
    const bare = await page.evaluate(() => {
      const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' };
      return fetch('/api/echo', init).then(({ status }) => status);
    });
    assert.equal(bare, backend.csrf, 'the API rejects a POST without a CSRF token');
    let rejected = 0;
    proxy.fault = ({ path: place }) =>
      place === '/api/echo' && rejected++ === 0 ? { answer: { status: 401 } } : undefined;
    const earlier = proxy.to('/api/echo').length;
    assert.deepEqual(await post(page), [200, 1]);
    assert.equal(proxy.to('/api/echo').length - earlier, 2);
    let refused = 0;
    proxy.fault = (entry) => (refreshes().includes(entry) && refused++ === 0 ? withoutCsrf(proxy, entry) : undefined);
    await page.evaluate(() => auth.refresh().catch(() => {}));
    assert.equal(refused > 0 && (await page.evaluate(() => auth.session.status)), 'signed-in');
    assert.deepEqual(await calls(page, 1), [200]);
  },

  async trouble({ backend, page, proxy, refreshes }) {
    const { status, headers, body } = backend.trouble ?? BAD_GATEWAY;
    let answers = 0;
    proxy.fault = (entry) => {
      if (!refreshes().includes(entry)) return undefined;
      answers += 1;
      return { answer: { status, headers: headers ?? { 'content-type': 'application/json' }, body } };
    };
    await startRefresh(page);
    await page.waitForFunction(() => auth.session.error ?? auth.session.reason, undefined, { polling: 20 });
    assert.ok(answers > 0);
    assert.equal(await page.evaluate(() => auth.session.status), 'signed-in');
    proxy.fault = () => undefined;
    await page.evaluate(() => auth.refresh());
    assert.deepEqual(await calls(page, 1), [200]);
  },

  async refused({ backend, page, proxy, open, refreshes }) {
    const second = await open();
    await hasStatus(second, 'signed-in');
    if (!backend.server.refresh) return endsBy401(page, second, proxy);
    proxy.fault = (entry) => (refreshes().includes(entry) ? withoutSession(proxy, entry) : undefined);
    const earlier = refreshes().length;
    const error = await page.evaluate(() => failure(auth.refresh()));
    assert.equal(error.code, 'SESSION_ENDED', error.message);
    assert.equal(await page.evaluate(() => auth.session.status), 'signed-out');
    await hasStatus(second, 'signed-out');
    assert.ok(refreshes().length - earlier <= 2, 'a refusal is asked once more at most');
    await second.close();
  },

  async other({ backend, page }) {
    const { path: place, body = {} } = backend.server.login;
    const status = await page.evaluate(
      ([url, given]) => {
        const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(given) };
        return fetch(url, init).then((response) => response.status);
      },
      [place, { mode: body.mode, ...backend.other }],
    );
    assert.equal(status, 200);
    const error = await page.evaluate(() => failure(auth.refresh()));
    assert.equal(error.code, 'SESSION_ENDED', error.message);
    await hasStatus(page, 'signed-in');
    assert.equal(await emailOf(page), 'grace@example.com');
    assert.deepEqual(await page.evaluate(() => auth.fetch('/api/me').then((response) => response.json())), {
      email: 'grace@example.com',
    });
    await page.evaluate(() => auth.logout());
  },

  async logout({ backend, page, proxy, open, signIn, refreshes, logouts }) {
    await signIn(page);
    const second = await open();
    await hasStatus(second, 'signed-in');
    const held = backend.server.refresh && (await holdRefresh(page, proxy, refreshes));
    const earlier = proxy.record.length - refreshes().length;
    const { revoked } = await page.evaluate(() => auth.logout());
    await hasStatus(page, 'signed-out');
    await hasStatus(second, 'signed-out');
    const { logout } = backend.server;
    assert.equal(revoked, logout !== null);
    if (logout === null)
      return assert.equal(proxy.record.length - refreshes().length, earlier, 'the server has no logout');
    const sent = logouts().at(-1);
    assert.ok(sent.status >= 200 && sent.status < 300, `the server answers the logout with ${sent.status}`);
    assert.equal(sent.method, logout.method ?? 'POST');
    const bare = await page.evaluate(() => fetch('/api/me').then(({ status }) => status));
    assert.ok([401, 403].includes(bare), 'no cookie is left that signs in');
    if (!held || backend.statelessRefresh) return;
    await isRevoked(proxy, held);
  },

  async early({ backend, page, options, proxy, refreshes, logouts }) {
    const earlier = logouts().length;
    proxy.fault = (entry) =>
      refreshes().includes(entry) && logouts().length === earlier ? { answer: BAD_GATEWAY } : undefined;
    await page.reload();
    const restored = makeClient(page, options, { signIn: false });
    // (If the step fails, the page is closed before the client is ready.)
    restored.catch(() => {});
    await page.waitForFunction(() => globalThis.auth?.session.error, undefined, { polling: 20 });
    const held = refreshes().at(-1);
    assert.deepEqual(await page.evaluate(() => auth.logout()), { revoked: true });
    await restored;
    await hasStatus(page, 'signed-out');
    if (!backend.statelessRefresh) await isRevoked(proxy, held);
  },
};

/** The server rejects a refresh that did not reach it while the session lasted. */
async function isRevoked(proxy, held) {
  const late = await proxy.forward(held);
  assert.ok(late.status() >= 400 || late.text === 'null', `the server accepts the refresh token: ${late.text}`);
}

/**
 * A test of each back end, or of those whose names contain the text in BACKEND. A table of back ends and steps is printed at the
 * end, and written to the file of this name in target/.
 */
export function testBackends(backends, { file, after: cleanUp = () => {} }) {
  const chosen = backends.filter(({ name }) => name.includes(process.env.BACKEND ?? ''));
  const table = chosen.map(({ name, version }) => ({ name, version, steps: {} }));
  before(() => openBrowser());
  after(closeBrowser);
  after(cleanUp);
  describe('back ends', { concurrency: 2 }, () => {
    for (const [row, backend] of chosen.entries()) testBackend(backend, table[row].steps);
  });
  after(() => report(table, file));
}

/** The steps that a back end does not go through, each with the reason. */
const withoutSteps = ({ without, csrf, other, server }) => ({
  ...CLOCK,
  ...without,
  ...(!csrf && { csrf: 'the server has no CSRF token' }),
  ...(!other && { other: 'the server of the tests has one user' }),
  ...(!(server.refresh && server.logout) && { early: 'the server has no refresh or no logout' }),
});

function testBackend(backend, results) {
  const without = withoutSteps(backend);
  test(`${backend.name} ${backend.version}: ${Object.keys(STEPS).length - Object.keys(without).length} steps`, () =>
    withTabs(
      { ACCESS_SECONDS: '300' },
      async (tools) => {
        await tools.context.clock.install();
        const run = createRun(backend, tools);
        Object.assign(run, { server: tools.server, baseUrl: backend.baseUrl });
        run.page = await run.open();
        const failed = await runSteps(run, without, results);
        if (failed.length === 1) throw failed[0];
        if (failed.length > 0) throw new Error(failed.map(({ message }) => message).join('\n'));
      },
      backend.start,
    ));
}

/** Runs the steps in their order. A failed step does not stop those after it, which sign in again if they must. */
async function runSteps(run, without, results) {
  const failed = [];
  for (const [step, title] of Object.entries(STEPS)) {
    run.proxy.fault = () => undefined;
    if (without[step]) {
      results[step] = without[step];
      continue;
    }
    try {
      if (step !== 'wrong') await run.signIn(run.page);
      await steps[step](run);
      results[step] = true;
    } catch (error) {
      results[step] = false;
      const session = await run.page.evaluate(() => JSON.stringify(auth.session)).catch(() => 'no page');
      error.message = `${step} (${title}): ${error.message}\nthe session: ${session}`;
      failed.push(error);
    }
  }
  return failed;
}

/** Prints the table: a row for each back end, a column for each step. */
function report(table, file) {
  const names = Object.keys(STEPS);
  const sign = (result) => (result === true ? '✓' : result === false ? '✗' : result === undefined ? ' ' : '–');
  const line = (first, cells) =>
    `${first.padEnd(38)}${cells.map((cell, at) => cell.padEnd(names[at].length + 2)).join('')}`;
  console.log(line('back end', names));
  for (const { name, version, steps: results } of table)
    console.log(
      line(
        `${name} ${version}`,
        names.map((step) => sign(results[step])),
      ),
    );
  mkdirSync(path.join(root, 'target'), { recursive: true });
  writeFileSync(path.join(root, 'target', file), JSON.stringify(table, null, 2));
}
