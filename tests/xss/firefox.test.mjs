// The same hostile scripts in Firefox: late on the page, and early where the tokens are in a worker. A page attacks itself
// and its title reports the result, because WebDriver's own scripts run beside the page's.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer } from '../../tools/servers.mjs';
import { ADA } from '../e2e/harness.mjs';
import { startProxy } from '../e2e/proxy.mjs';
import { ENGINES, startBrowser } from '../e2e/webdriver.mjs';
import { openEye } from './eye.mjs';
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

/** A page that attacks itself. */
function page(probes, early, options) {
  count += 1;
  const id = `client-${count}`;
  const settings = JSON.stringify({ name: id, ...options, authHeaders: { 'x-page': id } });
  const patch = probes.map((probe) => `eye.patch(${JSON.stringify(probe)});`).join('');
  const credentials = JSON.stringify(ADA);
  const text = `<!doctype html><title>at work</title><script>(${openEye})();${early ? patch : ''}</script>
    <script type="module">
      try {
        const { AuthClient } = await import('/pkg/index.js');
        globalThis.auth = new AuthClient(${settings});
        await auth.ready;
        await auth.login(${credentials}).catch(() => {});
        ${early ? '' : patch}
        await (${useIt})(${credentials});
        const tokens = (await eye.ask('/tokens/${id}')).trim().split(' ');
        document.title = 'saw ' + (await eye.found(tokens)) + ' of ' + tokens.length;
      } catch (error) {
        document.title = 'failed: ' + error;
      }
    </script>`;
  proxy.pages.set(`/attack/${id}`, () => text);
  proxy.pages.set(`/tokens/${id}`, () => tokensOf(proxy.record, id).map(reversed).join(' '));
  return `/attack/${id}`;
}

/** How long a page may take. A page that a probe has broken never answers, and a busy machine is slow: see `measure`. */
const limit = { least: 10_000, most: 90_000, now: 90_000 };

/** Runs the page without probes, and gives the pages with probes five times as long. */
async function measure(early, options) {
  limit.now = limit.most;
  const start = Date.now();
  const result = await attack([], early, options);
  limit.now = Math.min(limit.most, Math.max(limit.least, 5 * (Date.now() - start)));
  return result;
}

async function attack(probes, early, options) {
  await browser.visit(`${proxy.url}${page(probes, early, options)}`);
  let title = 'silent';
  for (const end = Date.now() + limit.now; Date.now() < end && !/^(saw|failed)/.test(title); ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    title = await browser.title();
  }
  const [, seen, of] = /^saw (\d+) of (\d+)$/.exec(title) ?? [];
  return { title, seen: Number(seen ?? 0), works: Number(of) >= 3 };
}

test('the eye sees a token in Firefox where there is one to see', async () => {
  const probe = PROBES.find(({ name }) => name === 'Request: headers');
  const { seen, title } = await attack([probe], true, {});
  assert.ok(seen >= 1, `a page cannot keep it from a script that ran first: ${title}`);
});

for (const [way, options, early] of [
  ['page, late', {}, false],
  ['worker, early', { isolation: 'worker' }, true],
  ['shared worker, early', { isolation: 'shared-worker' }, true],
])
  test(`Firefox, ${way}: ${PROBES.length} probes see no token`, async () => {
    const leaks = [];
    const judge = async (probes) => {
      const { title, seen, works } = await attack(probes, early, options);
      if (works && seen === 0) return;
      if (probes.length > 1) for (const probe of probes) await judge([probe]);
      // A script that breaks the page before the client loads has seen nothing. After a late one, the client must work.
      else if (seen > 0 || !early) leaks.push(`${probes[0].name}: ${title}`);
    };
    assert.ok((await measure(early, options)).works, 'the client works without a hostile script');
    for (const probes of groups(process.env.ALONE === '1')) await judge(probes);
    assert.deepEqual(leaks, []);
  });
