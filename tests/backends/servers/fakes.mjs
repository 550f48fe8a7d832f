// Fakes of back ends that a test cannot install: BACKEND names one. Each answers as the document named beside it says, and
// keeps sessions in memory. They are fakes: they show that the client speaks the dialect, not that the product behaves so.
import { randomUUID } from 'node:crypto';
import http from 'node:http';

const ACCESS_SECONDS = Number(process.env.ACCESS_SECONDS ?? 300);
const USER = { id: 'u1', username: 'ada', email: 'ada@example.com', name: 'Ada' };
const PASSWORD = 'analytical engine';

const encoded = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
const jwt = (claims) => `${encoded({ alg: 'none' })}.${encoded(claims)}.c2ln`;

/** Sessions by their refresh token, and by each access token that is valid: an earlier one stays valid after a refresh. */
const refresh = new Map();
const access = new Map();

/** Tokens of a new session, or of one that goes on. */
function issue(session = {}) {
  const iat = Math.floor(Date.now() / 1000);
  const exp = iat + ACCESS_SECONDS;
  refresh.delete(session.refresh);
  session.access = jwt({ sub: USER.id, iat, exp, jti: randomUUID() });
  session.refresh = randomUUID();
  session.id = jwt({ sub: USER.id, email: USER.email, name: USER.name, iat, exp });
  access.set(session.access, session);
  refresh.set(session.refresh, session);
  return session;
}

/** Gives a session another access token, with these claims. */
function renew(session, claims) {
  access.delete(session.access);
  const iat = Math.floor(Date.now() / 1000);
  session.access = jwt({ ...claims, iat, exp: iat + ACCESS_SECONDS, jti: randomUUID() });
  access.set(session.access, session);
}

/** Ends the session of a refresh token or of an access token. Returns whether there was one. */
function end(token) {
  const found = refresh.get(token) ?? access.get(token);
  if (!found) return false;
  for (const [name, session] of access) if (session === found) access.delete(name);
  return refresh.delete(found.refresh);
}

function rotate(token) {
  const session = refresh.get(token);
  return session && issue(session);
}

const isAda = (name, password) => (name === USER.email || name === USER.username) && password === PASSWORD;
const json = (status, body, cookies = {}) => ({ status, body, cookies });

/**
 * https://docs.directus.io/reference/authentication (12): the mode is in the body. `npm run test:cms` runs the same steps with
 * Directus itself.
 */
function directus() {
  const COOKIES = { cookie: 'directus_refresh_token', session: 'directus_session_token' };
  const error = (status, code, message) => json(status, { errors: [{ message, extensions: { code } }] });
  const rejected = () => error(401, 'INVALID_CREDENTIALS', 'Invalid user credentials.');
  const missing = () => {
    const message = 'Invalid payload. The refresh token is required in either the payload or cookie.';
    return error(400, 'INVALID_PAYLOAD', message);
  };
  const answer = (mode, tokens) => {
    renew(tokens, { id: USER.id, app_access: true, iss: 'directus' });
    const data = { expires: ACCESS_SECONDS * 1000 };
    if (mode !== 'session') data.access_token = tokens.access;
    if (mode === 'json') data.refresh_token = tokens.refresh;
    return json(200, { data }, mode === 'json' ? {} : { [COOKIES[mode]]: tokens.refresh });
  };
  const given = ({ body, cookies }) => body.refresh_token || cookies[COOKIES[body.mode]];
  const hasToken = ({ bearer, cookies }) => Boolean(bearer || cookies[COOKIES.session]);
  return {
    'POST /auth/login': ({ body }) =>
      isAda(body.email, body.password) ? answer(body.mode ?? 'json', issue()) : rejected(),
    'POST /auth/refresh'(request) {
      if (!given(request)) return missing();
      const tokens = rotate(given(request));
      return tokens ? answer(request.body.mode, tokens) : rejected();
    },
    'POST /auth/logout'(request) {
      if (!given(request)) return missing();
      end(given(request));
      // (Directus empties the cookie, and does not remove it.)
      return json(204, undefined, request.body.mode === 'json' ? {} : { [COOKIES[request.body.mode]]: '' });
    },
    'GET /users/me': (request) =>
      isSignedIn(request, { cookie: COOKIES.session })
        ? json(200, { data: { id: USER.id, email: USER.email } })
        : rejected(),
    api: {
      cookie: COOKIES.session,
      // A call without a token has the permissions of the public.
      refused: (request) =>
        hasToken(request) ? rejected() : error(403, 'FORBIDDEN', "You don't have permission to access this."),
    },
  };
}

/**
 * https://docs.strapi.io/cms/features/users-permissions (5): SESSIONS says whether the refresh token is in a cookie or in the body
 * (`jwtManagement: 'refresh'`, with and without `httpOnly: true`), or the server renews nothing (`legacy`). `npm run test:cms` runs
 * the same steps with Strapi itself.
 */
function strapi() {
  const COOKIE = 'strapi_up_refresh';
  const isCookie = process.env.SESSIONS === 'cookie';
  const isLegacy = process.env.SESSIONS === 'legacy';
  const error = (status, name, message) => json(status, { data: null, error: { status, name, message, details: {} } });
  const refused = ({ bearer }) =>
    bearer
      ? error(401, 'UnauthorizedError', 'Missing or invalid credentials')
      : error(403, 'ForbiddenError', 'Forbidden');
  const claimsOf = (token) => (isLegacy ? { id: 1 } : { userId: '1', type: 'access', sessionId: token });
  const answer = (tokens, user) => {
    renew(tokens, claimsOf(tokens.refresh));
    if (isLegacy) return json(200, { jwt: tokens.access, user });
    if (!isCookie) return json(200, { jwt: tokens.access, refreshToken: tokens.refresh, user });
    return json(200, { jwt: tokens.access, user }, { [COOKIE]: tokens.refresh, [`${COOKIE}.sig`]: 'signature' });
  };
  const given = ({ body, cookies }) => cookies[COOKIE] || body.refreshToken;
  return {
    'POST /api/auth/local': ({ body }) =>
      isAda(body.identifier, body.password)
        ? answer(issue(), { ...USER, id: 1 })
        : error(400, 'ValidationError', 'Invalid identifier or password'),
    ...(!isLegacy && {
      'POST /api/auth/refresh'(request) {
        if (request.bearer && !isSignedIn(request)) return refused(request);
        if (!given(request)) return error(400, 'BadRequestError', 'Missing refresh token');
        const tokens = rotate(given(request));
        return tokens ? answer(tokens) : error(401, 'UnauthorizedError', 'Invalid refresh token');
      },
      'POST /api/auth/logout'(request) {
        if (!isSignedIn(request)) return refused(request);
        if (!end(given(request))) end(request.bearer);
        return json(200, { ok: true }, isCookie ? { [COOKIE]: null, [`${COOKIE}.sig`]: null } : {});
      },
    }),
    'GET /api/users/me': (request) => (isSignedIn(request) ? json(200, { ...USER, id: 1 }) : refused(request)),
    api: { refused },
  };
}

/** https://learn.microsoft.com/aspnet/core/security/authentication/identity-api-authorization (9, `MapIdentityApi`). */
function aspnetIdentity() {
  const problem = (detail) => json(401, { type: 'about:blank', title: 'Unauthorized', status: 401, detail });
  const answer = (tokens) =>
    json(200, {
      tokenType: 'Bearer',
      accessToken: tokens.access,
      expiresIn: ACCESS_SECONDS,
      refreshToken: tokens.refresh,
    });
  // The product's tokens are opaque.
  const opaque = (session) => {
    if (!session) return undefined;
    access.delete(session.access);
    session.access = randomUUID();
    access.set(session.access, session);
    return session;
  };
  return {
    'POST /login': ({ body }) => (isAda(body.email, body.password) ? answer(opaque(issue())) : problem('Failed')),
    'POST /refresh'({ body }) {
      const tokens = opaque(rotate(body.refreshToken));
      return tokens ? answer(tokens) : json(401);
    },
    'GET /manage/info': (request) =>
      isSignedIn(request) ? json(200, { email: USER.email, isEmailConfirmed: true }) : json(401),
    api: { refused: () => json(401) },
  };
}

/** https://laravel.com/docs/12.x/sanctum#spa-authentication, with the routes of the starter kit. */
function laravelSanctum() {
  const COOKIE = 'laravel_session';
  // Laravel's value holds characters that a cookie percent-encodes.
  const csrf = () => ({ 'XSRF-TOKEN': encodeURIComponent(`${randomUUID()}==`) });
  const isForged = ({ headers, cookies }) =>
    !headers['x-xsrf-token'] || headers['x-xsrf-token'] !== decodeURIComponent(cookies['XSRF-TOKEN'] ?? '');
  const forged = () => json(419, { message: 'CSRF token mismatch.' });
  const isSession = ({ cookies }) => refresh.has(cookies[COOKIE]);
  const unauthenticated = () => json(401, { message: 'Unauthenticated.' });
  return {
    'GET /sanctum/csrf-cookie': () => json(204, undefined, csrf()),
    'POST /login'(request) {
      if (isForged(request)) return forged();
      const { email, password } = request.body;
      const message = 'These credentials do not match our records.';
      if (!isAda(email, password)) return json(422, { message, errors: { email: [message] } });
      return json(204, undefined, { [COOKIE]: issue().refresh, ...csrf() });
    },
    'POST /logout'(request) {
      if (isForged(request)) return forged();
      end(request.cookies[COOKIE]);
      return json(204, undefined, { [COOKIE]: null, ...csrf() });
    },
    'GET /api/user': (request) => (isSession(request) ? json(200, USER) : unauthenticated()),
    api: { cookie: COOKIE, refused: unauthenticated, forged: (request) => isForged(request) && forged() },
  };
}

/** What the token endpoints of OAuth 2 have in common (RFC 6749 §5): the statuses and texts are the vendor's. */
function oauth2(path, { wrong, refused, withId = false, json: asJson = false, codes = false }) {
  const answer = (tokens) =>
    json(200, {
      access_token: tokens.access,
      token_type: 'Bearer',
      expires_in: ACCESS_SECONDS,
      refresh_token: tokens.refresh,
      ...(withId && { id_token: tokens.id }),
    });
  return {
    [`POST ${path}`]({ body, type }) {
      if (type !== (asJson ? 'application/json' : 'application/x-www-form-urlencoded'))
        return json(400, { error: 'invalid_request', error_description: 'Content-Type' });
      if (body.client_id !== 'spa') return json(401, { error: 'invalid_client' });
      if (body.grant_type === 'refresh_token') {
        const tokens = rotate(body.refresh_token);
        return tokens ? answer(tokens) : refused;
      }
      const isRight = codes
        ? body.grant_type === 'authorization_code' && body.code === PASSWORD && body.code_verifier && body.redirect_uri
        : body.grant_type === 'password' && isAda(body.username, body.password);
      return isRight ? answer(issue()) : wrong;
    },
  };
}

/** https://laravel.com/docs/12.x/passport#password-grant-tokens (13, league/oauth2-server 9). */
const laravelPassport = () =>
  oauth2('/oauth/token', {
    wrong: json(400, { error: 'invalid_grant', error_description: 'The user credentials were incorrect.' }),
    refused: json(400, { error: 'invalid_grant', error_description: 'The refresh token is invalid.' }),
  });

/** https://www.keycloak.org/securing-apps/oidc-layers (26): the token, user and logout endpoints of a realm. */
function keycloak() {
  const base = '/realms/app/protocol/openid-connect';
  return {
    ...oauth2(`${base}/token`, {
      withId: true,
      codes: true,
      wrong: json(400, { error: 'invalid_grant', error_description: 'Code not valid' }),
      refused: json(400, { error: 'invalid_grant', error_description: 'Token is not active' }),
    }),
    [`POST ${base}/logout`]({ body }) {
      end(body.refresh_token);
      return json(body.client_id === 'spa' ? 204 : 400);
    },
  };
}

/** https://auth0.com/docs/api/authentication: /oauth/token and /oauth/revoke, with rotation. */
function auth0() {
  return {
    ...oauth2('/oauth/token', {
      withId: true,
      codes: true,
      wrong: json(403, { error: 'invalid_grant', error_description: 'Invalid authorization code' }),
      refused: json(403, { error: 'invalid_grant', error_description: 'Unknown or invalid refresh token.' }),
    }),
    'POST /oauth/revoke'({ body }) {
      end(body.token);
      return json(body.client_id === 'spa' ? 200 : 401);
    },
  };
}

/** https://supabase.com/docs/reference/self-hosting-auth (GoTrue 2). */
function supabase() {
  const error = (error_code, msg) => json(400, { code: 400, error_code, msg });
  const answer = (tokens) =>
    json(200, {
      access_token: tokens.access,
      token_type: 'bearer',
      expires_in: ACCESS_SECONDS,
      expires_at: Math.floor(Date.now() / 1000) + ACCESS_SECONDS,
      refresh_token: tokens.refresh,
      user: USER,
    });
  const needsKey = (handler) => (request) =>
    request.headers.apikey === 'spa' ? handler(request) : json(401, { message: 'No API key found in request' });
  return {
    'POST /auth/v1/token': needsKey(({ body, query }) => {
      if (query.get('grant_type') === 'refresh_token') {
        const tokens = rotate(body.refresh_token);
        const missing = 'Invalid Refresh Token: Refresh Token Not Found';
        return tokens ? answer(tokens) : error('refresh_token_not_found', missing);
      }
      return isAda(body.email, body.password)
        ? answer(issue())
        : error('invalid_credentials', 'Invalid login credentials');
    }),
    'POST /auth/v1/logout': needsKey(({ bearer }) => json(end(bearer) ? 204 : 401)),
    api: { needs: (request) => request.headers.apikey === 'spa' },
  };
}

/** https://firebase.google.com/docs/reference/rest/auth */
function firebase() {
  const error = (message) => json(400, { error: { code: 400, message, errors: [{ message, reason: 'invalid' }] } });
  return {
    'POST /v1/accounts:signInWithPassword'({ body, query }) {
      if (query.get('key') !== 'spa') return error('API key not valid. Please pass a valid API key.');
      if (!isAda(body.email, body.password)) return error('INVALID_LOGIN_CREDENTIALS');
      const tokens = issue();
      return json(200, {
        idToken: tokens.access,
        email: USER.email,
        refreshToken: body.returnSecureToken ? tokens.refresh : undefined,
        expiresIn: String(ACCESS_SECONDS),
        localId: USER.id,
        registered: true,
      });
    },
    'POST /v1/token'({ body, type }) {
      if (type !== 'application/x-www-form-urlencoded' || body.grant_type !== 'refresh_token')
        return error('INVALID_GRANT_TYPE');
      const tokens = rotate(body.refresh_token);
      if (!tokens) return error('INVALID_REFRESH_TOKEN');
      return json(200, {
        access_token: tokens.access,
        id_token: tokens.access,
        expires_in: String(ACCESS_SECONDS),
        token_type: 'Bearer',
        refresh_token: tokens.refresh,
        user_id: USER.id,
      });
    },
  };
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference: InitiateAuth, RevokeToken, GetUser. */
function cognito() {
  const error = (type, message) => json(400, { __type: type, message });
  const result = (tokens, withRefresh) =>
    json(200, {
      AuthenticationResult: {
        AccessToken: tokens.access,
        IdToken: tokens.id,
        ExpiresIn: ACCESS_SECONDS,
        TokenType: 'Bearer',
        ...(withRefresh && { RefreshToken: tokens.refresh }),
      },
      ChallengeParameters: {},
    });
  const OPERATIONS = {
    InitiateAuth({ AuthFlow, AuthParameters }) {
      if (AuthFlow === 'REFRESH_TOKEN_AUTH') {
        const token = AuthParameters.REFRESH_TOKEN;
        const tokens = rotate(token);
        if (!tokens) return error('NotAuthorizedException', 'Refresh Token has been revoked');
        // The refresh token stays.
        refresh.delete(tokens.refresh);
        tokens.refresh = token;
        refresh.set(token, tokens);
        return result(tokens, false);
      }
      return isAda(AuthParameters.USERNAME, AuthParameters.PASSWORD)
        ? result(issue(), true)
        : error('NotAuthorizedException', 'Incorrect username or password.');
    },
    RevokeToken({ Token }) {
      end(Token);
      return json(200, {});
    },
  };
  return {
    'POST /'({ body, headers, type }) {
      const name = headers['x-amz-target']?.replace('AWSCognitoIdentityProviderService.', '');
      if (type !== 'application/x-amz-json-1.1' || !OPERATIONS[name])
        return error('UnknownOperationException', 'unknown operation');
      return body.ClientId === 'spa'
        ? OPERATIONS[name](body)
        : error('ResourceNotFoundException', 'User pool client does not exist.');
    },
  };
}

const FAKES = {
  directus,
  strapi,
  'aspnet-identity': aspnetIdentity,
  'laravel-sanctum': laravelSanctum,
  'laravel-passport': laravelPassport,
  keycloak,
  auth0,
  supabase,
  firebase,
  cognito,
};
const routes = FAKES[process.env.BACKEND]();
const { api = {} } = routes;

/** Whether a request has a token that is valid: as Bearer, or in the cookie that the API accepts. */
const isSignedIn = ({ bearer, cookies }, { cookie } = api) =>
  access.has(bearer) || (cookie !== undefined && refresh.has(cookies[cookie]));

function answerApi(request) {
  if (api.needs?.(request) === false || !isSignedIn(request))
    return api.refused?.(request) ?? json(401, { message: 'Unauthorized' });
  if (request.path === '/api/me') return json(200, { email: USER.email });
  return api.forged?.(request) || json(200, request.body);
}

function parseBody(type, text) {
  if (type === 'application/x-www-form-urlencoded') return Object.fromEntries(new URLSearchParams(text));
  return text ? JSON.parse(text) : {};
}

const setCookie = ([name, value]) =>
  `${name}=${value ?? ''}; Path=/; SameSite=Lax${name === 'XSRF-TOKEN' ? '' : '; HttpOnly'}${value === null ? '; Max-Age=0' : ''}`;

const server = http.createServer(async (incoming, response) => {
  const chunks = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const { pathname, searchParams } = new URL(incoming.url, 'http://127.0.0.1');
  const { headers, method } = incoming;
  const type = headers['content-type']?.split(';')[0];
  const request = {
    path: pathname,
    query: searchParams,
    headers,
    type,
    body: parseBody(type, Buffer.concat(chunks).toString()),
    bearer: headers.authorization?.replace('Bearer ', ''),
    cookies: Object.fromEntries((headers.cookie ?? '').split('; ').map((pair) => pair.split(/=(.*)/s).slice(0, 2))),
  };
  const handler = routes[`${method} ${pathname}`] ?? (/^\/api\/(me|echo)$/.test(pathname) ? answerApi : undefined);
  const { status, body, cookies = {} } = handler?.(request) ?? json(404, { message: 'Not Found' });
  const sent = Object.entries(cookies).map(setCookie);
  if (sent.length > 0) response.setHeader('set-cookie', sent);
  if (body === undefined) return response.writeHead(status).end();
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
});
server.listen(Number(process.env.PORT), '127.0.0.1', () =>
  console.log(`listening on http://127.0.0.1:${server.address().port}`),
);
