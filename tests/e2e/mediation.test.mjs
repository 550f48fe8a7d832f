// OIDC_TOKENS=provider: pages receive the access tokens of a real provider, which rotates refresh tokens and ends a grant when
// one comes twice. `npm test` runs this file once with each store (SIGN_IN_SERVER).
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { until } from '../../tools/servers.mjs';
import { openUser, SERVER, startSignIn } from '../sign-in/harness.mjs';
import { closeBrowser, openBrowser } from './harness.mjs';

before(openBrowser);
after(closeBrowser);

const APP = `<!doctype html><title>app</title><script type="module">
import { AuthClient } from '/pkg/index.js';
globalThis.auth = new AuthClient({ renewBeforeSeconds: 0 });
globalThis.call = async () => {
  const response = await auth.fetch('/resource');
  return [response.status, (await response.json()).sub];
};
await auth.ready;
globalThis.loaded = true;
</script>`;

/** An API that accepts only the tokens of the provider: it asks the provider whose token it is. */
function serveResource({ proxy, provider }, seen) {
  proxy.raw.set('/resource', async (request, response) => {
    const { authorization } = request.headers;
    seen.push(authorization);
    const answer = await fetch(`${provider.issuer}/me`, { headers: { authorization } });
    const headers = { 'content-type': 'application/json' };
    if (answer.status === 401) headers['www-authenticate'] = 'Bearer error="invalid_token"';
    response.writeHead(answer.status, headers).end(await answer.text());
  });
}

/** A test with a provider whose access tokens live so many seconds, and a tab in which ada is signed in. */
function mediationTest(name, accessTokenLife, body) {
  test(`${SERVER}: ${name}`, { timeout: 600_000 }, async () => {
    const clients = { grant_types: ['authorization_code', 'refresh_token'] };
    const world = await startSignIn({ env: { OIDC_TOKENS: 'provider' }, clients, accessTokenLife });
    const user = await openUser(world);
    try {
      const calls = [];
      serveResource(world, calls);
      world.proxy.pages.set('/app', () => APP);
      const page = await openApp(user);
      await page.evaluate(() => {
        globalThis.loaded = false;
        auth.signIn().catch(() => {});
      });
      await user.enter(page);
      await isSignedIn(page);
      await body({ ...world, user, page, calls });
    } catch (error) {
      error.message += `\n${world.provider.errors.join('\n')}\n${world.log().slice(-2_000)}`;
      throw error;
    } finally {
      await user.close();
      await world.stop();
    }
  });
}

async function openApp(user) {
  const page = await user.tab('/app');
  await page.waitForFunction(() => globalThis.loaded, undefined, { polling: 20 });
  return page;
}

const hasStatus = (page, status) =>
  page.waitForFunction((wanted) => globalThis.auth?.session.status === wanted, status, { polling: 20 });
const isSignedIn = (page) => hasStatus(page, 'signed-in');
const call = (page) => page.evaluate(() => globalThis.call());
const statusOf = (page) => page.evaluate(() => auth.session.status);
const refreshes = (proxy, status) => proxy.to('/auth/refresh').filter((one) => one.status === status).length;

// (The second tab receives the token of the first for half of its life: long enough to open a tab on a busy machine.)
mediationTest(
  "two tabs call an API with the provider's token, and renew it at its expiry with one request",
  30,
  async ({ proxy, provider, user, page, calls, log }) => {
    assert.deepEqual(await call(page), [200, 'ada']);
    const other = await openApp(user);
    assert.deepEqual(await call(other), [200, 'ada']);
    assert.equal(calls[0], calls[1], 'both tabs have the same token');
    assert.deepEqual([provider.counts.renewals, refreshes(proxy, 200)], [0, 2]);
    await until(
      () => refreshes(proxy, 200) >= 4,
      () => `the tabs do not renew: ${refreshes(proxy, 200)} refreshes`,
    );
    assert.equal(provider.counts.renewals, 1);
    // (A tab still calls with the old token while it reads the response to its refresh; the resource may refuse that call.)
    const renewed = (tab) =>
      until(
        async () => {
          assert.deepEqual(await call(tab), [200, 'ada']);
          return calls.at(-1) !== calls[0] && calls.at(-1);
        },
        () => `the tab calls with the old token: ${calls}`,
      );
    assert.equal(await renewed(page), await renewed(other), 'both tabs have the same new token');
    assert.deepEqual([provider.counts.renewals, refreshes(proxy, 200)], [1, 4]);
    await page.reload();
    await isSignedIn(page);
    assert.deepEqual(await call(page), [200, 'ada']);
    assert.equal(provider.counts.revoked, 0);

    const stored = await page.evaluate(() =>
      JSON.stringify([location.href, document.cookie, { ...localStorage }, { ...sessionStorage }, history.state]),
    );
    const answers = JSON.stringify(proxy.record.map(({ answer }) => answer));
    assert.ok(provider.refreshTokens.length >= 2);
    for (const { jti } of provider.refreshTokens)
      for (const text of [stored, answers, log()])
        assert.ok(!text.includes(jti), 'a refresh token has left the server');
    for (const secret of provider.issued)
      for (const text of [stored, log()]) assert.ok(!text.includes(secret), 'a token is stored or logged');
    for (const secret of calls.map((header) => header.slice('Bearer '.length)))
      assert.ok(answers.includes(secret), 'the page has it from the server');
  },
);

mediationTest('a provider that is not available ends no session', 4, async ({ proxy, provider, user, page }) => {
  provider.faults.refuseExchanges = Number.POSITIVE_INFINITY;
  await until(
    () => refreshes(proxy, 503) >= 1,
    () => 'the token does not expire',
  );
  const { answer } = proxy.to('/auth/refresh').find(({ status }) => status === 503);
  assert.equal(JSON.parse(answer).error.code, 'PROVIDER_UNAVAILABLE');
  assert.equal(await statusOf(page), 'signed-in');
  const other = await user.tab('/app');
  await hasStatus(other, 'restoring');
  await until(
    () => refreshes(proxy, 503) >= 3,
    () => 'the tabs do not try again',
  );
  provider.heal();
  await isSignedIn(other);
  for (const tab of [page, other]) assert.deepEqual(await call(tab), [200, 'ada']);
  assert.equal(provider.counts.revoked, 0);
});

mediationTest(
  'a session that was ended at the provider ends in all tabs',
  4,
  async ({ proxy, provider, user, page }) => {
    const other = await openApp(user);
    await isSignedIn(other);
    await provider.endGrants();
    await hasStatus(page, 'signed-out');
    await hasStatus(other, 'signed-out');
    // (The first one comes from before the sign-in.)
    const { answer } = proxy.to('/auth/refresh').filter(({ status }) => status === 401)[1];
    assert.equal(JSON.parse(answer).error.code, 'INVALID_REFRESH_TOKEN');
  },
);

for (const scope of ['session', 'global'])
  mediationTest(`a logout (${scope}) revokes the grant at the provider`, 600, async ({ provider, page, calls }) => {
    assert.deepEqual(await call(page), [200, 'ada']);
    assert.deepEqual(await page.evaluate((wanted) => auth.logout({ scope: wanted }), scope), { revoked: true });
    await until(
      () => provider.counts.revoked === 1,
      () => `the grant is not revoked: ${provider.errors}`,
    );
    const { status } = await fetch(`${provider.issuer}/me`, { headers: { authorization: calls[0] } });
    assert.equal(status, 401, 'the access token is not valid any more');
  });

mediationTest('a lost response of the provider costs a sign-in at most', 4, async ({ proxy, provider, page }) => {
  const { renewals } = provider.counts;
  provider.faults.loseAnswers = 1;
  await until(
    () => refreshes(proxy, 503) >= 1,
    () => 'the token does not expire',
  );
  assert.equal(await statusOf(page), 'signed-in');
  // The provider has used the refresh token up, and takes its second use for theft.
  await hasStatus(page, 'signed-out');
  assert.equal(provider.counts.renewals, renewals + 1);
  await page.evaluate(() => {
    globalThis.loaded = false;
    auth.signIn().catch(() => {});
  });
  await isSignedIn(page);
  assert.deepEqual(await call(page), [200, 'ada']);
  assert.equal(provider.counts.logins, 1, 'the provider asks for nothing');
});
