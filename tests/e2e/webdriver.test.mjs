// The main flow in the engines that Playwright does not drive as users have them, spoken to by W3C WebDriver: Firefox, and
// WebKitGTK on Linux (`npm test` names their drivers).
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { freePort, startServer } from '../../tools/servers.mjs';
import { ADA, GRACE } from './harness.mjs';
import { startProxy } from './proxy.mjs';

const ENGINES = {
  Firefox: {
    driver: process.env.GECKODRIVER,
    args: (port, folder) => ['--port', String(port), '--profile-root', folder],
    capabilities: { 'moz:firefoxOptions': { binary: process.env.FIREFOX, args: ['-headless'] } },
  },
  WebKitGTK: {
    driver: process.env.WEBKIT_DRIVER,
    args: (port) => [`--port=${port}`],
    capabilities: {},
    display: true,
  },
};

/** A browser behind its driver: `run(window, function, argument)` in one of its windows, and `open()` for another. */
async function startBrowser({ driver, args, capabilities, display }) {
  const port = await freePort();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tokenward-'));
  const env = { ...process.env, TMPDIR: folder };
  const screen = display ? spawn('Xvfb', ['-displayfd', '1'], { stdio: ['ignore', 'pipe', 'ignore'] }) : undefined;
  if (screen) {
    env.DISPLAY = `:${String(await new Promise((resolve) => screen.stdout.once('data', resolve))).trim()}`;
    env.WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS = '1'; // as root in a container there is none; loopback only
  }
  const program = spawn(driver, args(port, folder), { stdio: 'ignore', env });
  const ended = new Promise((resolve) => program.on('exit', resolve));
  const stop = async () => {
    program.kill();
    await ended;
    screen?.kill();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const ask = async (method, where, body) => {
    const headers = { 'content-type': 'application/json' };
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }), signal: AbortSignal.timeout(30_000) };
    const response = await fetch(`http://127.0.0.1:${port}${where}`, init);
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
    return value;
  };
  let session;
  for (let tries = 0; !session; tries += 1) {
    try {
      session = (await ask('POST', '/session', { capabilities: { alwaysMatch: capabilities } })).sessionId;
    } catch (error) {
      if (tries > 50 || !/fetch failed/.test(error.message)) {
        await stop();
        throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  const to = (method, where, body) => ask(method, `/session/${session}${where}`, body);
  const script = (code, argument) =>
    to('POST', '/execute/async', {
      script: `const [given, done] = arguments; (${code})(given).then((value) => done({ value }), (error) => done({ error: String(error) }));`,
      args: [argument ?? null],
    });
  await to('POST', '/timeouts', { script: 20_000 });
  return {
    async open(url) {
      const { handle } = await to('POST', '/window/new', { type: 'tab' });
      await to('POST', '/window', { handle });
      await to('POST', '/url', { url });
      return handle;
    },
    async run(handle, body, argument) {
      await to('POST', '/window', { handle });
      const { value, error } = await script(body, argument);
      if (error) throw new Error(error);
      return value;
    },
    async stop() {
      await to('DELETE', '').catch(() => {});
      await stop();
    },
  };
}

for (const [name, engine] of Object.entries(ENGINES)) {
  if (!engine.driver) {
    assert.notEqual(name, 'Firefox', 'GECKODRIVER and FIREFOX: expected paths; `npm test` sets them');
    continue;
  }
  test(`${name}: sign in, storm, refresh, switch and sign out in two tabs`, { timeout: 120_000 }, async () => {
    const server = await startServer();
    const proxy = await startProxy(server.url);
    const browser = await startBrowser(engine);
    try {
      const start = async () => {
        const tab = await browser.open(`${proxy.url}/blank`);
        await browser.run(tab, async () => {
          const { AuthClient } = await import('/pkg/index.js');
          window.auth = new AuthClient();
          await auth.ready;
        });
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
      const signIn = (tab, who) => browser.run(tab, async (given) => void (await auth.login(given)), who);
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
      assert.equal(proxy.to('/auth/refresh').length, 2, 'one per tab');
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
