// Sign-in at an OpenID provider for the auth server beside this file: docs/reference/sign-in-endpoints.md describes the endpoints.
// The server is the OAuth client. It stores nothing about a sign-in that is under way: `state` carries what the callback needs.
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import express from 'express';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oidc from 'openid-client';

const {
  OIDC_ISSUER,
  OIDC_CLIENT_ID,
  OIDC_CLIENT_SECRET,
  OIDC_SCOPE = 'openid email profile',
  PUBLIC_URL,
} = process.env;
const SIGN_IN_LIFE = 600_000; // milliseconds
const MOST_ATTEMPTS = 3;
const KEY = process.env.STATE_KEY ?? randomBytes(32); // the same for all servers behind one address

const mac = (...parts) => createHmac('sha256', KEY).update(parts.join('\0')).digest('base64url');
const hash = (text) => createHash('sha256').update(text).digest('base64url');
const isEqual = (one, other) => one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
const seal = (label, value) => {
  const body = Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${body}.${mac(label, body)}`;
};
const open = (label, text) => {
  const [body, tag = ''] = String(text).split('.');
  return isEqual(tag, mac(label, body)) ? JSON.parse(Buffer.from(body, 'base64url')) : undefined;
};
const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Resolves once with what `load` returns; after a failure the next call loads again. */
const once = (load) => {
  let value;
  return () => {
    value ??= load().catch((error) => {
      value = undefined;
      throw error;
    });
    return value;
  };
};
const provider = once(async () => {
  const insecure = OIDC_ISSUER.startsWith('http://localhost') ? [oidc.allowInsecureRequests] : [];
  const authentication = oidc.ClientSecretBasic(OIDC_CLIENT_SECRET);
  const options = { execute: insecure, timeout: 5 }; // seconds
  const config = await oidc.discovery(new URL(OIDC_ISSUER), OIDC_CLIENT_ID, undefined, authentication, options);
  const keys = createRemoteJWKSet(new URL(config.serverMetadata().jwks_uri), { cooldownDuration: 1_000 });
  return { config, keys };
});

/**
 * A path of this origin. A browser reads `//host` and `/\host` as another origin, and so does URL. Its path may begin with `//`
 * only after it has removed `/.` and `/..`.
 */
function localPath(given) {
  const text = typeof given === 'string' ? given : '/';
  const url = URL.canParse(text, PUBLIC_URL) && new URL(text, PUBLIC_URL);
  const own = url && url.origin === new URL(PUBLIC_URL).origin && !/^\/(\/|auth\/)/.test(url.pathname);
  const plain = Buffer.byteLength(text) <= 1_000 && ![...text].some((character) => character < ' ');
  return own && plain ? url.pathname + url.search + url.hash : '/';
}

/** Sends the browser back to the app, or to the page on which a popup ends. */
function back(response, mark, { returnTo = '/', popup } = {}) {
  const joint = returnTo.includes('#') ? '' : '#';
  response.redirect(303, popup ? `/auth/done#${popup}${mark}` : `${returnTo}${joint}${mark}`);
}
const fail = (response, error, signIn) => back(response, `~sign-in-error=${error}`, signIn);

/** A request that is no navigation, such as that of an image, must not sign out. Old browsers do not send these headers. */
const isNavigation = (request) =>
  ['navigate', undefined].includes(request.get('sec-fetch-mode')) &&
  ['document', undefined].includes(request.get('sec-fetch-dest'));

/** The random values that tie a sign-in to this browser. Without its own, a callback redeems nothing. */
const browsersOf = (request) => (request.get('cookie') ?? '').match(/(?<=\blogin-[\w-]{6}=)[\w-]{24}/g) ?? [];

/** The error of the contract for an error of openid-client, jose or fetch. */
function errorOf(error) {
  if (error.error === 'access_denied') return 'access_denied';
  const asks = ['login_required', 'interaction_required', 'consent_required', 'account_selection_required'];
  if (asks.includes(error.error)) return 'interaction_required';
  const down = isLost(error) || isDown(error) || ['temporarily_unavailable', 'server_error'].includes(error.error);
  return down ? 'provider_unavailable' : 'provider_refused';
}
/** The provider has not redeemed the code: it did not listen, or it answered 5xx. */
const isDown = (error) => error.cause?.code === 'ECONNREFUSED' || (error.status ?? error.cause?.status) >= 500;
/** The provider may have redeemed the code, and the answer is lost. */
const isLost = (error) => (error instanceof TypeError && !isDown(error)) || error.code === 'OAUTH_TIMEOUT';

/**
 * Adds the endpoints to an app, before the check of `Sec-Fetch-Site`: the provider's redirect comes from another site. The server
 * passes its sessions: `begin(user, more)` returns `{session, secret}`.
 */
export function addSignIn(app, { sessions, begin, setCookie, provenSession, clearCookie }) {
  /** The exchanges of the last minute, by state: a callback that comes twice shares one. */
  const exchanges = new Map();
  /** The ids of logout tokens, until they expire. */
  const logouts = new Set();

  async function toProvider(response, browser, signIn) {
    try {
      const { config } = await provider();
      const state = seal('state', { ...signIn, at: Date.now(), id: randomBytes(9).toString('base64url') });
      const parameters = {
        redirect_uri: `${PUBLIC_URL}/auth/callback`,
        scope: OIDC_SCOPE,
        state,
        nonce: mac('nonce', state, browser),
        code_challenge: await oidc.calculatePKCECodeChallenge(mac('verifier', state, browser)),
        code_challenge_method: 'S256',
        ...signIn.parameters,
      };
      const pushed = config.serverMetadata().pushed_authorization_request_endpoint; // RFC 9126
      const build = pushed ? oidc.buildAuthorizationUrlWithPAR : oidc.buildAuthorizationUrl;
      response.redirect(303, (await build(config, parameters)).href);
    } catch (error) {
      fail(response, errorOf(error), signIn);
    }
  }

  /** Not inside the request: when the user reloads, the browser drops the request, and the code is spent. */
  async function exchange(url, state, browser, signIn) {
    const { config, keys } = await provider();
    const checks = {
      expectedState: state,
      expectedNonce: mac('nonce', state, browser),
      pkceCodeVerifier: mac('verifier', state, browser),
      idTokenExpected: true,
      maxAge: signIn.parameters.max_age && Number(signIn.parameters.max_age),
    };
    for (let tries = 0; ; tries += 1) {
      try {
        const tokens = await oidc.authorizationCodeGrant(config, url, checks); // also checks `iss` (RFC 9207)
        const { payload } = await jwtVerify(tokens.id_token, keys, { issuer: OIDC_ISSUER, audience: OIDC_CLIENT_ID });
        if ((payload.azp ?? OIDC_CLIENT_ID) !== OIDC_CLIENT_ID) throw new Error('expected a token for this client');
        const { sub, email, name = email, sid } = payload;
        return begin(
          { id: hash(`${OIDC_ISSUER} ${sub}`), email, name },
          { sub, sid, idToken: tokens.id_token, replaces: signIn.former },
        );
      } catch (error) {
        // After a 5xx, `invalid_grant` means that the provider had redeemed the code.
        if (tries > 0 && error.error === 'invalid_grant') throw new TypeError('the answer is lost', { cause: error });
        if (!isDown(error) || tries === 3) throw error;
        await wait(300 * 3 ** tries);
      }
    }
  }

  app.get('/auth/start', async (request, response) => {
    response.set('cache-control', 'no-store');
    const { returnTo, prompt, loginHint, acr, maxAge, popup } = request.query;
    const browser = browsersOf(request)[0] ?? randomBytes(18).toString('base64url');
    const cookie = { httpOnly: true, sameSite: 'lax', secure: process.env.COOKIE_SECURE !== 'false', path: '/auth' };
    // The name follows from the value: where several tabs begin at once, no response replaces the cookie of another.
    response.cookie(`login-${browser.slice(0, 6)}`, browser, { ...cookie, maxAge: SIGN_IN_LIFE });
    const parameters = {
      ...(['none', 'login', 'select_account', 'consent'].includes(prompt) && { prompt }),
      ...(typeof loginHint === 'string' && { login_hint: loginHint }),
      ...(typeof acr === 'string' && { acr_values: acr }),
      ...(/^\d+$/.test(maxAge) && { max_age: maxAge }),
    };
    await toProvider(response, browser, {
      browser: hash(browser),
      attempt: 1,
      returnTo: localPath(returnTo),
      popup: /^[\w-]{1,40}$/.test(popup) ? popup : undefined,
      // The cookie of the present session is SameSite=Strict: it comes with this request, not with the provider's redirect.
      former: provenSession(request)?.id,
      parameters,
    });
  });

  app.get('/auth/callback', async (request, response) => {
    response.set({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    const { state } = request.query;
    const signIn = open('state', state);
    if (!signIn) return fail(response, 'stale_sign_in');
    const browser = browsersOf(request).find((one) => isEqual(hash(one), signIn.browser));
    // The provider does not ask again for what the user has just entered.
    const { prompt, ...others } = signIn.parameters;
    const parameters = prompt === 'none' ? signIn.parameters : others;
    const startOver = () => toProvider(response, browser, { ...signIn, parameters, attempt: signIn.attempt + 1 });
    if (!browser || Date.now() - signIn.at > SIGN_IN_LIFE) return fail(response, 'stale_sign_in', signIn);
    if (!exchanges.has(state)) {
      exchanges.set(state, exchange(new URL(request.originalUrl, PUBLIC_URL), state, browser, signIn));
      setTimeout(() => exchanges.delete(state), 60_000).unref();
    }
    try {
      const { session, secret } = await exchanges.get(state);
      if (!sessions.has(session.id)) return fail(response, 'stale_sign_in', signIn);
      // If the page has refreshed since, then the browser has a later cookie.
      if (session.current.equals(createHash('sha256').update(secret).digest())) setCookie(response, session, secret);
      back(response, '~signed-in', signIn);
    } catch (error) {
      // The code is spent. Another one costs a redirect and no click.
      if (isLost(error) && signIn.attempt < MOST_ATTEMPTS) return startOver();
      fail(response, errorOf(error), signIn);
    }
  });

  app.get('/auth/done', (_, response) => {
    response.set({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; script-src 'unsafe-inline'",
    });
    response.send(`<!doctype html><title>Signed in</title><script>
      new BroadcastChannel('tokenward:sign-in').postMessage(location.hash.slice(1));
      setTimeout(close, 50);
    </script>`);
  });

  app.get('/auth/end', async (request, response) => {
    response.set('cache-control', 'no-store');
    const returned = open('end', request.query.state);
    if (returned) return back(response, '~signed-out', returned);
    const isOwn = ['same-origin', 'none', undefined].includes(request.get('sec-fetch-site'));
    if (!isOwn || !isNavigation(request)) return response.redirect(303, '/');
    const returnTo = localPath(request.query.returnTo);
    const session = provenSession(request);
    if (session) sessions.delete(session.id);
    clearCookie(response);
    const { config } = session?.idToken ? await provider().catch(() => ({})) : {};
    if (!config?.serverMetadata().end_session_endpoint) return back(response, '~signed-out', { returnTo });
    const parameters = { id_token_hint: session.idToken, post_logout_redirect_uri: `${PUBLIC_URL}/auth/end` };
    response.redirect(303, oidc.buildEndSessionUrl(config, { ...parameters, state: seal('end', { returnTo }) }).href);
  });

  app.post('/auth/backchannel-logout', express.urlencoded({ extended: false }), async (request, response) => {
    response.set('cache-control', 'no-store');
    try {
      const { keys } = await provider();
      const { payload } = await jwtVerify(request.body.logout_token, keys, {
        issuer: OIDC_ISSUER,
        audience: OIDC_CLIENT_ID,
        requiredClaims: ['iat', 'exp', 'jti', 'events'],
      });
      const { sid, sub, jti, exp, nonce, events } = payload;
      const isLogout = events['http://schemas.openid.net/event/backchannel-logout'] && nonce === undefined;
      if (!isLogout || !(sid || sub) || logouts.has(jti))
        throw new Error('expected a logout token that is not used yet');
      logouts.add(jti);
      setTimeout(() => logouts.delete(jti), Math.min(exp * 1_000 - Date.now(), 2 ** 31 - 1)).unref();
      for (const session of sessions.values())
        if (session.idToken && (sid ? session.sid === sid : session.sub === sub)) sessions.delete(session.id);
      response.status(200).end();
    } catch {
      response.status(400).json({ error: 'invalid_request' });
    }
  });
}
