// Browsers without WebAssembly: the client uses the JavaScript build of the core. (With `WASM=off` every other file can run so too.)
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from '../../tools/servers.mjs';
import { ADA, closeBrowser, ISOLATION, openBrowser, withTabs } from './harness.mjs';
import { startProxy } from './proxy.mjs';
import { ENGINES, startBrowser } from './webdriver.mjs';

before(() => openBrowser({ wasm: false }));
after(closeBrowser);

/** On an empty page: the main flow. Returns what the app observes. */
async function mainFlow({ credentials, entry = 'index', ...options }) {
  const warnings = [];
  const { warn } = console;
  console.warn = (text) => warnings.push(text) && warn(text);
  const { AuthClient } = await import(`/pkg/${entry}.js`);
  const auth = new AuthClient(options);
  const { status } = await auth.ready;
  const login = await auth.login(credentials);
  const first = await auth.fetch('/api/me');
  const refreshed = await auth.refresh();
  await auth.fetch('/demo/expire-token', { method: 'POST' });
  const replayed = await auth.fetch('/api/me');
  const { revoked } = await auth.logout();
  const reasons = auth.diagnostics().filter(({ event }) => event === 'wasm-unavailable');
  return {
    wasm: typeof WebAssembly,
    statuses: [status, login.status, first.status, refreshed.status, replayed.status, revoked, auth.session.status],
    reason: reasons[0]?.detail.reason,
    entries: reasons.length,
    warnings: warnings.filter((text) => /JavaScript build of the core/.test(text)).length,
  };
}

function assertWorks({ reason, ...rest }) {
  assert.deepEqual(rest, {
    wasm: 'undefined',
    statuses: ['signed-out', 'signed-in', 200, 'signed-in', 200, true, 'signed-out'],
    entries: 1,
    warnings: 1,
  });
  assert.match(reason, /this browser has no WebAssembly/);
}

test('a user signs in, calls, refreshes and signs out in a browser without WebAssembly', () =>
  withTabs({}, async ({ context, proxy }) => {
    const page = await context.newPage();
    await page.goto(`${proxy.url}/blank`);
    assertWorks(await page.evaluate(mainFlow, { isolation: ISOLATION, credentials: ADA }));
  }));

test('tokenward/eager works in a browser without WebAssembly', () =>
  withTabs({}, async ({ context, proxy }) => {
    const page = await context.newPage();
    await page.goto(`${proxy.url}/blank`);
    assertWorks(await page.evaluate(mainFlow, { entry: 'eager', isolation: ISOLATION, credentials: ADA }));
  }));

const { Firefox } = ENGINES;
test('Firefox: the same', { skip: !Firefox.driver && 'no geckodriver', timeout: 180_000 }, async () => {
  const server = await startServer();
  const proxy = await startProxy(server.url);
  const options = { ...Firefox.capabilities['moz:firefoxOptions'], prefs: { 'javascript.options.wasm': false } };
  const browser = await startBrowser({ ...Firefox, capabilities: { 'moz:firefoxOptions': options } });
  try {
    const tab = await browser.open(`${proxy.url}/blank`);
    assertWorks(await browser.run(tab, mainFlow, { isolation: ISOLATION, credentials: ADA }));
  } finally {
    await browser.stop();
    await proxy.stop();
    await server.stop();
  }
});
