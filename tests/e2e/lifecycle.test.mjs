// From the constructor to `dispose`: the client does nothing twice, and leaves nothing on the page.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closeBrowser, countListeners, hasStatus, NPM_ONLY, openBrowser, signIn, until, withTabs } from './harness.mjs';

before(openBrowser);
after(closeBrowser);

const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('R-20: under StrictMode and hot reload, each client restores once and leaves no listener or lock', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    await signIn(page);
    await page.evaluate(() => auth.dispose());
    await page.evaluate(countListeners);
    proxy.record.length = 0;
    const [statuses, left] = await page.evaluate(async () => {
      const statuses = [];
      // StrictMode mounts, unmounts and mounts again; a hot reload repeats that later.
      for (let turn = 0; turn < 3; turn += 1) {
        const first = new AuthClient();
        const rejected = first.fetch('/api/me').catch(({ code }) => code);
        first.dispose();
        const second = new AuthClient();
        statuses.push(await rejected, (await second.fetch('/api/me')).status);
        await second.ready;
        second.dispose();
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
      return [statuses, listeners];
    });
    assert.deepEqual(statuses, ['DISPOSED', 200, 'DISPOSED', 200, 'DISPOSED', 200]);
    assert.equal(left, 0, 'listeners on the page');
    assert.equal(proxy.to('/auth/refresh').length, 3, 'one restore for each client that was not disposed');
    assert.deepEqual(await page.evaluate(() => navigator.locks.query().then(({ held, pending }) => [held, pending])), [
      [],
      [],
    ]);
  }));

test('R-21: calls in flight reject at once with DISPOSED, and no timer, channel or lock remains', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    await signIn(page);
    const never = new Promise(() => {});
    proxy.fault = ({ path }) => (/api|refresh/.test(path) ? { until: never } : undefined);
    const [codes, took] = await page.evaluate(async () => {
      const calls = [
        auth.fetch('/api/me'),
        auth.fetch('/api/me'),
        auth.refresh(),
        auth.getAccessToken({ minValiditySeconds: 901 }),
      ];
      await new Promise((resolve) => setTimeout(resolve, 200));
      const start = performance.now();
      auth.dispose();
      const codes = await Promise.all(calls.map((call) => failure(call).then(({ code }) => code)));
      return [codes, performance.now() - start];
    });
    assert.deepEqual(codes, ['DISPOSED', 'DISPOSED', 'DISPOSED', 'DISPOSED']);
    assert.ok(took < 5_000, `${took} ms: an auth request that gets no response ends after 10 s`);
    await page.waitForFunction(async () => {
      const { held, pending } = await navigator.locks.query();
      return held.length + pending.length === 0;
    });
    const sent = proxy.record.length;
    const statuses = await page.evaluate(async () => {
      const statuses = [];
      auth.subscribe((session) => statuses.push(session.status));
      new BroadcastChannel('tokenward:v1:default').postMessage({ v: 1, type: 'signed-out', reason: 'logout' });
      dispatchEvent(new Event('online'));
      await new Promise((resolve) => setTimeout(resolve, 100));
      return statuses;
    });
    assert.deepEqual([statuses.length, proxy.record.length], [1, sent], 'a disposed client reports and sends nothing');
  }));

test('dispose() rejects every call at once while the engine loads', NPM_ONLY, () =>
  withTabs({}, async ({ open }) => {
    const page = await open();
    await page.route('**/engine.js', async (route) => {
      await later(3_000);
      await route.continue().catch(() => {});
    });
    await page.reload();
    const [codes, took, status] = await page.evaluate(async () => {
      const { AuthClient } = await import('/pkg/index.js');
      const auth = new AuthClient();
      const codes = [auth.fetch('/api/me'), auth.login({}), auth.logout(), auth.refresh()].map((call) =>
        call.catch(({ code }) => code),
      );
      const start = performance.now();
      auth.dispose();
      return [await Promise.all(codes), performance.now() - start, (await auth.ready).status];
    });
    assert.deepEqual([new Set(codes).size, codes[0], status], [1, 'DISPOSED', 'restoring']);
    assert.ok(took < 2_500, `${took} ms`);
  }),
);

test('R-28a: the client calls listeners outside of the lock, does not await them, and isolates their errors', () =>
  withTabs({}, async ({ open }) => {
    const [page, other] = [await open(), await open()];
    await signIn(page);
    await hasStatus(other, 'signed-in');
    const [events, held] = await page.evaluate(async () => {
      const events = [];
      let held;
      addEventListener('error', (event) => event.preventDefault());
      auth.on('refreshed', () => {
        throw new Error('a listener that throws');
      });
      auth.on('refreshed', () => new Promise(() => {})); // This one never settles.
      auth.on('refreshed', async () => {
        events.push('refreshed');
        held = (await navigator.locks.query()).held.length;
      });
      await auth.refresh();
      await new Promise((resolve) => setTimeout(resolve, 100));
      return [events, held];
    });
    assert.deepEqual([events, held], [['refreshed'], 0]);
    assert.equal(await other.evaluate(() => auth.refresh().then(({ status }) => status)), 'signed-in');
  }));

test('onLog receives the entries that diagnostics() keeps: at most 100, frozen, with time and cause', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    await signIn(page);
    proxy.fault = ({ path }) =>
      path === '/auth/refresh' ? { answer: { status: 503, headers: { 'retry-after': '60' } } } : undefined;
    const [entries, frozen] = await page.evaluate(
      async (given) => {
        const received = [];
        const client = new AuthClient({ name: 'logged', onLog: (entry) => received.push(entry) });
        await client.ready;
        await client.login(given);
        for (let count = 0; count < 120; count += 1) await failure(client.refresh());
        for (let count = 0; count < 60; count += 1) await client.login(given);
        globalThis.client = client;
        const kept = client.diagnostics();
        return [
          received.slice(0, 12),
          Object.isFrozen(kept) && kept.every(Object.isFrozen) && kept.length === 100 && received.length > 100,
        ];
      },
      { email: 'ada@example.com', password: 'analytical engine' },
    );
    assert.ok(frozen);
    const failed = entries.find(({ event }) => event === 'refresh-failed');
    assert.deepEqual([failed.level, failed.detail.code, failed.detail.status], ['warn', 'SERVER_ERROR', 503]);
    // 60 s and a jitter that may be 0; the two times were read one after the other.
    const wait = failed.detail.retryAt - failed.at;
    assert.ok(wait > 59_500 && wait < 62_000, `${wait} ms`);
    assert.ok(
      entries.some(
        ({ event, detail }) => event === 'auth-request' && detail.endpoint === 'login' && detail.status === 200,
      ),
    );
    assert.ok(!JSON.stringify(entries).includes('analytical'));
  }));

test('the client renews no token while the page is hidden, and renews it at once when the page is visible', () =>
  withTabs({ ACCESS_TTL: '12' }, async ({ open, proxy }) => {
    const page = await open();
    await signIn(page);
    const setVisibility = (state) =>
      page.evaluate((visibility) => {
        Object.defineProperty(document, 'visibilityState', { value: visibility, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, state);
    await setVisibility('hidden');
    const { length: before } = proxy.to('/auth/refresh');
    await later(8_000);
    const refreshes = () => proxy.to('/auth/refresh').length - before;
    assert.equal(refreshes(), 0, 'a visible page would have refreshed after 6 s at the latest');
    await setVisibility('visible');
    await until(
      () => refreshes() > 0,
      () => 'the client sent no refresh',
    );
    await later(500);
    assert.equal(refreshes(), 1);
    assert.equal(await page.evaluate(() => auth.fetch('/api/me').then(({ status }) => status)), 200);
  }));
