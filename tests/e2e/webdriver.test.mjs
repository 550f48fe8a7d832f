// The main flow and the demo page in Firefox and WebKitGTK, by WebDriver instead of Playwright.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startServer } from '../../tools/servers.mjs';
import { ADA, demoDir, GRACE } from './harness.mjs';
import { startProxy } from './proxy.mjs';
import { ENGINES, startBrowser } from './webdriver.mjs';

for (const [name, engine] of Object.entries(ENGINES)) {
  if (!engine.driver) {
    assert.notEqual(name, 'Firefox', 'GECKODRIVER and FIREFOX: expected paths; `npm test` sets them');
    continue;
  }
  for (const isolation of ['page', 'worker', 'shared-worker']) mainFlow(name, engine, isolation);
  demoPage(name, engine);
}

function demoPage(name, engine) {
  test(`${name}, demo page: a user signs in, starts a storm, loses a response, and reads the timeline and the table`, {
    timeout: 600_000,
  }, async () => {
    const server = await startServer({ DEMO_DIR: demoDir });
    const browser = await startBrowser(engine);
    try {
      // Uses the visible tab: a new tab may be in the background, where the browser does not draw the canvas.
      await browser.visit(server.url);
      const tab = await browser.present();
      const observed = await browser.run(tab, async () => {
        const until = async (condition) => {
          for (let tries = 0; !condition() && tries < 1000; tries += 1)
            await new Promise((resolve) => setTimeout(resolve, 20));
        };
        const text = (id) => document.getElementById(id).textContent;
        const click = (selector) => document.querySelector(selector).click();
        const status = (wanted) => until(() => document.getElementById('status').dataset.status === wanted);
        await status('signed-out');
        click('#login button');
        await status('signed-in');
        // Waits for the requests that the page sends on its own.
        await until(() => document.querySelector('#sessions-body tr') && document.querySelector('[data-watched]'));
        // A request that the page sends on its own (its window gets the focus, say) may use the expired token before the storm
        // does. Then the storm starts with a new token, and is repeated.
        let storm = '';
        let storms = 0;
        while (!storm.includes('10 received a 401 first') && storms < 5) {
          click('#expire');
          await until(() => text('result').includes('treats the current token'));
          click('[data-storm="10"]');
          await until(() => text('result').includes('refresh'));
          storm = text('result');
          storms += 1;
        }
        click('#fault-lose-refresh');
        const outcome = document.querySelector('[for=fault-lose-refresh]');
        await until(() => / after /.test(outcome.textContent));
        click('#table-of-all summary');
        await until(() => text('rows').includes('generation 2'));
        const canvas = document.getElementById('timeline');
        const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        return {
          storm,
          storms,
          outcome: outcome.textContent,
          rows: text('rows'),
          colours: new Set(new Uint32Array(pixels.buffer)).size,
        };
      });
      assert.match(observed.storm, /^10 calls in .*: 10 answered with 200, 10 received a 401 first, 1 refresh$/);
      assert.match(observed.outcome, /^refresh failed \(SERVER_ERROR, 504\), renewed\. Still signed in/);
      assert.match(observed.rows, /generation 2/);
      assert.ok(observed.colours > 10, `${observed.colours} colours on the timeline`);
      assert.equal(await server.counted('refresh_rotated'), observed.storms + 1);
      assert.equal(await server.counted('refresh_repeated'), 1);
      assert.ok((await server.counted('api_unauthorised')) >= 10);
    } finally {
      await browser.stop();
      await server.stop();
    }
  });
}

function mainFlow(name, engine, isolation) {
  const title = `${name}, ${isolation}: two tabs sign in, call, refresh, switch the user and sign out`;
  test(title, { timeout: 600_000 }, async () => {
    const server = await startServer();
    const proxy = await startProxy(server.url);
    const browser = await startBrowser(engine);
    try {
      const start = async () => {
        const tab = await browser.open(`${proxy.url}/blank`);
        await browser.run(
          tab,
          async (where) => {
            const { AuthClient } = await import('/pkg/index.js');
            window.auth = new AuthClient({ isolation: where });
            await auth.ready;
          },
          isolation,
        );
        return tab;
      };
      const status = async (tab, wanted) =>
        assert.deepEqual(
          await browser.run(
            tab,
            async (wanted) => {
              for (let tries = 0; auth.session.status !== wanted && tries < 300; tries += 1)
                await new Promise((resolve) => setTimeout(resolve, 20));
              return auth.session.status;
            },
            wanted,
          ),
          wanted,
        );
      const signIn = (tab, credentials) =>
        browser.run(tab, async (credentials) => void (await auth.login(credentials)), credentials);
      const storm = async () => {
        await auth.fetch('/demo/expire-token', { method: 'POST' });
        const all = await Promise.all(Array.from({ length: 100 }, () => auth.fetch('/api/me')));
        return all.map(({ status }) => status);
      };
      const [one, two] = [await start(), await start()];
      await signIn(one, ADA);
      await status(one, 'signed-in');
      await status(two, 'signed-in');
      proxy.record.length = 0;
      for (const tab of [one, two]) assert.ok((await browser.run(tab, storm)).every((status) => status === 200));
      assert.equal(proxy.to('/auth/refresh').length, 2, 'one refresh per tab');
      assert.equal(proxy.atOnce('/auth/refresh'), 1);
      proxy.fault = ({ path }) =>
        path === '/auth/refresh' && proxy.to(path).length === 3 ? { lose: 'answer' } : undefined;
      assert.equal(await browser.run(one, async () => (await auth.refresh()).status), 'signed-in');
      proxy.fault = () => undefined;
      await signIn(two, GRACE);
      assert.equal(
        await browser.run(one, async () => {
          for (let tries = 0; auth.session.user?.email !== 'grace@example.com' && tries < 300; tries += 1)
            await new Promise((resolve) => setTimeout(resolve, 20));
          return (await (await auth.fetch('/api/me')).json()).email;
        }),
        GRACE.email,
      );
      assert.deepEqual(await browser.run(one, () => auth.logout()), { revoked: true });
      await status(two, 'signed-out');
      assert.equal(await browser.run(two, async () => auth.session.reason), 'other-tab');
      assert.equal(await server.counted('refresh_reused'), 0);
    } finally {
      await browser.stop();
      await proxy.stop();
      await server.stop();
    }
  });
}
