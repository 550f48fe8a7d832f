// Tabs with the Rust client beside tabs with the npm package, on one origin: they share storage keys, lock, channel and session.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closeBrowser, GRACE, hasStatus, openBrowser, signIn, withTabs } from './harness.mjs';

before(openBrowser);
after(closeBrowser);

const RUST = { module: '/rust/index.js' };
const storm = (calls) =>
  Promise.all(Array.from({ length: calls }, () => auth.fetch('/api/me').then(({ status }) => status)));

/** Opens so many tabs of each kind. */
async function openBoth(open, each) {
  const tabs = [];
  for (let count = 0; count < each; count += 1) tabs.push(await open(), await open({}, RUST));
  return tabs;
}

test('R-4: 10 npm tabs and 10 Rust tabs send one refresh at a time, and no session ends', () =>
  withTabs({}, async ({ server, proxy, open }) => {
    const tabs = await openBoth(open, 10);
    await signIn(tabs[1]);
    for (const tab of tabs) await hasStatus(tab, 'signed-in');
    for (const tab of tabs) await tab.evaluate(() => auth.fetch('/demo/expire-token', { method: 'POST' }));
    proxy.record.length = 0;
    const statuses = (await Promise.all(tabs.map((tab) => tab.evaluate(storm, 20)))).flat();
    assert.equal(statuses.length, 400);
    assert.ok(statuses.every((status) => status === 200));
    assert.equal(proxy.atOnce('/auth/refresh'), 1, 'never two refreshes at once');
    assert.equal(await server.counted('refresh_reused'), 0);
    for (const tab of tabs) assert.equal(await tab.evaluate(() => auth.session.status), 'signed-in');
  }));

test('a login, a change of user and a logout in one kind of tab reach the other kind', () =>
  withTabs({}, async ({ server, open }) => {
    const [npm, rust] = await openBoth(open, 1);
    const email = (tab, wanted) => tab.waitForFunction((one) => auth.session.user?.email === one, wanted);
    await signIn(npm);
    await email(rust, 'ada@example.com');
    const changed = rust.evaluate(
      () =>
        new Promise((resolve) => auth.on('account-changed', ({ from, to }) => resolve([from.email, to.user.email]))),
    );
    await signIn(npm, GRACE);
    assert.deepEqual(await changed, ['ada@example.com', 'grace@example.com']);
    await signIn(rust);
    await email(npm, 'ada@example.com');
    await rust.evaluate(() => auth.logout());
    await hasStatus(npm, 'signed-out');
    assert.equal(await npm.evaluate(() => auth.session.reason), 'other-tab');
    await signIn(rust);
    await hasStatus(npm, 'signed-in');
    await npm.evaluate(() => auth.logout());
    await hasStatus(rust, 'signed-out');
    assert.equal(await server.counted('refresh_reused'), 0);
  }));

test('R-1: 10,000 calls that all receive a 401 cost the Rust client one refresh', () =>
  withTabs({}, async ({ server, open }) => {
    // The browser runs out of sockets before 10,000 requests are in flight, so the page answers those of the API.
    const init = () => {
      const { fetch } = globalThis;
      let rejected;
      globalThis.fetch = (input, init) => {
        if (!(input.url ?? input).endsWith('/api/stub')) return fetch(input, init);
        const token = new Headers(init?.headers ?? input.headers).get('authorization');
        rejected ??= token;
        return Promise.resolve(new Response('', { status: token === rejected ? 401 : 200 }));
      };
    };
    const page = await open({}, { ...RUST, init });
    await signIn(page);
    const before = await server.counted('refresh_rotated');
    const [calls, failed] = await page.evaluate(async () => {
      const results = await Promise.allSettled(Array.from({ length: 10_000 }, () => auth.fetch('/api/stub')));
      return [results.length, results.filter(({ value }) => value?.status !== 200).length];
    });
    assert.deepEqual([calls, failed], [10_000, 0]);
    assert.equal((await server.counted('refresh_rotated')) - before, 1);
  }));

test('a description of a server that cannot be checked is an error', () =>
  withTabs({}, async ({ open }) => {
    const page = await open({}, RUST);
    const message = await page.evaluate(() => {
      const body = {};
      body.self = body;
      try {
        new AuthClient({ server: { login: { path: '/login', body } } });
        return 'no error';
      } catch (error) {
        return error.message;
      }
    });
    assert.match(message, /^INVALID_OPTIONS: server: expected data that describes a server, got RangeError/);
  }));
