// Many tabs of one browser, on the real server: one auth call at a time, one session for all.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ADA, closeBrowser, GRACE, hasStatus, ISOLATION, openBrowser, signIn, until, withTabs } from './harness.mjs';

before(openBrowser);
after(closeBrowser);

const reason = (page) => page.evaluate(() => auth.session.reason);
const email = (page) => page.evaluate(() => auth.session.user?.email);
const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('R-4: 20 tabs with 50 calls each at one expiry', () =>
  withTabs({}, async ({ server, proxy, open }) => {
    const first = await open();
    await signIn(first);
    const tabs = [first];
    tabs.push(...(await Promise.all(Array.from({ length: 19 }, () => open()))));
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
    assert.equal(proxy.atOnce('/auth/refresh'), 1, 'one at a time');
    const holders = ISOLATION === 'shared-worker' ? 1 : tabs.length;
    assert.equal((await server.counted('refresh_rotated')) - before, holders, 'one for each that holds a token');
    assert.equal(await server.counted('refresh_reused'), 0);
    for (const tab of tabs) assert.equal(await tab.evaluate(() => auth.session.status), 'signed-in');
  }));

test('R-1: 1,000 calls at once in one tab cost one refresh', () =>
  withTabs({}, async ({ server, proxy, open }) => {
    const page = await open();
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

test('a sign-in signs in all tabs, a sign-out signs out all tabs', () =>
  withTabs({}, async ({ open, server }) => {
    const tabs = [await open(), await open(), await open()];
    await signIn(tabs[0]);
    for (const tab of tabs) await hasStatus(tab, 'signed-in');
    await tabs[1].evaluate(() => auth.logout());
    for (const tab of tabs) await hasStatus(tab, 'signed-out');
    assert.deepEqual(await Promise.all(tabs.map(reason)), ['other-tab', 'logout', 'other-tab']);
    assert.equal(await server.counted('logout'), 1);
  }));

test('R-19, R-28d: another user in one tab is another user in all, and no call of the first user continues', () =>
  withTabs({}, async ({ open, proxy }) => {
    const [here, there] = [await open(), await open()];
    await signIn(here);
    await hasStatus(there, 'signed-in');
    // A call that is under way when the user changes.
    let release;
    const held = new Promise((resolve) => {
      release = resolve;
    });
    proxy.fault = ({ path }) => (path === '/api/me' ? { until: held } : undefined);
    const slow = there.evaluate(() => failure(auth.fetch('/api/me')));
    await there.evaluate(() => {
      globalThis.told = [];
      auth.on('account-changed', ({ from, to }) => told.push([from?.email, to.user?.email]));
    });
    while (proxy.to('/api/me').length === 0) await later(10);
    const old = proxy.to('/api/me')[0].authorization;
    await signIn(here, GRACE);
    assert.equal((await slow).code, 'SESSION_ENDED', 'the answer for Ada is not handed to Grace');
    release();
    const since = proxy.record.length;
    proxy.fault = () => undefined;
    await there.waitForFunction(() => auth.session.user?.email === 'grace@example.com');
    const me = await there.evaluate(() => auth.fetch('/api/me').then((answer) => answer.json()));
    assert.equal(me.email, GRACE.email);
    assert.ok(proxy.record.slice(since).every(({ authorization }) => authorization !== old));
    assert.deepEqual(await there.evaluate(() => told), [['ada@example.com', 'grace@example.com']]);
  }));

test('R-28d: a refresh for another user is an account change', () =>
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
    const [told, asked, user] = await page.evaluate(async () => {
      const changes = [];
      auth.on('account-changed', ({ from, to }) => changes.push([from.email, to.user.email]));
      const { code } = await failure(auth.refresh()); // asked for Ada
      return [changes, code, auth.session.user.email];
    });
    assert.deepEqual([told, asked, user], [[[ADA.email, GRACE.email]], 'SESSION_ENDED', GRACE.email]);
    assert.equal(proxy.to('/auth/refresh').length, 1);
  }));

test('R-5: a tab that is closed during a refresh does not stop the others', () =>
  withTabs({}, async ({ open, proxy, server }) => {
    const [dying, living] = [await open(), await open()];
    await signIn(dying);
    await hasStatus(living, 'signed-in');
    proxy.record.length = 0;
    // (What all tabs share does not die with one of them, and a refresh that hangs would hang for all.)
    const until = ISOLATION === 'shared-worker' ? later(1_000) : new Promise(() => {});
    proxy.fault = ({ path }) =>
      path === '/auth/refresh' && proxy.to('/auth/refresh').length === 1 ? { until } : undefined;
    await dying.evaluate(() => void auth.refresh().catch(() => {}));
    while (proxy.to('/auth/refresh').length === 0) await later(10);
    const waiting = living.evaluate(() => auth.refresh().then(({ status }) => status));
    await later(100);
    assert.equal(proxy.to('/auth/refresh').length, 1, 'it waits for its turn');
    const start = performance.now();
    await dying.close();
    assert.equal(await waiting, 'signed-in');
    assert.ok(performance.now() - start < 5_000);
    assert.equal(await server.counted('refresh_reused'), 0, 'it repeats what the dead tab began');
  }));

test('R-5: a lock that never comes back is taken over', () =>
  withTabs({}, async ({ open }) => {
    const [thief, page] = [await open({ name: 'other' }), await open({ timeoutSeconds: 1 })];
    await signIn(page);
    await thief.evaluate(
      () =>
        new Promise((taken) => {
          const request = () =>
            navigator.locks.request('tokenward:v1:default', () => {
              taken();
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
    assert.deepEqual(answers, ['REFRESH_UNAVAILABLE', true, 'signed-in'], 'and the next refresh is quick again');
  }));

test('without Web Locks and without a channel, tabs that refresh at once repeat each other', () =>
  withTabs({}, async ({ open, proxy, server }) => {
    const init = () => {
      delete Object.getPrototypeOf(navigator).locks;
      delete globalThis.BroadcastChannel;
    };
    const tabs = [await open({}, { init })];
    await signIn(tabs[0]);
    while (tabs.length < 6) tabs.push(await open({}, { init }));
    proxy.record.length = 0;
    proxy.fault = ({ path }) => (path === '/auth/refresh' ? { delay: 300 } : undefined);
    const all = await Promise.all(tabs.map((tab) => tab.evaluate(() => auth.refresh().then(({ status }) => status))));
    assert.ok(all.every((status) => status === 'signed-in'));
    const most = proxy.atOnce('/auth/refresh');
    assert.ok(ISOLATION === 'shared-worker' ? most === 1 : most > 1, 'they were under way at once');
    assert.equal(await server.counted('refresh_reused'), 0);
    // A tab learns of the sign-out when it is visible again.
    await tabs[0].evaluate(() => auth.logout());
    await tabs[1].evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
    await hasStatus(tabs[1], 'signed-out');
  }));

test('R-28b: the wait that the server asks one tab for holds for the others and after a reload', () =>
  withTabs({}, async ({ open, proxy }) => {
    const [one, two] = [await open({ timeoutSeconds: 1 }), await open({ timeoutSeconds: 1 })];
    await signIn(one);
    await hasStatus(two, 'signed-in');
    proxy.record.length = 0;
    proxy.fault = ({ path }) =>
      path === '/auth/refresh' ? { answer: { status: 429, headers: { 'retry-after': '3' } } } : undefined;
    const refused = await one.evaluate(() => failure(auth.refresh()));
    assert.deepEqual([refused.code, refused.retryable], ['REFRESH_UNAVAILABLE', true]);
    assert.ok(refused.retryAfterSeconds >= 3 && refused.retryAfterSeconds <= 5, String(refused.retryAfterSeconds));
    proxy.fault = () => undefined;
    await later(50);
    assert.equal((await two.evaluate(() => failure(auth.refresh()))).code, 'REFRESH_UNAVAILABLE');
    await two.reload();
    await two.evaluate(async () => {
      const { AuthClient } = await import('/pkg/index.js');
      globalThis.auth = new AuthClient();
    });
    assert.equal(proxy.to('/auth/refresh').length, 1, 'no tab asked again');
    await hasStatus(two, 'signed-in');
    const [asked, again] = proxy.to('/auth/refresh');
    assert.ok(again.start - asked.end >= 2_900, `${again.start - asked.end} ms`);
  }));

test('R-8: 200 refreshes with 30 % of the answers lost after commit, reloads in between', () =>
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
      // The server lets one session refresh a hundred times in a row, then once a second.
      if (round % 2 === 0) await signIn(page);
      const ended = await page.evaluate(async () => {
        let renewed = 0;
        const stop = auth.on('refreshed', () => {
          renewed += 1;
        });
        // A tab that asks again does not wait for the backoff of this one.
        const asked = () => auth.refresh().catch((error) => error.retryable || Promise.reject(error));
        while (renewed < 20) await Promise.race([asked(), new Promise((again) => setTimeout(again, 100))]);
        stop();
        return auth.session.status;
      });
      assert.equal(ended, 'signed-in', `round ${round}`);
      // Half of the time the page goes while a refresh is under way.
      if (round % 2) await page.evaluate(() => void auth.refresh().catch(() => {}));
      await page.close();
      page = await open();
      await hasStatus(page, 'signed-in');
    }
    assert.ok(lost > 50, `${lost} answers were lost`);
    assert.equal(await server.counted('refresh_reused'), 0);
    assert.ok((await server.counted('refresh_repeated')) > 20);
    assert.equal(await email(page), ADA.email);
  }));

test('tabs that always ask whether there is a session do not stir each other up', () =>
  withTabs({}, async ({ open, proxy, server }) => {
    const tabs = [await open({ restore: 'always' }), await open({ restore: 'always' }), await open()];
    for (const tab of tabs) {
      await hasStatus(tab, 'signed-out');
      assert.equal(await reason(tab), 'no-session');
      await tab.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
      await tab.evaluate(() => void auth.refresh().catch(() => {}));
    }
    await until(
      () => proxy.to('/auth/refresh').filter(({ end }) => end).length >= 5,
      () => `${proxy.to('/auth/refresh').length} refreshes of 5`,
    );
    await later(500);
    assert.equal(proxy.to('/auth/refresh').length, 5, 'two starts and three questions');
    assert.deepEqual(await tabs[0].evaluate(() => Object.keys(localStorage)), []);
    await signIn(tabs[2]);
    for (const tab of tabs) await hasStatus(tab, 'signed-in');
    assert.equal(await server.counted('refresh_reused'), 0);
  }));

test('a client with another name hears nothing, and neither does one with crossTab: false', () =>
  withTabs({}, async ({ open }) => {
    const [one, other, alone] = [await open(), await open({ name: 'other' }), await open({ crossTab: false })];
    await signIn(one);
    await later(300);
    for (const page of [other, alone]) assert.equal(await page.evaluate(() => auth.session.status), 'signed-out');
  }));

test('what the tabs tell each other and what the storage keeps holds no token', () =>
  withTabs({}, async ({ open, context }) => {
    const page = await open();
    await page.evaluate(() => {
      globalThis.overheard = [];
      new BroadcastChannel('tokenward:v1:default').onmessage = ({ data }) => overheard.push(data);
    });
    await signIn(page);
    const token = await page.evaluate(async () => {
      await auth.refresh();
      const token = await auth.getAccessToken();
      await auth.logout();
      return token;
    });
    const [{ value } = {}] = await context.cookies();
    const heard = JSON.stringify(await page.evaluate(() => [overheard, { ...localStorage }, auth.diagnostics()]));
    assert.match(heard, /"type":"signed-in".*"type":"refreshed".*"type":"signed-out"/s);
    for (const secret of [token, token.split('.')[2], value].filter(Boolean)) assert.ok(!heard.includes(secret));
  }));
