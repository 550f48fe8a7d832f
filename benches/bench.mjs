// npm run bench: compares tokenward with its peers and with bare `fetch`, on this machine. Prints tables, and writes
// target/bench.json and docs/bench.svg. `ONLY=size,call` runs some parts; `QUICK=1` runs fewer rounds.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { buildPackage } from '../tools/build.mjs';
import { launchChromium } from '../tools/chrome.mjs';
import { main, root, say } from '../tools/run.mjs';
import { startServer } from '../tools/servers.mjs';
import { setUpTests } from '../tools/setup.mjs';
import { buildServer } from '../tools/start.mjs';
import { chart } from './chart.mjs';
import { coldStarts } from './cold.mjs';
import { buildPeers, buildRustPeers } from './peers/build.mjs';
import { makeSite, runOn } from './site.mjs';
import { measureSizes } from './size.mjs';

process.env.SERVER_PROFILE ??= 'release';
const quick = process.env.QUICK === '1';
const only = process.env.ONLY ?? '';
const USER = { email: 'ada@example.com', password: 'analytical engine' };
const UNLIMITED = { REFRESH_LIMIT: '1000000', LOGIN_LIMIT: '1000000' };
const spread = (numbers) => {
  const all = numbers.toSorted((one, other) => one - other);
  return { median: all[Math.floor(all.length / 2)], min: all[0], max: all.at(-1) };
};
const round = (number, digits = 0) => Number(number.toFixed(digits));

await main(async () => {
  const tools = await setUpTests();
  if (!process.env.BUILT) {
    await buildPackage(tools);
    await buildServer();
  }
  const peers = await buildPeers();
  await buildRustPeers(peers, tools);
  const site = makeSite(path.join(root, 'target/bench'), peers);
  const result = {};
  const parts = {
    async size() {
      result.size = await measureSizes();
      table('bytes of a minimal app (brotli 11)', result.size);
    },
    stubbed: () => calls('stubbed', { url: '/api/me', rounds: quick ? 5 : 30, count: 500 }),
    call: () => calls('call', { url: '/api/me', rounds: quick ? 5 : 30, count: 40 }),
    storm: async () => {
      const flags = ['--enable-precise-memory-info'];
      const rows = [];
      // The first of two equal pages takes longer, so each client has its turn at another place.
      for (const client of ['tokenward', 'hand-written', 'bare fetch', 'bare fetch', 'hand-written', 'tokenward']) {
        const settings = { bench: 'storm', client, counts: [1000, 10_000], rounds: quick ? 1 : 3 };
        rows.push(...(await onPage(settings, { flags })));
      }
      result.storm = stormTable(rows);
      table(
        'concurrent calls (ms; the floor of a rejected token is bare `fetch`, rejected and fresh)',
        result.storm.map(({ median, min, max, heap, ...row }) => ({
          ...row,
          ms: round(median),
          min: round(min),
          max: round(max),
          'heap MB': round(heap / 1e6, 1),
        })),
      );
    },
    tabs: async () => {
      result.tabs = await tabs(tools.chrome, site);
      table('10 tabs, 100 calls each, at one expiry, with strict rotation', result.tabs);
    },
    cold: async () => {
      result.cold = await coldStarts(tools.chrome, site, { rounds: quick ? 5 : 25, delays: [0, 50] });
      table(
        'cold start: ms from navigation to the first authorised response, with a restored session',
        Object.entries(result.cold).flatMap(([delay, clients]) => {
          const handWritten = spread(clients['hand-written']).median;
          return Object.entries(clients).map(([client, all]) => {
            const { median, min, max } = spread(all);
            return {
              network: `+ ${delay} ms`,
              client,
              ms: round(median, 1),
              min: round(min, 1),
              max: round(max, 1),
              'ratio to the hand-written': round(median / handWritten, 2),
            };
          });
        }),
      );
    },
    memory: async () => {
      const flags = ['--enable-precise-memory-info', '--js-flags=--expose-gc'];
      result.memory = await onPage({ bench: 'memory', count: quick ? 10_000 : 100_000 }, { flags });
      table('bytes before and after 100,000 calls', [result.memory.before, result.memory.after]);
    },
    idle: async () => {
      result.idle = await onPage({ bench: 'idle', milliseconds: 5000 });
      const list = (timers) => timers.join(', ') || 'none';
      const { signedIn, idle, hidden, cleared } = result.idle;
      table('timers', [
        { when: 'until signed in', set: list(signedIn) },
        { when: '5 s with nothing to do', set: list(idle) },
        { when: '5 s while the page is hidden', set: list(hidden), cancelled: cleared },
      ]);
    },
  };

  const onPage = (settings, options) => runOn(site, tools.chrome, settings, options);

  async function calls(bench, settings) {
    const results = await onPage({ bench, rust: true, ...settings });
    result[bench] = results;
    const bare = results['bare fetch'].median;
    const byHand = (name) =>
      results[name.startsWith('Rust') ? 'Rust: gloo-net by hand' : 'hand-written, with a Request'].median;
    const rows = Object.entries(results).map(([name, { median, min, max }]) => ({
      client: name,
      µs: round(median, 1),
      min: round(min, 1),
      max: round(max, 1),
      'ratio to bare fetch': round(median / bare, 3),
      'µs over the hand-written': round(median - byHand(name), 1),
    }));
    const setting = bench === 'stubbed' ? 'with fetch stubbed' : 'against the real server on loopback';
    table(
      `one call ${setting}`,
      rows.sort((one, other) => one.µs - other.µs),
    );
  }

  const wanted = ([name]) => only === '' || only.split(',').includes(name);
  for (const [name, part] of Object.entries(parts).filter(wanted)) {
    say(name);
    await part();
  }
  writeFileSync(path.join(root, 'target/bench.json'), JSON.stringify(result, null, 2));
  if (result.size && result.stubbed) writeFileSync(path.join(root, 'docs/bench.svg'), chart(result));
});

function table(title, rows) {
  console.log(`\n${title}`);
  console.table(rows);
}

/** A row for each client, number of calls and state of the token, from the rows of the rounds. */
function stormTable(rounds) {
  const keyOf = ({ client, calls, state }) => JSON.stringify([client, calls, state]);
  const groups = [...new Set(rounds.map(keyOf))].map((key) => rounds.filter((row) => keyOf(row) === key));
  const rows = groups.map((group) => ({
    client: group[0].client,
    calls: group[0].calls,
    state: group[0].state,
    ...spread(group.map(({ took }) => took)),
    refreshes: Math.max(...group.map(({ refreshes }) => refreshes)),
    failed: group.reduce((sum, { failed }) => sum + failed, 0),
    heap: Math.max(...group.map(({ heap }) => heap)),
  }));
  const medianOf = (client, { calls }, state) =>
    rows.find((row) => row.client === client && row.calls === calls && row.state === state)?.median;
  const ratio = (row, other) => (other ? round(row.median / other, 2) : undefined);
  return rows.map((row) => {
    const fresh = medianOf('bare fetch', row, 'fresh');
    const isRejected = row.state === 'rejected by the server';
    const floor = isRejected ? fresh + medianOf('bare fetch', row, row.state) : fresh;
    return {
      ...row,
      'ratio to the hand-written': ratio(row, medianOf('hand-written', row, row.state)),
      'ratio to the floor': ratio(row, floor),
    };
  });
}

/** Ten tabs whose tokens are rejected at once: their refreshes, failed calls and lost sessions. */
async function tabs(chrome, site) {
  const browser = await launchChromium(chrome);
  const rows = [];
  try {
    for (const [client, module] of Object.entries({
      tokenward: undefined,
      'hand-written': '/peers/hand-written.js',
      'axios + axios-auth-refresh': '/peers/axios.js',
      ky: '/peers/ky.js',
    })) {
      const server = await startServer({ ...UNLIMITED, DEMO_DIR: site });
      const context = await browser.newContext();
      try {
        const pages = [];
        for (let count = 0; count < 10; count += 1) {
          const page = await context.newPage();
          await page.goto(`${server.url}/tab.html`);
          await page.evaluate(
            async ([from, user]) => {
              if (from) {
                globalThis.auth = await (await import(from)).open();
              } else {
                const { AuthClient } = await import('/pkg/index.js');
                globalThis.auth = new AuthClient();
                await auth.ready;
              }
              if (user) await auth.login(user);
              else await auth.refresh();
              globalThis.all = async () => {
                const results = await Promise.allSettled(Array.from({ length: 100 }, () => auth.fetch('/api/me')));
                return results.filter(({ value }) => value?.status !== 200).length;
              };
            },
            [module, count === 0 ? USER : null],
          );
          pages.push(page);
        }
        const before = await server.counted('refresh_rotated');
        await Promise.all(
          pages.map((page) => page.evaluate(() => auth.fetch('/demo/expire-token', { method: 'POST' }))),
        );
        const failed = await Promise.all(pages.map((page) => page.evaluate(() => all())));
        const signedOut = await Promise.all(
          pages.map((page) =>
            page.evaluate(() =>
              auth.fetch('/api/me').then(
                ({ status }) => status !== 200,
                () => true,
              ),
            ),
          ),
        );
        rows.push({
          client,
          refreshes: (await server.counted('refresh_rotated')) - before,
          'reuse alarms': await server.counted('refresh_reused'),
          'failed calls': failed.reduce((sum, count) => sum + count, 0),
          'tabs signed out': signedOut.filter(Boolean).length,
        });
      } finally {
        await context.close();
        await server.stop();
      }
    }
  } finally {
    await browser.close();
  }
  return rows;
}
