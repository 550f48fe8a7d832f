// The same probes in Firefox: late on the page, and early where the tokens are in a worker. The page runs the attack itself and
// reports the result in its title, because WebDriver's own scripts run beside the page's.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from '../../tools/servers.mjs';
import { ADA } from '../e2e/harness.mjs';
import { startProxy } from '../e2e/proxy.mjs';
import { ENGINES, startBrowser } from '../e2e/webdriver.mjs';
import { installLeakDetector } from './leak-detector.mjs';
import { groups, PROBES } from './probes.mjs';
import { reversed, tokensOf, useIt } from './use.mjs';

let server;
let proxy;
let browser;

before(async () => {
  server = await startServer({ REFRESH_LIMIT: '1000000', LOGIN_LIMIT: '1000000' });
  proxy = await startProxy(server.url);
  proxy.headers = { 'content-security-policy': "worker-src 'self'" };
  browser = await startBrowser(ENGINES.Firefox);
});

after(async () => {
  await browser?.stop();
  await proxy?.stop();
  await server?.stop();
});

let count = 0;

/** Serves a page that runs the attack; returns its path. */
function page(probes, early, options) {
  count += 1;
  const id = `client-${count}`;
  const settings = JSON.stringify({ name: id, ...options, authHeaders: { 'x-page': id } });
  const patch = probes.map((probe) => `leakDetector.patch(${JSON.stringify(probe)});`).join('');
  const credentials = JSON.stringify(ADA);
  const text = `<!doctype html><title>running</title><script>(${installLeakDetector})();${early ? patch : ''}</script>
    <script type="module">
      try {
        const { AuthClient } = await import('/pkg/index.js');
        globalThis.auth = new AuthClient(${settings});
        await auth.ready;
        await auth.login(${credentials}).catch(() => {});
        ${early ? '' : patch}
        await (${useIt})(${credentials});
        const tokens = (await leakDetector.readText('/tokens/${id}')).trim().split(' ');
        document.title = 'found ' + (await leakDetector.count(tokens)) + ' of ' + tokens.length;
      } catch (error) {
        document.title = 'failed: ' + error;
      }
    </script>`;
  proxy.pages.set(`/attack/${id}`, () => text);
  proxy.pages.set(`/tokens/${id}`, () => tokensOf(proxy.record, id).map(reversed).join(' '));
  return `/attack/${id}`;
}

/** How long a page may take, in ms. A page that a probe has broken never reports; on a busy machine all pages are slow. */
const limit = { least: 10_000, most: 90_000, now: 90_000 };

/** Runs the page without probes, and allows the pages with probes five times as long. */
async function measure(early, options) {
  limit.now = limit.most;
  const start = Date.now();
  const result = await attack([], early, options);
  limit.now = Math.min(limit.most, Math.max(limit.least, 5 * (Date.now() - start)));
  return result;
}

async function attack(probes, early, options) {
  await browser.visit(`${proxy.url}${page(probes, early, options)}`);
  let title = '';
  for (const end = Date.now() + limit.now; Date.now() < end && !/^(found|failed)/.test(title); ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    title = await browser.title();
  }
  const [, found, issued] = /^found (\d+) of (\d+)$/.exec(title) ?? [];
  return { title, found: Number(found ?? 0), works: Number(issued) >= 3 };
}

test('Firefox, page, early: the leak detector finds a token', async () => {
  const probe = PROBES.find(({ name }) => name === 'Request: headers');
  const { found, title } = await attack([probe], true, {});
  assert.ok(found >= 1, `a page cannot hide the token from an early script: ${title}`);
});

for (const [mode, options, early] of [
  ['page, late', {}, false],
  ['worker, early', { isolation: 'worker' }, true],
  ['shared worker, early', { isolation: 'shared-worker' }, true],
])
  test(`Firefox, ${mode}: ${PROBES.length} probes obtain no token`, async () => {
    const leaks = [];
    const collectLeaks = async (probes) => {
      const { title, found, works } = await attack(probes, early, options);
      if (works && found === 0) return;
      if (probes.length > 1) for (const probe of probes) await collectLeaks([probe]);
      // An early script may break the page: it then obtains nothing. After a late script the client must still work.
      else if (found > 0 || !early) leaks.push(`${probes[0].name}: ${title}`);
    };
    assert.ok((await measure(early, options)).works, 'the client works without probes');
    for (const probes of groups(process.env.ALONE === '1', early)) await collectLeaks(probes);
    assert.deepEqual(leaks, []);
  });
