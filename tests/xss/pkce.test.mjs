// Hostile scripts against a sign-in without a server (`tokenward/pkce`), which is in the page: no late script may read a code, a verifier,
// an ID token, an access token or a refresh token, in any isolation mode. (An early script sees the address that the provider returns
// to, and can begin a sign-in of its own.)
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { closeBrowser, newContext, openBrowser, until } from '../e2e/harness.mjs';
import { startProxy } from '../e2e/proxy.mjs';
import { startProvider } from '../sign-in/provider.mjs';
import { attackAll } from './attack-all.mjs';
import { installLeakDetector } from './leak-detector.mjs';
import { PROBES } from './probes.mjs';
import { reversed } from './use.mjs';

const MODES = { page: {}, worker: { isolation: 'worker' }, 'shared worker': { isolation: 'shared-worker' } };

let proxy;
let provider;
/** The provider's cookies of a browser that is signed in there. */
let known;

const appPage = (options) => `<!doctype html><script type="module">
import { createPkceClient } from '/pkg/pkce.js';
import { AuthClient } from '/pkg/index.js';
Object.assign(globalThis, { AuthClient, auth: createPkceClient(${JSON.stringify(options)}) });
await auth.ready;
globalThis.made = true;
</script>`;

before(async () => {
  await openBrowser();
  proxy = await startProxy('http://127.0.0.1/');
  proxy.headers = { 'content-security-policy': "worker-src 'self'" };
  const redirects = [...Object.keys(MODES).map((_, at) => `${proxy.url}/app${at}`), `${proxy.url}/late`];
  provider = await startProvider({
    app: proxy.url,
    publicClient: { redirect_uris: redirects, post_logout_redirect_uris: redirects },
  });
  Object.values(MODES).forEach((options, at) => {
    const { issuer } = provider;
    const settings = { issuer, clientId: 'spa', redirectUri: `/app${at}`, scope: 'openid offline_access', ...options };
    proxy.pages.set(`/app${at}`, () => appPage(settings));
  });
  proxy.raw.set('/api/me', (_, response) => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  const context = await newContext();
  const page = await open(context, 0);
  await page.evaluate(() => void auth.signIn());
  await page.click('[value=yes]');
  await isSignedIn(page);
  known = (await context.cookies()).filter(({ domain }) => domain === 'localhost');
  await context.close();
});

after(async () => {
  await provider?.stop();
  await proxy?.stop();
  await closeBrowser();
});

async function open(context, at) {
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  await page.goto(`${proxy.url}/app${at}`);
  await page.waitForFunction(() => globalThis.made, undefined, { polling: 20 });
  return page;
}
const isSignedIn = (page) =>
  page.waitForFunction(() => globalThis.made && auth.session.status === 'signed-in', undefined, { polling: 20 });

const install = () => `if (location.origin === ${JSON.stringify(proxy.url)}) (${installLeakDetector})();`;

/** Whether this is the address of an authorization request. */
const isAsked = ({ origin, pathname }) => origin === provider.issuer && pathname === '/auth';

/** The verifier of a sign-in that is under way, as a script that knows this client could compute it. */
async function verifierOf(context, name, address) {
  const page = await context.newPage();
  await page.goto(`${proxy.url}/blank`);
  const state = new URL(address).searchParams.get('state');
  const verifier = await page.evaluate(
    async ([name, state]) => {
      const settled = (request) =>
        new Promise((resolve, reject) => {
          request.onsuccess = () => resolve(request.result);
          request.onerror = () => reject(request.error);
        });
      const database = await settled(indexedDB.open('tokenward'));
      const key = await settled(database.transaction('keys').objectStore('keys').get(name));
      const mac = await crypto.subtle.sign('HMAC', key, new TextEncoder().encode(`verifier ${state}`));
      const text = btoa(String.fromCharCode(...new Uint8Array(mac)));
      return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
    },
    [name, state],
  );
  await page.close();
  return verifier;
}

const useSession = async () => {
  const quietly = (promise) => promise.catch(() => {});
  await quietly(auth.fetch('/api/me').then((response) => response.json()));
  await quietly(auth.refresh());
  return auth.session.status;
};

/** Begins a sign-in that stays on the page, then a whole one, and uses the session, while the probes watch. */
async function attack(probes, at) {
  const issued = provider.issued.length;
  const verifiers = provider.verifiers.length;
  const patch = probes.map((probe) => `leakDetector.patch(${JSON.stringify(probe)});`).join('\n');
  const context = await newContext();
  try {
    await context.addCookies(known);
    await context.addInitScript(install());
    const page = await open(context, at);
    const count = (secrets) => page.evaluate((all) => leakDetector.count(all), secrets.map(reversed));
    await page.evaluate(patch);
    await page.route(isAsked, (route) => route.fulfill({ status: 204 }));
    const asked = page.waitForRequest((request) => isAsked(new URL(request.url())));
    await page.evaluate(() => void auth.signIn().catch(() => {}));
    const address = (await asked).url();
    const first = await verifierOf(context, `${provider.issuer} spa pkce`, address);
    let found = await count([first]);
    await page.unroute(isAsked);
    await page.evaluate(() => {
      globalThis.made = false;
      auth.signIn().catch(() => {});
    });
    await isSignedIn(page);
    await page.evaluate(patch);
    const status = await page.evaluate(useSession);
    const secrets = [...provider.issued.slice(issued), ...provider.verifiers.slice(verifiers)];
    found += await count(secrets);
    // A code, a verifier, and twice an access token, a refresh token and an ID token, which may be the same within a second.
    return { found, works: status === 'signed-in' && new Set(secrets).size >= 7 };
  } finally {
    await context.close();
  }
}

test('the verifier that a script computes is the one that is sent', async () => {
  const context = await newContext();
  try {
    await context.addCookies(known);
    const page = await open(context, 0);
    const asked = page.waitForRequest((request) => isAsked(new URL(request.url())));
    await page.evaluate(() => void auth.signIn());
    const address = (await asked).url();
    await isSignedIn(page);
    assert.equal(await verifierOf(context, `${provider.issuer} spa pkce`, address), provider.verifiers.at(-1));
  } finally {
    await context.close();
  }
});

test('the leak detector finds the code of a page that keeps the response in its address', async () => {
  const context = await newContext();
  try {
    await context.addInitScript(install());
    const page = await context.newPage();
    await page.goto(`${proxy.url}/blank#code=the-code-of-a-test`);
    assert.equal(await page.evaluate((all) => leakDetector.count(all), [reversed('the-code-of-a-test')]), 1);
  } finally {
    await context.close();
  }
});

/** Scripts that the page has after its client. Each reports what it sees, at once and while it runs. */
const LATE_SCRIPTS = `<script>
let last;
globalThis.report = (name) => {
  const seen = [location.href, { ...sessionStorage }, performance.getEntriesByType('navigation').map((entry) => entry.name)];
  const text = JSON.stringify(seen);
  return text === last || (navigator.sendBeacon('/seen', JSON.stringify([name, ...seen])) && (last = text));
};
</script><script type="module">report('module'); setInterval(report, 5, 'timer');</script>
<script type="module" src="/late.js"></script>`;

test('on the page to which the provider returns, no later script of the document sees the response', async () => {
  const seen = [];
  proxy.raw.set('/seen', async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    seen.push(text);
    response.writeHead(204).end();
  });
  proxy.pages.set('/late.js', () => `report('file');`);
  const settings = { issuer: provider.issuer, clientId: 'spa', redirectUri: '/late', scope: 'openid offline_access' };
  proxy.pages.set('/late', () => appPage(settings) + LATE_SCRIPTS);
  const sawTheSignIn = () => seen.some((text) => text.startsWith('["timer"') && text.includes(':pkce'));
  const context = await newContext();
  try {
    await context.addCookies(known);
    const page = await context.newPage();
    // The scripts run on the pages before and after the provider's. The browser leaves the first page only after a timer of theirs
    // has seen that the tab has begun a sign-in: this proves that they would also see a response.
    await page.route(isAsked, async (route) => {
      await until(sawTheSignIn, () => `no timer saw the sign-in, but: ${seen.join('\n')}`);
      await route.continue();
    });
    await page.goto(`${proxy.url}/late`);
    await page.waitForFunction(() => globalThis.made, undefined, { polling: 20 });
    const issued = provider.issued.length;
    await page.evaluate(() => {
      globalThis.made = false;
      auth.signIn().catch(() => {});
    });
    await isSignedIn(page);
    await page.waitForFunction(() => navigator.sendBeacon('/seen', '["end"]'), undefined, { polling: 20 });
    await until(
      () => seen.some((text) => text.startsWith('["end"')),
      () => 'no report arrived',
    );
    const secrets = provider.issued.slice(issued);
    assert.ok(secrets.length >= 3);
    const found = seen.filter((text) => secrets.some((secret) => text.includes(secret)));
    assert.deepEqual(
      found.map((text) => JSON.parse(text)[0]),
      [],
    );
    assert.ok(sawTheSignIn());
  } finally {
    await context.close();
  }
});

Object.keys(MODES).forEach((mode, at) => {
  test(`${mode}, late: ${PROBES.length} probes read nothing of the sign-in and its tokens`, async () => {
    assert.deepEqual(await attackAll((probes) => attack(probes, at), false), []);
  });
});
