// Hostile scripts against a sign-in at a provider, by popup and by redirect: no script may read a code, a state, an ID token or
// another token of the provider, early or late, in any isolation mode. None of it is ever on a page of the app.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closeBrowser, newContext, openBrowser } from '../e2e/harness.mjs';
import { startSignIn } from '../sign-in/harness.mjs';
import { attackAll } from './attack-all.mjs';
import { installLeakDetector } from './leak-detector.mjs';
import { PROBES } from './probes.mjs';
import { reversed } from './use.mjs';

/** The set with the whole list for each mode takes a minute or two. */
const MODES = {
  page: {},
  worker: { isolation: 'worker' },
  'shared worker': { isolation: 'shared-worker' },
};

let world;
/** The provider's cookies of a browser that is signed in there. */
let known;

before(async () => {
  await openBrowser();
  world = await startSignIn({ env: { REFRESH_LIMIT: '1000000', LOGIN_LIMIT: '1000000' } });
  world.proxy.headers = { 'content-security-policy': "worker-src 'self'" };
  const context = await newContext();
  const page = await context.newPage();
  await page.goto(`${world.app}/auth/start?returnTo=/blank`);
  await page.click('[value=yes]');
  await page.waitForURL(`${world.app}/blank**`);
  known = (await context.cookies()).filter(({ domain }) => domain === 'localhost');
  await context.close();
});

after(async () => {
  await world?.stop();
  await closeBrowser();
});

/** What the browser must not let a script read: all codes, states and tokens that the provider has issued since. */
function secretsSince({ issued, callbacks }) {
  const addresses = world.proxy.to('/auth/callback').slice(callbacks);
  const sent = addresses.flatMap(({ query }) => ['code', 'state'].map((name) => new URLSearchParams(query).get(name)));
  return [...new Set([...world.provider.issued.slice(issued), ...sent])].filter(Boolean);
}
const present = () => ({
  issued: world.provider.issued.length,
  callbacks: world.proxy.to('/auth/callback').length,
});

/** A hostile script that watches the window which the sign-in opens. Runs in the page. */
function watchPopups() {
  const { open } = window;
  window.open = (...given) => {
    const popup = open.apply(window, given);
    const watch = setInterval(() => {
      try {
        leakDetector.record(popup.location.href);
        for (const { name } of popup.performance.getEntries()) leakDetector.record(name);
        leakDetector.record(popup.document.documentElement.outerHTML);
        if (popup.closed) clearInterval(watch);
      } catch {
        // The window shows another site.
      }
    });
    return popup;
  };
}

const loadClient = async (options) => {
  const { AuthClient } = await import('/pkg/index.js');
  Object.assign(globalThis, { AuthClient, auth: new AuthClient(options) });
  await auth.ready;
};
const useSession = async () => {
  const quietly = (promise) => promise.catch(() => {});
  await quietly(auth.fetch('/api/me').then((response) => response.json()));
  await quietly(auth.refresh());
  return auth.session.status;
};
const byPopup = () =>
  auth.signIn({ display: 'popup' }).then(
    () => {},
    () => {},
  );

function install(app, patch) {
  return `if (location.origin === ${JSON.stringify(app)}) { (${installLeakDetector})(); (${watchPopups})(); ${patch} }`;
}

/** Signs in by popup and then by redirect, while the probes watch. */
async function attack(probes, early, options) {
  const { app } = world;
  const from = present();
  const patch = probes.map((probe) => `leakDetector.patch(${JSON.stringify(probe)});`).join('\n');
  const context = await newContext();
  try {
    await context.addCookies(known);
    await context.addInitScript(install(app, early ? patch : ''));
    const page = await context.newPage();
    const count = () => page.evaluate((all) => leakDetector.count(all), secretsSince(from).map(reversed));
    const settings = { restore: 'hint', ...options };
    await page.goto(`${app}/blank`);
    await page.evaluate(loadClient, settings);
    if (!early) await page.evaluate(patch);
    await page.evaluate(byPopup);
    const statuses = [await page.evaluate(useSession)];
    let found = await count();
    await page.evaluate(() => void auth.signIn().catch(() => {}));
    await page.waitForURL((url) => url.hash.endsWith('~signed-in'));
    await page.evaluate(loadClient, settings);
    if (!early) await page.evaluate(patch);
    statuses.push(await page.evaluate(useSession));
    found += await count();
    const works = statuses.every((status) => status === 'signed-in') && secretsSince(from).length >= 8;
    return { found, works };
  } finally {
    await context.close();
  }
}

test('the leak detector finds the code of a page that receives it', async () => {
  const { app, proxy } = world;
  const context = await newContext();
  try {
    await context.addCookies(known);
    await context.addInitScript(install(app, ''));
    const page = await context.newPage();
    const from = present();
    let query;
    // As an app does whose own page is the callback.
    proxy.raw.set('/auth/callback', (request, response) => {
      query = new URL(request.url, app).searchParams;
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>');
    });
    await page.goto(`${app}/auth/start?returnTo=/blank`);
    const secrets = [query.get('code'), query.get('state')];
    assert.equal(await page.evaluate((all) => leakDetector.count(all), secrets.map(reversed)), 2);
    assert.equal(world.provider.issued.length, from.issued + 1);
    // The same in a window that the page opened.
    await page.goto(`${app}/blank`);
    const opened = page.waitForEvent('popup');
    await page.evaluate(() => void window.open('/auth/start?popup=p'));
    await (await opened).waitForURL(/auth\/callback/);
    await page.waitForFunction((wanted) => leakDetector.count([wanted]), reversed(query.get('code')));
  } finally {
    proxy.raw.delete('/auth/callback');
    await context.close();
  }
});

// (An early script can do all that a late one can; on the page, it may break the client, which a late one must not.)
for (const [mode, options] of Object.entries(MODES))
  for (const early of options.isolation ? [true] : [false, true])
    test(`${mode}, ${early ? 'early' : 'late'}: ${PROBES.length} probes read nothing of the provider`, async () => {
      assert.deepEqual(await attackAll((probes) => attack(probes, early, options), early), []);
    });
