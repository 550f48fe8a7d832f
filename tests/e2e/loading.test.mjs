// How a client starts: calls before the engine has loaded, faults while it loads, and environments that lack a feature.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ADA, closeBrowser, ISOLATION, openBrowser, signIn, withTabs } from './harness.mjs';

before(openBrowser);
after(closeBrowser);

/** Opens a page on which nothing is imported yet. */
async function openEmpty({ context, proxy }, init) {
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  page.lines = [];
  page.on('console', (message) => page.lines.push(message.text()));
  if (init) await page.addInitScript(init);
  await page.goto(`${proxy.url}/blank`);
  return page;
}

/** Makes a client as `auth` without waiting for it. */
const makeEarlyClient = (page, options = {}) =>
  page.evaluate(
    async (settings) => {
      const { AuthClient, AuthError } = await import('/pkg/index.js');
      Object.assign(globalThis, { AuthError, auth: new AuthClient(settings) });
    },
    { isolation: ISOLATION, ...options },
  );

test('a call before the engine has loaded sends the body and the headers as they were when it was made', () =>
  withTabs({}, async ({ open, context, proxy }) => {
    await signIn(await open());
    const page = await openEmpty({ context, proxy });
    await page.evaluate(async (isolation) => {
      const { AuthClient } = await import('/pkg/index.js');
      const auth = new AuthClient({ isolation });
      const bytes = new TextEncoder().encode('before');
      const { buffer } = new TextEncoder().encode('before');
      const query = new URLSearchParams({ word: 'before' });
      const form = new FormData();
      form.set('word', 'before');
      const headers = new Headers({ 'x-word': 'before' });
      const url = new URL('/api/before', location.href);
      const calls = Object.entries({ bytes, buffer, query, form }).map(([name, body]) =>
        auth.fetch(`/api/${name}`, { method: 'POST', body, headers }),
      );
      calls.push(auth.fetch(url, { headers }));
      bytes.fill(65);
      new Uint8Array(buffer).fill(65);
      query.set('word', 'after');
      form.set('word', 'after');
      headers.set('x-word', 'after');
      url.pathname = '/api/after';
      await Promise.all(calls);
    }, ISOLATION);
    const sent = (name) => proxy.to(`/api/${name}`)[0];
    assert.equal(sent('bytes').body, 'before');
    assert.equal(sent('buffer').body, 'before');
    assert.equal(sent('query').body, 'word=before');
    assert.match(sent('query').type, /^application\/x-www-form-urlencoded/);
    assert.match(sent('form').body, /name="word"\r\n\r\nbefore\r\n/);
    const boundary = sent('form').type.match(/^multipart\/form-data; boundary=(.*)$/)[1];
    assert.ok(sent('form').body.startsWith(`--${boundary}`), 'the boundary of the header is that of the body');
    for (const name of ['bytes', 'buffer', 'query', 'form', 'before']) {
      assert.equal(sent(name).more['x-word'], 'before', name);
      assert.match(sent(name).authorization, /^Bearer /, name);
    }
    assert.equal(sent('after'), undefined);
  }));

test('an app may replace the global fetch by `auth.fetch` before the engine has loaded', () =>
  withTabs({}, async ({ open, context, proxy }) => {
    await signIn(await open());
    const page = await openEmpty({ context, proxy });
    const statuses = await page.evaluate(async (isolation) => {
      const { AuthClient } = await import('/pkg/index.js');
      const auth = new AuthClient({ isolation });
      let calls = 0;
      globalThis.fetch = (input, init) => {
        calls += 1;
        if (calls > 10) throw new Error('the client calls the function that the app made of it');
        return auth.fetch(input, init);
      };
      const early = await fetch('/api/me');
      const late = await fetch('/api/me', { headers: { authorization: 'Bearer none' } });
      return [early.status, late.status, calls];
    }, ISOLATION);
    assert.deepEqual(statuses, [200, 401, 2]);
  }));
