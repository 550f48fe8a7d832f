// From the constructor to `dispose`: nothing is done twice, nothing stays behind.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closeBrowser, hasStatus, openBrowser, signIn, until, withTabs } from './harness.mjs';

before(openBrowser);
after(closeBrowser);

const later = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

test('R-20: effects that run twice and modules that are replaced cost one restore each, and leave nothing', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    await signIn(page);
    await page.evaluate(() => auth.dispose());
    // Counts what is listened to from here on.
    await page.evaluate(() => {
      globalThis.listening = 0;
      const { addEventListener: add } = EventTarget.prototype;
      EventTarget.prototype.addEventListener = function (name, listener, options) {
        if (this === globalThis || this === document) {
          listening += 1;
          options?.signal?.addEventListener('abort', () => {
            listening -= 1;
          });
        }
        return add.call(this, name, listener, options);
      };
    });
    proxy.record.length = 0;
    const [statuses, left] = await page.evaluate(async () => {
      const statuses = [];
      // StrictMode: mount, unmount, mount. Hot reload: the same again, later.
      for (let turn = 0; turn < 3; turn += 1) {
        const first = new AuthClient();
        const lost = first.fetch('/api/me').catch(({ code }) => code);
        first.dispose();
        const second = new AuthClient();
        statuses.push(await lost, (await second.fetch('/api/me')).status);
        await second.ready;
        second.dispose();
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
      return [statuses, listening];
    });
    assert.deepEqual(statuses, ['DISPOSED', 200, 'DISPOSED', 200, 'DISPOSED', 200]);
    assert.equal(left, 0, 'listeners on the page');
    assert.equal(proxy.to('/auth/refresh').length, 3, 'one restore per client that lived');
    assert.deepEqual(await page.evaluate(() => navigator.locks.query().then(({ held, pending }) => [held, pending])), [
      [],
      [],
    ]);
  }));

test('R-21: calls under way reject at once with DISPOSED, and no timer, channel or lock stays', () =>
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
    const told = await page.evaluate(async () => {
      const told = [];
      auth.subscribe((session) => told.push(session.status));
      new BroadcastChannel('tokenward:v1:default').postMessage({ v: 1, type: 'signed-out', reason: 'logout' });
      dispatchEvent(new Event('online'));
      await new Promise((resolve) => setTimeout(resolve, 100));
      return told;
    });
    assert.deepEqual([told.length, proxy.record.length], [1, sent], 'it hears and sends nothing any more');
  }));

test('while the engine is loading, dispose settles every call at once', () =>
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
    assert.ok(took < 500, `${took} ms`);
  }));

test('R-28a: listeners run outside of the lock, are not awaited, and do not stop each other', () =>
  withTabs({}, async ({ open }) => {
    const [page, other] = [await open(), await open()];
    await signIn(page);
    await hasStatus(other, 'signed-in');
    const [heard, held] = await page.evaluate(async () => {
      const heard = [];
      let held;
      addEventListener('error', (event) => event.preventDefault());
      auth.on('refreshed', () => {
        throw new Error('a listener that throws');
      });
      auth.on('refreshed', () => new Promise(() => {})); // one that never ends
      auth.on('refreshed', async () => {
        heard.push('refreshed');
        held = (await navigator.locks.query()).held.length;
      });
      await auth.refresh();
      await new Promise((resolve) => setTimeout(resolve, 100));
      return [heard, held];
    });
    assert.deepEqual([heard, held], [['refreshed'], 0]);
    assert.equal(await other.evaluate(() => auth.refresh().then(({ status }) => status)), 'signed-in');
  }));

test('onLog hears what diagnostics keeps: bounded, frozen, with when and why', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open();
    await signIn(page);
    proxy.fault = ({ path }) =>
      path === '/auth/refresh' ? { answer: { status: 503, headers: { 'retry-after': '60' } } } : undefined;
    const [entries, frozen] = await page.evaluate(
      async (given) => {
        const heard = [];
        const client = new AuthClient({ name: 'logged', onLog: (entry) => heard.push(entry) });
        await client.ready;
        await client.login(given);
        for (let count = 0; count < 120; count += 1) await failure(client.refresh());
        for (let count = 0; count < 60; count += 1) await client.login(given);
        globalThis.client = client;
        const kept = client.diagnostics();
        return [
          heard.slice(0, 12),
          Object.isFrozen(kept) && kept.every(Object.isFrozen) && kept.length === 100 && heard.length > 100,
        ];
      },
      { email: 'ada@example.com', password: 'analytical engine' },
    );
    assert.ok(frozen);
    const failed = entries.find(({ event }) => event === 'refresh-failed');
    assert.deepEqual([failed.level, failed.detail.code, failed.detail.status], ['warn', 'SERVER_ERROR', 503]);
    // (The wait, a jitter that may be nothing, and two clocks that are read a moment apart.)
    const wait = failed.detail.retryAt - failed.at;
    assert.ok(wait > 59_500 && wait < 62_000, `${wait} ms`);
    assert.ok(
      entries.some(
        ({ event, detail }) => event === 'auth-request' && detail.endpoint === 'login' && detail.status === 200,
      ),
    );
    assert.ok(!JSON.stringify(entries).includes('analytical'));
  }));

test('a hidden page renews nothing, and renews at once when it is visible', () =>
  withTabs({ ACCESS_TTL: '12' }, async ({ open, proxy }) => {
    const page = await open();
    await signIn(page);
    const shown = (state) =>
      page.evaluate((visibility) => {
        Object.defineProperty(document, 'visibilityState', { value: visibility, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
      }, state);
    await shown('hidden');
    await later(8_000);
    assert.equal(proxy.to('/auth/refresh').length, 0, 'it was due after 6 s at the latest');
    await shown('visible');
    await until(
      () => proxy.to('/auth/refresh').length > 0,
      () => 'no refresh came',
    );
    await later(500);
    assert.equal(proxy.to('/auth/refresh').length, 1);
    assert.equal(await page.evaluate(() => auth.fetch('/api/me').then(({ status }) => status)), 200);
  }));
