// Cold start: from navigation to the first authorised answer, with a session to restore. Everything comes over one server
// that compresses with brotli, keeps nothing in the browser's cache, and answers as late as a network would.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { CHROME_ARGS } from '../tools/chrome.mjs';
import { freePort, startServer } from '../tools/servers.mjs';

const USER = { email: 'ada@example.com', password: 'analytical engine' };
const TYPES = { '.js': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html' };
const DONE = 'globalThis.took = performance.now();';
const OURS = `import { AuthClient } from '/pkg/index.js'; const auth = globalThis.auth = new AuthClient();`;
const THEIRS = `import { open } from '/peers/hand-written.js'; const auth = globalThis.auth = await open();`;
const CALL = `globalThis.status = (await auth.fetch('/api/me')).status;`;
const PRELOAD =
  '<link rel="modulepreload" href="/pkg/engine.js"><link rel="preload" href="/pkg/tokenward_bg.wasm" as="fetch" crossorigin>';
const page = (script, head = '') =>
  `<!doctype html><title>at work</title>${head}<script type="module">${script}${CALL}${DONE}</script>`;
const APPS = {
  'hand-written': page(THEIRS),
  tokenward: page(OURS),
  'tokenward, preloaded by the page': page(OURS, PRELOAD),
};

/** Milliseconds by delay of the network and by client: `{50: {tokenward: [..]}}`. */
export async function coldStarts(chrome, site, { rounds, delays }) {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const server = await startServer({ REFRESH_LIMIT: '1000000', ALLOWED_ORIGINS: origin });
  let delay = 0;
  const front = http.createServer(serve(server.url, site, () => delay));
  await new Promise((resolve) => front.listen(port, '127.0.0.1', resolve));
  const browser = await chromium.launch({ executablePath: chrome, args: CHROME_ARGS });
  const taken = {};
  try {
    for (delay of delays) {
      const contexts = {};
      taken[delay] = {};
      for (const name of Object.keys(APPS)) {
        // Each is signed in in a browser of its own, so that each has its session.
        contexts[name] = await browser.newContext();
        const tab = await contexts[name].newPage();
        await tab.goto(`${origin}/sign-in.html`);
        await tab.evaluate(async (user) => {
          const { AuthClient } = await import('/pkg/index.js');
          await new AuthClient().login(user);
        }, USER);
        await tab.close();
        taken[delay][name] = [];
      }
      for (let round = -2; round < rounds; round += 1) {
        for (const name of Object.keys(APPS).sort(() => Math.random() - 0.5)) {
          const tab = await contexts[name].newPage();
          await tab.goto(`${origin}/${encodeURIComponent(name)}.html`);
          const [took, status] = await tab
            .waitForFunction(() => globalThis.took && [globalThis.took, globalThis.status])
            .then((handle) => handle.jsonValue());
          if (status !== 200) throw new Error(`${name}: the first call was answered with ${status}`);
          if (round >= 0) taken[delay][name].push(took);
          await tab.close();
        }
      }
      for (const context of Object.values(contexts)) await context.close();
    }
  } finally {
    await browser.close();
    front.closeAllConnections();
    await new Promise((resolve) => front.close(resolve));
    await server.stop();
  }
  return taken;
}

function serve(target, site, delay) {
  const kept = new Map();
  const { hostname, port } = new URL(target);
  return async (request, response) => {
    if (delay()) await new Promise((resolve) => setTimeout(resolve, delay()));
    const name = decodeURIComponent(new URL(request.url, target).pathname);
    const app = APPS[path.basename(name, '.html')];
    const type = TYPES[path.extname(name)];
    if (!type) {
      const { method, headers } = request;
      const asking = http.request({ hostname, port, path: request.url, method, headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      asking.on('error', () => response.destroy());
      return request.pipe(asking);
    }
    if (!kept.has(name)) {
      const bytes = app ?? (type === 'text/html' ? '<!doctype html>' : readFileSync(path.join(site, name)));
      kept.set(name, brotliCompressSync(bytes));
    }
    response
      .writeHead(200, { 'content-type': type, 'content-encoding': 'br', 'cache-control': 'no-store' })
      .end(kept.get(name));
  };
}
