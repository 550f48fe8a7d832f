// The back ends of the tests as data: how each starts, the preset, what the user enters, and what the server does not have.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../tools/run.mjs';
import { freePort, startProgram, until } from '../../tools/servers.mjs';
import { load } from '../js/load.mjs';

const here = path.join(root, 'tests/backends');
const servers = path.join(here, 'servers');

const presetsOf = async (...names) => Object.assign({}, ...(await Promise.all(names.map((n) => load(`servers/${n}`)))));

const presets = await presetsOf(
  ...['simplejwt', 'dj-rest-auth', 'flask-jwt-extended', 'flask-jwt-extended-headers', 'fastapi-users'],
  ...['django-oauth-toolkit', 'better-auth', 'nestjs', 'directus', 'strapi', 'aspnet-identity', 'laravel-sanctum'],
  ...['laravel-passport', 'supabase', 'firebase', 'auth0', 'keycloak', 'cognito'],
);

const requirements = readFileSync(path.join(here, 'requirements.txt'), 'utf8');
const { dependencies } = JSON.parse(readFileSync(path.join(here, 'package.json'), 'utf8'));

/** The pinned version of a package. */
const versionOf = (name) =>
  dependencies[name] ??
  requirements
    .split('\n')
    .find((line) => line.split(/[=[]/)[0] === name)
    ?.split('==')[1];

export async function start(program, args, env) {
  const server = await startProgram(program, args, { cwd: servers, env: { PORT: String(await freePort()), ...env } });
  // (uvicorn listens some time after the address is printed.)
  await until(
    () => fetch(server.url).then(Boolean, () => false),
    () => `${args} does not listen: ${server.log()}`,
  );
  return server;
}
const inPython = (file, more) => (env) => start(process.env.BACKENDS_PYTHON, [`${file}.py`], { ...env, ...more });
const inNode = (file, more) => (env) => start(process.execPath, [`${file}.mjs`], { ...env, ...more });
const fake = (name, more) => ({ version: 'fake', start: inNode('fakes', { BACKEND: name, ...more }) });

const PASSWORD = 'analytical engine';
const BY_NAME = { username: 'ada', password: PASSWORD };
const BY_EMAIL = { email: 'ada@example.com', password: PASSWORD };
/** What a page has after the redirect. The fakes take the password for the code. */
const BY_CODE = { code: PASSWORD, code_verifier: 'v'.repeat(43), redirect_uri: 'https://app.example/callback' };

/** The token that the next page needs is in the body, so the client must keep it. */
const IN_BODY = { remember: 'browser' };
const NO_REFRESH = 'the server has no refresh';

/** Steps that a server without a refresh cannot pass. */
const withoutRefresh = { expiry: NO_REFRESH, rejected: NO_REFRESH, refresh: NO_REFRESH, trouble: NO_REFRESH };
/** A cookie whose life no answer tells: the client learns of its end by a 401. */
const unknownLife = { expiry: 'no answer tells the life of the cookie' };

/** A deployment that does not know the client: RFC 6749 §5.2. */
const UNKNOWN_CLIENT = { trouble: { status: 401, body: '{"error":"invalid_client"}' } };

const STRAPI = {
  credentials: { identifier: BY_EMAIL.email, password: PASSWORD },
  says: /Invalid identifier or password/,
  user: BY_EMAIL.email,
  namesUser: true,
};

/** Sets the CSRF cookie, as the page of an app does. */
const csrfPage = (page) => page.evaluate(() => fetch('/').then(() => undefined));

/**
 * `credentials`; `wrong`: those that the server rejects, and `says`: its words; `user`: the user's e-mail address as the session
 * has it; `without`: steps that this server cannot pass, each with the reason; `csrf`: a POST needs a token, and without it the
 * API answers with this status; `statelessRefresh`: the server cannot revoke a refresh token; `trouble`: an answer to a refresh
 * that says nothing about the session (default: that of a gateway); `other`: the credentials of another user, which sign in in the
 * same browser; `namesUser`: its tokens name the user, so a refresh asks for none; `prepare(page, server)` may return the credentials.
 */
export const BACKENDS = [
  {
    name: 'Django simplejwt',
    version: versionOf('djangorestframework-simplejwt'),
    start: inPython('simplejwt'),
    server: presets.simplejwt,
    options: IN_BODY,
    credentials: BY_NAME,
    says: /No active account found with the given credentials/,
  },
  {
    name: 'dj-rest-auth',
    version: versionOf('dj-rest-auth'),
    start: inPython('dj_rest_auth_jwt'),
    server: presets.djRestAuth,
    credentials: BY_NAME,
    says: /Unable to log in with provided credentials/,
    user: BY_EMAIL.email,
    prepare: csrfPage,
    csrf: 403,
  },
  {
    name: 'Flask-JWT-Extended, cookies',
    version: versionOf('Flask-JWT-Extended'),
    start: inPython('flask_jwt', { MODE: 'cookies' }),
    server: presets.flaskJwtExtended,
    credentials: BY_NAME,
    says: /Bad username or password/,
    without: unknownLife,
    csrf: 401,
    statelessRefresh: true,
  },
  {
    name: 'Flask-JWT-Extended, headers',
    version: versionOf('Flask-JWT-Extended'),
    start: inPython('flask_jwt', { MODE: 'headers' }),
    server: presets.flaskJwtExtendedHeaders,
    options: IN_BODY,
    credentials: BY_NAME,
    says: /Bad username or password/,
  },
  {
    name: 'fastapi-users, bearer',
    version: versionOf('fastapi-users'),
    start: inPython('fastapi_users_app'),
    server: presets.fastapiUsers,
    options: IN_BODY,
    credentials: { username: BY_EMAIL.email, password: PASSWORD },
    says: /LOGIN_BAD_CREDENTIALS/,
    user: BY_EMAIL.email,
    without: withoutRefresh,
  },
  {
    name: 'fastapi-users, cookie',
    version: versionOf('fastapi-users'),
    start: inPython('fastapi_users_app'),
    server: presets.fastapiUsersCookie,
    credentials: { username: BY_EMAIL.email, password: PASSWORD },
    says: /LOGIN_BAD_CREDENTIALS/,
    user: BY_EMAIL.email,
    without: unknownLife,
  },
  {
    name: 'FastAPI tutorial',
    version: versionOf('fastapi'),
    start: inPython('fastapi_tutorial'),
    server: {
      login: { path: '/token', as: 'form' },
      refresh: null,
      logout: null,
      answer: { access: 'access_token' },
      user: '/users/me/',
    },
    options: IN_BODY,
    credentials: BY_NAME,
    says: /Incorrect username or password/,
    user: BY_EMAIL.email,
    without: withoutRefresh,
  },
  {
    name: 'DRF tokens',
    version: versionOf('djangorestframework'),
    start: inPython('drf_token'),
    server: {
      login: { path: '/api-token-auth/' },
      refresh: null,
      logout: null,
      api: { authorization: 'Token {access}' },
      answer: { access: 'token' },
    },
    options: IN_BODY,
    credentials: BY_NAME,
    says: /Unable to log in with provided credentials/,
    without: withoutRefresh,
  },
  {
    name: 'django-oauth-toolkit',
    version: versionOf('django-oauth-toolkit'),
    start: inPython('django_oauth'),
    server: presets.djangoOauthToolkit,
    options: { ...IN_BODY, clientId: 'spa' },
    credentials: BY_NAME,
    says: /Invalid credentials given/,
    ...UNKNOWN_CLIENT,
  },
  {
    name: '@node-oauth/oauth2-server',
    version: versionOf('@node-oauth/oauth2-server'),
    start: inNode('oauth2-server'),
    server: presets.laravelPassport,
    options: { ...IN_BODY, clientId: 'spa' },
    credentials: { username: BY_EMAIL.email, password: PASSWORD },
    says: /user credentials are invalid/,
    ...UNKNOWN_CLIENT,
  },
  {
    name: 'oidc-provider, code + PKCE',
    version: versionOf('oidc-provider'),
    start: inNode('oidc-provider'),
    server: {
      ...presets.auth0,
      login: { ...presets.auth0.login, path: '/token' },
      refresh: { ...presets.auth0.refresh, path: '/token' },
      logout: { ...presets.auth0.logout, path: '/token/revocation' },
    },
    options: { ...IN_BODY, clientId: 'spa' },
    credentials: BY_CODE,
    prepare: (_, server) => authorize(server.url),
    wrong: { ...BY_CODE, code: 'wrong' },
    says: /grant request is invalid/,
    ...UNKNOWN_CLIENT,
    user: BY_EMAIL.email,
  },
  {
    name: 'better-auth',
    version: versionOf('better-auth'),
    start: inNode('better-auth'),
    server: presets.betterAuth,
    credentials: BY_EMAIL,
    says: /Invalid email or password/,
    user: BY_EMAIL.email,
  },
  {
    name: 'NestJS',
    version: versionOf('@nestjs/core'),
    start: inNode('nestjs'),
    server: presets.nestjs,
    options: IN_BODY,
    credentials: BY_NAME,
    says: /Unauthorized/,
  },
  {
    name: 'Directus, cookie',
    ...fake('directus'),
    server: presets.directus,
    credentials: BY_EMAIL,
    says: /Invalid user credentials/,
    user: BY_EMAIL.email,
  },
  {
    name: 'Directus, json',
    ...fake('directus'),
    server: presets.directusJson,
    options: IN_BODY,
    credentials: BY_EMAIL,
    says: /Invalid user credentials/,
    user: BY_EMAIL.email,
  },
  {
    name: 'Directus, session',
    ...fake('directus'),
    server: presets.directusSession,
    credentials: BY_EMAIL,
    says: /Invalid user credentials/,
    user: BY_EMAIL.email,
  },
  {
    name: 'Strapi, cookie',
    ...fake('strapi', { SESSIONS: 'cookie' }),
    server: presets.strapi,
    ...STRAPI,
  },
  {
    name: 'Strapi, body',
    ...fake('strapi', { SESSIONS: 'body' }),
    server: presets.strapiBody,
    options: IN_BODY,
    ...STRAPI,
  },
  {
    name: 'Strapi, legacy',
    ...fake('strapi', { SESSIONS: 'legacy' }),
    server: presets.strapiLegacy,
    options: IN_BODY,
    ...STRAPI,
    without: withoutRefresh,
  },
  {
    name: 'ASP.NET Core Identity',
    ...fake('aspnet-identity'),
    server: presets.aspnetIdentity,
    options: IN_BODY,
    credentials: BY_EMAIL,
    says: /Failed|Unauthorized/,
    user: BY_EMAIL.email,
  },
  {
    name: 'Laravel Sanctum',
    ...fake('laravel-sanctum'),
    server: presets.laravelSanctum,
    credentials: BY_EMAIL,
    says: /These credentials do not match our records/,
    user: BY_EMAIL.email,
    without: unknownLife,
    csrf: 419,
  },
  {
    name: 'Laravel Passport',
    ...fake('laravel-passport'),
    server: presets.laravelPassport,
    options: { ...IN_BODY, clientId: 'spa' },
    credentials: { username: BY_EMAIL.email, password: PASSWORD },
    says: /The user credentials were incorrect/,
    ...UNKNOWN_CLIENT,
  },
  {
    name: 'Supabase',
    ...fake('supabase'),
    server: presets.supabase,
    options: { ...IN_BODY, clientId: 'spa' },
    credentials: BY_EMAIL,
    says: /Invalid login credentials/,
    trouble: {
      status: 429,
      body: '{"code":429,"error_code":"over_request_rate_limit","msg":"Request rate limit reached"}',
    },
    user: BY_EMAIL.email,
  },
  {
    name: 'Firebase',
    ...fake('firebase'),
    server: JSON.parse(JSON.stringify(presets.firebase).replaceAll(/https:\/\/\w+\.googleapis\.com/g, '')),
    options: { ...IN_BODY, clientId: 'spa' },
    credentials: BY_EMAIL,
    says: /INVALID_LOGIN_CREDENTIALS/,
  },
  {
    name: 'Auth0',
    ...fake('auth0'),
    server: presets.auth0,
    options: { ...IN_BODY, clientId: 'spa' },
    credentials: BY_CODE,
    wrong: { ...BY_CODE, code: 'wrong' },
    says: /Invalid authorization code/,
    ...UNKNOWN_CLIENT,
    user: BY_EMAIL.email,
  },
  {
    name: 'Keycloak',
    ...fake('keycloak'),
    server: presets.keycloak,
    options: { ...IN_BODY, clientId: 'spa' },
    baseUrl: '/realms/app',
    credentials: BY_CODE,
    wrong: { ...BY_CODE, code: 'wrong' },
    says: /Code not valid/,
    ...UNKNOWN_CLIENT,
    user: BY_EMAIL.email,
  },
  {
    name: 'Cognito',
    ...fake('cognito'),
    server: presets.cognito,
    options: { ...IN_BODY, clientId: 'spa' },
    credentials: BY_NAME,
    says: /Incorrect username or password/,
    trouble: { status: 400, body: '{"__type":"TooManyRequestsException","message":"Rate exceeded"}' },
  },
];

/** The code of oidc-provider: a user goes through its pages for the login and the consent. */
async function authorize(url) {
  const verifier = 'v'.repeat(43);
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier));
  const query = new URLSearchParams({
    client_id: 'spa',
    response_type: 'code',
    redirect_uri: 'http://127.0.0.1/callback',
    scope: 'openid offline_access email',
    prompt: 'consent',
    code_challenge: Buffer.from(digest).toString('base64url'),
    code_challenge_method: 'S256',
  });
  const cookies = new Map();
  const ask = async (place, body) => {
    const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
    const method = body ? 'POST' : 'GET';
    const init = { method, body, redirect: 'manual', headers: { cookie } };
    const answer = await fetch(new URL(place, url), init);
    for (const line of answer.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0].split(/=(.*)/s);
      cookies.set(name, value);
    }
    return answer;
  };
  const follow = async (answer) => {
    let current = answer;
    for (;;) {
      const next = current.headers.get('location');
      if (!next || next.startsWith('http://127.0.0.1/callback')) return { page: await current.text(), next };
      current = await ask(next);
    }
  };
  let { page, next } = await follow(await ask(`/auth?${query}`));
  while (!next) {
    const action = page.match(/action="([^"]+)"/)[1];
    const prompt = page.match(/name="prompt" value="(\w+)"/)[1];
    const form = new URLSearchParams({ prompt, ...(prompt === 'login' && { login: 'ada', password: PASSWORD }) });
    ({ page, next } = await follow(await ask(action, form)));
  }
  const code = new URL(next).searchParams.get('code');
  return { code, code_verifier: verifier, redirect_uri: 'http://127.0.0.1/callback' };
}
