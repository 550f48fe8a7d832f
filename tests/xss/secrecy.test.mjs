// Hostile scripts against the client, in each isolation mode. A late probe runs after the sign-in, an early one before the
// library loads. No late probe may obtain a token in any mode, and no early one may if the tokens are in a worker. A page cannot
// hide the token from early scripts: the test counts those probes, and the count may only decrease.
// Session riding (a script obtains a token from the server itself) is counted separately.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { startServer } from '../../tools/servers.mjs';
import { ADA, closeBrowser, ISOLATION, newContext, openBrowser } from '../e2e/harness.mjs';
import { startProxy } from '../e2e/proxy.mjs';
import { attackAll } from './attack-all.mjs';
import { installLeakDetector } from './leak-detector.mjs';
import { PROBES } from './probes.mjs';
import { exposeWorkerToken, installSessionRidingAttacks, replaceWorkerScript } from './session-riding.mjs';
import { reversed, tokensOf, useIt } from './use.mjs';

/** The most early probes that may obtain a token on a page. */
const MOST_EARLY_LEAKS = 18;
/** The policy that docs/explanation/secrecy.md requires. */
const POLICY = { 'content-security-policy': "worker-src 'self'" };

/** The Rust client keeps its tokens on the page, and its module may load after hostile scripts: the late probes count. */
const RUST_MODES = {
  'Rust client': {},
  'Rust client, refresh token in the body': { transport: 'body' },
  'Rust client, DPoP': { dpop: true },
};
/** A server as data: both tokens fill placeholders in bodies and headers, and come from the places of an answer. */
const AS_DATA = {
  transport: 'body',
  server: {
    login: { body: { '...': '{credentials}' } },
    refresh: { body: { refreshToken: '{refresh}' }, headers: { 'x-refresh': 'Bearer {refresh}' } },
    logout: { body: { refreshToken: '{refresh}' }, headers: { authorization: 'Bearer {access}' } },
    api: { authorization: 'Bearer {access}', 'x-copy': '{access}', 'x-csrf': '{cookie:csrf}' },
    answer: {
      access: ['data.token', '@authorization', 'accessToken'],
      refresh: ['@x-refresh', 'refreshToken'],
      subject: ['id', 'sub'],
      step: 'next',
    },
    user: '/api/me',
  },
};
const NPM_MODES = {
  page: {},
  'page, refresh token in the body': { transport: 'body' },
  'page, DPoP': { dpop: true },
  'page, server as data': AS_DATA,
  worker: { isolation: 'worker' },
  'worker, DPoP': { isolation: 'worker', dpop: 'memory' },
  'shared worker': { isolation: 'shared-worker' },
  'shared worker, DPoP': { isolation: 'shared-worker', dpop: true },
};
const MODES = ISOLATION === 'rust' ? RUST_MODES : NPM_MODES;
/**
 * Whether this set runs; each takes a minute or two. Without `ALL=1`, a set that another one covers does not: an early script can do
 * all that a late one can, and a worker keeps its key where it keeps its token.
 */
const runs = ({ isolation, dpop, transport }, early) =>
  ISOLATION === 'rust'
    ? !early
    : process.env.ALL === '1' || (isolation ? early && !dpop : !early || !(dpop || transport));
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
  console.log(`\nprobes of ${PROBES.length} that obtained a token, and session riding attacks that did`);
  console.table(table);
  if (process.env.TABLE) writeFileSync(process.env.TABLE, JSON.stringify(table));
  await proxy.stop();
  await server.stop();
  await closeBrowser();
});

let count = 0;

/** Runs `work` with a page in a new browser context, after these scripts. */
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

/** Signs a client in on the page. `tokens()` are all tokens that the server has issued to it. */
async function signIn(page, options, body = {}) {
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

/** The credentials that make the server return both tokens in the body. */
const transportOf = ({ transport }) => (transport === 'body' ? { transport } : {});

/** The number of different tokens that the probes obtained, and whether the client worked. */
function attack(probes, early, options) {
  const patch = probes.map((probe) => `leakDetector.patch(${JSON.stringify(probe)});`).join('\n');
  const scripts = [[installLeakDetector], ...(early ? [[patch]] : [])];
  return withPage(scripts, async (page) => {
    const body = transportOf(options);
    const client = await signIn(page, options, body);
    if (!early) await page.evaluate(patch);
    await page.evaluate(useIt, { ...ADA, ...body });
    const tokens = client.tokens();
    const found = await page.evaluate((all) => leakDetector.count(all), tokens.map(reversed));
    return { found, works: tokens.length >= 3 };
  });
}

test('page, early: the leak detector finds a token', async () => {
  const counts = await withPage([[installLeakDetector]], (page) =>
    page.evaluate(async () => {
      const token = 'header.payload.signature-of-a-token';
      const results = [];
      const leaks = [
        () => leakDetector.record({ deep: { token } }),
        () => leakDetector.record(new Request('/', { headers: { authorization: token } })),
        () => leakDetector.record(new Response(token)),
        () => leakDetector.record(Promise.resolve(token)),
        () => leakDetector.record(new TextEncoder().encode(token)),
        () => localStorage.setItem('x', token),
      ];
      for (const leak of leaks) {
        leak();
        results.push(await leakDetector.count([[...token].reverse().join('')]));
      }
      return results;
    }),
  );
  assert.deepEqual(counts, [1, 1, 1, 1, 1, 1]);
  // A client as tutorials write it, under a few of the probes.
  for (const name of ['fetch', 'Response: text, json', 'Object.prototype.then', 'Promise: constructor']) {
    const probe = PROBES.find((one) => one.name === name);
    const found = await withPage(
      [[installLeakDetector], [`leakDetector.patch(${JSON.stringify(probe)})`]],
      async (page) => {
        const token = await page.evaluate(async (given) => {
          const headers = { 'content-type': 'application/json' };
          const response = await fetch('/auth/login', { method: 'POST', headers, body: JSON.stringify(given) });
          const { accessToken } = await response.json();
          await fetch('/api/me', { headers: { authorization: `Bearer ${accessToken}` } });
          return accessToken;
        }, ADA);
        return page.evaluate((one) => leakDetector.count([one]), reversed(token));
      },
    );
    assert.equal(found, 1, name);
  }
});

for (const [mode, options] of Object.entries(MODES)) {
  const row = {};
  table[mode] = row;

  if (runs(options, false))
    test(`${mode}: late, ${PROBES.length} probes obtain no token`, async () => {
      const leaks = await attackAll((probes) => attack(probes, false, options), false);
      row.late = leaks.length;
      assert.deepEqual(leaks, []);
    });

  const most = options.isolation ? 0 : MOST_EARLY_LEAKS;
  if (runs(options, true))
    test(`${mode}: early, at most ${most} of ${PROBES.length} probes obtain one`, async () => {
      const leaks = await attackAll((probes) => attack(probes, true, options), true);
      row.early = leaks.length;
      if (leaks.length > 0) console.log(`early, ${mode}: ${leaks.sort().join(' · ')}`);
      assert.ok(leaks.length <= most, leaks.join(' · '));
    });

  if (ISOLATION === 'rust') continue;
  test(`${mode}: session riding obtains a token only where no key prevents it`, async () => {
    const late = await withPage([[installLeakDetector]], (page) => rideSession(page, options));
    // An early script can do all that, and can also change the worker before it starts.
    const early = [...late];
    for (const [name, script] of Object.entries({ replaceWorkerScript, exposeWorkerToken }))
      if (await withPage([[script]], (page) => interceptToken(page, options))) early.push(name);
    row['session riding, late'] = late.length;
    row['session riding, early'] = early.length;
    console.log(`session riding, ${mode}: ${early.join(' · ') || 'none'}`);
    if ((options.isolation && options.dpop) || options.transport === 'body') assert.deepEqual(early, []);
    // A script that can use the key in IndexedDB has the session.
    else if (options.dpop)
      assert.ok(
        late.every((name) => /IndexedDB|started again/.test(name)),
        late.join(' · '),
      );
  });
}

/** Whether an early script obtained a token that it can use. */
async function interceptToken(page, options) {
  await signIn(page, options, transportOf(options));
  await page.evaluate(() => globalThis.requestExposedToken?.());
  await page.evaluate(() => auth.refresh().catch(() => {}));
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 500)));
  return hasUsableToken(JSON.stringify(await page.evaluate(() => globalThis.interceptedMessages ?? [])));
}

/** Whether this text contains a token that is not bound to a key. */
function hasUsableToken(text) {
  const tokens = text.match(/eyJ[\w-]+\.eyJ[\w-]+\.[\w-]{20,}/g) ?? [];
  return tokens.some((token) => !JSON.parse(Buffer.from(token.split('.')[1], 'base64url')).cnf);
}

/** The names of the session riding attacks that obtained a token. */
async function rideSession(page, options) {
  const body = transportOf(options);
  const { settings } = await signIn(page, options, body);
  const results = await page.evaluate(
    async ([open, given]) => {
      const { isolation: _, authHeaders: __, ...rest } = given;
      const endpoint = (path) => new URL(path, location.href).href;
      globalThis.workerSettings = {
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
      globalThis.workerStorage = Object.fromEntries(
        ['sign-in-key', 'probe-key', 'idempotency-key', 'pending-revocation', 'not-before'].map((entry) => {
          const key = `tokenward:v1:${given.name}:${entry}`;
          return [key, localStorage.getItem(key)];
        }),
      );
      new Function(`return ${open}`)()();
      const results = [];
      for (const [name, attempt] of Object.entries(sessionRidingAttacks)) {
        const result = await attempt().catch((error) => String(error));
        results.push([name, JSON.stringify(result) ?? '']);
        // The attack may have rotated the refresh token: continue or restart the session for the next attack.
        await auth.refresh().catch(() => {});
        if (auth.session.status !== 'signed-in') await auth.login(given.credentials).catch(() => {});
      }
      if (/eyJ[\w-]+\.eyJ/.test(JSON.stringify(globalThis.interceptedMessages ?? [])))
        results.push("a script before the library's in its worker");
      return results;
    },
    [String(installSessionRidingAttacks), { ...settings, credentials: { ...ADA, ...body } }],
  );
  // A script can use a bound token if it has the key: its own key, or the one in IndexedDB.
  const keyless = options.isolation && options.dpop;
  return results
    .filter(([, text]) => hasUsableToken(text) || (!keyless && /eyJ[\w-]+\.eyJ/.test(text)))
    .map(([name]) => name);
}

if (ISOLATION === 'rust')
  test('Rust client: the wasm memory and the object table of the glue lead to no token', async () => {
    const found = await withPage([[installLeakDetector]], async (page) => {
      const client = await signIn(page, {});
      await page.evaluate(useRustExports);
      await page.evaluate(async (credentials) => auth.login(credentials), ADA);
      await page.evaluate(useRustExports);
      const tokens = client.tokens();
      assert.ok(tokens.length >= 2);
      return page.evaluate((all) => leakDetector.count(all), tokens.map(reversed));
    });
    assert.equal(found, 0);
  });

/** A hostile script that loads the glue once more: it reads the memory, and calls every function that the object table holds. */
async function useRustExports() {
  const { initialize } = await import('/pkg/index.js');
  const wasm = await initialize();
  leakDetector.record(new Uint8Array(wasm.memory.buffer.slice(0)));
  const table = Object.values(wasm).find((value) => value instanceof WebAssembly.Table);
  const seen = new Set();
  for (let index = 0; index < table.length; index += 1) {
    const value = table.get(index);
    if (typeof value !== 'object' || !value || seen.has(value)) continue;
    seen.add(value);
    leakDetector.record(value);
    for (const name of ['getAccessToken', 'jwtPayload', 'user', 'diagnostics', 'fetch', 'sendAuthRequest'])
      if (typeof value[name] === 'function') {
        const argument = name === 'fetch' ? new Request('/api/me') : name === 'sendAuthRequest' ? 'refresh' : 0;
        const result = await Promise.resolve(value[name](argument)).catch((error) => error);
        leakDetector.record(result);
        leakDetector.record(argument);
      }
  }
}
