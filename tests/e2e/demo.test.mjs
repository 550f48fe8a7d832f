// The demo page as a newcomer meets it, on the real server, in a real browser.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { root } from '../../tools/run.mjs';
import { closeBrowser, openBrowser, withPage } from './harness.mjs';

const screenshots = path.join(root, 'target/screenshots');

before(async () => {
  mkdirSync(screenshots, { recursive: true });
  await openBrowser();
});
after(closeBrowser);

const status = (page, wanted) => page.waitForSelector(`[data-status=${wanted}]`);
const result = (page, text) =>
  page.waitForFunction((wanted) => document.getElementById('result').textContent.includes(wanted), text);
const picture = (page, name) => page.screenshot({ path: path.join(screenshots, `${name}.png`), fullPage: true });

async function signIn(page, server, account = 'ada@example.com') {
  await page.goto(server.url);
  await status(page, 'signed-out');
  await page.selectOption('#account', account);
  await page.click('#login button');
  await status(page, 'signed-in');
}

test('sign in, call each API, sign out', () =>
  withPage({}, async ({ page, server }) => {
    await page.goto(server.url);
    await status(page, 'signed-out');
    await picture(page, '1-signed-out');
    await signIn(page, server);
    await picture(page, '2-signed-in');
    for (const [call, answer] of [
      ['GET /api/me', '→ 200 {"id":"demo-admin","email":"ada@example.com"'],
      ['GET /api/admin', '→ 200 {"secret"'],
      ['POST /api/echo', '→ 200 {"hello":"world"}'],
    ]) {
      await page.click(`[data-call="${call}"]`);
      await result(page, answer);
    }
    await page.click('#logout');
    await status(page, 'signed-out');
    await result(page, 'the server has heard');
    assert.equal(await server.counted('logout'), 1);
  }));

test('100 calls at once at expiry cost exactly one refresh', () =>
  withPage({ ACCESS_TTL: '2' }, async ({ page, server }) => {
    await signIn(page, server);
    // The token lives for 2 s; nothing is scheduled before 5 s, so the page finds out by itself.
    await page.waitForFunction(() => document.getElementById('ends-in').textContent === '0 s');
    const [rotated, unauthorised] = [await server.counted('refresh_rotated'), await server.counted('api_unauthorised')];
    await page.click('#storm');
    await result(page, '100 answered with 200, 0 met a 401 on the way, 1 refresh');
    assert.equal((await server.counted('refresh_rotated')) - rotated, 1);
    assert.equal(await server.counted('api_unauthorised'), unauthorised, 'an expired token is not even sent');
  }));

test('100 calls at once with a token that the server refuses cost exactly one refresh', () =>
  withPage({}, async ({ page, server }) => {
    await signIn(page, server);
    await page.click('#expire');
    await result(page, 'takes the present token for expired');
    await page.click('#storm');
    await result(page, '100 answered with 200, 100 met a 401 on the way, 1 refresh');
    assert.equal(await server.counted('refresh_rotated'), 1);
    assert.equal(await server.counted('refresh_reused'), 0);
    assert.equal(await server.counted('api_unauthorised'), 100);
    await picture(page, '3-after-100-calls');
  }));

test('a reload resumes the session without a flash of the login', () =>
  withPage({}, async ({ page, server }) => {
    await signIn(page, server);
    await page.addInitScript(() => {
      globalThis.seen = new Set();
      new MutationObserver(() => {
        const shown = document.getElementById('status')?.dataset.status;
        if (shown) globalThis.seen.add(shown);
      }).observe(document, { subtree: true, childList: true, attributes: true });
    });
    await page.reload();
    await status(page, 'signed-in');
    assert.deepEqual(await page.evaluate(() => [...globalThis.seen]), ['restoring', 'signed-in']);
    assert.equal(await page.textContent('#user'), 'ada@example.com');
    assert.equal(await server.counted('refresh_rotated'), 1);
  }));

test('after a sign-out, a reload asks the server nothing', () =>
  withPage({}, async ({ page, server }) => {
    await signIn(page, server);
    await page.click('#logout');
    await result(page, 'the server has heard');
    await page.reload();
    await status(page, 'signed-out');
    assert.equal(await server.counted('refresh_refused'), 0);
    assert.equal(await server.counted('refresh_rotated'), 0);
  }));

test('the token is renewed by itself', () =>
  withPage({ ACCESS_TTL: '12' }, async ({ page, server }) => {
    await signIn(page, server);
    await page.waitForFunction(() => document.getElementById('log').textContent.includes('refreshed'), null, {
      timeout: 12_000,
    });
    assert.equal(await server.counted('refresh_rotated'), 1);
    assert.equal(await server.counted('api_unauthorised'), 0);
  }));

test('a role that is missing is told, and nothing is refreshed for it', () =>
  withPage({}, async ({ page, server }) => {
    await signIn(page, server, 'grace@example.com');
    await page.click('[data-call="GET /api/admin"]');
    await result(page, '→ 403');
    assert.equal(await server.counted('refresh_rotated'), 0);
  }));

test('a wrong password is told in words, and the right one works afterwards', () =>
  withPage({}, async ({ page, server }) => {
    await page.goto(server.url);
    await status(page, 'signed-out');
    await page.fill('#password', 'wrong');
    await page.click('#login button');
    await result(page, 'INVALID_CREDENTIALS');
    await result(page, 'wrong email or password');
    await page.fill('#password', 'analytical engine');
    await page.click('#login button');
    await status(page, 'signed-in');
  }));

test('sign out everywhere ends the session in another browser at its next call', () =>
  withPage({}, async ({ page, context, server }) => {
    await signIn(page, server);
    const other = await context.browser().newContext();
    const elsewhere = await other.newPage();
    await signIn(elsewhere, server);
    await page.click('#logout-all');
    await result(page, 'the server has heard');
    await elsewhere.click('[data-call="GET /api/me"]');
    await status(elsewhere, 'signed-out');
    await result(elsewhere, 'SESSION_ENDED');
    await other.close();
  }));

test('the page fits a phone and is usable in the dark', () =>
  withPage({}, async ({ page, server }) => {
    await page.setViewportSize({ width: 375, height: 800 });
    await page.emulateMedia({ colorScheme: 'dark' });
    await signIn(page, server);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(wide, 0, 'nothing sticks out');
    await picture(page, '4-phone-dark');
  }));

for (const [fault, did, counts] of [
  ['expire', /^renewed\. Still signed in/, { refresh_rotated: 1, api_unauthorised: 1 }],
  [
    'lose-refresh',
    /refresh failed \(SERVER_ERROR, 504\), renewed\. Still/,
    { refresh_rotated: 1, refresh_repeated: 1 },
  ],
  [
    'unavailable',
    /refresh failed \(SERVER_ERROR, 503\).*renewed\. Still signed in after 1\d\.\d s/,
    { refresh_rotated: 1 },
  ],
  [
    'rate-limited',
    /refresh failed \(RATE_LIMITED, 429\), renewed\. Still signed in after [567]\.\d s/,
    { refresh_rotated: 1 },
  ],
  ['slow', /^renewed\. Still signed in after [3-7]\.\d s/, { refresh_rotated: 1 }],
  ['store-away', /refresh failed \(SERVER_ERROR, 503\).*renewed\. Still signed in/, { refresh_rotated: 1 }],
  ['revoke', /signed out \((revoked|expired)\), SESSION_ENDED\. Signed out/, { revoked: 1, refresh_rotated: 0 }],
  ['theft', /signed out \(reused\), SESSION_ENDED\. Signed out/, { refresh_rotated: 1, refresh_reused: 1 }],
]) {
  test(`what goes wrong: ${fault}`, () =>
    withPage({}, async ({ page, server }) => {
      await signIn(page, server);
      await page.click(`#fault-${fault}`);
      const output = page.locator('li', { has: page.locator(`#fault-${fault}`) }).locator('output');
      await page.waitForFunction(
        (id) =>
          / after [\d.]+ s\.$/.test(document.getElementById(id).parentElement.querySelector('output').textContent),
        `fault-${fault}`,
        { timeout: 40_000 },
      );
      assert.match(await output.textContent(), did);
      const counted = {};
      for (const name of Object.keys(counts)) counted[name] = await server.counted(name);
      assert.deepEqual(counted, counts);
    }));
}
