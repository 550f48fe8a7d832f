// `tokenward/testing` and `tokenward/testing/playwright` with the built package in Chromium: the real client, and a server in the test.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { startServer } from '../../tools/servers.mjs';
import { ADA, closeBrowser, hasStatus, ISOLATION, newContext, openBlank, openBrowser } from './harness.mjs';
import { packageDir } from './proxy.mjs';

const built = (name) => import(path.join(packageDir, `${name}.js`));
const { createFakeBrowser, createFakeServer } = await built('testing');
const { advanceClock, createSavedSignIn, routeFakeServer } = await built('testing-playwright');

const USER = { id: '1', email: ADA.email };
/** Playwright does not route the requests of a shared worker. */
const ROUTED = { skip: ISOLATION === 'shared-worker' || ISOLATION === 'rust' };
/** Playwright's clock is that of the page, not of its workers. */
const CLOCK_OF_PAGE = { skip: ISOLATION !== 'page' };

let site;
before(async () => {
  await openBrowser();
  // Only pages and the package come from it: the auth endpoints and the API are those of the fake server.
  site = createServer((request, response) => {
    const [, name] = /^\/pkg\/([\w.-]+)$/.exec(request.url) ?? [];
    const file = name && path.join(packageDir, name);
    if (file && existsSync(file)) return response.setHeader('content-type', 'text/javascript').end(readFileSync(file));
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>app</title>');
  });
  await new Promise((resolve) => site.listen(0, '127.0.0.1', resolve));
});
after(async () => {
  await closeBrowser();
  site.closeAllConnections();
  site.close();
});

const startClient = (page, options = {}) =>
  page.evaluate(
    async (given) => {
      const { AuthClient } = await import('/pkg/index.js');
      globalThis.auth = new AuthClient(given);
      await auth.ready;
    },
    { isolation: ISOLATION, ...options },
  );
const call = (page) => page.evaluate(() => auth.fetch('/api/me').then(({ status }) => status));

/** Runs a test with a context whose auth requests and calls go to a fake server. `open` opens a page with a client. */
async function withFakeServer(given, run) {
  const server = createFakeServer(given);
  const browser = createFakeBrowser(server);
  const context = await newContext();
  try {
    await routeFakeServer(context, browser);
    const open = async ({ clock = false } = {}) => {
      const page = await context.newPage();
      if (clock) await page.clock.install();
      await page.goto(`http://127.0.0.1:${site.address().port}/`);
      await startClient(page);
      return page;
    };
    await run({ server, browser, context, open });
  } finally {
    await context.close();
  }
}

test('a page signs in at a fake server, restores the session after a reload, and signs out', ROUTED, () =>
  withFakeServer({ login: ({ email }) => (email === USER.email ? USER : null) }, async ({ server, open }) => {
    const page = await open();
    const code = await page.evaluate(() => auth.login({ email: 'x' }).catch(({ code }) => code));
    assert.equal(code, 'INVALID_CREDENTIALS');
    await page.evaluate((given) => auth.login(given), ADA);
    assert.equal(await call(page), 200);
    await page.reload();
    await startClient(page);
    assert.deepEqual(await page.evaluate(() => auth.session.user), USER);
    assert.deepEqual(await page.evaluate(() => auth.logout()), { revoked: true });
    await page.reload();
    await startClient(page);
    assert.equal(await page.evaluate(() => auth.session.status), 'signed-out');
    assert.equal(server.counts.reuseAlarms, 0);
  }),
);

test('100 calls of two pages with an expired token cost one refresh each, and a lost response no alarm', ROUTED, () =>
  withFakeServer({}, async ({ server, browser, open }) => {
    browser.signIn(USER);
    const pages = [await open(), await open()];
    for (const page of pages) await hasStatus(page, 'signed-in');
    const { refreshes } = server.counts;
    server.failNext('refresh', 'response-lost');
    server.expireAccessTokens();
    const statuses = await Promise.all(
      pages.map((page) =>
        page.evaluate(async () => {
          const calls = Array.from({ length: 50 }, () => auth.fetch('/api/me').then(({ status }) => status));
          return [...new Set(await Promise.all(calls))];
        }),
      ),
    );
    assert.deepEqual(statuses, [[200], [200]]);
    assert.equal(server.counts.refreshes - refreshes, 2);
    assert.deepEqual([server.counts.repeats, server.counts.reuseAlarms], [1, 0]);
  }),
);

test('the clock of a page and of the fake server move together', CLOCK_OF_PAGE, () =>
  withFakeServer({}, async ({ server, browser, open }) => {
    browser.signIn(USER);
    const page = await open({ clock: true });
    await hasStatus(page, 'signed-in');
    const { refreshes } = server.counts;
    await advanceClock(page, server, 3600);
    assert.equal(await call(page), 200);
    assert.equal(server.counts.refreshes - refreshes, 1);
    assert.equal(server.counts.rejectedCalls, 0, 'the client knows that the token has expired');
  }),
);

test('a sign-in on a real server is saved once, and each test continues where the last one ended', async () => {
  const server = await startServer();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tokenward-'));
  const browserOf = await newContext();
  const browser = browserOf.browser();
  let signIns = 0;
  const open = async (context) => {
    const page = await context.newPage();
    await openBlank(page, server);
    await startClient(page, { isolation: 'page' });
    return page;
  };
  try {
    const saved = createSavedSignIn(
      path.join(folder, 'a', '0.json'),
      () => browser.newContext(),
      async (page) => {
        signIns += 1;
        await openBlank(page, server);
        await startClient(page, { isolation: 'page' });
        await page.evaluate((given) => auth.login(given), ADA);
      },
    );
    for (let at = 0; at < 3; at += 1) {
      const context = await browser.newContext({ storageState: await saved.storageState() });
      const page = await open(context);
      assert.equal(await page.evaluate(() => auth.session.user.email), ADA.email);
      await page.evaluate(() => auth.refresh());
      await saved.save(context);
      await context.close();
    }
    assert.equal(signIns, 1);
    assert.equal(await server.counted('refresh_reused'), 0);
  } finally {
    await browserOf.close();
    rmSync(folder, { recursive: true, force: true });
    await server.stop();
  }
});
