// a revocation never leaves with the cookie of a sign-in newer than the logout, and every login settles.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ADA, closeBrowser, GRACE, hasStatus, openBrowser, signIn, withTabs } from './harness.mjs';

before(openBrowser);
after(closeBrowser);

const email = (page) => page.evaluate(() => auth.session.user?.email);

/** Waits until a tab of this origin waits for the lock that another tab holds. */
const lockIsAwaited = (page) =>
  page.waitForFunction(() => navigator.locks.query().then(({ pending }) => pending.length > 0), null, { polling: 20 });

/** A promise that the test resolves. */
function gate() {
  let open;
  const promise = new Promise((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

/**
 * Two tabs: the first has signed out, and its revocation was lost; the login of the second is in flight and holds the lock. `act`
 * runs in the first tab meanwhile; then the login completes.
 */
async function race({ open, proxy }, act) {
  const [first, second] = [await open(), await open()];
  await signIn(first);
  await hasStatus(second, 'signed-in');
  proxy.fault = ({ path }) => (path === '/auth/logout' ? { lose: 'request' } : undefined);
  assert.deepEqual(await first.evaluate(() => auth.logout()), { revoked: false });
  await hasStatus(second, 'signed-out');
  const login = gate();
  proxy.fault = ({ path, body }) => {
    if (path === '/auth/logout') return { lose: 'request' };
    return path === '/auth/login' && body.includes('grace') ? { until: login.promise } : undefined;
  };
  const signingIn = signIn(second, GRACE);
  while (proxy.to('/auth/login').length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  const acted = act(first);
  await lockIsAwaited(first);
  // From now on the proxy loses nothing: each revocation that a tab sends reaches the server.
  proxy.fault = () => undefined;
  const before = proxy.record.length;
  login.open();
  await signingIn;
  return { first, second, acted, after: () => proxy.record.slice(before) };
}

test('R-38: a pending revocation does not end the session of the next user', () =>
  withTabs({}, async (tabs) => {
    const { first, second, after } = await race(tabs, (page) =>
      page.evaluate(() => void dispatchEvent(new Event('online'))),
    );
    // The first tab follows the sign-in. Its revocation was queued for the lock before its refresh.
    await hasStatus(first, 'signed-in');
    assert.equal(await email(first), GRACE.email);
    assert.deepEqual(
      after().filter(({ path }) => path === '/auth/logout'),
      [],
      'no tab sends a revocation after the login',
    );
    await second.evaluate(() => auth.refresh());
    assert.equal(await email(second), GRACE.email);
  }));

test('R-38: the client sends a login that waits for a revocation, also when another tab signs in first', () =>
  withTabs({}, async (tabs) => {
    const { first, second, acted } = await race(tabs, (page) => signIn(page, ADA));
    await acted;
    assert.equal(await email(first), ADA.email);
    await second.waitForFunction((wanted) => auth.session.user?.email === wanted, ADA.email, { polling: 20 });
  }));
