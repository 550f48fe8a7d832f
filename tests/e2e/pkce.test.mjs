// Signing in at an identity provider without a server of the app (`tokenward/pkce`), with a real provider on another site.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { startProvider } from '../sign-in/provider.mjs';
import {
  closeBrowser,
  goBack,
  hasStatus,
  ISOLATION,
  newContext,
  openBrowser,
  until,
  withBackForwardCache,
} from './harness.mjs';
import { startProxy } from './proxy.mjs';

let proxy;
let provider;

before(async () => {
  await openBrowser();
  proxy = await startProxy('http://127.0.0.1/');
  const app = proxy.url;
  provider = await startProvider({
    app,
    publicClient: { redirect_uris: [`${app}/app`], post_logout_redirect_uris: [`${app}/app`, `${app}/goodbye`] },
  });
  proxy.raw.set('/api/me', (request, response) =>
    response
      .writeHead(200, { 'content-type': 'application/json' })
      .end(JSON.stringify(request.headers.authorization ?? '')),
  );
  for (const path of ['/', '/app', '/orders', '/goodbye']) proxy.pages.set(path, () => appPage());
});
after(async () => {
  await provider?.stop();
  await proxy?.stop();
  await closeBrowser();
});
beforeEach(() => {
  provider.heal();
  for (const name of Object.keys(provider.counts)) provider.counts[name] = 0;
  provider.revocations = 0;
  more = {};
  earlier = '';
  twice = '';
  head = '';
});

/** Options of the client that a test adds. */
let more = {};
/** Code that the page runs before and after it has made its client. */
let earlier = '';
let twice = '';
/** More of the page's head. */
let head = '';

/** An app that makes its client while the page loads. */
const appPage = () => `<!doctype html><title>app</title>${head}<script type="module">
import { AuthError, createPkceClient } from '${proxy.url}/pkg/pkce.js';
const options = ${JSON.stringify({ isolation: ISOLATION, issuer: provider.issuer, clientId: 'spa', redirectUri: '/app', scope: 'openid profile email offline_access', ...more })};
${earlier}
globalThis.auth = createPkceClient(options);
globalThis.seen = location.pathname + location.search + location.hash;
${twice}
globalThis.events = [];
for (const name of ['signed-in', 'signed-out', 'account-changed', 'sign-in-failed'])
  auth.on(name, ({ user, error, reason, to, returnTo }) =>
    events.push([name, user?.sub ?? error?.code ?? reason ?? to?.user.sub, ...(returnTo ? [returnTo] : [])]));
globalThis.outcome = (promise) => promise.then(
  (value) => ({ value: value?.status ?? value }),
  (error) => ({ name: error.name, code: error.name === 'AuthError' ? error.code : undefined, message: error.message, ours: error instanceof AuthError }),
);
globalThis.made = true;
</script>`;

/** A browser of its own. Fails if a page has an error that it does not catch. */
async function withUser(work) {
  const context = await newContext();
  const errors = [];
  context.on('weberror', (error) => errors.push(error.error()));
  const user = {
    context,
    async open(path = '/app') {
      const page = await context.newPage();
      page.setDefaultTimeout(30_000);
      await page.goto(proxy.url + path);
      await ready(page);
      return page;
    },
    forgetProvider: () => context.clearCookies({ domain: 'localhost' }),
  };
  try {
    await work(user);
    assert.deepEqual(errors, []);
  } finally {
    await context.close();
  }
}

/**
 * Waits until the page has made its client, and the client knows whether there is a session. (Playwright repeats `waitForFunction`
 * on the next document if the page navigates; `evaluate` would fail.)
 */
async function ready(page) {
  const isReady = () => globalThis.made && auth.ready.then(() => true);
  await page.waitForFunction(isReady, undefined, { polling: 20 });
}
/** Begins a sign-in: the page goes to the provider. */
const begin = (page, options) =>
  page.evaluate((options) => {
    globalThis.result = outcome(auth.signIn(options));
  }, options);
/** Enters the user's name on the provider's page. */
async function enter(page, name = 'ada', answer = 'yes') {
  await page.waitForURL(`${provider.issuer}/interaction/**`);
  await page.fill('[name=login]', name);
  await page.click(`[value=${answer}]`, { noWaitAfter: true });
}
/** Waits until the page of the app is there again. */
async function returned(page, path = '/app') {
  await page.waitForURL(`${proxy.url}${path}`);
  await ready(page);
}
async function signIn(page, name = 'ada', options) {
  const path = await address(page);
  await begin(page, options);
  await enter(page, name);
  await returned(page, options?.returnTo ?? path);
}
const address = (page) => page.evaluate(() => location.pathname + location.search + location.hash);
const events = (page) => page.evaluate(() => globalThis.events);
const failed = async (page) => {
  await page.waitForFunction(() => globalThis.events?.some(([name]) => name === 'sign-in-failed'), undefined, {
    polling: 20,
  });
  return page.evaluate(() => events.filter(([name]) => name === 'sign-in-failed').map(([, code]) => code));
};
const call = (page) => page.evaluate(() => auth.fetch('/api/me').then((response) => response.json()));

test('signs in: the address is as before, the user is the claims of the ID token, calls carry the token', () =>
  withUser(async ({ open }) => {
    const page = await open('/app?tab=2#items');
    await signIn(page);
    await hasStatus(page, 'signed-in');
    assert.equal(await page.evaluate(() => seen), '/app?tab=2#items');
    assert.equal(await page.evaluate(() => auth.session.user.sub), 'ada');
    assert.match(await call(page), /^Bearer \S{20}/);
    assert.equal(provider.counts.exchanges, 1);
    assert.deepEqual(await events(page), [['signed-in', 'ada']]);
  }));

test('nothing of the response is left: not in the address, the storages, the timings, the history or the referrer', () =>
  withUser(async ({ open }) => {
    const page = await open();
    await signIn(page);
    await hasStatus(page, 'signed-in');
    const texts = await page.evaluate(() =>
      JSON.stringify([
        location.href,
        history.state,
        document.referrer,
        { ...localStorage },
        { ...sessionStorage },
        performance.getEntries().map(({ name }) => name),
        navigation.entries().map(({ url }) => url),
        [navigation.activation?.entry?.url, navigation.activation?.from?.url],
        document.cookie,
      ]),
    );
    assert.equal(provider.issued.length >= 4, true);
    for (const secret of provider.issued) assert.equal(texts.includes(secret), false, secret);
    assert.doesNotMatch(texts, /state=|code=/);
  }));

test('returns to another page of the app, also from a provider that answers in the query', () =>
  withUser(async ({ open }) => {
    provider.faults.metadata = (metadata) => {
      metadata.response_modes_supported = ['query'];
    };
    const page = await open();
    let path;
    page.on('request', (request) => {
      if (request.isNavigationRequest() && /[?&]code=/.test(request.url())) path = new URL(request.url()).pathname;
    });
    await signIn(page, 'ada', { returnTo: '/orders?tab=2#open' });
    await hasStatus(page, 'signed-in');
    assert.equal(path, '/app');
    assert.equal(await page.evaluate(() => seen), '/orders?tab=2#open');
    assert.equal(provider.counts.exchanges, 1);
  }));

const REFUSALS = {
  access_denied: ['ACCESS_DENIED'],
  login_required: ['INTERACTION_REQUIRED'],
  temporarily_unavailable: ['PROVIDER_UNAVAILABLE'],
  '<script>alert(1)</script>': ['PROVIDER_REFUSED'],
  constructor: ['PROVIDER_REFUSED'],
};
for (const [error, expected] of Object.entries(REFUSALS))
  test(`a response with the error ${error} is ${expected}, once, without the text of the provider`, () =>
    withUser(async ({ open }) => {
      const page = await open('/app?tab=2');
      provider.faults.callback = (parameters) => {
        parameters.delete('code');
        parameters.set('error', error);
        parameters.set('error_description', 'says the provider');
      };
      await signIn(page);
      assert.deepEqual(await failed(page), expected);
      assert.deepEqual((await events(page)).at(-1), ['sign-in-failed', expected[0], '/app?tab=2']);
      assert.equal(provider.counts.exchanges, 0);
      assert.equal(await address(page), '/app?tab=2');
      await page.reload();
      await ready(page);
      await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
      assert.deepEqual(await page.evaluate(() => globalThis.events.filter(([name]) => name === 'sign-in-failed')), []);
    }));

test('the user cancels at the provider; prompt none without a session there', () =>
  withUser(async ({ open }) => {
    const page = await open();
    await begin(page);
    await enter(page, 'ada', 'no');
    await returned(page);
    assert.deepEqual(await failed(page), ['ACCESS_DENIED']);
    const message = await page.evaluate(() =>
      auth
        .diagnostics()
        .map((entry) => JSON.stringify(entry))
        .join(),
    );
    assert.equal(message.includes('cancelled'), false);
    await page.evaluate(() => {
      globalThis.made = false;
    });
    await begin(page, { prompt: 'none' });
    await ready(page);
    assert.deepEqual(await failed(page), ['INTERACTION_REQUIRED']);
    assert.equal(await page.evaluate(() => auth.session.status), 'signed-out');
  }));

const WRONG = {
  'of another issuer (RFC 9207)': {
    callback: (parameters) => parameters.set('iss', 'https://evil.example'),
    exchanges: 0,
  },
  'without the promised iss': { callback: (parameters) => parameters.delete('iss'), exchanges: 0 },
  'without a code': { callback: (parameters) => parameters.delete('code'), exchanges: 0 },
  'with an ID token of another nonce': { idToken: (claims) => Object.assign(claims, { nonce: 'other' }) },
  'with an ID token without a nonce': { idToken: (claims) => delete claims.nonce },
  'with an ID token of another audience': { idToken: (claims) => Object.assign(claims, { aud: 'web' }) },
  'with a token of another type': { tokenAnswer: (body) => Object.assign(body, { token_type: 'mac' }) },
  'with an ID token of several audiences and another azp': {
    idToken: (claims) => Object.assign(claims, { aud: ['spa', 'web'], azp: 'web' }),
  },
  'with an ID token of another issuer': { idToken: (claims) => Object.assign(claims, { iss: 'https://evil.example' }) },
  'with an ID token that has expired': { idToken: (claims) => Object.assign(claims, { exp: claims.iat - 600 }) },
  'without an ID token': { tokenAnswer: (answer) => delete answer.id_token },
};
for (const [what, { exchanges = 1, ...faults }] of Object.entries(WRONG))
  test(`a response ${what} signs nobody in`, () =>
    withUser(async ({ open }) => {
      const page = await open();
      Object.assign(provider.faults, faults);
      await signIn(page);
      assert.deepEqual(await failed(page), ['PROVIDER_REFUSED']);
      assert.equal(await page.evaluate(() => auth.session.status), 'signed-out');
      assert.deepEqual(
        (await events(page)).map(([name]) => name).filter((name) => name === 'signed-in'),
        [],
      );
      assert.equal(provider.counts.exchanges, exchanges);
    }));

test('maxAge is asked for, and checked in the ID token; who was signed in before still is', () =>
  withUser(async ({ open }) => {
    more = { remember: 'tab' };
    if (ISOLATION === 'shared-worker') more = { remember: 'browser' };
    const page = await open();
    await signIn(page);
    await hasStatus(page, 'signed-in');
    provider.faults.idToken = (claims) => Object.assign(claims, { auth_time: claims.iat - 3600 });
    await begin(page, { maxAge: 60, prompt: 'login' });
    await enter(page);
    await returned(page);
    assert.deepEqual(await failed(page), ['PROVIDER_REFUSED']);
    await hasStatus(page, 'signed-in');
    provider.heal();
    await begin(page, { maxAge: 60, prompt: 'login' });
    await enter(page, 'grace');
    await returned(page);
    await page.waitForFunction(() => auth.session.user?.sub === 'grace', undefined, { polling: 20 });
    assert.deepEqual(await page.evaluate(() => events.filter(([name]) => name === 'sign-in-failed')), []);
  }));

/** The address to which the provider sent the browser last. */
function watchResponses() {
  const seen = { address: undefined };
  provider.faults.callback = (parameters) => {
    seen.address = `${proxy.url}/app#${parameters}`;
  };
  return seen;
}

test('the address of a response once more: nothing is redeemed, and a user who is signed in sees no error', () =>
  withUser(async ({ open, context }) => {
    more = { remember: 'browser' };
    const seen = watchResponses();
    const page = await open();
    await signIn(page);
    await hasStatus(page, 'signed-in');
    const { exchanges } = provider.counts;
    await page.goto('about:blank');
    await page.goto(seen.address);
    await ready(page);
    await hasStatus(page, 'signed-in');
    assert.equal(await address(page), '/app');
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
    assert.deepEqual(await page.evaluate(() => events.filter(([name]) => name === 'sign-in-failed')), []);
    // (The tab refreshes what the browser keeps, unless a shared worker has it.)
    assert.equal(provider.counts.redeemed, 1);
    assert.ok(provider.counts.exchanges <= exchanges + 1);
    await context.clearCookies();
  }));

test('a response of another tab or of nobody redeems nothing', () =>
  withUser(async ({ open }) => {
    const seen = watchResponses();
    const [one, other] = [await open(), await open()];
    // The first tab is stopped before its page can take the response.
    await one.route(`${proxy.url}/app`, (route) => route.fulfill({ body: 'stopped', contentType: 'text/html' }));
    await begin(one);
    await enter(one);
    await one.waitForURL((url) => url.hash.includes('code='));
    await other.goto('about:blank');
    await other.goto(seen.address);
    await ready(other);
    assert.deepEqual(await failed(other), ['STALE_SIGN_IN']);
    assert.equal(await address(other), '/app');
    assert.equal(provider.counts.exchanges, 0);
    // A response to another library of the app stays in the address.
    await other.goto('about:blank');
    await other.goto(`${proxy.url}/app?code=1&state=of-another-library`);
    await ready(other);
    assert.equal(await address(other), '/app?code=1&state=of-another-library');
  }));

test('a page that is loaded again during the exchange begins the sign-in again, without a question', () =>
  withUser(async ({ open }) => {
    let release;
    provider.faults.holdExchange = new Promise((resolve) => {
      release = resolve;
    });
    const page = await open();
    await begin(page);
    await enter(page);
    await until(
      () => provider.counts.redeemed === 1,
      () => 'the code was not redeemed',
    );
    provider.faults.holdExchange = undefined;
    await page.reload({ waitUntil: 'commit' });
    release();
    await page.waitForFunction(() => globalThis.auth?.session.status === 'signed-in', undefined, { polling: 50 });
    assert.equal(provider.counts.logins, 1);
    assert.equal(provider.counts.revoked, 0);
    assert.deepEqual(await page.evaluate(() => events.filter(([name]) => name === 'sign-in-failed')), []);
  }));

test('the answer of the exchange is lost: the sign-in is begun again, twice at most', () =>
  withUser(async ({ open }) => {
    provider.faults.loseAnswers = 1;
    const page = await open();
    await begin(page);
    await enter(page);
    await page.waitForFunction(() => globalThis.auth?.session.status === 'signed-in', undefined, { polling: 50 });
    assert.equal(provider.counts.logins, 1);
    provider.faults.loseAnswers = 1_000;
    const { codes } = provider.counts;
    await begin(page);
    await page.waitForFunction(() => globalThis.events?.some(([name]) => name === 'sign-in-failed'), undefined, {
      polling: 50,
    });
    assert.equal((await failed(page)).length, 1);
    assert.match((await failed(page))[0], /^(STALE_SIGN_IN|PROVIDER_UNAVAILABLE)$/);
    assert.equal(provider.counts.codes - codes, 3);
  }));

test('a provider that answers 503 for a while, and for ever', () =>
  withUser(async ({ open }) => {
    provider.faults.refuseExchanges = 2;
    const page = await open();
    await signIn(page);
    await hasStatus(page, 'signed-in');
    assert.equal(provider.counts.exchanges, 3);
    assert.equal(provider.counts.codes, 1);
    provider.faults.refuseExchanges = 1_000;
    await page.evaluate(() => {
      globalThis.made = false;
    });
    await begin(page);
    await ready(page);
    assert.deepEqual(await failed(page), ['PROVIDER_UNAVAILABLE']);
    assert.equal(provider.counts.exchanges, 7);
  }));

test('a refresh renews the token; an ID token of another audience is not accepted then either', () =>
  withUser(async ({ open }) => {
    const page = await open();
    await signIn(page);
    const before = await call(page);
    assert.equal(await page.evaluate(() => auth.refresh().then(({ user }) => user.sub)), 'ada');
    assert.notEqual(await call(page), before);
    provider.faults.idToken = (claims) => Object.assign(claims, { aud: 'web' });
    assert.equal((await page.evaluate(() => outcome(auth.refresh()))).ours, true);
    assert.notEqual(await page.evaluate(() => auth.session.user?.aud), 'web');
  }));

for (const when of ['the page is loaded', 'the app asks for it'])
  test(`a refresh that returns an ID token of another user is not accepted: ${when}`, () =>
    withUser(async ({ open }) => {
      more = { remember: 'browser' };
      const page = await open();
      await signIn(page);
      await hasStatus(page, 'signed-in');
      provider.faults.idToken = (claims) => Object.assign(claims, { sub: 'grace' });
      const before = provider.counts.exchanges;
      if (when === 'the page is loaded') {
        await page.reload();
        await ready(page);
      }
      // (A shared worker may have kept the session, and a page whose refresh was refused sends another one.)
      assert.equal((await page.evaluate(() => outcome(auth.refresh()))).ours, true);
      assert.ok(provider.counts.exchanges > before);
      assert.notEqual(await page.evaluate(() => auth.session.user?.sub), 'grace');
      assert.equal((await events(page)).flat().includes('grace'), false);
    }));

test('a reload: signs out with the token in memory, and prompt none signs in without a click', () =>
  withUser(async ({ open }) => {
    const page = await open();
    await signIn(page);
    await page.reload();
    await ready(page);
    if (ISOLATION === 'shared-worker') return hasStatus(page, 'signed-in');
    await hasStatus(page, 'signed-out');
    // The provider is asked for nothing.
    await page.evaluate(() => {
      globalThis.made = false;
    });
    await begin(page, { prompt: 'none' });
    await ready(page);
    await hasStatus(page, 'signed-in');
    assert.equal(provider.counts.logins, 1);
  }));

test('remember: a reload restores the session, and a second tab shares it', () =>
  withUser(async ({ open }) => {
    more = { remember: 'browser' };
    const page = await open();
    const other = await open();
    await signIn(page);
    await hasStatus(page, 'signed-in');
    await hasStatus(other, 'signed-in');
    assert.equal(await other.evaluate(() => auth.session.user.sub), 'ada');
    await page.reload();
    await ready(page);
    await hasStatus(page, 'signed-in');
    assert.match(await call(page), /^Bearer /);
    await other.evaluate(() => auth.logout());
    await hasStatus(page, 'signed-out');
  }));

test('two tabs sign in at once', () =>
  withUser(async ({ open }) => {
    const pages = [await open('/app?a'), await open('/app?b')];
    for (const page of pages) await begin(page);
    for (const page of pages) {
      await page.waitForURL(`${provider.issuer}/interaction/**`);
      await page.fill('[name=login]', 'ada');
    }
    await Promise.all(pages.map((page) => page.click('[value=yes]', { noWaitAfter: true })));
    for (const page of pages) {
      await page.waitForURL((url) => url.origin === proxy.url);
      await ready(page);
      await hasStatus(page, 'signed-in');
      assert.deepEqual(await page.evaluate(() => events.filter(([name]) => name === 'sign-in-failed')), []);
    }
    assert.equal(provider.counts.redeemed, 2);
    assert.equal(provider.counts.revoked, 0);
  }));

test('a second call with the same options returns the same client, and one exchange is made', () =>
  withUser(async ({ open }) => {
    twice = `globalThis.isSame = createPkceClient({ ...options }) === auth;
      const other = createPkceClient({ ...options, onLog() {} });
      globalThis.isSameWithFunction = other === auth;
      other.dispose();`;
    const page = await open();
    await signIn(page);
    await hasStatus(page, 'signed-in');
    assert.equal(await page.evaluate(() => isSame), true);
    assert.equal(await page.evaluate(() => isSameWithFunction), false);
    assert.equal(provider.counts.exchanges, 1);
    // After a client was disposed, as by the effects of a development build, the next one signs in.
    twice = 'auth.dispose(); globalThis.auth = createPkceClient({ ...options });';
    await page.reload();
    await ready(page);
    await page.evaluate(() => {
      globalThis.made = false;
    });
    await begin(page, { prompt: 'none' });
    await page.waitForFunction(() => globalThis.made, undefined, { polling: 20 });
    await page.waitForFunction(() => globalThis.auth?.session.status === 'signed-in', undefined, { polling: 50 });
    assert.equal(provider.counts.revoked, 0);
  }));

test('Back from the provider: the promise rejects, and the next sign-in works', () =>
  withBackForwardCache(() =>
    withUser(async ({ open }) => {
      const page = await open();
      await begin(page);
      await page.waitForURL(`${provider.issuer}/interaction/**`);
      await goBack(page);
      await page.waitForURL(`${proxy.url}/app`, { waitUntil: 'commit' });
      await ready(page);
      const result = await page.evaluate(() => globalThis.result ?? { name: 'AbortError' });
      assert.equal(result.name, 'AbortError');
      await signIn(page);
      await hasStatus(page, 'signed-in');
    }),
  ));

test('Back after the sign-in shows no error', () =>
  withBackForwardCache(() =>
    withUser(async ({ open }) => {
      more = { remember: 'browser' };
      const page = await open('/app?start');
      await signIn(page, 'ada', { returnTo: '/orders' });
      await hasStatus(page, 'signed-in');
      await goBack(page);
      await page.waitForURL((url) => url.search === '?start' || url.href.startsWith(provider.issuer), {
        waitUntil: 'commit',
      });
      await page.goto(`${proxy.url}/app`);
      await ready(page);
      await hasStatus(page, 'signed-in');
      assert.deepEqual(await page.evaluate(() => events.filter(([name]) => name === 'sign-in-failed')), []);
    }),
  ));

test('a logout revokes the refresh token; a logout at the provider ends its session, and returns', () =>
  withUser(async ({ open }) => {
    const page = await open();
    await signIn(page);
    assert.deepEqual(await page.evaluate(() => auth.logout()), { revoked: true });
    await hasStatus(page, 'signed-out');
    // The provider still knows the user.
    await page.evaluate(() => {
      globalThis.made = false;
    });
    await begin(page);
    await ready(page);
    await hasStatus(page, 'signed-in');
    assert.equal(provider.counts.logins, 1);
    await page.evaluate(() => {
      globalThis.result = outcome(auth.logout({ scope: 'provider', returnTo: '/orders?bye#1' }));
    });
    await page.waitForURL(`${proxy.url}/orders?bye#1`);
    await ready(page);
    await hasStatus(page, 'signed-out');
    assert.equal(
      await page.evaluate(() => Object.keys(sessionStorage).filter((key) => key.endsWith(':pkce')).length),
      0,
    );
    await signIn(page);
    assert.equal(provider.counts.logins, 2);
  }));

test('wrong calls name what was expected', () =>
  withUser(async ({ open }) => {
    const page = await open();
    const wrong = (code) => page.evaluate((code) => outcome(new Function(`return ${code}`)()), code);
    for (const [code, text] of [
      ['auth.login({ a: 1 })', 'login'],
      ['auth.adopt({})', 'adopt'],
      ['auth.logout({ scope: "global" })', 'logout.scope'],
      ['auth.logout({ scope: "provider", returnTo: "https://evil.example" })', 'logout.returnTo'],
      ['auth.signIn({ returnTo: "//evil.example" })', 'signIn.returnTo'],
      ['auth.signIn({ provider: "google" })', 'signIn.provider'],
      ['auth.signIn({ prompt: "maybe" })', 'signIn.prompt'],
    ]) {
      const { code: found, message, ours } = await wrong(code);
      assert.equal(found, 'INVALID_OPTIONS', code);
      assert.ok(message.includes(text), message);
      assert.equal(ours, true);
    }
    for (let at = 0; at < 2; at += 1)
      await page.evaluate(() => {
        const aborting = new AbortController();
        const done = outcome(auth.signIn({ prompt: 'none', signal: aborting.signal }));
        aborting.abort();
        return done;
      });
    assert.equal((await wrong('auth.signIn({ prompt: "none" })')).code, 'INTERACTION_REQUIRED');
  }));

test('a provider that cannot be reached, or whose metadata are of another issuer', () =>
  withUser(async ({ context }) => {
    provider.faults.unavailable = true;
    // (Where the session is shared, the client asks the provider at its start.)
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    await page.goto(`${proxy.url}/app`);
    await page.waitForFunction(() => globalThis.made, undefined, { polling: 20 });
    const result = () => page.evaluate(() => outcome(auth.signIn()));
    assert.equal((await result()).code, 'PROVIDER_UNAVAILABLE');
    provider.faults.unavailable = false;
    provider.faults.metadata = (metadata) => {
      metadata.issuer = 'https://evil.example';
    };
    assert.equal((await result()).code, 'PROVIDER_REFUSED');
    provider.faults.metadata = (metadata) => {
      metadata.token_endpoint = 'http://evil.example/token';
    };
    assert.equal((await result()).code, 'PROVIDER_REFUSED');
    provider.heal();
    await signIn(page);
    await hasStatus(page, 'signed-in');
  }));

test('a browser that blocks the storage: the sign-in does not begin', () =>
  withUser(async ({ open, context }) => {
    await context.addInitScript(() => {
      if (location.hostname !== '127.0.0.1') return;
      Object.defineProperty(globalThis, 'sessionStorage', {
        get() {
          throw new DOMException('blocked', 'SecurityError');
        },
      });
    });
    const page = await open();
    const result = await page.evaluate(() => outcome(auth.signIn()));
    assert.equal(result.code, 'STALE_SIGN_IN');
    assert.match(result.message, /storage/);
  }));

/** Signs in at a provider that knows the user. */
async function signInAgain(page) {
  await begin(page);
  await page.waitForFunction(() => globalThis.auth?.session.status === 'signed-in', undefined, { polling: 50 });
}

/** The entries of the tab about sign-ins that are under way. */
const records = (page) =>
  page.evaluate(() =>
    Object.entries({ ...sessionStorage })
      .filter(([key]) => key.endsWith(':pkce'))
      .map(([, text]) => JSON.parse(text)),
  );

test('two issuers need an address each, and share nothing under one name', () =>
  withUser(async ({ open }) => {
    more = { name: 'shop', remember: ISOLATION === 'shared-worker' ? 'browser' : 'tab' };
    earlier = `const evil = { ...options, issuer: 'http://localhost:1' };
      globalThis.other = createPkceClient({ ...evil, redirectUri: '/orders' });
      globalThis.failures = [];
      other.on('sign-in-failed', ({ error }) => failures.push(error.code));`;
    twice = `try {
        createPkceClient(evil);
      } catch (error) {
        globalThis.refused = [error.code, error.message];
      }`;
    const page = await open();
    const [code, message] = await page.evaluate(() => refused);
    assert.equal(code, 'INVALID_OPTIONS');
    assert.match(message, /options\.redirectUri: expected an address to which no other issuer returns/);
    await signIn(page);
    await hasStatus(page, 'signed-in');
    assert.deepEqual(await page.evaluate(() => [failures, other.session.user]), [[], null]);
    assert.equal(provider.counts.exchanges, 1);
  }));

test('a logout ends the exchange that is under way', () =>
  withUser(async ({ open }) => {
    provider.faults.refuseExchanges = 1_000;
    const page = await open();
    await begin(page);
    await enter(page);
    // The client now waits until it sends the code for the fourth time.
    await until(
      () => provider.counts.exchanges === 3,
      () => 'the code was not sent three times',
    );
    await page.evaluate(() => auth.logout());
    provider.heal();
    await page.evaluate(() => auth.ready.then(() => {}));
    await hasStatus(page, 'signed-out');
    assert.equal(provider.counts.exchanges, 3);
    assert.deepEqual(await records(page), []);
    assert.deepEqual(await page.evaluate(() => events.filter(([name]) => name !== 'signed-out')), []);
    await signInAgain(page);
  }));

for (const scope of ['session', 'provider'])
  test(`a logout (${scope}) while the provider cannot be reached: no later page restores the session`, () =>
    withUser(async ({ open }) => {
      more = { remember: 'browser' };
      const page = await open();
      await signIn(page);
      await hasStatus(page, 'signed-in');
      provider.faults.unavailable = true;
      await page.reload();
      await page.waitForFunction(() => globalThis.made, undefined, { polling: 20 });
      const result = await page.evaluate((scope) => outcome(auth.logout({ scope })), scope);
      if (scope === 'session') assert.deepEqual(result, { value: { revoked: false } });
      else assert.equal(result.code, 'PROVIDER_UNAVAILABLE');
      await hasStatus(page, 'signed-out');
      const stored = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]));
      for (const secret of provider.issued) assert.equal(stored.includes(secret), false);
      provider.heal();
      await page.reload();
      await ready(page);
      await hasStatus(page, 'signed-out');
      await signInAgain(page);
    }));

test('a logout at the provider returns to its own address, and says what was revoked', () =>
  withUser(async ({ open }) => {
    more = { postLogoutRedirectUri: '/goodbye' };
    const page = await open();
    await signIn(page);
    const isEnd = (url) => url.origin === provider.issuer && url.pathname === '/session/end';
    await page.route(isEnd, (route) => route.fulfill({ status: 204 }));
    const asked = page.waitForRequest((request) => isEnd(new URL(request.url())));
    await page.evaluate(() => {
      globalThis.result = outcome(auth.logout({ scope: 'provider' }));
    });
    await asked;
    // The user comes back to this page.
    await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })));
    assert.deepEqual(await page.evaluate(() => result), { value: { revoked: true } });
    await page.unroute(isEnd);
    await page.evaluate(() => {
      globalThis.made = false;
      auth.logout({ scope: 'provider', returnTo: '/orders?bye' });
    });
    await page.waitForURL(`${proxy.url}/orders?bye`);
    await ready(page);
    await hasStatus(page, 'signed-out');
    assert.deepEqual(await records(page), []);
  }));

test('returns to a path that begins with two slashes', () =>
  withUser(async ({ open }) => {
    const page = await open();
    await begin(page, { returnTo: '/.//x?y#z' });
    await enter(page);
    await page.waitForURL(`${proxy.url}//x?y#z`);
    await ready(page);
    await hasStatus(page, 'signed-in');
    assert.deepEqual(await records(page), []);
  }));

test('signs in on a page whose base is another origin', () =>
  withUser(async ({ open }) => {
    head = '<base href="https://cdn.example/">';
    const page = await open('/app?tab=2');
    await signIn(page);
    await hasStatus(page, 'signed-in');
    assert.equal(await address(page), '/app?tab=2');
    assert.equal(provider.counts.exchanges, 1);
  }));

test('a page that cannot change its address is not loaded again and again', () =>
  withUser(async ({ open, context }) => {
    await context.addInitScript(() => {
      History.prototype.replaceState = () => {
        throw new DOMException('refused', 'SecurityError');
      };
    });
    const page = await open();
    let loads = 0;
    page.on('request', (request) => {
      if (request.isNavigationRequest() && request.url().startsWith(`${proxy.url}/app`)) loads += 1;
    });
    await begin(page);
    await enter(page);
    await page.waitForFunction(() => globalThis.auth?.session.status === 'signed-in', undefined, { polling: 50 });
    assert.equal(loads, 1);
    assert.equal(provider.counts.exchanges, 1);
  }));

test('a sign-in that was ended before it left the page stores nothing', () =>
  withUser(async ({ open }) => {
    const page = await open();
    const isAsked = (url) => url.origin === provider.issuer && url.pathname === '/auth';
    await page.route(isAsked, (route) => route.fulfill({ status: 204 }));
    const asked = page.waitForRequest((request) => isAsked(new URL(request.url())));
    const name = await page.evaluate(async () => {
      const { setItem } = Storage.prototype;
      globalThis.written = [];
      Storage.prototype.setItem = function (key, value) {
        if (key.endsWith(':pkce')) written.push(JSON.parse(value).returnTo);
        return setItem.call(this, key, value);
      };
      const aborting = new AbortController();
      const first = outcome(auth.signIn({ returnTo: '/orders', signal: aborting.signal }));
      aborting.abort();
      auth.signIn();
      return (await first).name;
    });
    assert.equal(name, 'AbortError');
    await asked;
    assert.deepEqual(await page.evaluate(() => written), [`${proxy.url}/app`]);
  }));

const crafted = () => `tw${'A'.repeat(22)}`;

test('a link with what looks like responses is cleaned, and the sign-in from its page works', () =>
  withUser(async ({ open }) => {
    const page = await open(`/app?a=1&code=x&state=${crafted()}#state=${crafted()}`);
    assert.equal(await address(page), '/app?a=1');
    await begin(page, { returnTo: `/app?a=1&code=x&state=${crafted()}` });
    await enter(page);
    await returned(page, '/app?a=1');
    await hasStatus(page, 'signed-in');
    assert.deepEqual(await records(page), []);
  }));

test('metadata that are wrong or missing when the provider returns are a sign-in that failed', () =>
  withUser(async ({ open, context }) => {
    const page = await open();
    const isMetadata = (url) => url.pathname === '/.well-known/openid-configuration';
    const fails = async (answer, code) => {
      await page.evaluate(() => {
        globalThis.made = false;
      });
      await begin(page, { prompt: 'login' });
      await page.waitForURL(`${provider.issuer}/interaction/**`);
      await context.route(isMetadata, (route) => route.fulfill(answer));
      await enter(page);
      await page.waitForFunction(() => globalThis.made, undefined, { polling: 20 });
      assert.deepEqual(await failed(page), [code]);
      assert.deepEqual(await records(page), []);
      await context.unroute(isMetadata);
    };
    const headers = { 'access-control-allow-origin': '*' };
    await fails({ status: 200, headers, json: { issuer: 'https://evil.example' } }, 'PROVIDER_REFUSED');
    await fails({ status: 503, headers }, 'PROVIDER_UNAVAILABLE');
    assert.equal(provider.counts.exchanges, 0);
    await signInAgain(page);
  }));
