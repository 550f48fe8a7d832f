// A hostile script against the client: each probe on a page of its own, once coming after the sign-in (late), once before
// the library is loaded (early). Late, no token may be seen. Early, a page cannot keep a token from a script that was
// there first: how often is counted, and may only become less.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ADA, closeBrowser, openBlank, openBrowser, withContext } from '../e2e/harness.mjs';
import { openEye } from './eye.mjs';
import { PROBES } from './probes.mjs';

/** So many of the probes see a token when they come first. */
const EARLY = 18;
const AT_ONCE = 3;

before(openBrowser);
after(closeBrowser);

/** Everything that an app does with a client: calls, uploads, refused tokens, refreshes, another sign-in, a sign-out. */
async function useIt(credentials) {
  const quietly = (promise) => promise.catch(() => {});
  const echo = (body) => quietly(auth.fetch('/api/echo', { method: 'POST', body }).then((response) => response.text()));
  const expire = () => quietly(auth.fetch('/demo/expire-token', { method: 'POST' }));
  await quietly(auth.fetch('/api/me').then((response) => response.json()));
  await expire();
  const form = new FormData();
  form.set('a', 'b');
  await Promise.all([echo('text'), echo(form), echo(new URLSearchParams({ a: 'b' })), quietly(auth.fetch('/api/me'))]);
  await expire();
  await quietly(auth.fetch(new Request('/api/echo', { method: 'POST', body: 'inside', headers: { 'x-test': '1' } })));
  await quietly(auth.fetch('/api/me', { headers: { authorization: 'Bearer mine' } }));
  await quietly(auth.fetch('http://127.0.0.1:1/'));
  await quietly(auth.refresh());
  await quietly(auth.fetch('/nowhere'));
  await quietly(auth.login({ ...credentials, password: 'wrong' }));
  await quietly(auth.login(credentials));
  await quietly(auth.fetch('/api/admin'));
  await quietly(auth.logout({ scope: 'everywhere' }));
  await quietly(auth.login(credentials));
  await quietly(auth.logout());
}

/** How many different tokens the probe saw, of how many there were. */
async function attack(context, server, probe, early, options) {
  const page = await context.newPage();
  const tokens = new Set();
  const reading = [];
  page.on('response', (response) => {
    if (!/\/auth\/(login|refresh)$/.test(response.url()) || response.status() !== 200) return;
    const read = response.json().then(({ accessToken, refreshToken }) => {
      // The signature alone would do: whoever has it and the payload has the token.
      tokens.add(accessToken.split('.')[2]);
      if (refreshToken) tokens.add(refreshToken);
    });
    reading.push(read.catch(() => {}));
  });
  try {
    await page.addInitScript(openEye);
    if (early) await page.addInitScript((given) => eye.patch(given), probe);
    await openBlank(page, server);
    const credentials = { ...ADA, ...(options.transport === 'body' && { transport: 'body' }) };
    await page.evaluate(
      async ([settings, given]) => {
        const { AuthClient } = await import('/pkg/index.js');
        Object.assign(globalThis, { AuthClient, auth: new AuthClient(settings) });
        await auth.ready;
        await auth.login(given).catch(() => {});
      },
      [options, credentials],
    );
    if (!early) await page.evaluate((given) => eye.patch(given), probe);
    await page.evaluate(useIt, credentials);
    await Promise.all(reading);
    assert.ok(early || tokens.size >= 3, `${probe.name}: the client did not work: ${tokens.size} tokens`);
    return await page.evaluate((all) => eye.found(all), [...tokens].map(reversed));
  } finally {
    await page.close();
  }
}

const reversed = (token) => [...token].reverse().join('');

/** A page that a probe has broken may never answer. */
function inTime(work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('the page did not answer within 20 s')), 20_000);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

async function attackAll(context, server, early, options) {
  const leaks = [];
  const queue = PROBES.filter(({ name }) => name.includes(process.env.PROBE ?? ''));
  const worker = async () => {
    for (let probe = queue.shift(); probe; probe = queue.shift()) {
      const once = () => inTime(attack(context, server, probe, early, options));
      // A busy machine may be slow once; a client that a probe has stopped is so again.
      const seen = await once()
        .catch(once)
        .catch((error) => {
          // A probe that breaks the page has seen nothing, if it came first; late, the client must go on.
          if (!early) leaks.push(`${probe.name}: ${error.message.slice(0, 200)}`);
          return 0;
        });
      if (seen > 0) leaks.push(probe.name);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return leaks;
}

test('the eye sees a token where there is one to see', () =>
  withContext({}, async ({ context, server }) => {
    const page = await context.newPage();
    await page.addInitScript(openEye);
    await openBlank(page, server);
    const seen = await page.evaluate(async () => {
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
    });
    assert.deepEqual(seen, [1, 1, 1, 1, 1, 1]);
    // A client as the documents write it, under a few of the probes.
    for (const name of ['fetch', 'Response: text, json', 'Object.prototype.then', 'Promise: constructor']) {
      const probe = PROBES.find((one) => one.name === name);
      const naive = await context.newPage();
      await naive.addInitScript(openEye);
      await openBlank(naive, server);
      await naive.evaluate((given) => eye.patch(given), probe);
      const token = await naive.evaluate(async (given) => {
        const headers = { 'content-type': 'application/json' };
        const response = await fetch('/auth/login', { method: 'POST', headers, body: JSON.stringify(given) });
        const { accessToken } = await response.json();
        await fetch('/api/me', { headers: { authorization: `Bearer ${accessToken}` } });
        return accessToken;
      }, ADA);
      assert.equal(await naive.evaluate((one) => eye.found([one]), reversed(token)), 1, name);
    }
  }));

for (const options of [{}, { transport: 'body' }]) {
  test(`late, ${options.transport ?? 'cookie'} transport: ${PROBES.length} probes see no token`, () =>
    withContext({}, async ({ context, server }) => {
      assert.deepEqual(await attackAll(context, server, false, options), []);
    }));
}

test(`early: at most ${EARLY} of ${PROBES.length} probes see one`, () =>
  withContext({}, async ({ context, server }) => {
    const leaks = await attackAll(context, server, true, {});
    console.log(`early leaks, ${leaks.length} of ${PROBES.length}: ${leaks.sort().join(' · ')}`);
    assert.ok(leaks.length <= EARLY);
  }));
