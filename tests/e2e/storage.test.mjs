// Invalid entries in the origin's storage: any script of the origin can write them, and none stops a client.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closeBrowser, hasStatus, openBrowser, signIn, withTabs } from './harness.mjs';

before(openBrowser);
after(closeBrowser);

const PREFIX = 'tokenward:v1:default:';
const INVALID_ENTRIES = {
  'a sign-in key that is invalid': { 'sign-in-key': 'line\nbreak' },
  'a key that no header can carry': { 'sign-in-key': 'a', 'idempotency-key': 'line\nbreak' },
  'a key of 200 KB': { 'sign-in-key': 'x'.repeat(200_000), 'idempotency-key': 'x'.repeat(200_000) },
  'a key outside of ASCII': { 'sign-in-key': 'schlüssel 🔑', 'idempotency-key': 'schlüssel 🔑' },
  'a probe key that no header can carry': { 'probe-key': '\u0000' },
  'a wait until the year 2100': { 'not-before': String(Date.UTC(2100, 0)) },
  'a wait that is not a number': { 'not-before': 'soon' },
  'an infinite wait': { 'not-before': 'Infinity' },
  'a pending revocation of 200 KB': { 'pending-revocation': 'x'.repeat(200_000) },
};

for (const [name, entries] of Object.entries(INVALID_ENTRIES))
  test(`${name} in the storage does not stop the next visit`, () =>
    withTabs({}, async ({ open, server }) => {
      const page = await open();
      await signIn(page);
      await page.evaluate(
        ([prefix, values]) => {
          for (const [key, value] of Object.entries(values)) localStorage.setItem(prefix + key, value);
        },
        [PREFIX, entries],
      );
      const next = await open();
      await hasStatus(next, 'signed-in');
      assert.equal(await next.evaluate(() => auth.fetch('/api/me').then(({ status }) => status)), 200);
      await page.close();
      const last = await open();
      await hasStatus(last, 'signed-in');
      assert.equal(await server.counted('refresh_reused'), 0);
    }));
