// The crate in apps that a server renders (tests/ssr): the HTML of the server, and the page that hydrates it in Chromium.
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { CHROME_ARGS } from '../../tools/chrome.mjs';
import { RUST_EXAMPLES, renderedPage } from '../../tools/examples.mjs';
import { root } from '../../tools/run.mjs';
import { startServer } from '../../tools/servers.mjs';
import { sendFile, startGateway } from './gateway.mjs';

/** The body of the page: the HTML of the app, and what the server of the framework adds for the hydration (here no data). */
const BODY = {
  dioxus: (html) =>
    `<div id="main">${html}</div><script>hydrate_queue = []; initial_dioxus_hydration_data = "gA==";</script>`,
  leptos: (html) =>
    `${html}<script>__RESOLVED_RESOURCES = []; __SERIALIZED_ERRORS = []; __INCOMPLETE_CHUNKS = [];</script>`,
  yew: (html) => html,
};

let server;
let browser;

before(async () => {
  server = await startServer();
  browser = await chromium.launch({ executablePath: process.env.CHROME, args: CHROME_ARGS });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

const htmlOf = (name) => readFileSync(path.join(renderedPage(name), 'body.html'), 'utf8').trim();

function startApp(name) {
  const head = `<meta charset="utf-8"><title>${name}</title>`;
  const start = '<script type="module">import init from "/app.js"; init();</script>';
  const page = `<!doctype html><html lang="en"><head>${head}${start}</head><body>${BODY[name](htmlOf(name))}</body></html>`;
  return startGateway(server.url, (_request, response, pathname) => {
    if (pathname === '/') return response.writeHead(200, { 'content-type': 'text/html' }).end(page);
    const file = path.join(renderedPage(name), pathname);
    if (existsSync(file)) return sendFile(response, file);
    response.writeHead(404, { 'content-type': 'text/plain' }).end('not found');
  });
}

for (const name of RUST_EXAMPLES)
  test(`${name}: the server renders a session that is restoring`, () => {
    const html = htmlOf(name);
    assert.match(html, /<p id="status"[^>]*>(<!--.*?-->)?restoring</);
    assert.doesNotMatch(html, /<button/);
  });

test('on a server that is wasm, the client does nothing', async () => {
  const { AuthClient } = await import(path.join(root, 'target/rust-client/index.js'));
  const auth = new AuthClient({ baseUrl: 'https://api.example' });
  assert.equal((await auth.ready).status, 'restoring');
  await assert.rejects(auth.fetch('https://api.example/api/me'), { code: 'NO_BROWSER' });
  await assert.rejects(auth.login({ email: 'ada@example.com' }), { code: 'NO_BROWSER' });
  assert.equal(auth.session.status, 'restoring');
  auth.dispose();
});

for (const name of RUST_EXAMPLES)
  test(`${name}: a page from the server is hydrated for a visitor, a user, and a user who signed out`, async () => {
    const app = await startApp(name);
    const context = await browser.newContext();
    try {
      const page = await context.newPage();
      const problems = [];
      page.on('pageerror', (error) => problems.push(error.message));
      page.on('console', (message) => {
        // (The browser reports each response with an error status: the visitor's refresh, the icon.)
        const isProblem = /error|warning/.test(message.type()) && !message.text().startsWith('Failed to load resource');
        if (isProblem) problems.push(message.text());
      });
      const rendered = [];
      await page.exposeFunction('rendered', (status) => rendered.push(status));
      // (Hydration keeps the element of the server.)
      await page.addInitScript(() =>
        addEventListener('DOMContentLoaded', () => {
          globalThis.fromServer = document.querySelector('#status');
          globalThis.rendered(globalThis.fromServer.textContent);
        }),
      );
      const shows = async (status) => {
        await page.locator('#status', { hasText: new RegExp(`^${status}$`) }).waitFor({ timeout: 60_000 });
        assert.equal(await page.evaluate(() => globalThis.fromServer === document.querySelector('#status')), true);
        assert.equal(await page.locator('#status').count(), 1);
      };
      const signIn = page.getByRole('button', { name: 'Sign in' });
      const signOut = page.getByRole('button', { name: 'Sign out' });

      await page.goto(app.url);
      await shows('signed out');
      await signIn.click();
      await shows('signed in');
      await page.getByText('administrator').waitFor();
      assert.equal(await signIn.count(), 0);

      await page.reload();
      await shows('signed in');
      await page.getByText('administrator').waitFor();
      await signOut.click();
      await shows('signed out');
      assert.equal(await page.getByText('administrator').count(), 0);

      await page.reload();
      await shows('signed out');
      await signIn.waitFor();
      assert.equal(await signOut.count(), 0);
      assert.deepEqual(rendered, ['restoring', 'restoring', 'restoring']);
      assert.deepEqual(problems, []);
    } finally {
      await context.close();
      await app.stop();
    }
  });
