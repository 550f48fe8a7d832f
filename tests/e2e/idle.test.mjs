// Idle sign-out on real pages: the warning, the activity of all tabs, a page that is opened too late. (tests/js/idle-clock.test.mjs
// has the times; here they are short.)
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  ADA,
  closeBrowser,
  countListeners,
  GRACE,
  hasStatus,
  makeClient,
  NPM_ONLY,
  openBrowser,
  signIn,
  until,
  withTabs,
} from './harness.mjs';

before(openBrowser);
after(closeBrowser);

const OPTIONS = { idleTimeoutSeconds: 4, idleWarningSeconds: 2 };
/** The warning comes early, and leaves a busy machine time to react to it. */
const LONG_WARNING = { idleTimeoutSeconds: 12, idleWarningSeconds: 10 };
const KEY = 'tokenward:v1:default:active-at';

/** Records the events of the page's client. */
const record = (page) =>
  page.evaluate(() => {
    globalThis.events = [];
    for (const event of ['idle-warning', 'idle-warning-ended', 'signed-out'])
      auth.on(event, (detail) => events.push({ event, ...detail, at: Date.now() }));
  });

const hasEvent = (page, event, count = 1) =>
  page.waitForFunction(
    ([name, least]) => events.filter(({ event }) => event === name).length >= least,
    [event, count],
    { polling: 20 },
  );

const names = (page) => page.evaluate(() => events.map(({ event, reason }) => reason ?? event));

/** A signed-in tab that records its events. */
async function signedIn(open, options = OPTIONS) {
  const page = await open(options);
  await record(page);
  if ((await page.evaluate(() => auth.session.status)) !== 'signed-in') await signIn(page);
  return page;
}

/** The last activity was an hour ago. */
const ageActivity = (page) =>
  page.evaluate((key) => {
    const aged = localStorage.getItem(key).replace(/^\d+/, Date.now() - 3_600_000);
    localStorage.setItem(key, aged);
  }, KEY);

test('an idle user is warned, then signed out in all tabs, and the server ends the session', () =>
  withTabs({}, async ({ server, open }) => {
    const [page, other] = [await open(OPTIONS), await open(OPTIONS)];
    for (const tab of [page, other]) await record(tab);
    await signIn(page);
    for (const tab of [page, other]) await hasEvent(tab, 'signed-out');
    const [warning] = await page.evaluate(() => events);
    assert.deepEqual(await names(page), ['idle-warning', 'idle-warning-ended', 'idle']);
    assert.ok(warning.signOutAt > warning.at && warning.signOutAt <= warning.at + 2_000, 'the moment of the sign-out');
    assert.equal(await other.evaluate(() => auth.session.reason), 'idle');
    await until(
      async () => (await server.counted('logout')) === 1,
      () => 'the server did not end the session',
    );
    assert.equal(await page.evaluate((key) => localStorage.getItem(key), KEY), null, 'a sign-out leaves no entry');
    // The client works on: the next user signs in, and becomes idle.
    await signIn(page);
    await hasEvent(page, 'signed-out', 2);
    assert.equal(await page.evaluate(() => auth.session.reason), 'idle');
  }));

test('input in one tab keeps the user signed in in all tabs, and ends the warning of each', () =>
  withTabs({}, async ({ open }) => {
    const page = await signedIn(open, LONG_WARNING);
    const other = await signedIn(open, LONG_WARNING);
    await hasEvent(page, 'idle-warning');
    await hasEvent(other, 'idle-warning');
    await page.keyboard.press('a');
    await hasEvent(page, 'idle-warning-ended');
    await hasEvent(other, 'idle-warning-ended');
    await hasEvent(other, 'idle-warning', 2);
    await other.mouse.move(10, 10);
    await other.mouse.move(20, 20);
    await hasEvent(page, 'idle-warning-ended', 2);
    for (const tab of [page, other]) {
      assert.equal(await tab.evaluate(() => auth.session.status), 'signed-in');
      assert.ok(!(await names(tab)).includes('idle'));
    }
  }));

test('stayActive counts as activity; requests and events that scripts create do not', () =>
  withTabs({}, async ({ open }) => {
    const page = await signedIn(open, LONG_WARNING);
    await hasEvent(page, 'idle-warning');
    await page.evaluate(() => auth.stayActive());
    await hasEvent(page, 'idle-warning-ended');
    await page.evaluate(() => {
      setInterval(() => {
        void auth.fetch('/api/me').catch(() => {});
        dispatchEvent(new KeyboardEvent('keydown', { key: 'a' }));
        document.body.dispatchEvent(new PointerEvent('pointermove', { bubbles: true, movementX: 5 }));
      }, 50);
    });
    await hasStatus(page, 'signed-out');
    assert.equal(await page.evaluate(() => auth.session.reason), 'idle');
  }));

test('a page that is opened after the time shows no session; one that is opened in time does', () =>
  withTabs({}, async ({ server, open, proxy }) => {
    const page = await signedIn(open, { idleTimeoutSeconds: 600 });
    const activeAt = Number.parseInt(await page.evaluate((key) => localStorage.getItem(key), KEY), 10);
    assert.ok(activeAt > Date.now() - 60_000);
    await page.close();
    const inTime = await open({ idleTimeoutSeconds: 600 });
    await hasStatus(inTime, 'signed-in');
    // As if the browser had been closed for an hour.
    await inTime.goto(`${proxy.url}/blank`);
    await ageActivity(inTime);
    const late = await open({ idleTimeoutSeconds: 600 });
    await hasStatus(late, 'signed-out');
    assert.equal(await late.evaluate(() => auth.session.reason), 'idle');
    await until(
      async () => (await server.counted('logout')) === 1,
      () => 'the server did not end the session',
    );
  }));

test('a page that is opened after the time tells its listeners why the user is signed out', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await signedIn(open, { idleTimeoutSeconds: 600 });
    await page.goto(`${proxy.url}/blank?late`);
    await ageActivity(page);
    const detail = await page.evaluate(async () => {
      const { AuthClient } = await import('/pkg/index.js');
      const client = new AuthClient({ idleTimeoutSeconds: 600 });
      return new Promise((resolve) => client.on('signed-out', resolve));
    });
    assert.deepEqual(detail, { reason: 'idle' });
  }));

test('an idle sign-out ends a login that waits', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await signedIn(open, { ...OPTIONS, timeoutSeconds: 60 });
    proxy.fault = ({ path }) => (path === '/auth/login' ? { until: new Promise(() => {}) } : undefined);
    const error = await page.evaluate(
      (user) =>
        auth.login(user).then(
          () => 'signed in',
          ({ name }) => name,
        ),
      GRACE,
    );
    assert.equal(error, 'AbortError');
    assert.equal(await page.evaluate(() => auth.session.reason), 'idle');
  }));

for (const [began, title] of [
  [true, 'a return from an identity provider begins a new time'],
  [false, 'a mark in an address, without a sign-in of this tab, does not begin a new time'],
]) {
  test(title, () =>
    withTabs({}, async ({ open, proxy }) => {
      const page = await signedIn(open, { idleTimeoutSeconds: 600 });
      await page.goto(`${proxy.url}/blank?provider`);
      await ageActivity(page);
      // What the server does after the provider: a new session, and the mark.
      await page.evaluate(
        ([user, began]) => {
          if (began) sessionStorage.setItem('tokenward:v1:sign-in-begun', `${Date.now()} default`);
          const headers = { 'content-type': 'application/json' };
          return fetch('/auth/login', { method: 'POST', headers, body: JSON.stringify(user) }).then(() => {});
        },
        [GRACE, began],
      );
      await page.goto(`${proxy.url}/blank#~signed-in`);
      await makeClient(page, { idleTimeoutSeconds: 600 }, { signIn: false });
      await hasStatus(page, began ? 'signed-in' : 'signed-out');
      if (!began) return assert.equal(await page.evaluate(() => auth.session.reason), 'idle');
      assert.equal(await page.evaluate(() => auth.session.user.email), GRACE.email);
      const activeAt = Number.parseInt(await page.evaluate((key) => localStorage.getItem(key), KEY), 10);
      assert.ok(activeAt > Date.now() - 60_000);
    }),
  );
}

test('a login on a page without the option begins a new time', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await signedIn(open, { idleTimeoutSeconds: 600 });
    await page.goto(`${proxy.url}/blank?away`);
    await ageActivity(page);
    const other = await open();
    await signIn(other, ADA);
    await other.close();
    const next = await open({ idleTimeoutSeconds: 600 });
    await next.waitForFunction(() => auth.session.status !== 'restoring', undefined, { polling: 20 });
    assert.deepEqual(await next.evaluate(() => [auth.session.status, auth.session.reason]), ['signed-in', null]);
  }));

test('a login in another tab begins a new time in a tab that watches', () =>
  withTabs({}, async ({ open }) => {
    const other = await open();
    const page = await signedIn(open, { idleTimeoutSeconds: 20, idleWarningSeconds: 18 });
    await hasEvent(page, 'idle-warning');
    await signIn(other, GRACE);
    await hasEvent(page, 'idle-warning-ended');
    assert.equal(await page.evaluate(() => auth.session.status), 'signed-in');
  }));

test('a sign-out by the user is not an idle one, and leaves no listener behind', () =>
  withTabs({}, async ({ open }) => {
    const page = await signedIn(open);
    await page.keyboard.press('a');
    await page.evaluate(() => auth.logout());
    await hasEvent(page, 'signed-out');
    assert.deepEqual(await names(page), ['logout']);
    await page.evaluate(countListeners);
    const left = await page.evaluate(async () => {
      const client = new AuthClient({ idleTimeoutSeconds: 60 });
      await client.ready;
      client.dispose();
      return listeners;
    });
    assert.equal(left, 0);
  }));

test('the storage that is blocked leaves each tab with its own user', () =>
  withTabs({}, async ({ open }) => {
    const init = () =>
      Object.defineProperty(globalThis, 'localStorage', {
        get() {
          throw new DOMException('denied', 'SecurityError');
        },
      });
    const page = await open(OPTIONS, { init });
    await record(page);
    await signIn(page);
    await hasStatus(page, 'signed-out');
    assert.equal(await page.evaluate(() => auth.session.reason), 'idle');
  }));

test('wrong times are errors that name the option', NPM_ONLY, () =>
  withTabs({}, async ({ open }) => {
    const page = await open();
    for (const [options, expected] of [
      [{ idleTimeoutSeconds: 0 }, 'options.idleTimeoutSeconds: expected seconds from 1 to 2592000, got 0'],
      [{ idleTimeoutSeconds: '900' }, 'options.idleTimeoutSeconds: expected seconds from 1 to 2592000, got "900"'],
      [
        { idleTimeoutSeconds: 60, idleWarningSeconds: 60 },
        'options.idleWarningSeconds: expected less than options.idleTimeoutSeconds, got 60',
      ],
      [{ idleWarningSeconds: 60 }, 'options.idleWarningSeconds: expected less than options.idleTimeoutSeconds, got 60'],
    ]) {
      const message = await page.evaluate((wrong) => {
        try {
          new AuthClient(wrong);
          return 'no error';
        } catch (error) {
          return error.message;
        }
      }, options);
      assert.equal(message, `INVALID_OPTIONS: ${expected}`);
    }
  }),
);
