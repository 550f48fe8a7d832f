// The package that `npm run build -- --dev` builds: an app works with it, and the wasm module has names and panic messages.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { CHROME_ARGS } from '../../tools/chrome.mjs';
import { root, run } from '../../tools/run.mjs';
import { startServer } from '../../tools/servers.mjs';

const folder = path.join(root, 'target/dev-build');
let browser;
let server;

before(async () => {
  await run(process.execPath, [path.join(root, 'tools/build.mjs'), '--dev'], { env: { BUILD_DIR: folder } });
  server = await startServer();
  browser = await chromium.launch({ executablePath: process.env.CHROME, args: CHROME_ARGS });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** Opens a page of the server's origin that loads the dev build from `/pkg/`. */
async function openPage() {
  const page = await browser.newPage();
  await page.route(`${server.url}/`, (route) => route.fulfill({ body: '<!doctype html>', contentType: 'text/html' }));
  await page.route('**/pkg/*', (route) => {
    const file = path.join(folder, new URL(route.request().url()).pathname);
    return route.fulfill({ body: readFileSync(file), contentType: 'text/javascript' });
  });
  await page.goto(server.url);
  return page;
}

test('an app signs in, calls an API, renews the token and signs out', async () => {
  const page = await openPage();
  const result = await page.evaluate(async () => {
    const { AuthClient } = await import('/pkg/index.js');
    const auth = new AuthClient();
    await auth.ready;
    await auth.login({ email: 'ada@example.com', password: 'analytical engine' });
    const { status } = await auth.fetch('/api/me');
    await auth.refresh();
    const signedIn = auth.session.status;
    const { revoked } = await auth.logout();
    return [status, signedIn, revoked, auth.session.status];
  });
  assert.deepEqual(result, [200, 'signed-in', true, 'signed-out']);
  await page.close();
});

test('the bundles are readable, and the wasm module has names and panic messages', () => {
  assert.match(readFileSync(path.join(folder, 'pkg/engine.js'), 'utf8'), /function loadWasm\(/);
  const module = new WebAssembly.Module(readFileSync(path.join(folder, 'glue/tokenward.wasm')));
  const names = WebAssembly.Module.customSections(module, 'name').map((section) =>
    Buffer.from(section).toString('latin1'),
  );
  assert.match(names.join(), /report_panics/);
});
