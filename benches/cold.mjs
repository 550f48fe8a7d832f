// Cold start: the time from navigation to the first authorised response, with a session to restore. A server in front of the real
// one compresses with brotli, forbids caching, and delays each response as a network would. Each page opens the next one, so
// that no debugger is attached to the browser.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { freePort, startServer } from '../tools/servers.mjs';
import { inBrowser } from './browser.mjs';

const TYPES = { '.js': 'text/javascript', '.html': 'text/html' };
const TOKENWARD = `import { AuthClient } from '/pkg/index.js'; const auth = globalThis.auth = new AuthClient();`;
const HAND_WRITTEN = `import { open } from '/peers/hand-written.js'; const auth = globalThis.auth = await open();`;
const PRELOAD = '<link rel="modulepreload" href="/pkg/engine.js">';
/** Makes the call, stores the time that it took, and opens the next page. */
const NEXT = `
const { status } = await auth.fetch('/api/me');
const took = performance.now();
const { plan, times } = JSON.parse(sessionStorage.bench);
const [name, ...rest] = plan;
if (status !== 200) document.title = 'failed: ' + name + ' received ' + status;
else {
  (times[name] ??= []).push(took);
  sessionStorage.bench = JSON.stringify({ plan: rest, times });
  if (rest.length) setTimeout(() => location.replace('/' + encodeURIComponent(rest[0]) + '.html'), 50);
  else document.title = 'done ' + btoa(JSON.stringify(times));
}`;
const page = (script, head = '') =>
  `<!doctype html><title>running</title>${head}<script type="module">${script}${NEXT}</script>`;
const APPS = {
  'hand-written': page(HAND_WRITTEN),
  tokenward: page(TOKENWARD),
  'tokenward, preloaded by the page': page(TOKENWARD, PRELOAD),
};
const start = (plan) => `<!doctype html><title>running</title><script type="module">${TOKENWARD}
await auth.login({ email: 'ada@example.com', password: 'analytical engine' });
sessionStorage.bench = JSON.stringify({ plan: ${JSON.stringify(plan)}, times: {} });
location.replace('/' + encodeURIComponent(${JSON.stringify(plan[0])}) + '.html');
</script>`;

/** Milliseconds by network delay and client: `{50: {tokenward: [..]}}`. */
export async function coldStarts(chrome, site, { rounds, delays }) {
  const times = {};
  for (const delay of delays) {
    const port = await freePort();
    const server = await startServer({ REFRESH_LIMIT: '1000000', ALLOWED_ORIGINS: `http://127.0.0.1:${port}` });
    const turns = Array.from({ length: rounds + 2 }, () => Object.keys(APPS).sort(() => Math.random() - 0.5));
    const pages = { ...APPS, start: start(turns.flat()) };
    const front = http.createServer(serve(server.url, site, pages, delay));
    await new Promise((resolve) => front.listen(port, '127.0.0.1', resolve));
    try {
      const all = await inBrowser(chrome, `http://127.0.0.1:${port}/start.html`);
      // The first two rounds warm up.
      times[delay] = Object.fromEntries(Object.entries(all).map(([name, times]) => [name, times.slice(2)]));
    } finally {
      front.closeAllConnections();
      await new Promise((resolve) => front.close(resolve));
      await server.stop();
    }
  }
  return times;
}

/**
 * `pages` are the texts of the HTML pages by name; other files come from the folder `site`. Each response waits `delay` ms, and for
 * the time that its bytes take at `bytesPerMs`.
 */
export function serve(target, site, pages, delay, bytesPerMs = Number.POSITIVE_INFINITY) {
  const compressed = new Map();
  const { hostname, port } = new URL(target);
  return async (request, response) => {
    if (delay) await new Promise((resolve) => setTimeout(resolve, delay));
    const name = decodeURIComponent(new URL(request.url, target).pathname);
    const type = TYPES[path.extname(name)];
    if (!type) {
      const { method, headers } = request;
      const outgoing = http.request({ hostname, port, path: request.url, method, headers }, (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      });
      outgoing.on('error', () => response.destroy());
      return request.pipe(outgoing);
    }
    if (!compressed.has(name)) {
      const text = pages[path.basename(name, '.html')];
      compressed.set(name, brotliCompressSync(text ?? readFileSync(path.join(site, name))));
    }
    await new Promise((resolve) => setTimeout(resolve, compressed.get(name).length / bytesPerMs));
    response
      .writeHead(200, { 'content-type': type, 'content-encoding': 'br', 'cache-control': 'no-store' })
      .end(compressed.get(name));
  };
}
