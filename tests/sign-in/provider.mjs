// An OpenID provider for the tests of sign-in: panva's oidc-provider on `localhost`, which is another site than the app's
// 127.0.0.1, with its own login page, faults that a test switches on, and counters.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import http from 'node:http';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../../tools/run.mjs';

// (The package belongs to tests/backends.)
const modules = createRequire(path.join(root, 'tests/backends/package.json'));
const { interactionPolicy, Provider } = await import(pathToFileURL(modules.resolve('oidc-provider')));

const SECRET = 'a-secret-of-the-provider-tests-0123456789';

/** The claims of a user. The e-mail addresses of ada and grace are also those of users of the demo server. */
const claimsOf = (sub) => ({
  sub,
  name: sub[0].toUpperCase() + sub.slice(1),
  email: `${sub}@example.com`,
  email_verified: true,
  groups: sub === 'ada' ? ['admin'] : ['user'],
});

/** A new key for signatures: `jwk` as the provider needs it, `header` for tokens that it signs. */
function newKey() {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const kid = randomBytes(6).toString('hex');
  return { privateKey, kid, jwk: { ...privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' } };
}

/** The key of every provider at its start, and the one that no provider publishes: a new RSA key takes half a second. */
const FIRST_KEY = newKey();
const FOREIGN_KEY = newKey();

const encoded = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
const decoded = (part) => JSON.parse(Buffer.from(part, 'base64url'));

/** A signed token; with `alg: 'none'` in the header, one without a signature. */
export function signToken(claims, header, { privateKey }) {
  const text = `${encoded(header)}.${encoded(claims)}`;
  if (header.alg === 'none') return `${text}.`;
  return `${text}.${sign('sha256', Buffer.from(text), privateKey).toString('base64url')}`;
}

/**
 * The clients of an app at this origin: `web` sends its secret in the header, `post` in the body, and `par` has to push its
 * authorization requests (RFC 9126). A test may change or add properties of all of them.
 */
function clientsOf(app, changes) {
  const client = (client_id, more) => ({
    client_id,
    client_secret: SECRET,
    redirect_uris: [`${app}/auth/callback`],
    post_logout_redirect_uris: [`${app}/auth/end`],
    backchannel_logout_uri: `${app}/auth/backchannel-logout`,
    backchannel_logout_session_required: true,
    grant_types: ['authorization_code'],
    response_types: ['code'],
    ...more,
    ...changes,
  });
  return [
    client('web', { token_endpoint_auth_method: 'client_secret_basic' }),
    client('post', { token_endpoint_auth_method: 'client_secret_post' }),
    client('par', { token_endpoint_auth_method: 'client_secret_basic', require_pushed_authorization_requests: true }),
  ];
}

/** A client that is a page: it has no secret. */
const pageOf = (metadata) => ({
  client_id: 'spa',
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  ...metadata,
});

/** The provider also asks users who are signed in, if the app asks for an `acr` with which they have not authenticated. */
function policyWithStepUp() {
  const { base, Check } = interactionPolicy;
  const policy = base();
  policy.get('login').checks.add(
    new Check('acr_values', 'the user has to authenticate with one of acr_values', ({ oidc }) => {
      const wanted = oidc.params.acr_values?.split(' ') ?? [oidc.acr];
      return wanted.includes(oidc.acr) || oidc.result?.login ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT;
    }),
  );
  return policy;
}

const escaped = (text) => String(text).replaceAll(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

const loginPage = ({ uid, params }) => `<!doctype html><title>provider</title><h1>Sign in to the provider</h1>
<form method="post" action="/interaction/${uid}"><input name="login" value="${escaped(params.login_hint ?? '')}" autofocus>
<button name="answer" value="yes">Sign in</button><button name="answer" value="no">Cancel</button></form>`;

/** The provider asks before it ends a session; this page answers for the user. */
const logoutPage = (form) =>
  `<!doctype html><title>provider</title><body onload="document.forms[0].submit()">${form.replace(
    '</form>',
    '<input type="hidden" name="logout" value="yes"></form>',
  )}`;

/** Faults, all off. A test sets properties of `provider.faults`. */
const noFaults = () => ({
  /** The token endpoint redeems the code of so many exchanges and then breaks the connection. */
  loseAnswers: 0,
  /** The token endpoint answers so many exchanges with 503, and redeems nothing. */
  refuseExchanges: 0,
  /** The token endpoint redeems the code, and answers when this promise resolves. */
  holdExchange: undefined,
  /** Every endpoint answers 503. */
  unavailable: false,
  /** Discovery never answers. */
  hangDiscovery: false,
  /** Changes the metadata: a function of the object. */
  metadata: undefined,
  /** Changes the parameters of the redirect to the app: a function of URLSearchParams. */
  callback: undefined,
  /** Changes the ID token before it is signed: a function of its claims and its header. */
  idToken: undefined,
  /** Signs the ID token with a key that the provider does not publish. */
  foreignKey: false,
  /** Changes the answer of the token endpoint: a function of the object. */
  tokenAnswer: undefined,
  /** The provider's pages have `Cross-Origin-Opener-Policy: same-origin`. */
  coop: false,
});

const noCounts = () => ({
  /** Authorization requests of browsers. */
  authorizations: 0,
  /** Authorization requests that a server pushed. */
  pushed: 0,
  /** Codes that were issued. */
  codes: 0,
  /** Requests to the token endpoint. */
  exchanges: 0,
  /** Codes that were redeemed. */
  redeemed: 0,
  /** Grants that the provider revoked, because a code or a refresh token was used twice, or at the client's wish. */
  revoked: 0,
  /** Refresh tokens that were used. */
  renewals: 0,
  /** Login pages that were shown. */
  logins: 0,
  discoveries: 0,
  /** Logout tokens that the app accepted, and those that it did not. */
  logouts: 0,
  failedLogouts: 0,
});

/**
 * Starts a provider for an app at the origin `app`. It has the users that a test names on its login page, without passwords.
 * `clients` changes the clients' metadata; `publicClient` is the metadata of a client `spa` that is a page, with refresh tokens.
 * `accessTokenLife` is in seconds.
 */
export async function startProvider({ app, clients = {}, publicClient, accessTokenLife = 600 } = {}) {
  const sockets = new Set();
  let current;
  let server;
  const listen = (port) =>
    new Promise((resolve, reject) => {
      server = http.createServer(serve);
      server.on('connection', (socket) => {
        sockets.add(socket);
        socket.on('close', () => sockets.delete(socket));
      });
      server.on('error', reject).listen(port, '127.0.0.1', resolve);
    });
  await listen(0);
  const at = server.address().port;
  const issuer = `http://localhost:${at}`;
  let keys = [FIRST_KEY];
  const provider = {
    issuer,
    secret: SECRET,
    /** The settings of the Rust server and of the examples for one of the clients. */
    settings: (client = 'web') => ({
      PUBLIC_URL: app,
      OIDC_ISSUER: issuer,
      OIDC_CLIENT_ID: client,
      OIDC_CLIENT_SECRET: SECRET,
    }),
    faults: noFaults(),
    counts: noCounts(),
    /** ID tokens, codes and access tokens that the provider issued: nothing of it may reach the page. */
    issued: [],
    /** The refresh tokens that the provider issued, as its models. */
    refreshTokens: [],
    /** Makes the refresh tokens so far invalid. */
    async endGrants() {
      for (const token of provider.refreshTokens) await token.destroy();
    },
    /** The verifiers of PKCE with which codes were redeemed (RFC 7636). */
    verifiers: [],
    /** The provider's errors, as text. */
    errors: [],
    heal: () => Object.assign(provider.faults, noFaults()),
    /** A logout token; `change(claims, header)` may alter it. */
    logoutToken(claims, change = () => {}, { key = keys[0], client = 'web' } = {}) {
      const now = Math.floor(Date.now() / 1000);
      const header = { alg: 'RS256', typ: 'logout+jwt', kid: key.kid };
      const all = {
        iss: issuer,
        aud: client,
        iat: now,
        exp: now + 120,
        jti: randomBytes(12).toString('hex'),
        events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
        ...claims,
      };
      change(all, header);
      return signToken(all, header, key);
    },
    foreignKey: FOREIGN_KEY,
    /** From now on, a new key signs; the former ones are no longer published. */
    rotateKeys() {
      keys = [newKey()];
      current = create();
    },
    /** Listens at the same address as before. */
    start: () => listen(at),
    /** Nothing listens any more; `start` continues. */
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const { faults, counts } = provider;

  function create() {
    const made = new Provider(issuer, {
      clients: [...clientsOf(app, clients), ...(publicClient ? [pageOf(publicClient)] : [])],
      jwks: { keys: keys.map(({ jwk }) => jwk) },
      scopes: ['openid', 'email', 'profile', 'groups', 'offline_access'],
      clientBasedCORS: () => true,
      issueRefreshToken: async (_, client) => client.grantTypeAllowed('refresh_token'),
      rotateRefreshToken: true,
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
      acrValues: ['urn:example:mfa'],
      conformIdTokenClaims: false,
      findAccount: (_, sub) => ({ accountId: sub, claims: () => claimsOf(sub) }),
      cookies: { keys: ['k'.repeat(32)] },
      pkce: { required: () => true },
      interactions: { url: (_, { uid }) => `/interaction/${uid}`, policy: policyWithStepUp() },
      // (The provider's own fetch refuses addresses of this machine.)
      fetch: (url, { dispatcher: _, ...options }) => globalThis.fetch(url, options),
      ttl: {
        AuthorizationCode: 60,
        IdToken: 600,
        AccessToken: accessTokenLife,
        Session: 86_400,
        Grant: 86_400,
        Interaction: 600,
      },
      features: {
        devInteractions: { enabled: false },
        pushedAuthorizationRequests: { enabled: true },
        backchannelLogout: { enabled: true },
        revocation: { enabled: true },
        webMessageResponseMode: { enabled: true, ack: 'individual-draft-01' },
        rpInitiatedLogout: {
          enabled: true,
          logoutSource: (context, form) => {
            context.body = logoutPage(form);
          },
        },
      },
      /** The users have consented. */
      async loadExistingGrant({ oidc }) {
        const id = oidc.session.grantIdFor(oidc.client.clientId);
        const found = id && (await oidc.provider.Grant.find(id));
        if (found) return found;
        const { clientId } = oidc.client;
        const grant = new oidc.provider.Grant({ clientId, accountId: oidc.session.accountId });
        grant.addOIDCScope('openid email profile groups offline_access');
        await grant.save();
        return grant;
      },
    });
    const count = (event, name) =>
      made.on(event, () => {
        counts[name] += 1;
      });
    count('authorization_code.saved', 'codes');
    count('authorization_code.consumed', 'redeemed');
    count('grant.revoked', 'revoked');
    count('refresh_token.consumed', 'renewals');
    made.on('refresh_token.saved', (token) => provider.refreshTokens.push(token));
    count('pushed_authorization_request.success', 'pushed');
    count('backchannel.success', 'logouts');
    count('backchannel.error', 'failedLogouts');
    for (const event of ['grant.error', 'authorization.error', 'backchannel.error', 'server_error'])
      made.on(event, (_, error) =>
        provider.errors.push(`${event}: ${error.error_detail ?? error.error_description ?? error.stack}`),
      );
    made.use(withFaults);
    return made;
  }

  /** Changes what the provider answers. */
  async function withFaults(context, next) {
    await next();
    if (context.path === '/token' && context.body?.id_token) await changeTokens(context);
    if (context.path.startsWith('/.well-known/')) faults.metadata?.(context.body);
    const target = context.response.get('location') ?? '';
    if (/[?&#]state=/.test(target) && target.startsWith(`${app}/`)) context.set('location', changeCallback(target));
  }

  function changeCallback(target) {
    const url = new URL(target);
    // (A page asks for the parameters in the fragment.)
    const inFragment = new URLSearchParams(url.hash.slice(1));
    const parameters = inFragment.has('state') ? inFragment : url.searchParams;
    if (parameters.has('code')) provider.issued.push(parameters.get('code'));
    faults.callback?.(parameters);
    if (parameters === inFragment) url.hash = `${inFragment}`;
    return url.href;
  }

  async function changeTokens(context) {
    const { body } = context;
    if (faults.idToken || faults.foreignKey) {
      const [header, claims] = body.id_token.split('.').slice(0, 2).map(decoded);
      faults.idToken?.(claims, header);
      body.id_token = signToken(claims, header, faults.foreignKey ? FOREIGN_KEY : keys[0]);
    }
    faults.tokenAnswer?.(body);
    const { code_verifier: verifier } = context.oidc.params;
    if (verifier) provider.verifiers.push(verifier);
    provider.issued.push(body.id_token, body.access_token, ...(body.refresh_token ? [body.refresh_token] : []));
  }

  function serve(request, response) {
    const { pathname } = new URL(request.url, issuer);
    const exchange = request.method === 'POST' && pathname === '/token';
    if (exchange) counts.exchanges += 1;
    if (pathname === '/auth') counts.authorizations += 1;
    if (pathname === '/.well-known/openid-configuration') {
      counts.discoveries += 1;
      if (faults.hangDiscovery) return;
    }
    if (faults.coop) response.setHeader('cross-origin-opener-policy', 'same-origin');
    if (faults.unavailable || (exchange && faults.refuseExchanges > 0)) {
      if (!faults.unavailable) faults.refuseExchanges -= 1;
      const headers = { 'content-type': 'text/html', 'access-control-allow-origin': '*' };
      return response.writeHead(503, headers).end('<h1>unavailable</h1>');
    }
    if (pathname.startsWith('/interaction/')) return interact(request, response);
    if (exchange) delayAnswer(request, response);
    current.callback()(request, response);
  }

  /** The provider has redeemed the code when it ends the response, which is then lost or held. */
  function delayAnswer(request, response) {
    const lost = faults.loseAnswers > 0;
    if (lost) faults.loseAnswers -= 1;
    const held = faults.holdExchange;
    if (!lost && !held) return;
    const end = response.end.bind(response);
    response.end = (...body) => {
      if (lost) request.socket.destroy();
      else held.then(() => end(...body));
      return response;
    };
  }

  /** The provider's login page, and its form. */
  async function interact(request, response) {
    const details = await current.interactionDetails(request, response).catch(() => undefined);
    if (!details) return response.writeHead(400, { 'content-type': 'text/plain' }).end('no such interaction');
    if (request.method !== 'POST') {
      counts.logins += 1;
      return response.writeHead(200, { 'content-type': 'text/html' }).end(loginPage(details));
    }
    let text = '';
    for await (const chunk of request) text += chunk;
    const form = new URLSearchParams(text);
    const denied = { error: 'access_denied', error_description: 'the user cancelled' };
    // (A user who may choose has authenticated as the app asked for.)
    const acr = details.params.acr_values?.split(' ')[0];
    const login = { accountId: form.get('login') || 'ada', ...(acr && { acr }) };
    const result = form.get('answer') === 'no' ? denied : { login };
    await current.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  }

  current = create();
  return provider;
}
