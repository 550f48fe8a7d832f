// Sleep, freeze, the back-forward cache, wrong clocks and invalid lifetimes.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closeBrowser, hasStatus, openBrowser, signIn, withBackForwardCache, withTabs } from './harness.mjs';

before(openBrowser);
after(closeBrowser);

const HOUR = 3_600_000;
const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('R-15: the client refreshes once after each of 24 sleeps of an hour', () =>
  withTabs({}, async ({ open, proxy, context }) => {
    await context.clock.install();
    const page = await open();
    await signIn(page);
    proxy.record.length = 0;
    for (let hour = 1; hour <= 24; hour += 1) {
      // No timer runs during a sleep; afterwards all events arrive at once.
      await page.clock.fastForward(HOUR);
      await page.evaluate(async () => {
        for (const name of ['visibilitychange', 'online', 'pageshow', 'resume']) dispatchEvent(new Event(name));
        await Promise.all(Array.from({ length: 5 }, () => auth.fetch('/api/me')));
      });
      assert.equal(proxy.to('/auth/refresh').length, hour);
    }
    assert.ok(
      proxy.to('/api/me').every(({ status }) => status === 200),
      'the client sent no expired token',
    );
    assert.equal(proxy.to('/api/me').length, 120);
  }));

test('R-14: with a clock that is ten years off or jumps, the session stays, and the client sends no expired token', () =>
  withTabs({}, async ({ open, proxy, context }) => {
    await context.clock.install({ time: Date.now() + 10 * 365 * 24 * HOUR });
    const page = await open();
    await signIn(page);
    const left = () => page.evaluate(() => auth.session.expiresAt - Date.now());
    assert.ok(Math.abs((await left()) - 900_000) < 5_000, "the expiry by this browser's clock");
    proxy.record.length = 0;
    for (const jump of [-1, 2, -10 * 365 * 24, 1]) {
      await page.clock.setSystemTime((await page.evaluate(() => Date.now())) + jump * HOUR);
      const status = await page.evaluate(() => auth.fetch('/api/me').then((response) => response.status));
      assert.equal(status, 200, `after a jump of ${jump} h`);
    }
    assert.ok(proxy.record.every(({ status }) => status === 200));
    assert.ok(proxy.to('/auth/refresh').length <= 2, 'one refresh for each jump forward');
  }));

test('R-13: no lifetime causes a refresh loop', () =>
  withTabs({}, async ({ open, proxy, context }) => {
    await context.clock.install();
    for (const [life, renewals] of [
      ['0', 0],
      ['-5', 0],
      ['null', 0],
      ['"900"', 5],
      ['0.5', 720],
      ['30', 240],
      [String(40 * 86_400), 0],
      [String(100 * 365 * 86_400), 0],
    ]) {
      let count = 0;
      proxy.fault = ({ path }) => {
        if (!/login|refresh/.test(path)) return undefined;
        count += 1;
        const body = `{"accessToken":"opaque-${count}","expiresIn":${life}}`;
        return { answer: { status: 200, headers: { 'content-type': 'application/json' }, body } };
      };
      // A minute of the page's clock is an instant for the network, so the timeout must be long.
      const page = await open({ name: `life ${life}`, timeoutSeconds: 600 });
      await signIn(page);
      count = 0;
      for (let minutes = 0; minutes < 60; minutes += 1) {
        // Responses arrive in real time, so the hour passes in steps, and each step waits for the network.
        await page.clock.runFor(renewals > 100 ? 10_000 : 60_000);
        if (renewals) await page.evaluate(() => fetch('/healthz').then(({ status }) => status));
      }
      const hours = renewals > 100 ? 1 / 6 : 1;
      assert.ok(count <= renewals * hours, `${life}: ${count} renewals`);
      if (renewals) assert.ok(count > 0, life);
      assert.equal(await page.evaluate(() => auth.session.status), 'signed-in', life);
      await page.close();
    }
  }));

test('R-15: a frozen tab signs out when it resumes after a logout in another tab', () =>
  withTabs({}, async ({ open, context }) => {
    const [frozen, other] = [await open(), await open()];
    await signIn(frozen);
    await hasStatus(other, 'signed-in');
    const devtools = await context.newCDPSession(frozen);
    await devtools.send('Page.setWebLifecycleState', { state: 'frozen' });
    await other.evaluate(() => auth.logout());
    await devtools.send('Page.setWebLifecycleState', { state: 'active' });
    await hasStatus(frozen, 'signed-out');
    assert.equal(await frozen.evaluate(() => auth.session.reason), 'other-tab');
  }));

test('R-28f: a page from the back-forward cache never shows the session of a user who signed out', () =>
  withBackForwardCache(() =>
    withTabs({}, async ({ open, proxy }) => {
      // Chromium evicts a page that receives a channel message from the cache. Without the channel the page stays in the cache and
      // reads the storage when it is shown.
      const init = () => delete globalThis.BroadcastChannel;
      const [page, other] = [await open({}, { init }), await open()];
      await signIn(page);
      await other.evaluate(() => auth.refresh());
      await page.evaluate(() => {
        globalThis.kept = true;
        globalThis.shown = [];
        addEventListener('pageshow', () => shown.push(auth.session.status));
      });
      await page.goto(`${proxy.url.replace('127.0.0.1', 'localhost')}/blank`);
      await other.evaluate(() => auth.logout());
      await page.goBack({ waitUntil: 'commit' });
      assert.ok(await page.evaluate(() => globalThis.kept === true), 'the page came from the cache');
      await hasStatus(page, 'signed-out');
      assert.ok(!(await page.evaluate(() => shown)).includes('signed-in'));
    }),
  ));

test('R-12: offline, the client sends no storm of requests; online again, it sends one refresh', () =>
  withTabs({}, async ({ open, proxy, context }) => {
    const page = await open({ timeoutSeconds: 1 });
    await signIn(page);
    await page.evaluate(() => auth.fetch('/demo/expire-token', { method: 'POST' }));
    proxy.record.length = 0;
    let tries = 0;
    page.on('request', (request) => {
      tries += request.url().endsWith('/auth/refresh');
    });
    await page.evaluate(() => auth.fetch('/api/me').then(({ status }) => status)).catch(() => {});
    tries = 0;
    await page.evaluate(() => auth.fetch('/demo/expire-token', { method: 'POST' }));
    await context.setOffline(true);
    const codes = await page.evaluate(() =>
      Promise.all(Array.from({ length: 50 }, () => failure(auth.refresh()).then(({ code }) => code))),
    );
    assert.deepEqual([...new Set(codes)], ['REFRESH_UNAVAILABLE']);
    await later(2_000);
    assert.ok(tries <= 8, `${tries} attempts in 2 s`);
    const before = proxy.to('/auth/refresh').length;
    await context.setOffline(false);
    await page.evaluate(() => new Promise((resolve) => auth.on('refreshed', resolve)));
    await later(500);
    assert.equal(proxy.to('/auth/refresh').length - before, 1);
  }));
