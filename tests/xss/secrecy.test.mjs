// A hostile script against the client: each probe on a page of its own, once coming after the sign-in (late), once before
// the library is loaded (early), for each place where the tokens may be. Late, no token may be seen, anywhere. Early, a page
// cannot keep a token from a script that was there first: how often is counted, and may only become less; a worker can.
// Riding (asking the server for a token of one's own) is counted apart.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { startServer } from '../../tools/servers.mjs';
import { ADA, closeBrowser, newContext, openBrowser } from '../e2e/harness.mjs';
import { startProxy } from '../e2e/proxy.mjs';
import { openEye } from './eye.mjs';
import { groups, PROBES } from './probes.mjs';
import { openRides, rewriteOptions, swapWorkers } from './rides.mjs';
import { reversed, tokensOf, useIt } from './use.mjs';

/** So many of the probes see a token on a page when they come first. */
const EARLY = 18;
const AT_ONCE = 3;
/** What the documents ask for. */
const POLICY = { 'content-security-policy': "worker-src 'self'" };

const WAYS = {
  page: {},
  'page, refresh token in the body': { transport: 'body' },
  'page, DPoP': { dpop: true },
  worker: { isolation: 'worker' },
  'worker, DPoP': { isolation: 'worker', dpop: 'memory' },
  'shared worker': { isolation: 'shared-worker' },
  'shared worker, DPoP': { isolation: 'shared-worker', dpop: true },
};
/**
 * Each set takes a minute or two. Without `ALL=1` those are left out that look at what another has looked at: a script that was
 * there first can do what a late one can, and a worker keeps its key where it keeps its token.
 */
const runs = ({ isolation, dpop, transport }, early) =>
  process.env.ALL === '1' || (isolation ? early && !dpop : !early || !(dpop || transport));
const table = {};

let server;
let proxy;

before(async () => {
  await openBrowser();
  server = await startServer({ REFRESH_LIMIT: '1000000', LOGIN_LIMIT: '1000000' });
  proxy = await startProxy(server.url);
  proxy.headers = POLICY;
});

after(async () => {
  console.log(`\nof ${PROBES.length} probes, so many saw a token; of so many ways to ride, so many got one`);
  console.table(table);
  if (process.env.TABLE) writeFileSync(process.env.TABLE, JSON.stringify(table));
  await proxy.stop();
  await server.stop();
  await closeBrowser();
});

let count = 0;

/** A page of its own, in a context of its own: nothing is shared but the server. */
async function withPage(scripts, work) {
  const context = await newContext();
  try {
    const page = await context.newPage();
    for (const [script, argument] of scripts) await page.addInitScript(script, argument);
    await page.goto(`${proxy.url}/blank`);
    return await work(page);
  } finally {
    await context.close();
  }
}

/** A client on the page, signed in. `tokens` are all that it was ever given: a header tells its calls from others'. */
async function signedIn(page, options, body = {}) {
  count += 1;
  const id = `client-${count}`;
  const settings = { name: id, ...options, authHeaders: { 'x-page': id } };
  await page.evaluate(
    async ([given, credentials]) => {
      const { AuthClient } = await import('/pkg/index.js');
      Object.assign(globalThis, { AuthClient, auth: new AuthClient(given) });
      await auth.ready;
      await auth.login(credentials).catch(() => {});
    },
    [settings, { ...ADA, ...body }],
  );
  return {
    settings,
    tokens: () => tokensOf(proxy.record, id),
  };
}

/** Asks our server for both tokens in the body. */
const bodyOf = ({ transport }) => (transport === 'body' ? { transport } : {});

/** How many different tokens the probes saw, and whether the client worked. */
function attack(probes, early, options) {
  const patch = probes.map((probe) => `eye.patch(${JSON.stringify(probe)});`).join('\n');
  const scripts = [[openEye], ...(early ? [[patch]] : [])];
  return withPage(scripts, async (page) => {
    const body = bodyOf(options);
    const client = await signedIn(page, options, body);
    if (!early) await page.evaluate(patch);
    await page.evaluate(useIt, { ...ADA, ...body });
    const tokens = client.tokens();
    const seen = await page.evaluate((all) => eye.found(all), tokens.map(reversed));
    return { seen, works: tokens.length >= 3 };
  });
}

/** A page that a probe has broken may never answer. */
function inTime(work, milliseconds) {
  let timer;
  const late = new Promise((_, reject) => {
    const message = `the page did not answer within ${milliseconds / 1000} s`;
    timer = setTimeout(() => reject(new Error(message)), milliseconds);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** The probes that saw a token; late, those too that stopped the client. */
async function attackAll(early, options) {
  const leaks = [];
  let worked = 0;
  const queue = groups(process.env.ALONE === '1');
  // A page with probes may take five times as long as one without: a busy machine slows both.
  const start = Date.now();
  assert.ok((await inTime(attack([], early, options), 90_000)).works, 'the client works without probes');
  const limit = Math.max(15_000, 5 * (Date.now() - start));
  const once = (probes) =>
    inTime(attack(probes, early, options), limit).catch(({ message }) => ({ seen: 0, broke: message }));
  const judge = async (probes) => {
    const { seen, works, broke } = await once(probes);
    if (works) worked += probes.length;
    if (works && seen === 0) return;
    if (probes.length > 1) {
      for (const probe of probes) await judge([probe]);
      return;
    }
    const [{ name }] = probes;
    if (seen > 0) leaks.push(name);
    // An early probe that breaks the page has seen nothing. After a late one, the client must work. (A busy machine may be
    // slow once; a client that a probe has stopped is so again.)
    else if (!early && !(await once(probes)).works) leaks.push(`${name}: the client did not work: ${broke ?? ''}`);
  };
  const worker = async () => {
    for (let probes = queue.shift(); probes; probes = queue.shift()) await judge(probes);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  assert.ok(worked > 0, 'the client worked');
  return leaks;
}

test('the eye sees a token where there is one to see', async () => {
  const seen = await withPage([[openEye]], (page) =>
    page.evaluate(async () => {
      const token = 'header.payload.signature-of-a-token';
      const results = [];
      const tries = [
        () => eye.see({ deep: { token } }),
        () => eye.see(new Request('/', { headers: { authorization: token } })),
        () => eye.see(new Response(token)),
        () => eye.see(Promise.resolve(token)),
        () => eye.see(new TextEncoder().encode(token)),
        () => localStorage.setItem('x', token),
      ];
      for (const attempt of tries) {
        attempt();
        results.push(await eye.found([[...token].reverse().join('')]));
      }
      return results;
    }),
  );
  assert.deepEqual(seen, [1, 1, 1, 1, 1, 1]);
  // A client as the documents write it, under a few of the probes.
  for (const name of ['fetch', 'Response: text, json', 'Object.prototype.then', 'Promise: constructor']) {
    const probe = PROBES.find((one) => one.name === name);
    const found = await withPage([[openEye], [`eye.patch(${JSON.stringify(probe)})`]], async (page) => {
      const token = await page.evaluate(async (given) => {
        const headers = { 'content-type': 'application/json' };
        const response = await fetch('/auth/login', { method: 'POST', headers, body: JSON.stringify(given) });
        const { accessToken } = await response.json();
        await fetch('/api/me', { headers: { authorization: `Bearer ${accessToken}` } });
        return accessToken;
      }, ADA);
      return page.evaluate((one) => eye.found([one]), reversed(token));
    });
    assert.equal(found, 1, name);
  }
});

for (const [way, options] of Object.entries(WAYS)) {
  const row = {};
  table[way] = row;

  if (runs(options, false))
    test(`${way}: late, ${PROBES.length} probes see no token`, async () => {
      const leaks = await attackAll(false, options);
      row.late = leaks.length;
      assert.deepEqual(leaks, []);
    });

  const most = options.isolation ? 0 : EARLY;
  if (runs(options, true))
    test(`${way}: early, at most ${most} of ${PROBES.length} probes see one`, async () => {
      const leaks = await attackAll(true, options);
      row.early = leaks.length;
      if (leaks.length > 0) console.log(`early, ${way}: ${leaks.sort().join(' · ')}`);
      assert.ok(leaks.length <= most, leaks.join(' · '));
    });

  test(`${way}: who rides, and how`, async () => {
    const late = await withPage([[openEye]], (page) => ride(page, options));
    // A script that runs first can do all that, and can replace the worker before it starts.
    const early = [...late];
    for (const [name, script] of Object.entries({ swapWorkers, rewriteOptions }))
      if (await withPage([[script]], (page) => lurk(page, options))) early.push(name);
    row['rides, late'] = late.length;
    row['rides, early'] = early.length;
    console.log(`rides, ${way}: ${early.join(' · ') || 'none'}`);
    if ((options.isolation && options.dpop) || options.transport === 'body') assert.deepEqual(early, []);
    // A script that can use the key in IndexedDB has the session.
    else if (options.dpop)
      assert.ok(
        late.every((name) => /IndexedDB|started again/.test(name)),
        late.join(' · '),
      );
  });
}

/** Whether a script that was there before the library got a token that it can use. */
async function lurk(page, options) {
  await signedIn(page, options, bodyOf(options));
  await page.evaluate(() => globalThis.lurk?.());
  await page.evaluate(() => auth.refresh().catch(() => {}));
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 500)));
  return usable(JSON.stringify(await page.evaluate(() => globalThis.swapped ?? [])));
}

/** Whether there is a token in this text that needs no key. */
function usable(text) {
  const tokens = text.match(/eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{20,}/g) ?? [];
  return tokens.some((token) => !JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).cnf);
}

/** The ways to ride that gave a token. */
async function ride(page, options) {
  const body = bodyOf(options);
  const { settings } = await signedIn(page, options, body);
  const got = await page.evaluate(
    async ([open, given]) => {
      const { isolation: _, authHeaders: __, ...rest } = given;
      const endpoint = (path) => new URL(path, location.href).href;
      globalThis.rideSettings = {
        endpoints: {
          login: endpoint('/auth/login'),
          refresh: endpoint('/auth/refresh'),
          logout: endpoint('/auth/logout'),
          logoutAll: endpoint('/auth/logout-all'),
        },
        transport: 'cookie',
        oauth2: false,
        fields: { accessToken: 'accessToken', refreshToken: 'refreshToken', expiresIn: 'expiresIn', user: 'user' },
        origins: [`${location.origin}/`],
        tokenScheme: given.dpop ? 'DPoP' : 'Bearer',
        idempotencyKey: true,
        renewBeforeMs: 60_000,
        timeoutMs: 3_000,
        restore: 'always',
        crossTab: true,
        dpop: false,
        ...rest,
        asksForHeaders: true,
        asksForRejection: false,
      };
      globalThis.rideStorage = Object.fromEntries(
        ['idempotency-key', 'probe-key', 'pending-revocation', 'not-before'].map((entry) => {
          const key = `tokenward:v1:${given.name}:${entry}`;
          return [key, localStorage.getItem(key)];
        }),
      );
      new Function(`return ${open}`)()();
      const got = [];
      for (const [name, attempt] of Object.entries(rides)) {
        const answer = await attempt().catch((error) => String(error));
        got.push([name, JSON.stringify(answer) ?? '']);
        // What it took was good once: the next one shall find a session too.
        await auth.refresh().catch(() => {});
        if (auth.session.status !== 'signed-in') await auth.login(given.credentials).catch(() => {});
      }
      if (/eyJ[\w-]+\.eyJ/.test(JSON.stringify(globalThis.swapped ?? [])))
        got.push('a worker with a script before ours');
      return got;
    },
    [String(openRides), { ...settings, credentials: { ...ADA, ...body } }],
  );
  // A token that is bound to a key is of use to who has the key: with one of its own, or the one in IndexedDB.
  const keyless = options.isolation && options.dpop;
  return got.filter(([, text]) => usable(text) || (!keyless && /eyJ[\w-]+\.eyJ/.test(text))).map(([name]) => name);
}
