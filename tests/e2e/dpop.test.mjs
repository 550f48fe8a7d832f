// Tokens bound to a key of the browser (RFC 9449): the requests, a stolen token, and the storage of the key.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { ADA, closeBrowser, GRACE, hasStatus, makeClient, openBrowser, signIn, withTabs } from './harness.mjs';

before(openBrowser);
after(closeBrowser);

const json = { 'content-type': 'application/json' };
const read = (jwt, part) => JSON.parse(Buffer.from(jwt.split('.')[part], 'base64url'));

for (const isolation of ['page', 'worker', 'shared-worker']) {
  const options = { isolation, dpop: true };

  test(`${isolation}: each request carries its own proof, and the server rejects a stolen token`, () =>
    withTabs({}, async ({ open, proxy, server, context }) => {
      const page = await open(options);
      await signIn(page);
      const statuses = await page.evaluate(async () => {
        const calls = [auth.fetch('/api/me?a=b#c'), auth.fetch('/api/echo', { method: 'POST', body: 'x' })];
        await auth.fetch('/demo/expire-token', { method: 'POST' });
        calls.push(...Array.from({ length: 100 }, () => auth.fetch('/api/me')));
        const statuses = (await Promise.all(calls)).map(({ status }) => status);
        const { revoked } = await auth.logout({ scope: 'global' });
        return [...new Set(statuses), revoked];
      });
      assert.deepEqual(statuses, [200, true]);
      assert.equal(await server.counted('refresh_rotated'), 1);
      const proofs = proxy.record.filter(({ path }) => path !== '/auth/logout');
      const ids = new Set();
      for (const { path, method, dpop, authorization } of proofs.filter(({ dpop }) => dpop)) {
        const [header, claims] = [read(dpop, 0), read(dpop, 1)];
        assert.deepEqual(
          [header.typ, header.alg, header.jwk.crv, header.jwk.d],
          ['dpop+jwt', 'ES256', 'P-256', undefined],
        );
        assert.deepEqual([claims.htm, claims.htu], [method, `${proxy.url}${path}`]);
        assert.equal(claims.ath !== undefined, authorization !== undefined);
        if (authorization) assert.match(authorization, /^DPoP ey/);
        ids.add(claims.jti);
      }
      assert.ok(ids.size >= 105 && ids.size === proofs.filter(({ dpop }) => dpop).length, `${ids.size} proofs`);
      await signIn(page);
      await page.evaluate(() => auth.fetch('/api/me'));
      const [token] = proxy.to('/api/me').at(-1).authorization.split(' ').slice(1);
      assert.ok(read(token, 1).cnf.jkt);
      const [{ value: refresh }] = await context.cookies();
      for (const authorization of [`Bearer ${token}`, `DPoP ${token}`])
        assert.equal((await fetch(`${server.url}/api/me`, { headers: { authorization } })).status, 401);
      const stolen = await fetch(`${server.url}/auth/refresh`, {
        method: 'POST',
        headers: { cookie: `refresh_token=${refresh}` },
      });
      assert.equal(stolen.status, 401);
      assert.ok((await server.counted('wrong_key')) >= 2);
      assert.equal(
        await page.evaluate(() => auth.refresh().then(({ status }) => status)),
        'signed-in',
        'the session continues',
      );
    }));

  test(`${isolation}: the client sends the nonce that a server requires, also with a wrong clock`, () =>
    withTabs({}, async ({ open, proxy }) => {
      const init = () => {
        const { now } = Date;
        Date.now = () => now() + 315_360_000_000;
      };
      if (isolation !== 'page') proxy.prelude = `(${init})();`;
      const page = await open(options, { init });
      await signIn(page);
      assert.equal(proxy.to('/auth/login').length, 2, 'one login without the nonce, one with it');
      const results = await page.evaluate(async () => [
        (await auth.fetch('/api/me')).status,
        await (await auth.fetch('/api/echo', { method: 'POST', body: 'sent twice' })).text(),
        await (await auth.fetch(new Request('/api/echo', { method: 'POST', body: 'in a request' }))).text(),
        (await auth.refresh()).status,
      ]);
      assert.deepEqual(results, [200, 'sent twice', 'in a request', 'signed-in']);
      assert.ok(
        proxy.to('/api/me').every(({ dpop }) => read(dpop, 1).nonce),
        'the client reuses the nonce of the login',
      );
      // The API requires another nonce.
      let challenges = 0;
      proxy.fault = ({ path, dpop }) => {
        if (path !== '/api/echo') return undefined;
        if (read(dpop, 1).nonce === 'api-nonce') return { answer: { status: 200 } };
        challenges += 1;
        const challenge = { 'www-authenticate': 'DPoP error="use_dpop_nonce"', 'dpop-nonce': 'api-nonce' };
        return { answer: { status: 401, headers: { ...json, ...challenge }, body: '{}' } };
      };
      await page.evaluate(() => auth.fetch('/api/echo', { method: 'POST', body: 'x' }));
      assert.equal(challenges, 1);
      assert.equal(proxy.to('/auth/refresh').length, 1, 'the challenge causes no refresh');
    }));

  test(`${isolation}: all tabs use one key, also after a reload`, () =>
    withTabs({}, async ({ open }) => {
      const [one, two] = [await open(options), await open(options)];
      await signIn(one);
      await hasStatus(two, 'signed-in');
      for (const page of [one, two]) {
        const statuses = await page.evaluate(async () => [
          (await auth.refresh()).status,
          (await auth.fetch('/api/me')).status,
        ]);
        assert.deepEqual(statuses, ['signed-in', 200]);
      }
      await two.reload();
      await makeClient(two, options, { signIn: false });
      assert.equal(await two.evaluate(() => auth.session.status), 'signed-in');
      await signIn(two, GRACE);
      await one.waitForFunction((email) => auth.session.user?.email === email, GRACE.email);
      assert.equal(await one.evaluate(() => auth.fetch('/api/me').then(({ status }) => status)), 200);
    }));
}

test('the client follows a redirect within the origin with a new proof', () =>
  withTabs({}, async ({ open, proxy }) => {
    const page = await open({ dpop: true });
    await signIn(page);
    proxy.fault = ({ path }) =>
      path === '/api/moved' ? { answer: { status: 302, headers: { location: '/api/me?moved' } } } : undefined;
    const [status, url] = await page.evaluate(async () => {
      const response = await auth.fetch('/api/moved');
      return [response.status, response.url];
    });
    assert.deepEqual([status, url], [200, `${proxy.url}/api/me?moved`]);
    assert.equal(proxy.to('/auth/refresh').length, 0);
  }));

test('the key in IndexedDB is not extractable', () =>
  withTabs({}, async ({ open }) => {
    const page = await open({ dpop: true });
    await signIn(page);
    const [algorithm, extractable, failure] = await page.evaluate(async () => {
      const database = await new Promise((resolve) => {
        const request = indexedDB.open('tokenward', 1);
        request.onsuccess = () => resolve(request.result);
      });
      const { privateKey } = await new Promise((resolve) => {
        const request = database.transaction('keys').objectStore('keys').get('default');
        request.onsuccess = () => resolve(request.result);
      });
      const failure = await crypto.subtle.exportKey('jwk', privateKey).catch(({ name }) => name);
      return [privateKey.algorithm.namedCurve, privateKey.extractable, failure];
    });
    assert.deepEqual([algorithm, extractable, failure], ['P-256', false, 'InvalidAccessError']);
  }));

test('with the key in memory, a reload ends the session with the reason expired', () =>
  withTabs({}, async ({ open }) => {
    const options = { dpop: 'memory' };
    const page = await open(options);
    await signIn(page);
    assert.deepEqual(await page.evaluate(() => indexedDB.databases()), []);
    await page.reload();
    await makeClient(page, options, { signIn: false });
    assert.deepEqual(await page.evaluate(() => [auth.session.status, auth.session.reason]), ['signed-out', 'expired']);
    await signIn(page, ADA);
    assert.equal(await page.evaluate(() => auth.fetch('/api/me').then(({ status }) => status)), 200);
  }));
