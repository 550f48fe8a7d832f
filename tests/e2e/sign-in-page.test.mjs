// Signing in and out at an identity provider, the part of the page, against endpoints that the test scripts: the server's own are
// tested with a provider.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  ADA,
  closeBrowser,
  GRACE,
  hasStatus,
  ISOLATION,
  NPM_ONLY,
  openBrowser,
  until,
  withBackForwardCache,
  withBrowser,
  withTabs,
} from './harness.mjs';

before(openBrowser);
after(closeBrowser);

const EVENTS = ['signed-in', 'signed-out', 'refreshed', 'account-changed', 'sign-in-failed'];

/** A page with a client that is made while the page loads. `session` is its promise of `signIn`; `before` runs before it. */
const appPage = (
  options,
  before = '',
) => `<!doctype html><title>app</title><button>sign in</button><script type="module">
import { AuthClient, AuthError } from '/pkg/index.js';
globalThis.events = [];
globalThis.AuthClient = AuthClient;
const { open } = window;
window.open = (...given) => { globalThis.popup = open(...given); return globalThis.popup; };
${before}
globalThis.auth = new AuthClient(${JSON.stringify({ isolation: ISOLATION, ...options })});
globalThis.seen = { address: location.pathname + location.search + location.hash, state: history.state };
for (const name of ${JSON.stringify(EVENTS)})
  auth.on(name, ({ user, error, reason, to, returnTo }) =>
    events.push([name, user?.email ?? error?.code ?? reason ?? to?.user.email, ...(returnTo ? [returnTo] : [])]));
globalThis.outcome = (promise) => promise.then(
  (session) => ({ session: session.user?.email ?? session }),
  (error) => ({ name: error.name, code: error.name === 'AuthError' ? error.code : undefined, message: error.message, ours: error instanceof AuthError, retryable: error.retryable }),
);
globalThis.begin = (given) => { globalThis.result = outcome(auth.signIn(given)); };
document.querySelector('button').onclick = () => begin(globalThis.given);
globalThis.statuses = [];
auth.subscribe(({ status }) => statuses.at(-1) === status || statuses.push(status));
globalThis.made = true;
</script>`;

/**
 * The endpoints of a server with an identity provider. `provider.answer` is the mark; `user` signs in, `page` shows a page of the
 * provider first, which is on another site.
 */
async function withProvider(work, { options = {}, init } = {}) {
  await withTabs({}, async ({ proxy, context, server }) => {
    if (init) await context.addInitScript(init);
    const provider = { user: ADA, answer: '~signed-in', page: false, headers: {}, starts: [], ends: [] };
    const elsewhere = proxy.url.replace('127.0.0.1', 'localhost');
    const redirect = (response, to, headers = {}) => response.writeHead(303, { location: to, ...headers }).end();
    const finish = async (response, query) => {
      const headers = {};
      if (provider.answer === '~signed-in' && !provider.noCookie) {
        const body = JSON.stringify(provider.user);
        const type = { 'content-type': 'application/json' };
        const login = await fetch(`${server.url}/auth/login`, { method: 'POST', headers: type, body });
        headers['set-cookie'] = login.headers.getSetCookie();
      }
      const { popup, returnTo = '/' } = query;
      if (popup) return redirect(response, `/auth/done#${popup}${provider.answer}`, headers);
      redirect(response, `${returnTo}${returnTo.includes('#') ? '' : '#'}${provider.answer}`, headers);
    };
    const queryOf = ({ url }) => Object.fromEntries(new URL(url, proxy.url).searchParams);
    proxy.raw.set('/auth/start', (request, response) => {
      const query = queryOf(request);
      provider.starts.push(query);
      if (provider.stays) return response.writeHead(204).end();
      if (!provider.page) return finish(response, query);
      redirect(response, `${elsewhere}/provider?${new URLSearchParams(query)}`);
    });
    proxy.raw.set('/provider', (request, response) => {
      const next = `${proxy.url}/auth/callback?${new URLSearchParams(queryOf(request))}`;
      response.writeHead(200, { 'content-type': 'text/html', ...provider.headers });
      response.end(`<title>provider</title><a href="${next}">continue</a>`);
    });
    proxy.raw.set('/auth/callback', (request, response) => finish(response, queryOf(request)));
    proxy.raw.set('/auth/done', (_, response) => {
      const script = `new BroadcastChannel('tokenward:sign-in').postMessage(location.hash.slice(1)); close();`;
      response.writeHead(200, { 'content-type': 'text/html', ...provider.headers }).end(`<script>${script}</script>`);
    });
    proxy.raw.set('/auth/end', async (request, response) => {
      const { returnTo } = queryOf(request);
      const { cookie = '' } = request.headers;
      provider.ends.push({ returnTo, cookie, before: proxy.to('/auth/logout').length });
      const origin = { origin: server.url, 'sec-fetch-site': 'same-origin' };
      const logout = await fetch(`${server.url}/auth/logout`, { method: 'POST', headers: { cookie, ...origin } });
      redirect(response, `${returnTo}#~signed-out`, { 'set-cookie': logout.headers.getSetCookie() });
    });
    proxy.pages.set('/app', () => appPage(options));
    const errors = [];
    const open = async (address = '/app') => {
      const page = await context.newPage();
      page.setDefaultTimeout(60_000);
      page.on('pageerror', (error) => errors.push(error));
      await page.goto(proxy.url + address);
      await loaded(page);
      return page;
    };
    await work({ proxy, context, server, provider, open });
    assert.deepEqual(errors, [], 'errors that the page does not catch');
  });
}

/** Waits until the page has made its client, and the client has restored its session. */
async function loaded(page) {
  await page.waitForFunction(() => globalThis.made, undefined, { polling: 20 });
  await page.evaluate(() => auth.ready.then(() => {}));
}
const address = (page) => page.evaluate(() => location.pathname + location.search + location.hash);
/** The events so far. (A page that joins a shared worker hears of the status there.) */
const events = (page) =>
  page.evaluate(() => globalThis.events.filter(([name, detail]) => name !== 'signed-out' || detail !== 'no-session'));
const begin = (page, given) => page.evaluate((given) => begin(given), given);
const result = (page) => page.evaluate(() => globalThis.result);
const code = async (page) => (await result(page)).code;
const hasEvent = (page, name) =>
  page.waitForFunction((wanted) => globalThis.events?.some(([name]) => name === wanted), name, { polling: 20 });
/** Signs in by a redirect that shows no page of the provider. */
async function signIn(page, given = {}) {
  await page.evaluate(() => {
    globalThis.made = false;
  });
  await begin(page, given);
  await loaded(page);
}

test('by redirect: the address is as before, the session is there, and the other tabs follow', () =>
  withProvider(async ({ open, provider, proxy }) => {
    const other = await open();
    const page = await open('/app?tab=2#items');
    await signIn(page, { provider: 'corp', prompt: 'login', loginHint: 'ada@x', acrValues: 'mfa', maxAge: 0 });
    await hasStatus(page, 'signed-in');
    assert.deepEqual(provider.starts, [
      {
        returnTo: '/app?tab=2#items',
        provider: 'corp',
        prompt: 'login',
        loginHint: 'ada@x',
        acr: 'mfa',
        maxAge: '0',
      },
    ]);
    assert.equal(await page.evaluate(() => seen.address), '/app?tab=2#items', 'removed in the constructor');
    assert.equal(await address(page), '/app?tab=2#items');
    assert.deepEqual(await events(page), [['signed-in', 'ada@example.com']]);
    await hasStatus(other, 'signed-in');
    assert.equal(proxy.to('/auth/login').length, 0);
    assert.equal(proxy.to('/auth/logout').length, 0);
    await page.reload();
    await loaded(page);
    await hasStatus(page, 'signed-in');
  }));

test('the mark is removed before a router looks, and history.state and the fragment stay', () =>
  withProvider(async ({ open, provider }) => {
    const page = await open();
    for (const [before, after] of [
      ['/app?a=1#~signed-in', '/app?a=1'],
      ['/app#/route?x=1~signed-in', '/app#/route?x=1'],
      ['/app#~signed-out', '/app'],
      ['/app#a~b~sign-in-error=access_denied', '/app#a~b'],
      ['/app#~signed-in-not', '/app#~signed-in-not'],
      ['/app#~signed-in&x', '/app#~signed-in&x'],
    ]) {
      await page.evaluate((address) => history.replaceState({ key: 'kept' }, '', address), before);
      await page.reload();
      await loaded(page);
      assert.deepEqual(await page.evaluate(() => seen), { address: after, state: { key: 'kept' } }, before);
    }
    assert.deepEqual(provider.starts, []);
  }));

test('each error of the server comes once as a typed event, and not after a reload', () =>
  withProvider(async ({ open, provider }) => {
    const page = await open();
    for (const [text, expected, retryable] of [
      ['access_denied', 'ACCESS_DENIED', false],
      ['interaction_required', 'INTERACTION_REQUIRED', false],
      ['provider_unavailable', 'PROVIDER_UNAVAILABLE', true],
      ['provider_refused', 'PROVIDER_REFUSED', false],
      ['stale_sign_in', 'STALE_SIGN_IN', false],
      ['%3Cscript%3Ealert(1)', 'PROVIDER_REFUSED', false],
      ['constructor', 'PROVIDER_REFUSED', false],
      ['', 'PROVIDER_REFUSED', false],
    ]) {
      provider.answer = `~sign-in-error=${text}`;
      await signIn(page, { returnTo: '/app?x=1#here' });
      await hasEvent(page, 'sign-in-failed');
      assert.deepEqual(await events(page), [['sign-in-failed', expected, '/app?x=1#here']]);
      const error = await page.evaluate((address) => {
        history.replaceState(null, '', address);
        const client = new AuthClient({ name: 'other' });
        return new Promise((resolve) => client.on('sign-in-failed', ({ error }) => resolve(error))).then(
          ({ message, retryable }) => ({ message, retryable }),
        );
      }, `/app#~sign-in-error=${text}`);
      assert.equal(error.retryable, retryable);
      assert.doesNotMatch(error.message, /script|alert/);
      await page.reload();
      await loaded(page);
      // Longer than the event takes: the status of a later client is known.
      await page.evaluate(() => new AuthClient({ name: 'later' }).ready.then(() => {}));
      assert.deepEqual(await events(page), []);
    }
  }));

test('a user who was signed in stays signed in after a sign-in that failed', () =>
  withProvider(async ({ open, provider }) => {
    const page = await open();
    await signIn(page);
    provider.answer = '~sign-in-error=access_denied';
    await signIn(page);
    await hasEvent(page, 'sign-in-failed');
    await hasStatus(page, 'signed-in');
    assert.deepEqual(await events(page), [
      ['signed-in', 'ada@example.com'],
      ['sign-in-failed', 'ACCESS_DENIED', '/app'],
    ]);
  }));

test('another user signs in: account-changed in the other tab', () =>
  withProvider(async ({ open, provider }) => {
    const page = await open();
    await signIn(page);
    const other = await open();
    provider.user = GRACE;
    await signIn(page, { prompt: 'select_account' });
    await hasEvent(other, 'account-changed');
    assert.deepEqual((await events(other)).at(-1), ['account-changed', 'grace@example.com']);
    assert.equal(await page.evaluate(() => auth.session.user.email), 'grace@example.com');
  }));

for (const restore of ['auto', 'hint', 'always', 'never'])
  test(`restore: '${restore}': the return from the provider restores the session`, () =>
    withProvider(
      async ({ open, proxy }) => {
        const page = await open();
        await page.evaluate(() => auth.ready.then(() => {}));
        const before = proxy.to('/auth/refresh').length;
        await signIn(page);
        await hasStatus(page, 'signed-in');
        // (A shared worker asks for each page that joins with 'always'.)
        const most = ISOLATION === 'shared-worker' && restore === 'always' ? 2 : 1;
        assert.ok(proxy.to('/auth/refresh').length - before <= most, 'one refresh');
        assert.equal(await page.evaluate(() => statuses.includes('signed-out')), false, 'no guard redirects meanwhile');
      },
      { options: { restore } },
    ));

test('a refresh that fails after the return is tried again', () =>
  withProvider(async ({ open, proxy }) => {
    const page = await open();
    let failures = 2;
    proxy.fault = ({ path }) => {
      if (path !== '/auth/refresh' || failures === 0) return undefined;
      failures -= 1;
      return { answer: { status: 503 } };
    };
    await signIn(page);
    await hasStatus(page, 'signed-in');
    assert.equal(failures, 0);
  }));

test('a reload before the server has answered loses nothing', () =>
  withProvider(async ({ open, proxy }) => {
    const page = await open();
    const before = proxy.to('/auth/refresh').length;
    proxy.fault = ({ path }) => (path === '/auth/refresh' ? { delay: 1_000 } : undefined);
    await begin(page);
    await until(
      () => proxy.to('/auth/refresh').length > before,
      () => 'no refresh',
    );
    proxy.fault = () => undefined;
    await page.reload();
    await hasStatus(page, 'signed-in');
  }));

test('the promise of a redirect stays pending, and rejects when the user comes back', () =>
  withBackForwardCache(() =>
    withProvider(async ({ open, provider }) => {
      provider.page = true;
      const page = await open();
      await begin(page);
      await page.waitForURL(/provider/);
      await page.goBack({ waitUntil: 'commit' });
      await page.waitForFunction(() => globalThis.made, undefined, { polling: 20 });
      // (A browser that has not kept the page loads it again: nothing is pending then.)
      const kept = await page.evaluate(() => globalThis.result !== undefined);
      if (kept) assert.equal((await result(page)).name, 'AbortError');
      assert.equal(await page.evaluate(() => auth.ready.then(({ status }) => status)), 'signed-out');
      await begin(page);
      await page.click('text=continue');
      await loaded(page);
      await hasStatus(page, 'signed-in');
      // Back to the provider, and to the page before it.
      await page.goBack({ waitUntil: 'commit' });
      await page.goBack({ waitUntil: 'commit' });
      await page.waitForFunction(() => globalThis.made, undefined, { polling: 20 });
      await hasStatus(page, 'signed-in');
      assert.deepEqual(
        (await events(page)).filter(([name]) => name === 'sign-in-failed'),
        [],
      );
    }),
  ));

test('signIn, login, logout, a signal and dispose end the wait', () =>
  withProvider(async ({ open, provider }) => {
    provider.stays = true;
    const page = await open();
    const ended = (work) =>
      page.evaluate(async (work) => {
        const waiting = outcome(auth.signIn());
        await new Function(`return (${work})()`)();
        const { name, code, message } = await waiting;
        return [name, code ?? null, message.includes('replaced')];
      }, `${work}`);
    const replaced = ['AbortError', null, true];
    assert.deepEqual(await ended(() => void auth.signIn()), replaced);
    assert.deepEqual(await ended(() => auth.login({ email: 'x', password: 'y' }).catch(() => {})), replaced);
    assert.deepEqual(await ended(() => auth.adopt({}).catch(() => {})), replaced);
    assert.deepEqual(await ended(() => auth.logout()), replaced);
    const aborted = await page.evaluate(async () => {
      const stop = new AbortController();
      const waiting = outcome(auth.signIn({ signal: stop.signal }));
      stop.abort(new Error('enough'));
      return [(await waiting).message, (await outcome(auth.signIn({ signal: stop.signal }))).message];
    });
    // (A future of the Rust client is dropped instead.)
    if (ISOLATION !== 'rust') assert.deepEqual(aborted, ['enough', 'enough']);
    assert.deepEqual(await ended(() => auth.dispose()), ['AuthError', 'DISPOSED', false]);
    assert.equal((await page.evaluate(() => outcome(auth.signIn()))).code, 'DISPOSED');
  }));

test('a wrong option is an error that names it, and nothing begins', () =>
  withProvider(async ({ open, provider }) => {
    const page = await open();
    for (const [given, message] of [
      [
        { returnTo: 'https://evil.example' },
        /signIn\.returnTo: expected an address of this origin, .* got "https:\/\/evil/,
      ],
      [{ returnTo: '//evil.example/x' }, /signIn\.returnTo/],
      [{ returnTo: 'javascript:alert(1)' }, /signIn\.returnTo/],
      [{ returnTo: `/${'x'.repeat(1000)}` }, /signIn\.returnTo: .*1000/],
      [{ returnTo: 7 }, /signIn\.returnTo: .* got 7/],
      [{ provider: '' }, /signIn\.provider: expected a string that is not empty, got ""/],
      [{ display: 'window' }, /signIn\.display: expected "redirect" or "popup", got "window"/],
      [{ prompt: 'maybe' }, /signIn\.prompt: expected "none" or "login" or .* got "maybe"/],
      [{ loginHint: 1 }, /signIn\.loginHint/],
      [{ acrValues: ['a'] }, /signIn\.acrValues: .* got an array/],
      [{ maxAge: 1.5 }, /signIn\.maxAge: expected a whole number of seconds, got 1\.5/],
      [{ maxAge: -1 }, /signIn\.maxAge/],
      [{ signal: {} }, /signIn\.signal: expected an AbortSignal, got an object/],
      [{ return_to: '/' }, /signIn\.return_to: expected one of returnTo, provider/],
      [null, /signIn: expected an object, got null/],
    ]) {
      const { code, message: text, ours } = await page.evaluate((given) => outcome(auth.signIn(given)), given);
      assert.equal(code, 'INVALID_OPTIONS', JSON.stringify(given));
      assert.match(text, message);
      assert.ok(ours, 'the class that the app imports');
    }
    const event = await page.evaluate(() => outcome(auth.signIn(new MouseEvent('click'))));
    assert.match(event.message, /\(\) => signIn\(\)/);
    const logout = await page.evaluate(() => outcome(auth.logout({ scope: 'nobody' })));
    if (ISOLATION !== 'rust')
      assert.match(logout.message, /logout\.scope: expected "session" or "global" or "provider"/);
    const away = await page.evaluate(() =>
      outcome(auth.logout({ scope: 'provider', returnTo: 'https://evil.example' })),
    );
    assert.match(away.message, /logout\.returnTo: expected an address of this origin/);
    assert.deepEqual([provider.starts, provider.ends], [[], []]);
  }));

test('without the cookie transport there is no sign-in, and a mark stays', () =>
  withProvider(
    async ({ open, provider }) => {
      const page = await open('/app#~signed-in');
      assert.equal(await address(page), '/app#~signed-in');
      const { code, message } = await page.evaluate(() => outcome(auth.signIn()));
      assert.equal(code, 'INVALID_OPTIONS');
      assert.match(message, /signIn: expected options\.transport "cookie", got "body"/);
      assert.deepEqual(provider.starts, []);
    },
    { options: { transport: 'body' } },
  ));

test('the third sign-in with prompt "none" within a minute rejects; another sign-in begins anew', () =>
  withProvider(async ({ open, provider }) => {
    provider.answer = '~sign-in-error=interaction_required';
    const page = await open();
    for (const _ of [1, 2]) {
      await signIn(page, { prompt: 'none' });
      await hasEvent(page, 'sign-in-failed');
    }
    await begin(page, { prompt: 'none' });
    const { name, code, message } = await result(page);
    assert.deepEqual([name, code], ['AuthError', 'INTERACTION_REQUIRED']);
    if (ISOLATION !== 'rust') assert.match(message, /third/);
    assert.equal(provider.starts.length, 2);
    await signIn(page);
    await signIn(page, { prompt: 'none' });
    assert.equal(provider.starts.length, 4);
  }));

/** Clicks the button, which signs in by popup, and resolves with the window. */
async function openPopup(page, context, given = {}) {
  await page.evaluate((more) => {
    globalThis.given = { display: 'popup', ...more };
  }, given);
  const opened = context.waitForEvent('page');
  await page.click('button');
  return opened;
}

/** The page gets the focus when a user closes the window. (A browser of a test keeps it in all windows.) */
async function closeByUser(page, popup) {
  await page.evaluate(() => {
    const watching = setInterval(() => {
      if (!globalThis.popup.closed) return;
      clearInterval(watching);
      dispatchEvent(new Event('focus'));
    }, 20);
  });
  await popup.close();
}

test('by popup: the promise resolves with the session, the window closes, and the address stays', () =>
  withProvider(async ({ open, provider, context }) => {
    provider.page = true;
    const other = await open();
    const page = await open('/app#here');
    const popup = await openPopup(page, context);
    await popup.waitForURL(/provider/);
    assert.equal(await popup.evaluate(() => window.opener), null, 'no opener');
    const closed = popup.waitForEvent('close');
    await popup.click('a');
    await closed;
    assert.deepEqual(await result(page), { session: 'ada@example.com' });
    assert.match(provider.starts[0].popup, /^[\w-]{1,40}$/);
    assert.equal(await address(page), '/app#here');
    await hasStatus(other, 'signed-in');
    // Again, as another user: the promise resolves when the new session is there.
    provider.user = GRACE;
    const again = await openPopup(page, context, { prompt: 'select_account' });
    await again.waitForURL(/provider/);
    await again.click('a');
    assert.deepEqual(await result(page), { session: 'grace@example.com' });
    await hasEvent(other, 'account-changed');
  }));

test('by popup: denied, and closed by the user', () =>
  withProvider(async ({ open, provider, context }) => {
    provider.page = true;
    provider.answer = '~sign-in-error=access_denied';
    const page = await open();
    const popup = await openPopup(page, context);
    await popup.waitForURL(/provider/);
    await popup.click('a');
    assert.equal(await code(page), 'ACCESS_DENIED');
    const closed = await openPopup(page, context);
    await closed.waitForURL(/provider/);
    await closeByUser(page, closed);
    assert.equal(await code(page), 'POPUP_CLOSED');
    assert.deepEqual(await events(page), []);
  }));

test('by popup: a blocked window becomes a redirect, and so does a server on another origin', () =>
  withProvider(async ({ open, provider, context }) => {
    const page = await open();
    await page.evaluate(() => {
      globalThis.made = false;
      window.open = () => null;
    });
    await page.evaluate(() => begin({ display: 'popup' }));
    await loaded(page);
    await hasStatus(page, 'signed-in');
    assert.equal(provider.starts[0].popup, undefined);
    const to = await page.evaluate(() => {
      const elsewhere = location.origin.replace('127.0.0.1', 'localhost');
      new AuthClient({ baseUrl: elsewhere, name: 'elsewhere' }).signIn({ display: 'popup' });
      return elsewhere;
    });
    await page.waitForURL((url) => url.origin === to || provider.starts.length === 2);
    assert.equal(provider.starts[1].returnTo, `${to.replace('localhost', '127.0.0.1')}/app`);
    assert.equal(context.pages().length, 1, 'no window');
  }, {}));

test('by popup: of two, the last counts', () =>
  withProvider(async ({ open, provider, context }) => {
    provider.page = true;
    const page = await open();
    const first = await openPopup(page, context);
    await first.waitForURL(/provider/);
    await page.evaluate(() => {
      globalThis.first = globalThis.result;
    });
    const second = await openPopup(page, context);
    assert.equal(await page.evaluate(() => globalThis.first.then(({ name }) => name)), 'AbortError');
    await second.waitForURL(/provider/);
    await second.click('a');
    assert.deepEqual(await result(page), { session: 'ada@example.com' });
  }));

test('by popup: a window that a Cross-Origin-Opener-Policy severs is waited for', () =>
  withProvider(async ({ open, provider, context }) => {
    provider.page = true;
    provider.headers = { 'cross-origin-opener-policy': 'same-origin' };
    const page = await open();
    const popup = await openPopup(page, context);
    await popup.waitForURL(/provider/);
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 2_500)));
    await popup.click('a');
    assert.deepEqual(await result(page), { session: 'ada@example.com' });
  }));

test('by popup: a window that is severed late, by a response that took long, is waited for', () =>
  withProvider(async ({ open, provider, context, proxy }) => {
    provider.page = true;
    provider.headers = { 'cross-origin-opener-policy': 'same-origin' };
    const start = proxy.raw.get('/auth/start');
    const held = [];
    proxy.raw.set('/auth/start', (...given) => held.push(given));
    const page = await open();
    const popup = await openPopup(page, context);
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 2_000)));
    for (const given of held) start(...given);
    await popup.waitForURL(/provider/);
    await page.waitForFunction(() => globalThis.popup.closed, undefined, { polling: 20 });
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 1_500)));
    await page.evaluate(() => dispatchEvent(new Event('focus')));
    await popup.click('a');
    assert.deepEqual(await result(page), { session: 'ada@example.com' });
  }));

test('by popup: severed, without a message: the session shows when the page is focused', () =>
  withProvider(async ({ open, provider, context, proxy }) => {
    provider.page = true;
    provider.headers = { 'cross-origin-opener-policy': 'same-origin' };
    proxy.raw.set('/auth/done', (_, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('done'));
    const page = await open();
    const popup = await openPopup(page, context);
    await popup.waitForURL(/provider/);
    await popup.click('a');
    await popup.waitForURL(/done/);
    const ended = page.evaluate(() => globalThis.result);
    await until(
      async () => {
        await page.evaluate(() => dispatchEvent(new Event('focus')));
        return page.evaluate(() => auth.session.status === 'signed-in');
      },
      () => 'the page did not ask for the session',
      { every: 300 },
    );
    assert.deepEqual(await ended, { session: 'ada@example.com' });
  }));

test('by popup: a result that comes after the window seemed to be closed signs in all the same', () =>
  withProvider(async ({ open, provider, context }) => {
    provider.page = true;
    const page = await open();
    const popup = await openPopup(page, context);
    await popup.waitForURL(/provider/);
    const address = popup.url();
    await closeByUser(page, popup);
    assert.equal(await code(page), 'POPUP_CLOSED');
    const late = await context.newPage();
    await late.goto(address);
    await late.click('a');
    await hasStatus(page, 'signed-in');
  }));

test('by popup: a wrong option, a disposed client and a file that cannot be loaded close the window', NPM_ONLY, () =>
  withProvider(async ({ open, provider, context, proxy }) => {
    const page = await open();
    proxy.broken.add('sign-in.js');
    for (const [given, expected] of [
      [{}, 'ENGINE_UNAVAILABLE'],
      [{ maxAge: 'x' }, 'INVALID_OPTIONS'],
      [{}, 'DISPOSED'],
    ]) {
      await openPopup(page, context, given);
      assert.equal(await code(page), expected);
      await until(
        () => context.pages().length === 1,
        () => 'the window is open',
      );
      proxy.broken.clear();
      if (expected === 'INVALID_OPTIONS') await page.evaluate(() => auth.dispose());
    }
    assert.deepEqual(provider.starts, []);
  }),
);

test('logout at the provider: both tabs are signed out at once, and the navigation ends the session', () =>
  withProvider(async ({ open, provider, proxy }) => {
    const page = await open('/app?x=1#here');
    await signIn(page);
    const other = await open();
    await hasStatus(other, 'signed-in');
    const left = await page.evaluate(() => {
      globalThis.made = false;
      auth.on('signed-out', ({ reason }) => localStorage.setItem('reason', reason));
      auth.logout({ scope: 'provider', returnTo: '/app?bye=1' });
    });
    assert.equal(left, undefined);
    await loaded(page);
    await hasStatus(other, 'signed-out');
    await hasStatus(page, 'signed-out');
    assert.equal(await page.evaluate(() => localStorage.getItem('reason')), 'logout');
    assert.equal(await address(page), '/app?bye=1');
    const [{ returnTo, cookie, before }] = provider.ends;
    assert.equal(returnTo, '/app?bye=1');
    assert.match(cookie, /refresh/, 'the server finds the session by its cookie');
    assert.equal(before, 0, 'no logout was sent before');
    await until(
      () => page.evaluate(() => localStorage.getItem('tokenward:v1:default:pending-revocation') === null),
      () => 'the revocation is still pending',
    );
    await page.reload();
    await loaded(page);
    assert.equal(await page.evaluate(() => auth.session.status), 'signed-out');
    assert.equal(await page.evaluate(() => auth.restore().then(({ status }) => status)), 'signed-out');
    assert.ok(proxy.to('/auth/logout').length <= 2);
    // A new sign-in is not ended by the revocation.
    await signIn(page);
    await hasStatus(page, 'signed-in');
    await page.reload();
    await loaded(page);
    await hasStatus(page, 'signed-in');
  }));

test('a logout at the provider with a wrong address changes nothing', () =>
  withProvider(async ({ open, provider, proxy }) => {
    const page = await open();
    await signIn(page);
    await hasStatus(page, 'signed-in');
    for (const returnTo of ['https://evil.example', '//evil.example', `/${'x'.repeat(1000)}`]) {
      const { code } = await page.evaluate(
        (returnTo) => outcome(auth.logout({ scope: 'provider', returnTo })),
        returnTo,
      );
      assert.equal(code, 'INVALID_OPTIONS');
      assert.equal(await page.evaluate(() => auth.session.status), 'signed-in');
    }
    await page.reload();
    await loaded(page);
    await hasStatus(page, 'signed-in');
    assert.deepEqual([provider.ends, proxy.to('/auth/logout')], [[], []]);
  }));

test('a logout at the provider without the cookie transport changes nothing', () =>
  withProvider(
    async ({ open, provider }) => {
      const page = await open();
      await page.evaluate(() =>
        auth.adopt({ accessToken: 'token', refreshToken: 'more', expiresIn: 900, user: { email: 'ada@example.com' } }),
      );
      const { code, message } = await page.evaluate(() => outcome(auth.logout({ scope: 'provider' })));
      assert.equal(code, 'INVALID_OPTIONS');
      assert.match(message, /logout: expected options\.transport "cookie", got "body"/);
      assert.equal(await page.evaluate(() => auth.session.status), 'signed-in');
      assert.deepEqual(provider.ends, []);
    },
    { options: { transport: 'body' } },
  ));

test('a logout at the provider whose file cannot be loaded ends the session here, and rejects', NPM_ONLY, () =>
  withProvider(async ({ open, provider, proxy }) => {
    const first = await open();
    await signIn(first);
    const page = await open();
    await hasStatus(page, 'signed-in');
    proxy.broken.add('sign-in.js');
    const { code } = await page.evaluate(() => outcome(auth.logout({ scope: 'provider' })));
    assert.equal(code, 'ENGINE_UNAVAILABLE');
    await hasStatus(page, 'signed-out');
    await hasStatus(first, 'signed-out');
    assert.deepEqual(provider.ends, []);
  }),
);

test('a logout at the provider whose navigation fails is sent as a revocation later', () =>
  withProvider(async ({ open, provider, proxy, server }) => {
    const page = await open();
    await signIn(page);
    proxy.raw.set('/auth/end', (_, response) => response.writeHead(204).end());
    await page.evaluate(() => {
      auth.logout({ scope: 'provider' });
    });
    await hasStatus(page, 'signed-out');
    const before = await server.counted('logout').catch(() => 0);
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await until(
      () => proxy.to('/auth/logout').length === 1,
      () => 'no revocation was sent',
    );
    await until(
      () => page.evaluate(() => localStorage.getItem('tokenward:v1:default:pending-revocation') === null),
      () => `still pending (${before} before)`,
    );
    assert.deepEqual(provider.ends, []);
  }));

test('a pending revocation goes before the sign-in, and never ends the new session', () =>
  withProvider(async ({ open, proxy, provider }) => {
    const page = await open();
    await signIn(page);
    proxy.fault = ({ path }) => (path === '/auth/logout' ? { answer: { status: 503 } } : undefined);
    assert.deepEqual(await page.evaluate(() => auth.logout()), { revoked: false });
    assert.equal(proxy.to('/auth/logout').length, 1);
    provider.user = GRACE;
    await signIn(page);
    assert.equal(proxy.to('/auth/logout').length, 2, 'sent again before the sign-in');
    await hasStatus(page, 'signed-in');
    proxy.fault = () => undefined;
    await page.evaluate(() => dispatchEvent(new Event('online')));
    await page.reload();
    await loaded(page);
    await hasStatus(page, 'signed-in');
    assert.equal(await page.evaluate(() => auth.session.user.email), 'grace@example.com');
    assert.equal(proxy.to('/auth/logout').length, 2);
  }));

test('a mark without a sign-in of this tab does not revive a session that the user has ended', () =>
  withProvider(async ({ open, proxy }) => {
    const page = await open();
    await signIn(page);
    proxy.fault = ({ path }) => (path === '/auth/logout' ? { answer: { status: 503 } } : undefined);
    await page.evaluate(() => auth.logout());
    const link = await open('/app#~signed-in');
    assert.equal(await link.evaluate(() => auth.session.status), 'signed-out');
    assert.equal(
      await link.evaluate(() => localStorage.getItem('tokenward:v1:default:pending-revocation')),
      '1',
      'the revocation is still pending',
    );
    assert.deepEqual(
      (await events(link)).filter(([name]) => name !== 'signed-out'),
      [],
    );
  }));

for (const by of ['Back', 'Back and a reload'])
  test(`${by} ends the sign-in: a logout and a later mark do not revive the session`, () =>
    withBackForwardCache(() =>
      withProvider(async ({ open, proxy, provider }) => {
        const page = await open();
        await signIn(page);
        provider.page = true;
        await begin(page);
        await page.waitForURL(/provider/);
        await page.goBack({ waitUntil: 'commit' });
        await loaded(page);
        if (by !== 'Back') await page.reload();
        await loaded(page);
        proxy.fault = ({ path }) => (path === '/auth/logout' ? { answer: { status: 503 } } : undefined);
        assert.deepEqual(await page.evaluate(() => auth.logout()), { revoked: false });
        await page.goto(`${proxy.url}/app?link#~signed-in`);
        await loaded(page);
        assert.equal(await page.evaluate(() => auth.session.status), 'signed-out');
        assert.equal(
          await page.evaluate(() => localStorage.getItem('tokenward:v1:default:pending-revocation')),
          '1',
          'the revocation is still pending',
        );
      }),
    ));

test('after Back, a logout in another tab is not undone by a mark', () =>
  withBackForwardCache(() =>
    withProvider(async ({ open, proxy, provider }) => {
      const page = await open();
      await signIn(page);
      const other = await open();
      provider.page = true;
      await begin(page);
      await page.waitForURL(/provider/);
      await page.goBack({ waitUntil: 'commit' });
      await loaded(page);
      await hasStatus(page, 'signed-in');
      proxy.fault = ({ path }) => (path === '/auth/logout' ? { answer: { status: 503 } } : undefined);
      assert.deepEqual(await other.evaluate(() => auth.logout()), { revoked: false });
      await page.goto(`${proxy.url}/app?link#~signed-in`);
      await loaded(page);
      assert.equal(await page.evaluate(() => auth.session.status), 'signed-out');
    }),
  ));

// (A shared worker that has already found no session is not asked again by a page that only reloads.)
if (ISOLATION !== 'shared-worker')
  test('a reload before the file of the sign-in has loaded loses nothing', NPM_ONLY, () =>
    withProvider(async ({ open, proxy, provider }) => {
      provider.page = true;
      const page = await open();
      await begin(page);
      await page.waitForURL(/provider/);
      const held = [];
      proxy.raw.set('/pkg/sign-in.js', (_, response) => held.push(response));
      await page.click('a', { noWaitAfter: true });
      await until(
        () => held.length > 0,
        () => 'the file was not requested',
      );
      assert.equal(await address(page), '/app', 'the mark is gone');
      proxy.raw.delete('/pkg/sign-in.js');
      await page.reload();
      await loaded(page);
      await hasStatus(page, 'signed-in');
    }),
  );

for (const restore of ['auto', 'hint', 'never'])
  test(
    `restore: '${restore}': a file of the sign-in that cannot be loaded does not prevent the restore`,
    NPM_ONLY,
    () =>
      withProvider(
        async ({ open, proxy, provider }) => {
          provider.page = true;
          const page = await open();
          // As from the link of a portal: this page begins nothing.
          await page.goto(`${proxy.url}/auth/start?returnTo=/app`);
          await page.waitForURL(/provider/);
          proxy.broken.add('sign-in.js');
          await page.click('a');
          await loaded(page);
          await hasStatus(page, 'signed-in');
        },
        { options: { restore } },
      ),
  );

test('a browser that accepts no cookie: sign-in-failed after one round', () =>
  withProvider(async ({ open, provider }) => {
    provider.noCookie = true;
    const page = await open();
    await signIn(page);
    await hasEvent(page, 'sign-in-failed');
    assert.deepEqual(await events(page), [['sign-in-failed', 'STALE_SIGN_IN', '/app']]);
    assert.equal(provider.starts.length, 1);
  }));

test('blocked storage: the redirect works', () =>
  withProvider(
    async ({ open }) => {
      const page = await open();
      await signIn(page);
      await hasStatus(page, 'signed-in');
    },
    {
      init: () => {
        for (const name of ['localStorage', 'sessionStorage'])
          Object.defineProperty(window, name, {
            get() {
              throw new DOMException('blocked', 'SecurityError');
            },
          });
      },
    },
  ));

test('StrictMode: two clients that are made in one task both receive the mark, a later one does not', () =>
  withProvider(async ({ open }) => {
    const page = await open();
    const counts = await page.evaluate(async () => {
      history.replaceState(null, '', '/app#x~sign-in-error=access_denied');
      const counts = [0, 0, 0];
      const make = (index) => {
        const client = new AuthClient({ name: `strict-${index}` });
        client.on('sign-in-failed', () => {
          counts[index] += 1;
        });
        return client;
      };
      const both = [make(0), make(1)];
      await Promise.all(both.map(({ ready }) => ready));
      await make(2).ready;
      await new Promise((resolve) => setTimeout(resolve, 50));
      return [...counts, location.hash];
    });
    assert.deepEqual(counts, [1, 1, 0, '#x']);
  }));

test('of two clients with different names, the one that began the sign-in has its error', () =>
  withProvider(async ({ open, provider, proxy }) => {
    const others = `globalThis.before = new AuthClient(${JSON.stringify({ isolation: ISOLATION, name: 'before' })});
globalThis.othersEvents = [];
before.on('sign-in-failed', ({ error }) => othersEvents.push(error.code));`;
    proxy.pages.set('/two', () => appPage({}, others));
    const page = await open('/two');
    provider.answer = '~sign-in-error=access_denied';
    await signIn(page);
    await hasEvent(page, 'sign-in-failed');
    const settled = () =>
      page.evaluate(async () => {
        await before.ready;
        await new AuthClient({ name: 'later' }).ready;
        return othersEvents;
      });
    assert.deepEqual(await settled(), []);
    assert.deepEqual(await events(page), [['sign-in-failed', 'ACCESS_DENIED', '/two']]);
    provider.answer = '~signed-in';
    provider.noCookie = true;
    await signIn(page);
    await hasEvent(page, 'sign-in-failed');
    assert.deepEqual(await settled(), []);
    assert.deepEqual(await events(page), [['sign-in-failed', 'STALE_SIGN_IN', '/two']]);
  }));

test('options.endpoints: start and end are addresses of the app, below baseUrl', () =>
  withProvider(async ({ open, proxy }) => {
    const asked = [];
    for (const path of ['/id/go', '/id/bye'])
      proxy.raw.set(path, (request, response) => {
        asked.push(request.url);
        response.writeHead(204).end();
      });
    const page = await open();
    await page.evaluate(() => {
      const client = new AuthClient({
        baseUrl: `${location.origin}/id`,
        endpoints: { start: 'go', end: '/bye' },
        name: 'id',
      });
      client.signIn({ returnTo: '/app' }).catch(() => {});
      globalThis.client = client;
    });
    await until(
      () => asked.length === 1,
      () => 'no start',
    );
    await page.evaluate(() => {
      client.logout({ scope: 'provider', returnTo: '/app' });
    });
    await until(
      () => asked.length === 2,
      () => 'no end',
    );
    assert.deepEqual(asked, ['/id/go?returnTo=%2Fapp', '/id/bye?returnTo=%2Fapp']);
  }, {}));

test('the browser blocks a window that no click asked for, and the sign-in becomes a redirect', () =>
  withBrowser({ blocksPopups: true }, () =>
    withProvider(async ({ open, provider, proxy, context }) => {
      const given = "{ display: 'popup', returnTo: '/app' }";
      proxy.pages.set('/unasked', () => appPage({}).replace('</script>', `begin(${given});\n</script>`));
      const page = await context.newPage();
      page.setDefaultTimeout(60_000);
      // (`evaluate` would count as a click.)
      await page.goto(`${proxy.url}/unasked`, { waitUntil: 'commit' });
      await page.waitForURL(`${proxy.url}/app`);
      assert.equal(context.pages().length, 1);
      assert.deepEqual(
        provider.starts.map(({ popup, returnTo }) => [popup, returnTo]),
        [[undefined, '/app']],
      );
      await loaded(page);
      await hasStatus(page, 'signed-in');
      // The same call after a click opens a window.
      provider.page = true;
      const other = await open();
      await other.evaluate(() => {
        globalThis.given = { display: 'popup' };
      });
      const opened = other.waitForEvent('popup');
      await other.click('button');
      const popup = await opened;
      await popup.click('a');
      assert.deepEqual(await result(other), { session: 'ada@example.com' });
      assert.match(provider.starts.at(-1).popup, /^\d+$/);
    }),
  ));
