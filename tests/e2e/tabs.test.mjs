// Many tabs of one browser, with the real server: one auth request at a time, one session for all tabs.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ADA, closeBrowser, GRACE, hasStatus, ISOLATION, openBrowser, signIn, until, withTabs } from './harness.mjs';

before(openBrowser);
after(closeBrowser);

const reason = (page) => page.evaluate(() => auth.session.reason);
const email = (page) => page.evaluate(() => auth.session.user?.email);
const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('R-4: 20 tabs with 50 calls each at one expiry send one refresh at a time, and no session ends', () =>
  withTabs({}, async ({ server, proxy, open }) => {
    // (A busy machine needs longer than 10 s for the calls.)
    const patient = { timeoutSeconds: 60 };
    const first = await open(patient);
    await signIn(first);
    const tabs = [first];
    tabs.push(...(await Promise.all(Array.from({ length: 19 }, () => open(patient)))));
    for (const tab of tabs) await hasStatus(tab, 'signed-in');
    for (const tab of tabs) await tab.evaluate(() => auth.fetch('/demo/expire-token', { method: 'POST' }));
    proxy.record.length = 0;
    const before = await server.counted('refresh_rotated');
    const storm = () =>
      Promise.all(Array.from({ length: 50 }, () => auth.fetch('/api/me'))).then((all) =>
        all.map(({ status }) => status),
      );
    const answers = (await Promise.all(tabs.map((tab) => tab.evaluate(storm)))).flat();
    assert.equal(answers.length, 1_000);
    assert.ok(answers.every((status) => status === 200));
    assert.equal(proxy.atOnce('/auth/refresh'), 1, 'never two refreshes at once');
    const holders = ISOLATION === 'shared-worker' ? 1 : tabs.length;
    assert.equal(
      (await server.counted('refresh_rotated')) - before,
      holders,
      'one refresh for each client that holds a token',
    );
    assert.equal(await server.counted('refresh_reused'), 0);
    for (const tab of tabs) assert.equal(await tab.evaluate(() => auth.session.status), 'signed-in');
  }));

test('R-1: 1,000 calls at once in one tab cause one refresh', () =>
  withTabs({}, async ({ server, proxy, open }) => {
    const page = await open({ timeoutSeconds: 60 });
    await signIn(page);
    await page.evaluate(() => auth.fetch('/demo/expire-token', { method: 'POST' }));
    const storm = () =>
      Promise.all(Array.from({ length: 1_000 }, () => auth.fetch('/api/me'))).then((all) =>
        all.map(({ status }) => status),
      );
    const answers = await page.evaluate(storm);
    assert.ok(answers.length === 1_000 && answers.every((status) => status === 200));
    assert.equal(await server.counted('refresh_rotated'), 1);
    assert.equal(proxy.to('/auth/refresh').length, 1);
  }));

test('a login signs in all tabs, and a logout signs out all tabs', () =>
  withTabs({}, async ({ open, server }) => {
    const tabs = [await open(), await open(), await open()];
    await signIn(tabs[0]);
    for (const tab of tabs) await hasStatus(tab, 'signed-in');
    await tabs[1].evaluate(() => auth.logout());
    for (const tab of tabs) await hasStatus(tab, 'signed-out');
    assert.deepEqual(await Promise.all(tabs.map(reason)), ['other-tab', 'logout', 'other-tab']);
    assert.equal(await server.counted('logout'), 1);
  }));

test('R-19, R-28d: a login of another user in one tab changes the user in all tabs and rejects the calls of the first user', () =>
  withTabs({}, async ({ open, proxy }) => {
    const [here, there] = [await open(), await open()];
    await signIn(here);
    await hasStatus(there, 'signed-in');
    // A call that is in flight when the user changes.
    let release;
    const held = new Promise((resolve) => {
      release = resolve;
    });
    proxy.fault = ({ path }) => (path === '/api/me' ? { until: held } : undefined);
    const slow = there.evaluate(() => failure(auth.fetch('/api/me')));
    await there.evaluate(() => {
      globalThis.changes = [];
      auth.on('account-changed', ({ from, to }) => changes.push([from?.email, to.user?.email]));
    });
    while (proxy.to('/api/me').length === 0) await later(10);
    const old = proxy.to('/api/me')[0].authorization;
    await signIn(here, GRACE);
    assert.equal((await slow).code, 'SESSION_ENDED', 'no response for Ada reaches Grace');
    release();
    const since = proxy.record.length;
    proxy.fault = () => undefined;
    await there.waitForFunction(() => auth.session.user?.email === 'grace@example.com');
    const me = await there.evaluate(() => auth.fetch('/api/me').then((response) => response.json()));
    assert.equal(me.email, GRACE.email);
    assert.ok(proxy.record.slice(since).every(({ authorization }) => authorization !== old));
    assert.deepEqual(await there.evaluate(() => changes), [['ada@example.com', 'grace@example.com']]);
  }));

test('R-28d: the client reports an account change when a refresh returns another user', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    await signIn(page);
    // Another user signs in on a page of the site without the client.
    await page.evaluate(
      (given) =>
        fetch('/auth/login', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(given),
        }).then(() => {}),
      GRACE,
    );
    const [changes, code, user] = await page.evaluate(async () => {
      const changes = [];
      auth.on('account-changed', ({ from, to }) => changes.push([from.email, to.user.email]));
      const { code } = await failure(auth.refresh()); // Requested for Ada.
      return [changes, code, auth.session.user.email];
    });
    assert.deepEqual([changes, code, user], [[[ADA.email, GRACE.email]], 'SESSION_ENDED', GRACE.email]);
    assert.equal(proxy.to('/auth/refresh').length, 1);
  }));

test('R-5: another tab refreshes when a tab closes during a refresh', () =>
  withTabs({}, async ({ open, proxy, server }) => {
    const [closing, living] = [await open(), await open()];
    await signIn(closing);
    await hasStatus(living, 'signed-in');
    proxy.record.length = 0;
    // A SharedWorker does not end with one of its tabs, so a refresh that never settles would block all tabs.
    const until = ISOLATION === 'shared-worker' ? later(1_000) : new Promise(() => {});
    proxy.fault = ({ path }) =>
      path === '/auth/refresh' && proxy.to('/auth/refresh').length === 1 ? { until } : undefined;
    await closing.evaluate(() => void auth.refresh().catch(() => {}));
    while (proxy.to('/auth/refresh').length === 0) await later(10);
    const waiting = living.evaluate(() => auth.refresh().then(({ status }) => status));
    await later(100);
    assert.equal(proxy.to('/auth/refresh').length, 1, 'the second tab waits for the lock');
    const start = performance.now();
    await closing.close();
    assert.equal(await waiting, 'signed-in');
    assert.ok(performance.now() - start < 9_000, 'the lock is not stolen, which takes more than 10 s');
    assert.equal(await server.counted('refresh_reused'), 0, 'the second tab repeats the refresh of the closed tab');
  }));

test('R-5: the client steals a lock that is never released', () =>
  withTabs({}, async ({ open }) => {
    const [holder, page] = [await open({ name: 'other' }), await open({ timeoutSeconds: 1 })];
    await signIn(page);
    await holder.evaluate(
      () =>
        new Promise((acquired) => {
          const request = () =>
            navigator.locks.request('tokenward:v1:default', () => {
              acquired();
              return new Promise(() => {});
            });
          request().catch(() => {});
        }),
    );
    const answers = await page.evaluate(async () => {
      const renewed = new Promise((resolve) => auth.on('refreshed', resolve));
      const first = await auth.refresh().then(
        () => 'renewed',
        (error) => error.code,
      );
      await renewed;
      const start = performance.now();
      await auth.refresh();
      return [first, performance.now() - start < 900, auth.session.status];
    });
    assert.deepEqual(
      answers,
      ['REFRESH_UNAVAILABLE', true, 'signed-in'],
      'the next refresh does not wait for the lock',
    );
  }));

test('without Web Locks and BroadcastChannel, the server treats concurrent refreshes of tabs as repetitions', () =>
  withTabs({}, async ({ open, proxy, server }) => {
    const init = () => {
      delete Object.getPrototypeOf(navigator).locks;
      delete globalThis.BroadcastChannel;
    };
    const tabs = [await open({}, { init })];
    await signIn(tabs[0]);
    while (tabs.length < 6) tabs.push(await open({}, { init }));
    // Each process of the browser has a copy of the storage, which lags behind on a busy machine.
    const keys = () => tabs.map((tab) => tab.evaluate(() => localStorage['tokenward:v1:default:idempotency-key']));
    await until(
      async () => new Set(await Promise.all(keys())).size === 1,
      () => 'the tabs read different idempotency keys',
    );
    proxy.record.length = 0;
    // The proxy forwards no refresh before the last one has arrived.
    const expected = ISOLATION === 'shared-worker' ? 1 : tabs.length;
    let release;
    const allArrived = new Promise((resolve) => {
      release = resolve;
    });
    proxy.fault = async ({ path }) => {
      if (path !== '/auth/refresh') return undefined;
      if (proxy.to(path).length === expected) release();
      return allArrived;
    };
    const all = await Promise.all(tabs.map((tab) => tab.evaluate(() => auth.refresh().then(({ status }) => status))));
    assert.ok(all.every((status) => status === 'signed-in'));
    assert.equal(proxy.atOnce('/auth/refresh'), expected);
    assert.equal(await server.counted('refresh_reused'), 0);
    // A tab detects the sign-out when it becomes visible.
    await tabs[0].evaluate(() => auth.logout());
    await tabs[1].evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await hasStatus(tabs[1], 'signed-out');
  }));

test('R-28b: all tabs obey the wait that the server asked one tab for, also after a reload', () =>
  withTabs({}, async ({ open, proxy }) => {
    const [one, two] = [await open({ timeoutSeconds: 1 }), await open({ timeoutSeconds: 1 })];
    await signIn(one);
    await hasStatus(two, 'signed-in');
    proxy.record.length = 0;
    proxy.fault = ({ path }) =>
      path === '/auth/refresh' ? { answer: { status: 429, headers: { 'retry-after': '6' } } } : undefined;
    const rejected = await one.evaluate(() => failure(auth.refresh()));
    assert.deepEqual([rejected.code, rejected.retryable], ['REFRESH_UNAVAILABLE', true]);
    assert.ok(rejected.retryAfterSeconds >= 6 && rejected.retryAfterSeconds <= 8, String(rejected.retryAfterSeconds));
    proxy.fault = () => undefined;
    await two.waitForFunction(() => localStorage['tokenward:v1:default:not-before']);
    assert.equal((await two.evaluate(() => failure(auth.refresh()))).code, 'REFRESH_UNAVAILABLE');
    await two.reload();
    await two.evaluate(async () => {
      const { AuthClient } = await import('/pkg/index.js');
      globalThis.auth = new AuthClient();
    });
    assert.equal(proxy.to('/auth/refresh').length, 1, 'no tab sent another refresh');
    await hasStatus(two, 'signed-in');
    const [first, second] = proxy.to('/auth/refresh');
    assert.ok(second.start - first.end >= 5_900, `${second.start - first.end} ms`);
  }));

test('R-8: 200 refreshes with 30 % of the responses lost, and reloads in between, keep the session', () =>
  withTabs({}, async ({ open, proxy, server }) => {
    let page = await open();
    await signIn(page);
    let seed = 7;
    const random = () => {
      seed = (seed + 0x6d2b79f5) | 0; // mulberry32
      let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    };
    let lost = 0;
    proxy.fault = ({ path }) => {
      if (path !== '/auth/refresh' || random() >= 0.3) return undefined;
      lost += 1;
      return { lose: 'answer' };
    };
    for (let round = 0; round < 10; round += 1) {
      // The server allows a session 100 refreshes in a row, then one per second.
      if (round % 2 === 0) await signIn(page);
      const ended = await page.evaluate(async () => {
        let renewed = 0;
        const stop = auth.on('refreshed', () => {
          renewed += 1;
        });
        // The loop does not wait for the backoff of a failed refresh.
        const refresh = () => auth.refresh().catch((error) => error.retryable || Promise.reject(error));
        while (renewed < 20) await Promise.race([refresh(), new Promise((resolve) => setTimeout(resolve, 100))]);
        stop();
        return auth.session.status;
      });
      assert.equal(ended, 'signed-in', `round ${round}`);
      // In every second round the page closes during a refresh.
      if (round % 2) await page.evaluate(() => void auth.refresh().catch(() => {}));
      await page.close();
      page = await open();
      await hasStatus(page, 'signed-in');
    }
    assert.ok(lost > 50, `${lost} responses were lost`);
    assert.equal(await server.counted('refresh_reused'), 0);
    assert.ok((await server.counted('refresh_repeated')) > 20);
    assert.equal(await email(page), ADA.email);
  }));

test('tabs with `restore: always` do not cause each other to send refreshes', () =>
  withTabs({}, async ({ open, proxy, server }) => {
    const tabs = [await open({ restore: 'always' }), await open({ restore: 'always' }), await open()];
    for (const tab of tabs) {
      await hasStatus(tab, 'signed-out');
      assert.equal(await reason(tab), 'no-session');
      await tab.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
      await tab.evaluate(() =>
        auth.refresh().then(
          () => {},
          () => {},
        ),
      );
    }
    await until(
      () => proxy.to('/auth/refresh').filter(({ end }) => end).length >= 5,
      () => `${proxy.to('/auth/refresh').length} refreshes of 5`,
    );
    await later(500);
    assert.equal(proxy.to('/auth/refresh').length, 5, 'two at the start and three by refresh()');
    assert.deepEqual(await tabs[0].evaluate(() => Object.keys(localStorage)), ['tokenward:v1:default:asked']);
    await signIn(tabs[2]);
    for (const tab of tabs) await hasStatus(tab, 'signed-in');
    assert.equal(await server.counted('refresh_reused'), 0);
  }));

test('a client with another name, or with crossTab: false, does not follow a login', () =>
  withTabs({}, async ({ open }) => {
    const [one, other, alone] = [await open(), await open({ name: 'other' }), await open({ crossTab: false })];
    await signIn(one);
    await later(300);
    for (const page of [other, alone]) assert.equal(await page.evaluate(() => auth.session.status), 'signed-out');
  }));

test('R-29: tab messages, the storage and the diagnostics contain no token', () =>
  withTabs({}, async ({ open, context }) => {
    const page = await open();
    await page.evaluate(() => {
      globalThis.messages = [];
      new BroadcastChannel('tokenward:v1:default').onmessage = ({ data }) => messages.push(data);
    });
    await signIn(page);
    const token = await page.evaluate(async () => {
      await auth.refresh();
      const token = await auth.getAccessToken();
      await auth.logout();
      return token;
    });
    const [{ value } = {}] = await context.cookies();
    const text = JSON.stringify(await page.evaluate(() => [messages, { ...localStorage }, auth.diagnostics()]));
    assert.match(text, /"type":"signed-in".*"type":"refreshed".*"type":"signed-out"/s);
    for (const secret of [token, token.split('.')[2], value].filter(Boolean)) assert.ok(!text.includes(secret));
  }));
