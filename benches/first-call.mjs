// npm run bench:first-call: a React app that Vite builds, with tokenward, with `tokenward/eager`, with the
// engine preloaded, and with a client by hand. Prints the time to the first paint and to the first authorised answer (without a
// session: to the answer that nobody is signed in). `ROUNDS` is the number of rounds; the clients take turns in random order.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { launchChromium } from '../tools/chrome.mjs';
import { main, root, say } from '../tools/run.mjs';
import { freePort, startServer } from '../tools/servers.mjs';
import { installed, setUpTests } from '../tools/setup.mjs';
import { serve } from './cold.mjs';

const CLIENTS = {
  'by hand': { entry: 'hand-written' },
  tokenward: { entry: 'tokenward' },
  'tokenward, preloaded': { entry: 'tokenward', preload: true },
  'tokenward/eager': { entry: 'eager' },
};
const ROUNDS = Number(process.env.ROUNDS ?? 15);
const SETTINGS = [
  { delay: 0, cpu: 1 },
  { delay: 50, cpu: 1 },
  { delay: 150, cpu: 1 },
  { delay: 50, cpu: 4 },
];
/** A connection of 9 Mbit/s. */
const BYTES_PER_MS = 1125;
const USER = { email: 'ada@example.com', password: 'analytical engine' };
const site = path.join(root, 'target/bench-first-call');

/** Returns the HTML of each client's page. */
async function buildApps() {
  await installed('tests/packaging', 'React');
  const { build } = await import('vite');
  const { tokenward } = await import('../pkg/vite.js');
  const pages = {};
  for (const [title, { entry, preload }] of Object.entries(CLIENTS)) {
    const name = title.replaceAll(/\W+/g, '-');
    const folder = path.join(site, name);
    await build({
      configFile: false,
      logLevel: 'warn',
      plugins: preload ? [tokenward()] : [],
      root: path.join(root, 'benches/first-call'),
      base: `/${name}/`,
      build: { outDir: folder, emptyOutDir: true, target: 'es2022' },
      resolve: {
        alias: [
          { find: '#client', replacement: path.join(root, `benches/first-call/${entry}.js`) },
          { find: /^(react|react-dom)(?=\/|$)/, replacement: path.join(root, 'tests/packaging/node_modules/$1') },
          { find: 'tokenward/eager', replacement: path.join(root, 'pkg/eager.js') },
          { find: 'tokenward', replacement: path.join(root, 'pkg/index.js') },
        ],
      },
    });
    pages[name] = readFileSync(path.join(folder, 'index.html'), 'utf8');
  }
  return pages;
}

const median = (numbers) => numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)];
const quartile = (numbers) => numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 4)];

async function load(page, url, expected) {
  await page.goto(url);
  const isDone = () => globalThis.measured && performance.getEntriesByName('first-contentful-paint').length > 0;
  await page.waitForFunction(isDone, undefined, { timeout: 30_000, polling: 20 });
  const measured = await page.evaluate(() => ({
    ...globalThis.measured,
    paint: performance.getEntriesByName('first-contentful-paint')[0].startTime,
  }));
  if (measured.text !== expected) throw new Error(`${url}: "${measured.text}" instead of "${expected}"`);
  return measured;
}

async function measure(browser, server, pages, { delay, cpu }, port) {
  const front = http.createServer(serve(server.url, site, pages, delay, BYTES_PER_MS));
  await new Promise((resolve) => front.listen(port, '127.0.0.1', resolve));
  const names = Object.keys(pages);
  const times = Object.fromEntries(names.map((name) => [name, { true: [], false: [] }]));
  try {
    for (const signedIn of [true, false]) {
      // Each client has a browser profile of its own: the sign-in of one would replace the session of the others.
      const tabs = {};
      for (const name of names) {
        const context = await browser.newContext();
        tabs[name] = await context.newPage();
        const session = await context.newCDPSession(tabs[name]);
        await session.send('Emulation.setCPUThrottlingRate', { rate: cpu });
        const url = `http://127.0.0.1:${port}/${name}.html`;
        await load(tabs[name], url, 'Sign in');
        if (signedIn) await tabs[name].evaluate((user) => globalThis.signIn(user), USER);
      }
      for (let round = -1; round < ROUNDS; round += 1)
        for (const name of names.toSorted(() => Math.random() - 0.5)) {
          const url = `http://127.0.0.1:${port}/${name}.html`;
          const { answer, paint } = await load(tabs[name], url, signedIn ? 'Hello ada@example.com' : 'Sign in');
          if (round >= 0) times[name][signedIn].push({ answer, paint });
        }
      for (const tab of Object.values(tabs)) await tab.context().close();
    }
  } finally {
    front.closeAllConnections();
    await new Promise((resolve) => front.close(resolve));
  }
  return times;
}

await main(async () => {
  const tools = await setUpTests();
  const pages = await buildApps();
  const port = await freePort();
  const server = await startServer({
    REFRESH_LIMIT: '1000000',
    LOGIN_LIMIT: '1000000',
    ALLOWED_ORIGINS: `http://127.0.0.1:${port}`,
  });
  const browser = await launchChromium(tools.chrome);
  try {
    for (const setting of SETTINGS) {
      say(`network + ${setting.delay} ms, CPU ${setting.cpu} times slower`);
      const times = await measure(browser, server, pages, setting, port);
      const row = (list, key) =>
        `${median(list.map((one) => one[key])).toFixed(0)} (${quartile(list.map((one) => one[key])).toFixed(0)})`;
      console.table(
        Object.entries(times).map(([client, { true: withSession, false: without }]) => ({
          client,
          'first paint, ms': row(withSession, 'paint'),
          'first answer, ms': row(withSession, 'answer'),
          'no session: first paint': row(without, 'paint'),
          'no session: answer': row(without, 'answer'),
        })),
      );
    }
    console.log('median (first quartile)');
  } finally {
    await browser.close();
    await server.stop();
  }
});
