// Sign-in at a provider on another site, driven by navigation: docs/reference/sign-in-endpoints.md. `npm test` runs this file once
// with each server (SIGN_IN_SERVER).
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, test } from 'node:test';
import { until } from '../../tools/servers.mjs';
import { marked, openUser, SERVER, SERVERS, startSignIn, watchCallbacks } from '../sign-in/harness.mjs';
import { closeBrowser, goBack, openBrowser, withBackForwardCache } from './harness.mjs';
import { ENGINES, startBrowser } from './webdriver.mjs';

before(openBrowser);
after(closeBrowser);

/** A test with its own provider and server. Its message starts with the name of the server. `inBrowser` selects another browser. */
function signInTest(name, body, options = {}, inBrowser = (work) => work()) {
  test(`${SERVER}: ${name}`, { timeout: 600_000 }, (t) =>
    inBrowser(async () => {
      const world = await startSignIn(options);
      const users = [];
      const newUser = async () => {
        users.push(await openUser(world));
        return users.at(-1);
      };
      try {
        await body({ ...world, world, t, user: await newUser(), newUser });
      } catch (error) {
        error.message += `\n${world.provider.errors.join('\n')}\n${world.log().slice(-2_000)}`;
        throw error;
      } finally {
        for (const user of users) await user.close();
        await world.stop();
      }
    }),
  );
}

/** What of the provider a browser passes on: each code, and each token that the provider issued. */
const secretsOf = (provider, callbacks) => [
  ...provider.issued,
  ...callbacks.flatMap((address) =>
    [...new URL(address).searchParams].filter(([name]) => name !== 'iss').map(([, value]) => value),
  ),
];

signInTest(
  'a sign-in costs one code and one exchange, and ends at returnTo',
  async ({ app, proxy, provider, user }) => {
    const page = await user.tab('/blank?from=here');
    const callbacks = watchCallbacks(page, app);
    const answers = [];
    page.on('response', (response) => answers.push(response));
    await user.begin(page, { returnTo: '/blank?tab=2&x=%2F#items' });
    await user.enter(page);
    assert.equal(await user.returned(page), '~signed-in');
    assert.equal(page.url(), `${app}/blank?tab=2&x=%2F#items~signed-in`);
    const { authorizations, codes, exchanges, redeemed, revoked } = provider.counts;
    assert.deepEqual([authorizations, codes, exchanges, redeemed, revoked], [1, 1, 1, 1, 0]);
    assert.equal(await user.refresh(page), 'ada@example.com');
    assert.equal(await user.call(), 200);
    assert.equal(proxy.to('/auth/refresh').length, 1);

    const [refresh] = await user.cookies('refresh_token');
    assert.deepEqual([refresh.httpOnly, refresh.sameSite], [true, 'Strict']);
    const [login, ...others] = await user.loginCookies();
    assert.deepEqual([login.httpOnly, login.sameSite, login.path, others.length], [true, 'Lax', '/auth', 0]);
    const left = login.expires - Date.now() / 1000;
    assert.ok(left > 500 && left <= 600, `the cookie lives ${left} s`);

    const callback = answers.find((response) => response.url().startsWith(`${app}/auth/callback`));
    assert.equal(callback.status(), 303);
    assert.equal(callback.headers()['referrer-policy'], 'no-referrer');
    assert.equal(callback.headers()['cache-control'], 'no-store');

    const secrets = secretsOf(provider, callbacks);
    assert.ok(secrets.length >= 4, `code, state, ID token and access token: ${secrets.length}`);
    const readable = await page.evaluate(() =>
      JSON.stringify([
        location.href,
        document.referrer,
        document.cookie,
        window.name,
        history.state,
        { ...localStorage },
        { ...sessionStorage },
        performance.getEntries().map(({ name }) => name),
      ]),
    );
    const bodies = JSON.stringify(proxy.record.map(({ answer }) => answer));
    for (const secret of secrets)
      for (const text of [readable, bodies, page.url()]) assert.ok(!text.includes(secret), `${secret} in ${text}`);
  },
);

signInTest('the authorization request has PKCE with S256, state and nonce', async ({ app, provider, user }) => {
  const page = await user.tab();
  const requests = [];
  page.on('request', (request) => requests.push(new URL(request.url())));
  await user.begin(page, { prompt: 'login', loginHint: 'grace', acr: 'urn:example:mfa', maxAge: '3600' });
  assert.equal(await page.inputValue('[name=login]'), 'grace');
  const { searchParams: sent } = requests.find((url) => url.href.startsWith(`${provider.issuer}/auth?`));
  // With a pushed request, the parameters do not pass through the browser.
  if (sent.has('request_uri')) return assert.equal(provider.counts.pushed, 1);
  assert.equal(sent.get('redirect_uri'), `${app}/auth/callback`);
  assert.equal(sent.get('code_challenge_method'), 'S256');
  assert.match(sent.get('code_challenge'), /^[\w-]{43}$/);
  assert.ok(sent.get('nonce').length >= 22 && sent.get('state').length >= 22);
  assert.deepEqual(
    ['prompt', 'login_hint', 'acr_values', 'max_age', 'response_type'].map((name) => sent.get(name)),
    ['login', 'grace', 'urn:example:mfa', '3600', 'code'],
  );
});

signInTest('ten tabs sign in at once: all are signed in', async ({ provider, user }) => {
  const first = await user.tab();
  await user.signIn(first);
  await user.context.clearCookies({ domain: '127.0.0.1' });
  const before = { ...provider.counts };
  const tabs = [];
  for (let count = 0; count < 10; count += 1) tabs.push(await user.tab(`/blank?tab=${count}`));
  const marks = await Promise.all(
    tabs.map((page, index) => user.signInAgain(page, { returnTo: `/blank?tab=${index}` })),
  );
  assert.deepEqual([...new Set(marks)], ['~signed-in']);
  assert.equal(provider.counts.exchanges - before.exchanges, 10);
  const { length } = await user.loginCookies();
  assert.ok(length >= 1 && length <= 10, `${length} cookies`);
  for (const [index, page] of tabs.entries()) assert.match(page.url(), new RegExp(`tab=${index}#~signed-in$`));
  for (const page of tabs) assert.equal(await user.refresh(page), 'ada@example.com');
  await user.signInAgain(first);
  assert.equal((await user.loginCookies()).length, length, 'a later sign-in sets no further cookie');
});

signInTest('two tabs sign in and finish in the other order', async ({ user }) => {
  const [one, two] = [await user.tab(), await user.tab()];
  await user.begin(one, { returnTo: '/blank?one' });
  await user.begin(two, { returnTo: '/blank?two' });
  await user.enter(two);
  assert.equal(await user.returned(two), '~signed-in');
  await user.enter(one);
  assert.equal(await user.returned(one), '~signed-in');
  for (const page of [one, two]) assert.equal(await user.refresh(page), 'ada@example.com');
});

/** A promise that the test resolves. */
function gate() {
  let open;
  const promise = new Promise((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

signInTest(
  'the callback twice at once, and a reload during the exchange, share one exchange',
  async ({ app, provider, user }) => {
    const page = await user.tab();
    const callbacks = watchCallbacks(page, app);
    const { promise, open } = gate();
    provider.faults.holdExchange = promise;
    await user.begin(page);
    await user.enter(page);
    await until(
      () => provider.counts.redeemed > 0,
      () => 'the server sends no code',
    );
    const second = await user.tab();
    const shares = watchCallbacks(second, app);
    const shared = second.goto(callbacks[0]);
    // The browser drops the first request, as a reload does, and sends the same again.
    const again = page.goto(callbacks[0]);
    await until(
      () => callbacks.length > 1 && shares.length > 0,
      () => 'the browser does not send the callback again',
    );
    open();
    await Promise.all([shared, again]);
    assert.equal(await user.returned(page), '~signed-in');
    assert.equal(await user.returned(second), '~signed-in');
    assert.deepEqual([provider.counts.exchanges, provider.counts.codes, provider.counts.revoked], [1, 1, 0]);
    assert.equal(await user.refresh(page), 'ada@example.com');
    assert.equal(await user.refresh(second), 'ada@example.com');
  },
);

signInTest(
  'the callback once more after the sign-in and a refresh leaves the session as it is',
  async ({ app, provider, user }) => {
    const page = await user.tab();
    const callbacks = watchCallbacks(page, app);
    await user.signIn(page);
    assert.equal(await user.refresh(page), 'ada@example.com');
    for (let count = 0; count < 2; count += 1) {
      await page.goto(callbacks[0]);
      await user.returned(page);
      assert.equal(await user.refresh(page), 'ada@example.com');
    }
    assert.equal(provider.counts.revoked, 0, 'the code was sent once');
    assert.equal(await user.call(), 200);
  },
);

signInTest('the callback once more after a logout signs nobody in', async ({ app, user }) => {
  const page = await user.tab();
  const callbacks = watchCallbacks(page, app);
  await user.signIn(page);
  await page.evaluate(() => fetch('/auth/logout', { method: 'POST' }));
  assert.equal(await user.refresh(page), 401);
  await page.goto(callbacks[0]);
  assert.notEqual(await user.returned(page), '~signed-in');
  assert.equal(await user.refresh(page), 401);
});

signInTest(
  'Back after the sign-in, and the provider sends the browser again with the former state',
  async ({ app, provider, user }) => {
    const page = await user.tab('/blank?before');
    const requests = [];
    page.on('request', (request) => requests.push(request.url()));
    await user.begin(page);
    await user.enter(page);
    await user.returned(page);
    await goBack(page);
    await page.waitForURL(`${provider.issuer}/**`, { waitUntil: 'commit' });
    await goBack(page);
    await page.waitForURL(`${app}/blank?before`, { waitUntil: 'commit' });
    assert.equal(await user.refresh(page), 'ada@example.com');
    const authorization = requests.find((url) => url.startsWith(`${provider.issuer}/auth?`));
    // (A pushed request can be used once; the provider answers with an error page.)
    if (authorization.includes('request_uri=')) return;
    await page.goto(authorization);
    await user.returned(page);
    assert.equal(await user.refresh(page), 'ada@example.com');
  },
  {},
  withBackForwardCache,
);

signInTest(
  'after a restart of the server, another one finishes the sign-in',
  async ({ app, provider, user, restart }) => {
    const page = await user.tab();
    const callbacks = watchCallbacks(page, app);
    await user.begin(page);
    await restart();
    await user.enter(page);
    assert.equal(await user.returned(page), '~signed-in');
    assert.equal(await user.refresh(page), 'ada@example.com');
    if (!SERVERS[SERVER].keepsSessions) return;
    await restart();
    await page.goto(callbacks[0]);
    await user.returned(page);
    assert.equal(await user.refresh(page), 'ada@example.com');
    assert.equal(provider.counts.codes, provider.counts.redeemed);
  },
);

/** A callback address that the provider made for a browser, which did not use it. */
async function captureCallback(user, { app, proxy }, name, parameters = {}) {
  let address;
  proxy.raw.set('/auth/callback', (request, response) => {
    address = `${app}${request.url}`;
    response.writeHead(200, { 'content-type': 'text/plain' }).end('captured');
  });
  const page = await user.tab();
  await user.forgetProvider();
  await user.begin(page, parameters);
  await user.enter(page, name);
  await until(
    () => address,
    () => `no callback at ${page.url()}`,
  );
  // (The headless shell of Chromium loses the command to close a page that is being replaced.)
  await page.getByText('captured').waitFor();
  await page.close();
  proxy.raw.delete('/auth/callback');
  return address;
}

signInTest(
  'a callback of another browser redeems nothing and changes nothing',
  async ({ world, provider, user, newUser }) => {
    const attacker = await newUser();
    const addresses = [
      await captureCallback(attacker, world, 'mallory'),
      await captureCallback(attacker, world, 'mallory', { returnTo: '/blank?attack' }),
    ];
    const page = await user.tab();
    await page.goto(addresses[0]);
    assert.equal(await user.returned(page), '~sign-in-error=stale_sign_in');
    assert.equal(await user.refresh(page), 401);
    // A user who is signed in, and whose browser has a login cookie.
    await user.signIn(page);
    const { exchanges } = provider.counts;
    await page.goto(addresses[1]);
    await user.returned(page);
    assert.equal(provider.counts.exchanges, exchanges);
    assert.equal(await user.refresh(page), 'ada@example.com');
  },
);

signInTest('a state that was cut, changed or swapped begins nothing', async ({ world, provider, user }) => {
  const page = await user.tab();
  await user.signIn(page, 'grace');
  const one = new URL(await captureCallback(user, world, 'ada', { returnTo: '/blank?one' }));
  const two = new URL(await captureCallback(user, world, 'ada', { returnTo: '/blank?two' }));
  const state = one.searchParams.get('state');
  const changed = (at) => state.slice(0, at) + (state[at] === 'A' ? 'B' : 'A') + state.slice(at + 1);
  const states = { cut: state.slice(0, -2), empty: '', changed: changed(20), 'changed MAC': changed(state.length - 3) };
  const { exchanges } = provider.counts;
  for (const [name, value] of Object.entries(states)) {
    one.searchParams.set('state', value);
    await page.goto(one.href);
    assert.match(await user.returned(page), /^~sign-in-error=(stale_sign_in|provider_refused)$/, name);
    assert.equal(await user.refresh(page), 'grace@example.com', name);
  }
  assert.equal(provider.counts.exchanges, exchanges, 'no code was sent');
  one.searchParams.set('state', two.searchParams.get('state'));
  await page.goto(one.href);
  assert.equal(await user.returned(page), '~sign-in-error=provider_refused');
  assert.equal(await user.refresh(page), 'grace@example.com');
});

/** A module that moves the clock of a server in Node. */
const LATER = 'data:text/javascript,const{now}=Date;Date.now=()=>now()+660000';

// The tests of the Rust server move its clock themselves.
if (SERVER === 'Express')
  signInTest(
    'a callback that comes after eleven minutes redeems nothing',
    async ({ world, provider, user, restart }) => {
      const address = await captureCallback(user, world, 'ada', { returnTo: '/blank?late' });
      await restart({ NODE_OPTIONS: `--import=${LATER}` });
      const page = await user.tab();
      await page.goto(address);
      assert.equal(await user.returned(page), '~sign-in-error=stale_sign_in');
      assert.match(page.url(), /blank\?late#~/);
      assert.equal(provider.counts.exchanges, 0);
      await restart();
      await page.goto(address);
      assert.equal(await user.returned(page), '~signed-in', 'the code was good');
    },
  );

for (const [losses, mark, codes] of [
  [1, '~signed-in', 2],
  [2, '~signed-in', 3],
  [3, '~sign-in-error=provider_unavailable', 3],
])
  signInTest(`the answer of the exchange is lost ${losses} times: ${mark}`, async ({ provider, user }) => {
    const page = await user.tab();
    await user.signIn(page, 'grace');
    const before = { ...provider.counts };
    provider.faults.loseAnswers = losses;
    await user.forgetProvider();
    await user.begin(page, { returnTo: '/blank?deep#link' });
    await user.enter(page, 'ada');
    assert.equal(await user.returned(page), mark);
    assert.match(page.url(), /\/blank\?deep#link~/);
    assert.equal(provider.counts.codes - before.codes, codes);
    assert.equal(provider.counts.logins - before.logins, 1, 'the user enters the name once');
    assert.equal(await user.refresh(page), mark === '~signed-in' ? 'ada@example.com' : 'grace@example.com');
  });

for (const [name, refused, mark] of [
  ['twice', 2, '~signed-in'],
  ['for ever', Number.POSITIVE_INFINITY, '~sign-in-error=provider_unavailable'],
])
  signInTest(`the token endpoint answers 503 ${name}: ${mark}`, async ({ provider, user }) => {
    const page = await user.tab();
    await user.signIn(page, 'grace');
    const before = { ...provider.counts };
    provider.faults.refuseExchanges = refused;
    assert.equal(await user.signIn(page, 'ada'), mark);
    assert.equal(provider.counts.codes - before.codes, 1, 'the same code is sent again');
    assert.equal(await user.refresh(page), mark === '~signed-in' ? 'ada@example.com' : 'grace@example.com');
    provider.heal();
    assert.equal(await user.signIn(page, 'ada'), '~signed-in');
    assert.equal(await user.refresh(page), 'ada@example.com');
  });

signInTest(
  'errors of the provider are typed, and its text is never in an address',
  async ({ app, provider, user, newUser }) => {
    const page = await user.tab();
    await user.begin(page);
    await page.click('[value=no]');
    assert.equal(await user.returned(page), '~sign-in-error=access_denied');
    await user.begin(page, { prompt: 'none' });
    assert.equal(await user.returned(page), '~sign-in-error=interaction_required');
    const text = '"><script>alert(1)</script>';
    for (const [error, mark] of [
      ['access_denied', 'access_denied'],
      ['login_required', 'interaction_required'],
      ['consent_required', 'interaction_required'],
      ['temporarily_unavailable', 'provider_unavailable'],
      ['server_error', 'provider_unavailable'],
      ['invalid_scope', 'provider_refused'],
      ['an_error_of_the_future', 'provider_refused'],
      [text, 'provider_refused'],
    ]) {
      provider.faults.callback = (parameters) => {
        parameters.delete('code');
        parameters.set('error', error);
        parameters.set('error_description', text);
        parameters.set('error_uri', 'https://evil.example/');
      };
      const one = await newUser();
      const tab = await one.tab();
      await one.begin(tab);
      await one.enter(tab);
      assert.equal(await one.returned(tab), `~sign-in-error=${mark}`, error);
      assert.equal(tab.url(), `${app}/blank#~sign-in-error=${mark}`);
      assert.equal(await one.refresh(tab), 401);
    }
    assert.equal(provider.counts.exchanges, 0);
  },
);

/** What a provider, or an attacker between, may send: the fault, and whether the code is redeemed. */
const INVALID = {
  'another iss in the callback': ({ faults }) => {
    faults.callback = (parameters) => parameters.set('iss', 'https://evil.example');
  },
  'no iss in the callback, which the metadata promise': ({ faults }) => {
    faults.callback = (parameters) => parameters.delete('iss');
  },
  'no code in the callback': ({ faults }) => {
    faults.callback = (parameters) => parameters.delete('code');
  },
  'an ID token of another issuer': ({ faults }) => {
    faults.idToken = (claims) => Object.assign(claims, { iss: 'https://evil.example' });
  },
  'an ID token for another audience': ({ faults }) => {
    faults.idToken = (claims) => Object.assign(claims, { aud: 'another-client' });
  },
  'an ID token for two audiences and another azp': ({ faults }) => {
    faults.idToken = (claims) => Object.assign(claims, { aud: ['web', 'another-client'], azp: 'another-client' });
  },
  'an ID token with another azp': ({ faults }) => {
    faults.idToken = (claims) => Object.assign(claims, { azp: 'another-client' });
  },
  'an ID token with another nonce': ({ faults }) => {
    faults.idToken = (claims) => Object.assign(claims, { nonce: 'another-nonce' });
  },
  'an ID token without a nonce': ({ faults }) => {
    faults.idToken = (claims) => void delete claims.nonce;
  },
  'an ID token without sub': ({ faults }) => {
    faults.idToken = (claims) => void delete claims.sub;
  },
  'an expired ID token': ({ faults }) => {
    faults.idToken = (claims) => Object.assign(claims, { iat: claims.iat - 7_200, exp: claims.iat - 3_600 });
  },
  'an ID token without exp': ({ faults }) => {
    faults.idToken = (claims) => void delete claims.exp;
  },
  'an ID token with alg none': ({ faults }) => {
    faults.idToken = (_, header) => Object.assign(header, { alg: 'none' });
  },
  'an ID token with alg HS256': ({ faults }) => {
    faults.idToken = (_, header) => Object.assign(header, { alg: 'HS256' });
  },
  'an ID token signed by another key': ({ faults }) => {
    faults.foreignKey = true;
  },
  'an ID token that is no token': ({ faults }) => {
    faults.tokenAnswer = (body) => Object.assign(body, { id_token: 'a.b.c' });
  },
  'no ID token': ({ faults }) => {
    faults.tokenAnswer = (body) => void delete body.id_token;
  },
};

signInTest('what is not valid begins nothing, and the user who was signed in stays', async ({ provider, user, t }) => {
  const page = await user.tab();
  await user.signIn(page, 'grace');
  for (const [name, fault] of Object.entries(INVALID))
    await t.test(name, async () => {
      fault(provider);
      const mark = await user.signIn(page, 'ada');
      provider.heal();
      assert.equal(mark, '~sign-in-error=provider_refused');
      assert.equal(await user.refresh(page), 'grace@example.com');
    });
  assert.equal(await user.signIn(page, 'ada'), '~signed-in', 'without a fault, the same sign-in works');
});

/** Follows the redirects of a sign-in that asks for nothing, and returns the address in the app, or undefined. */
async function follow(user, app, address) {
  let next = address;
  for (let hops = 0; hops < 20; hops += 1) {
    const answer = await user.context.request.get(next, { maxRedirects: 0 });
    const { location } = answer.headers();
    if (!location) return undefined;
    next = new URL(location, next).href;
    const path = next.slice(app.length);
    if (!next.startsWith(app) || !/^\/auth\/(start|callback)/.test(path)) {
      if (next.includes('~')) return next.startsWith(`${app}/`) ? path : next;
    }
  }
  return undefined;
}

signInTest('returnTo is a path of the app; anything else counts as /', async ({ app, user }) => {
  const page = await user.tab();
  await user.signIn(page);
  const long = (bytes) => `/${'x'.repeat(bytes - 1)}`;
  for (const good of ['/', '/a', '/a?b=c&d=e', '/a?b=//evil.example#c', '/a#b', '/%2F%2Fevil', '/ä?ö', long(1_000)]) {
    const { href } = new URL(good, app);
    const { mark, address } = marked(await follow(user, app, user.startAddress({ returnTo: good })));
    assert.deepEqual([mark, address], ['~signed-in', href.slice(app.length)], good);
  }
  const bad = [
    ...[
      '//evil.example',
      '///evil.example',
      '/\\evil.example',
      '\\\\evil.example',
      '/\t/evil.example',
      '/\n/evil.example',
    ],
    ...['https://evil.example', 'https:evil.example', 'javascript:alert(1)', 'data:text/html,x', ' //evil.example'],
    ...[
      '/auth/callback',
      '/auth/start',
      '/auth/end?returnTo=/',
      '/./auth/callback',
      '/a/../auth/callback',
      '/a\r\nx-y: z',
    ],
    ...[
      '/\u0000',
      '/a\u001fb',
      long(1_001),
      long(10_000),
      `${app}@evil.example`,
      `${app}.evil.example/`,
      '/%0d%0a//\u0001',
    ],
  ];
  for (const returnTo of bad) {
    const place = await follow(user, app, user.startAddress({ returnTo }));
    assert.equal(place, '/#~signed-in', JSON.stringify(returnTo.slice(0, 40)));
  }
});

signInTest(
  'a provider that is down at the start: typed, and healed without a restart',
  async ({ app, provider, user }) => {
    const page = await user.tab();
    await provider.stop();
    await user.begin(page, { returnTo: '/blank?x#y' });
    assert.equal(await user.returned(page), '~sign-in-error=provider_unavailable');
    assert.equal(page.url(), `${app}/blank?x#y~sign-in-error=provider_unavailable`);
    await provider.start();
    provider.faults.unavailable = true;
    assert.equal(await user.signInAgain(page), '~sign-in-error=provider_unavailable');
    provider.heal();
    provider.faults.hangDiscovery = true;
    assert.equal(await user.signInAgain(page), '~sign-in-error=provider_unavailable');
    provider.heal();
    provider.faults.metadata = (metadata) => Object.assign(metadata, { issuer: 'https://evil.example' });
    assert.match(await user.signInAgain(page), /^~sign-in-error=provider_(refused|unavailable)$/);
    provider.heal();
    // (A server may wait between two requests for the metadata.)
    await until(
      async () => {
        await user.begin(page, { prompt: 'login' });
        return page.url().startsWith(provider.issuer);
      },
      () => `the server does not ask the provider again: ${page.url()}`,
    );
    await user.enter(page);
    assert.equal(await user.returned(page), '~signed-in');
  },
);

signInTest('the provider rotates its keys between two sign-ins', async ({ provider, user }) => {
  const page = await user.tab();
  assert.equal(await user.signIn(page), '~signed-in');
  provider.rotateKeys();
  const marks = new Set();
  await until(
    async () => {
      const mark = await user.signIn(page, 'grace');
      marks.add(mark);
      return mark === '~signed-in';
    },
    () => `no sign-in with the new key: ${[...marks]}`,
  );
  marks.delete('~signed-in');
  for (const mark of marks) assert.match(mark, /^~sign-in-error=provider_(refused|unavailable)$/);
  assert.equal(await user.refresh(page), 'grace@example.com');
});

/** Posts to an endpoint with this cookie, as a thief would. */
const refreshWith = async (app, { name, value }) => {
  const headers = { cookie: `${name}=${value}`, 'idempotency-key': crypto.randomUUID() };
  return (await fetch(`${app}/auth/refresh`, { method: 'POST', headers })).status;
};

signInTest(
  'another user signs in in a second tab: the former session has ended in the store',
  async ({ app, user }) => {
    const [one, two] = [await user.tab(), await user.tab()];
    await user.signIn(one, 'ada');
    const [former] = await user.cookies('refresh_token');
    await user.signIn(two, 'grace');
    assert.equal(await user.refresh(one), 'grace@example.com');
    assert.equal(await refreshWith(app, former), 401);
    assert.equal(await user.refresh(two), 'grace@example.com');
  },
);

signInTest('the user is known by issuer and subject, not by the e-mail address', async ({ app, user, newUser }) => {
  const other = await newUser();
  const tab = await other.tab();
  const signedIn = await tab.evaluate(async () => {
    const body = JSON.stringify({ email: 'ada@example.com', password: 'analytical engine' });
    const response = await fetch('/auth/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    return response.json();
  });
  const page = await user.tab();
  const ids = [];
  for (let count = 0; count < 2; count += 1) {
    await user.signIn(page);
    await user.refresh(page);
    const headers = { authorization: `Bearer ${user.accessToken}` };
    ids.push((await (await fetch(`${app}/api/me`, { headers })).json()).id);
  }
  assert.ok(signedIn.user.id && ids[0]);
  assert.equal(ids[0], ids[1], 'the same user at both sign-ins');
  assert.notEqual(ids[0], signedIn.user.id, 'not the user of the server with the same address');
});

signInTest(
  'a logout here leaves the provider signed in; /auth/end ends both sessions',
  async ({ app, provider, user }) => {
    const page = await user.tab();
    await user.signIn(page);
    await page.evaluate(() => fetch('/auth/logout', { method: 'POST' }));
    assert.equal(await user.refresh(page), 401);
    assert.equal(await user.signInAgain(page), '~signed-in', 'the provider does not ask');
    await user.refresh(page);
    const [former] = await user.cookies('refresh_token');
    await page.evaluate(() => void setTimeout(() => location.assign('/auth/end?returnTo=%2Fblank%3Fout%23x')));
    await page.waitForURL(`${app}/blank?out#x~signed-out`);
    assert.equal(await user.refresh(page), 401);
    assert.equal(await refreshWith(app, former), 401);
    assert.deepEqual(await user.cookies('refresh_token'), []);
    const { logins } = provider.counts;
    await user.begin(page);
    assert.ok(page.url().startsWith(`${provider.issuer}/interaction/`), 'the provider asks again');
    assert.equal(provider.counts.logins, logins + 1);
  },
);

signInTest(
  '/auth/end without a session, and while the provider is down, ends at returnTo',
  async ({ app, provider, user }) => {
    const page = await user.tab();
    await page.goto(`${app}/auth/end?returnTo=/blank`);
    assert.equal(await user.returned(page), '~signed-out');
    await page.goto(`${app}/auth/end?returnTo=//evil.example/`);
    await page.waitForURL(`${app}/#~signed-out`);
    await page.goto(`${app}/auth/end?returnTo=/blank&state=invented`);
    await page.waitForURL((url) => url.origin === app && !url.pathname.startsWith('/auth/'));
    await user.tab().then((tab) => user.signIn(tab));
    await provider.stop();
    // (The server has the metadata already, and the browser cannot reach the provider: the session has ended all the same.)
    await page.goto(`${app}/auth/end?returnTo=/blank`).catch(() => {});
    const tab = await user.tab();
    assert.equal(await user.refresh(tab), 401);
  },
);

signInTest('a navigation to /auth/end from another site changes nothing', async ({ app, provider, user }) => {
  const page = await user.tab();
  await user.signIn(page);
  const evil = await user.tab();
  await evil.route(`${provider.issuer}/evil`, (route) =>
    route.fulfill({ contentType: 'text/html', body: `<a href="${app}/auth/end?returnTo=/blank">click</a>` }),
  );
  await evil.goto(`${provider.issuer}/evil`);
  await evil.click('a');
  await evil.waitForURL(`${app}/`);
  assert.equal(await user.refresh(page), 'ada@example.com');
  assert.equal(await user.call(), 200);
});

/** Where the server redirects to. (`fetch` would send `Sec-Fetch-Mode: cors`.) */
const locationOf = (address, headers = {}) =>
  new Promise((resolve, reject) => {
    const request = http.get(address, { headers }, (response) => resolve(response.resume().headers.location));
    request.on('error', reject);
  });

signInTest('an address that the browser would read as one of another origin counts as /', async ({ app }) => {
  const ends = (returnTo) => locationOf(`${app}/auth/end?returnTo=${encodeURIComponent(returnTo)}`);
  for (const returnTo of [
    '//evil.example',
    '/.//evil.example',
    '/..//evil.example',
    '/x/..//evil.example',
    '/%2e//evil.example',
    '/%2E%2e//evil.example',
    `${app}//evil.example`,
    '/auth/start',
    '/./auth/start',
    '/%2e/auth/start',
    '/x/%2e%2E/auth/start',
  ])
    assert.equal(await ends(returnTo), '/#~signed-out', returnTo);
  assert.equal(await ends('/a//b?x=/../%2e#y'), '/a//b?x=/../%2e#y~signed-out');
});

signInTest('a cookie with the id of a session and another secret ends nothing', async ({ app, user }) => {
  const page = await user.tab();
  await user.signIn(page);
  const [{ name, value }] = await user.cookies('refresh_token');
  const cookie = `${name}=${value.split('.')[0]}.forged`;
  await locationOf(`${app}/auth/end?returnTo=/blank`, { cookie });
  assert.equal(await user.refresh(page), 'ada@example.com');
});

signInTest('only a navigation to /auth/end signs out', async ({ app, proxy, user }) => {
  const page = await user.tab();
  await user.signIn(page);
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        const image = new Image();
        image.onload = image.onerror = resolve;
        image.src = '/auth/end?returnTo=/blank';
      }),
  );
  await page.evaluate(() => fetch('/auth/end?returnTo=/blank').then(() => {}));
  assert.equal(await user.refresh(page), 'ada@example.com');
  assert.equal(proxy.to('/auth/end').length, 2);
  await page.goto(`${app}/auth/end?returnTo=/blank`);
  // (The page of the provider in between goes on by a script.)
  await page.waitForURL(`${app}/blank#~signed-out`);
  assert.equal(await user.refresh(page), 401);
});

signInTest('the session that a sign-in replaces ends at the first refresh of the new one', async ({ app, user }) => {
  const [one, two] = [await user.tab(), await user.tab()];
  await user.signIn(one, 'ada');
  const [former] = await user.cookies('refresh_token');
  await user.signIn(two, 'grace');
  // A tab that still sends the former cookie is not signed out.
  const headers = { cookie: `${former.name}=${former.value}`, 'idempotency-key': 'of-the-other-tab' };
  const refresh = () => fetch(`${app}/auth/refresh`, { method: 'POST', headers }).then(({ status }) => status);
  assert.equal(await refresh(), 200);
  assert.equal(await user.refresh(two), 'grace@example.com');
  assert.equal(await refresh(), 401);
});

signInTest('a logout at the provider ends the session here within a second', async ({ provider, user }) => {
  const page = await user.tab();
  await user.signIn(page);
  assert.equal(await user.refresh(page), 'ada@example.com');
  assert.equal(await user.call(), 200);
  const at = await user.tab();
  await at.goto(`${provider.issuer}/session/end`);
  await until(
    () => provider.counts.logouts === 1,
    () => `the provider has sent no logout token: ${provider.errors}`,
  );
  const started = Date.now();
  await until(
    async () => (await user.call()) === 401,
    () => 'the access token is still accepted',
    { seconds: 1 },
  );
  assert.ok(Date.now() - started < 1_000);
  assert.equal(await user.refresh(page), 401);
});

signInTest(
  'a logout token ends the sessions that it names, once; an invalid one is answered with 400',
  async ({ app, provider, user, newUser }) => {
    const page = await user.tab();
    await user.signIn(page);
    await user.refresh(page);
    const idToken = provider.issued.findLast((text) => text.split('.').length === 3);
    const { sid } = JSON.parse(Buffer.from(idToken.split('.')[1], 'base64url'));
    const bystander = await newUser();
    const other = await bystander.tab();
    await bystander.signIn(other, 'grace');
    const post = async (token) => {
      const answer = await fetch(`${app}/auth/backchannel-logout`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ logout_token: token }),
      });
      return answer.status;
    };
    const named = { sid, sub: 'ada' };
    const make = (change, options) => provider.logoutToken(named, change, options);
    const now = Math.floor(Date.now() / 1000);
    const invalid = {
      'of another issuer': make((claims) => Object.assign(claims, { iss: 'https://evil.example' })),
      'for another audience': make((claims) => Object.assign(claims, { aud: 'another-client' })),
      'with a nonce': make((claims) => Object.assign(claims, { nonce: 'n' })),
      'without the event': make((claims) => Object.assign(claims, { events: {} })),
      'without events': make((claims) => void delete claims.events),
      'without jti': make((claims) => void delete claims.jti),
      'without sid and sub': make((claims) => {
        delete claims.sid;
        delete claims.sub;
      }),
      'that is expired': make((claims) => Object.assign(claims, { iat: now - 7_200, exp: now - 3_600 })),
      'with alg none': make((_, header) => Object.assign(header, { alg: 'none' })),
      'signed by another key': make(() => {}, { key: provider.foreignKey }),
      'that is an ID token': idToken,
      'that is no token': 'a.b.c',
      'that is empty': '',
    };
    for (const [name, token] of Object.entries(invalid)) assert.equal(await post(token), 400, name);
    assert.equal(await user.refresh(page), 'ada@example.com');
    const token = make();
    assert.equal(await post(token), 200);
    assert.equal(await user.refresh(page), 401);
    await user.signIn(page);
    assert.equal(await post(token), 400, 'a logout token counts once');
    assert.equal(await user.refresh(page), 'ada@example.com');
    assert.equal(await post(provider.logoutToken({ sid: 'another-session' })), 200);
    assert.equal(await user.refresh(page), 'ada@example.com');
    assert.equal(await post(provider.logoutToken({ sub: 'ada' })), 200);
    assert.equal(await user.refresh(page), 401, 'without sid, all sessions of sub');
    assert.equal(await bystander.refresh(other), 'grace@example.com');
  },
);

/** Opens a popup in a click, and resolves with the message of its last page. */
async function popup(page, user, finish, id = 'popup-1') {
  await page.evaluate(() => {
    globalThis.channel?.close();
    globalThis.messages = [];
    globalThis.channel = new BroadcastChannel('tokenward:sign-in');
    channel.onmessage = ({ data }) => messages.push(data);
  });
  const opened = page.waitForEvent('popup');
  await page.evaluate((address) => void window.open(address, '_blank', 'popup'), user.startAddress({ popup: id }));
  const window = await opened;
  const closed = window.waitForEvent('close');
  await finish(window);
  await closed;
  await page.waitForFunction(() => messages.length > 0);
  return page.evaluate(() => messages);
}

signInTest('a popup reports its result and closes, also under COOP', async ({ proxy, provider, user }) => {
  for (const [coopOfProvider, coopOfApp] of [
    [false, false],
    [true, false],
    [true, true],
  ]) {
    provider.faults.coop = coopOfProvider;
    proxy.headers = coopOfApp ? { 'cross-origin-opener-policy': 'same-origin' } : {};
    const page = await user.tab();
    await user.context.clearCookies();
    assert.deepEqual(await popup(page, user, (window) => window.click('[value=no]', { noWaitAfter: true })), [
      'popup-1~sign-in-error=access_denied',
    ]);
    assert.equal(await user.refresh(page), 401);
    assert.deepEqual(await popup(page, user, (window) => user.enter(window), 'A_b-9'), ['A_b-9~signed-in']);
    assert.equal(await user.refresh(page), 'ada@example.com');
    await page.close();
  }
});

signInTest('an id of a popup that is not plain text is not used', async ({ app, user }) => {
  const page = await user.tab();
  await user.signIn(page);
  for (const id of ['a b', '<script>', 'x'.repeat(41), 'a~signed-in', '../x', ''])
    assert.equal(await follow(user, app, user.startAddress({ popup: id })), '/blank#~signed-in', id);
  const end = await follow(user, app, user.startAddress({ popup: 'x'.repeat(40) }));
  assert.equal(end, `/auth/done#${'x'.repeat(40)}~signed-in`);
});

signInTest('where cookies are blocked, the sign-in ends after one round', async ({ proxy, provider, user }) => {
  proxy.fault = ({ headers }) => void delete headers.cookie;
  const page = await user.tab();
  await user.begin(page);
  await user.enter(page);
  assert.equal(await user.returned(page), '~sign-in-error=stale_sign_in');
  assert.deepEqual([provider.counts.authorizations, provider.counts.exchanges], [1, 0]);
  assert.equal(proxy.to('/auth/callback').length, 1);
});

signInTest(
  '/auth/start in a frame, by fetch and from another site changes nothing',
  async ({ world, provider, user }) => {
    const page = await user.tab();
    await user.signIn(page, 'grace');
    // At the provider, the browser now is another user: a finished sign-in would change the user here.
    const at = await user.tab();
    const captured = await captureCallback(user, world, 'ada');
    assert.ok(captured);
    const address = user.startAddress();
    const { exchanges } = provider.counts;
    await at.route(`${provider.issuer}/evil`, (route) =>
      route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>another site</title>' }),
    );
    await at.goto(`${provider.issuer}/evil`);
    const frame = (url) =>
      new Promise((resolve) => {
        const element = document.createElement('iframe');
        element.addEventListener('load', resolve);
        element.src = url;
        document.body.append(element);
      });
    const byFetch = (url) =>
      fetch(url, { mode: 'no-cors', credentials: 'include' }).then(
        () => {},
        () => {},
      );
    await at.evaluate(byFetch, address);
    await at.evaluate(frame, address);
    await page.evaluate(byFetch, address);
    await page.evaluate(frame, address);
    for (const tab of [at, page])
      await until(
        () =>
          tab
            .frames()
            .slice(1)
            .every((one) => !/\/auth\/(start|callback)/.test(one.url())),
        () => `a frame hangs at ${tab.frames().map((one) => one.url())}`,
      );
    assert.equal(provider.counts.exchanges, exchanges, 'no code was redeemed');
    assert.equal(await user.refresh(page), 'grace@example.com');
  },
);

for (const client of ['post', 'par'])
  signInTest(
    `the provider's client "${client}" signs in`,
    async ({ provider, user }) => {
      const page = await user.tab();
      assert.equal(await user.signIn(page), '~signed-in');
      if (client === 'par') assert.equal(provider.counts.pushed, 1);
      assert.equal(await user.refresh(page), 'ada@example.com');
    },
    { client },
  );

signInTest('Firefox: a sign-in, and the session in a second tab', async ({ app, provider }) => {
  const browser = await startBrowser(ENGINES.Firefox);
  try {
    await browser.visit(`${app}/auth/start?returnTo=${encodeURIComponent('/blank?tab=1#items')}`);
    const tab = await browser.present();
    const enter = async () => {
      document.querySelector('[name=login]').value = 'ada';
      document.querySelector('[value=yes]').click();
    };
    await browser.run(tab, enter);
    // (A script that runs while the page is left is aborted.)
    const address = () => browser.run(tab, async () => location.href).catch(() => '');
    await until(
      async () => (await address()) === `${app}/blank?tab=1#items~signed-in`,
      () => `the sign-in does not end: ${provider.errors}`,
    );
    const refresh = async () => {
      const response = await fetch('/auth/refresh', { method: 'POST' });
      return (await response.json()).user?.email;
    };
    assert.equal(await browser.run(tab, refresh), 'ada@example.com');
    const second = await browser.open(`${app}/blank`);
    assert.equal(await browser.run(second, refresh), 'ada@example.com');
    assert.deepEqual([provider.counts.codes, provider.counts.exchanges], [1, 1]);
  } finally {
    await browser.stop();
  }
});

// The client and the server together: tests/e2e/sign-in-page.test.mjs has the client with endpoints that a test scripts.

const EVENTS = ['signed-in', 'signed-out', 'account-changed', 'sign-in-failed'];

const APP = `<!doctype html><title>app</title><script type="module">
import { AuthClient } from '/pkg/index.js';
globalThis.events = [];
globalThis.auth = new AuthClient();
// As in docs/guides/sign-in.md.
globalThis.readChallenge = (response) => {
  const challenge = response.headers.get('www-authenticate') ?? '';
  const acrValues = /acr_values="([^"]*)"/.exec(challenge)?.[1];
  const maxAge = /max_age="?(\\d+)/.exec(challenge)?.[1];
  return { ...(acrValues && { acrValues }), ...(maxAge && { maxAge: Number(maxAge) }) };
};
for (const name of ${JSON.stringify(EVENTS)})
  auth.on(name, ({ error, reason }) => events.push([name, error?.code ?? reason].filter(Boolean).join(' ')));
await auth.ready;
globalThis.loaded = true;
</script>`;

/** A tab with the app, when its client is ready. */
async function openApp(user, place = '/app') {
  const page = await user.tab(place);
  await appLoaded(page);
  return page;
}

const appLoaded = (page) => page.waitForFunction(() => globalThis.loaded, undefined, { polling: 20 });
const isSignedIn = (page, email) =>
  page.waitForFunction((wanted) => globalThis.auth?.session.user?.email === wanted, email, { polling: 20 });
const isSignedOut = (page) =>
  page.waitForFunction(() => globalThis.auth?.session.status === 'signed-out', undefined, { polling: 20 });
/** Calls `signIn`, which leaves the page. */
const leave = (page, options) =>
  page.evaluate((given) => {
    globalThis.loaded = false;
    auth.signIn(given).catch(() => {});
  }, options);
const callApi = (page) => page.evaluate(async () => (await auth.fetch('/api/me')).status);

/** A test of the client with this server. An error that a page does not catch fails it. */
function appTest(name, body, inBrowser) {
  signInTest(
    `client: ${name}`,
    async (given) => {
      given.proxy.pages.set('/app', () => APP);
      const errors = [];
      given.user.context.on('weberror', (error) => errors.push(error.error()));
      await body(given);
      assert.deepEqual(errors, []);
    },
    {},
    inBrowser,
  );
}

appTest('from click to signed in: one code, one exchange, one refresh', async ({ app, proxy, provider, user }) => {
  const other = await openApp(user);
  const page = await openApp(user, '/app?tab=2#items');
  const callbacks = watchCallbacks(page, app);
  proxy.record.length = 0;
  await leave(page);
  await user.enter(page);
  await isSignedIn(page, 'ada@example.com');
  assert.equal(page.url(), `${app}/app?tab=2#items`);
  assert.equal(await callApi(page), 200);
  assert.deepEqual([provider.counts.codes, provider.counts.exchanges], [1, 1]);
  await isSignedIn(other, 'ada@example.com');
  assert.equal(await callApi(other), 200);
  assert.ok(proxy.to('/auth/refresh').length <= 2, 'one refresh for each tab');
  const readable = await page.evaluate(() =>
    JSON.stringify([
      location.href,
      document.referrer,
      document.cookie,
      { ...localStorage },
      { ...sessionStorage },
      performance.getEntries().map((entry) => entry.name),
    ]),
  );
  const secrets = secretsOf(provider, callbacks);
  assert.ok(secrets.length >= 4);
  for (const secret of secrets) assert.ok(!readable.includes(secret), `${secret} in ${readable}`);
});

appTest('ten tabs sign in at once', async ({ provider, user }) => {
  const first = await openApp(user);
  await leave(first);
  await user.enter(first);
  await isSignedIn(first, 'ada@example.com');
  await first.close();
  await user.context.clearCookies({ domain: '127.0.0.1' });
  const tabs = [];
  for (let count = 0; count < 10; count += 1) tabs.push(await openApp(user, `/app?tab=${count}`));
  for (const page of tabs) await isSignedOut(page);
  await Promise.all(tabs.map((page) => leave(page)));
  // (A tab that has not left yet follows the sign-in of another one.)
  for (const page of tabs) await appLoaded(page);
  for (const page of tabs) await isSignedIn(page, 'ada@example.com');
  assert.equal(provider.counts.logins, 1);
  const statuses = await Promise.all(tabs.map(callApi));
  assert.deepEqual([...new Set(statuses)], [200]);
});

appTest('a storm of calls and a lost refresh after a sign-in', async ({ proxy, user }) => {
  const page = await openApp(user);
  await leave(page);
  await user.enter(page);
  await isSignedIn(page, 'ada@example.com');
  const tabs = [page];
  for (let count = 0; count < 19; count += 1) tabs.push(await openApp(user));
  for (const tab of tabs) await isSignedIn(tab, 'ada@example.com');
  let lost = 0;
  proxy.fault = ({ path }) => (path === '/auth/refresh' && lost++ === 0 ? { lose: 'answer' } : undefined);
  await Promise.all(tabs.map((tab) => tab.evaluate(() => auth.refresh().catch(() => {}))));
  assert.ok(lost > 1, 'the client repeats the refresh');
  proxy.fault = () => undefined;
  const statuses = await Promise.all(tabs.map(callApi));
  assert.deepEqual([...new Set(statuses)], [200]);
  for (const tab of tabs) assert.equal(await tab.evaluate(() => auth.session.status), 'signed-in');
});

appTest(
  'an error comes once, typed, and not after a reload; the user who was signed in stays',
  async ({ app, user }) => {
    const page = await openApp(user);
    for (const signedIn of [false, true]) {
      await user.forgetProvider();
      await page.evaluate(() => {
        globalThis.loaded = false;
      });
      await leave(page);
      await page.click('[value=no]', { noWaitAfter: true });
      await page.waitForFunction(() => globalThis.events?.includes('sign-in-failed ACCESS_DENIED'));
      assert.equal(page.url(), `${app}/app`);
      assert.equal(await page.evaluate(() => auth.session.status), signedIn ? 'signed-in' : 'signed-out');
      await page.reload();
      await appLoaded(page);
      assert.ok(!(await page.evaluate(() => events)).some((event) => event.startsWith('sign-in-failed')));
      if (signedIn) return assert.equal(await callApi(page), 200);
      await leave(page);
      await user.enter(page);
      await isSignedIn(page, 'ada@example.com');
    }
  },
);

appTest('another user signs in in a second tab: account-changed in the first', async ({ user }) => {
  const first = await openApp(user);
  await leave(first);
  await user.enter(first);
  await isSignedIn(first, 'ada@example.com');
  const second = await openApp(user);
  await isSignedIn(second, 'ada@example.com');
  await user.forgetProvider();
  await leave(second);
  await user.enter(second, 'grace');
  await isSignedIn(second, 'grace@example.com');
  await isSignedIn(first, 'grace@example.com');
  assert.ok((await first.evaluate(() => events)).includes('account-changed'));
  for (const page of [first, second]) assert.equal(await callApi(page), 200);
});

appTest(
  'logout at the provider too: all tabs are signed out, and the provider asks again',
  async ({ app, provider, user }) => {
    const page = await openApp(user, '/app?x#y');
    await leave(page);
    await user.enter(page);
    await isSignedIn(page, 'ada@example.com');
    const other = await openApp(user);
    await isSignedIn(other, 'ada@example.com');
    const [former] = await user.cookies('refresh_token');
    await page.evaluate(() => {
      globalThis.loaded = false;
      auth.logout({ scope: 'provider' });
    });
    await appLoaded(page);
    await isSignedOut(page);
    await isSignedOut(other);
    await page.waitForURL(`${app}/app?x#y`);
    assert.equal(await refreshWith(app, former), 401);
    const { logins } = provider.counts;
    await leave(page);
    await page.waitForURL(`${provider.issuer}/interaction/**`);
    assert.equal(provider.counts.logins, logins + 1);
  },
);

appTest('a logout at the provider signs all tabs out with their next call', async ({ provider, user }) => {
  const page = await openApp(user);
  await leave(page);
  await user.enter(page);
  await isSignedIn(page, 'ada@example.com');
  const other = await openApp(user);
  await isSignedIn(other, 'ada@example.com');
  await (await user.tab()).goto(`${provider.issuer}/session/end`);
  await until(
    () => provider.counts.logouts === 1,
    () => `the provider has sent no logout token: ${provider.errors}`,
  );
  const code = await page.evaluate(() =>
    auth.fetch('/api/me').then(
      (answer) => answer.status,
      (error) => error.code,
    ),
  );
  assert.equal(code, 'SESSION_ENDED');
  await isSignedOut(page);
  await isSignedOut(other);
});

// The example servers have no API that requires it.
if (SERVERS[SERVER].keepsSessions)
  appTest('step-up: an API requires a stronger authentication, and accepts it after signIn', async ({ user }) => {
    const page = await openApp(user);
    await leave(page);
    await user.enter(page);
    await isSignedIn(page, 'ada@example.com');
    const call = () =>
      page.evaluate(async () => (await auth.fetch('/api/step-up?acr=urn:example:mfa&maxAge=300')).status);
    const challenged = page.evaluate(
      () => new Promise((resolve) => auth.on('step-up-required', ({ response }) => resolve(readChallenge(response)))),
    );
    assert.equal(await call(), 401);
    const required = await challenged;
    assert.deepEqual(required, { acrValues: 'urn:example:mfa', maxAge: 300 });
    await leave(page, required);
    await user.enter(page);
    await isSignedIn(page, 'ada@example.com');
    assert.equal(await call(), 200);
    await page.evaluate(() => auth.refresh());
    assert.equal(await call(), 200, 'a refreshed token says so as well');
  });

for (const coop of [false, true])
  appTest(
    `by popup${coop ? ' under COOP of both sites' : ''}: done, and denied`,
    async ({ app, proxy, provider, user }) => {
      provider.faults.coop = coop;
      if (coop) proxy.headers = { 'cross-origin-opener-policy': 'same-origin' };
      const page = await openApp(user, '/app#here');
      const open = async () => {
        const opened = page.waitForEvent('popup');
        await page.evaluate(() => {
          globalThis.result = auth.signIn({ display: 'popup' }).then(
            ({ user }) => user.email,
            (error) => error.code,
          );
        });
        return opened;
      };
      const denied = await open();
      await denied.click('[value=no]', { noWaitAfter: true });
      assert.equal(await page.evaluate(() => result), 'ACCESS_DENIED');
      const done = await open();
      await user.enter(done);
      assert.equal(await page.evaluate(() => result), 'ada@example.com');
      assert.equal(page.url(), `${app}/app#here`);
      assert.equal(await callApi(page), 200);
      await until(
        () => done.isClosed() && denied.isClosed(),
        () => 'a popup stays open',
      );
    },
  );

appTest(
  'Back after a sign-in shows the app signed in, without an error',
  async ({ app, provider, user }) => {
    const page = await openApp(user, '/app?before');
    await leave(page, { returnTo: '/app?after' });
    await user.enter(page);
    await isSignedIn(page, 'ada@example.com');
    await goBack(page);
    await page.waitForURL(`${provider.issuer}/**`, { waitUntil: 'commit' });
    await goBack(page);
    await page.waitForURL(`${app}/app?before`, { waitUntil: 'commit' });
    await isSignedIn(page, 'ada@example.com');
    assert.ok(!(await page.evaluate(() => events)).some((event) => event.startsWith('sign-in-failed')));
  },
  withBackForwardCache,
);

appTest(
  'blocked cookies end in one sign-in-failed; blocked storage does no harm',
  async ({ proxy, provider, user, newUser }) => {
    const page = await openApp(user);
    proxy.fault = ({ headers }) => void delete headers.cookie;
    await leave(page);
    await user.enter(page);
    await page.waitForFunction(() => globalThis.events?.includes('sign-in-failed STALE_SIGN_IN'));
    assert.equal(provider.counts.authorizations, 1);
    proxy.fault = () => undefined;
    const other = await newUser();
    await other.context.addInitScript((origin) => {
      if (location.origin !== origin) return;
      for (const name of ['localStorage', 'sessionStorage', 'indexedDB'])
        Object.defineProperty(window, name, {
          get() {
            throw new DOMException('denied', 'SecurityError');
          },
        });
    }, new URL(proxy.url).origin);
    const tab = await openApp(other);
    await leave(tab);
    await other.enter(tab);
    await isSignedIn(tab, 'ada@example.com');
    assert.equal(await callApi(tab), 200);
  },
);
