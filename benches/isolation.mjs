// npm run bench:isolation: the time of a call in each isolation mode, compared with the browser's own `fetch`. One page makes all
// calls, in turns and in random order, to the real server on loopback. Prints medians, and ratios to bare `fetch`. A
// worker by hand is measured beside the modes: it sends one message with the call, and one with the whole response. No debugger
// is attached to the browser, because watching its network would take longer than the calls.
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { buildPackage } from '../tools/build.mjs';
import { main, root } from '../tools/run.mjs';
import { startServer } from '../tools/servers.mjs';
import { setUpTests } from '../tools/setup.mjs';
import { buildServer } from '../tools/start.mjs';
import { inBrowser } from './browser.mjs';

process.env.SERVER_PROFILE ??= 'release';
const ROUNDS = Number(process.env.ROUNDS ?? 500);
const MEGABYTE = 1_048_576;
const USER = { email: 'ada@example.com', password: 'analytical engine' };

await main(async () => {
  const tools = await setUpTests();
  if (!process.env.BUILT) {
    await buildPackage(tools);
    await buildServer();
  }
  const site = mkdtempSync(path.join(os.tmpdir(), 'tokenward-bench-'));
  cpSync(path.join(root, 'pkg'), path.join(site, 'pkg'), { recursive: true });
  const script = `${prepare}\n${callByHand}\n${measure}\n(${run})(${JSON.stringify([USER, ROUNDS])})`;
  writeFileSync(path.join(site, 'bench.js'), script);
  writeFileSync(path.join(site, 'worker-by-hand.js'), `(${workerByHand})();`);
  writeFileSync(path.join(site, 'index.html'), '<!doctype html><script type="module" src="/bench.js"></script>');
  writeFileSync(path.join(site, 'large.bin'), Buffer.alloc(MEGABYTE, 'large '));
  const server = await startServer({ DEMO_DIR: site });
  try {
    const table = await inBrowser(tools.chrome, server.url);
    const clients = Object.keys(table[0][1]);
    console.log(`milliseconds, median of ${ROUNDS} (bodies: ${ROUNDS / 5}), and ratio to bare fetch in the same run`);
    console.log(`${''.padEnd(14)}${clients.map((name) => name.padStart(18)).join('')}`);
    for (const [name, medians] of table) {
      const cells = clients.map(
        (name) => `${medians[name].toFixed(2)}  ${(medians[name] / medians.fetch).toFixed(2)} ×`,
      );
      console.log(`${name.padEnd(14)}${cells.map((cell) => cell.padStart(18)).join('')}`);
    }
  } finally {
    await server.stop();
    rmSync(site, { recursive: true, force: true });
  }
});

/** On the page: runs all measurements, and reports the result in the title. */
async function run([user, rounds]) {
  try {
    await prepare(user);
    const table = [];
    for (const [name, kind, count] of [
      ['GET /api/me', 'small', rounds],
      ['1 MB down', 'down', rounds / 5],
      ['1 MB up', 'up', rounds / 5],
      ['1 MB echoed', 'echo', rounds / 5],
    ])
      table.push([name, await measure(kind, count)]);
    document.title = `done ${btoa(JSON.stringify(table))}`; // In base64, because DevTools escapes quotes.
  } catch (error) {
    document.title = `failed: ${error}`;
  }
}

/** On the page: signs a client in for each isolation mode. */
async function prepare(user) {
  const { AuthClient } = await import('/pkg/index.js');
  const clients = {};
  for (const [name, options] of Object.entries({
    page: {},
    worker: { isolation: 'worker' },
    'shared-worker': { isolation: 'shared-worker' },
    'worker, DPoP': { isolation: 'worker', dpop: 'memory' },
    'shared, DPoP': { isolation: 'shared-worker', dpop: true },
  })) {
    // Without cookies, so that no sign-in replaces the session of another client.
    const client = new AuthClient({ name, transport: 'body', ...options });
    await client.login({ ...user, transport: 'body' });
    clients[name] = client.fetch;
    if (name !== 'page') continue;
    const authorization = `Bearer ${await client.getAccessToken()}`;
    clients.fetch = (input, init) => fetch(input, { ...init, headers: { authorization } });
    clients['worker by hand'] = callByHand(authorization);
  }
  const { fetch: bare, 'worker by hand': byHand, ...rest } = clients;
  globalThis.clients = { fetch: bare, 'worker by hand': byHand, ...rest };
}

/** In a worker: makes the calls of `callByHand`. */
function workerByHand() {
  addEventListener('message', async ({ data: { id, url, init } }) => {
    const response = await fetch(url, init);
    const body = await response.arrayBuffer();
    postMessage({ id, status: response.status, headers: [...response.headers], body }, [body]);
  });
}

/** On the page: a `fetch` in a worker that knows neither streams nor aborts nor errors. */
function callByHand(authorization) {
  const worker = new Worker('/worker-by-hand.js');
  const waiting = new Map();
  let last = 0;
  worker.addEventListener('message', ({ data: { id, status, headers, body } }) => {
    waiting.get(id)(new Response(body, { status, headers }));
    waiting.delete(id);
  });
  return (url, init) =>
    new Promise((resolve) => {
      last += 1;
      waiting.set(last, resolve);
      worker.postMessage({ id: last, url, init: { ...init, headers: { authorization } } });
    });
}

/** On the page: the median of each mode in milliseconds. */
async function measure(kind, rounds) {
  const body = new Uint8Array(1_048_576).fill(97);
  const calls = {
    small: (send) => send('/api/me').then((response) => response.json()),
    down: (send) => send('/large.bin').then((response) => response.arrayBuffer()),
    up: (send) => send('/api/me', { method: 'POST', body }).then((response) => response.text()),
    echo: (send) => send('/api/echo', { method: 'POST', body }).then((response) => response.arrayBuffer()),
  };
  const times = Object.fromEntries(Object.keys(clients).map((name) => [name, []]));
  for (let round = -10; round < rounds; round += 1) {
    for (const [name, send] of Object.entries(clients).sort(() => Math.random() - 0.5)) {
      const start = performance.now();
      await calls[kind](send);
      if (round >= 0) times[name].push(performance.now() - start);
    }
  }
  return Object.fromEntries(
    Object.keys(clients).map((name) => [name, times[name].sort((a, b) => a - b)[Math.floor(rounds / 2)]]),
  );
}
