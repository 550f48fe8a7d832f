// A look at a server through its answers: signs in once by hand, renews, calls the API and signs out, as the client would, and
// says what is missing. The tokens are looked at, never shown, and revoked at the end.
import { duration } from './page.js';

export const ENDPOINTS = ['login', 'refresh', 'logout', 'logoutAll'] as const;
export const FIELDS = ['accessToken', 'refreshToken', 'expiresIn', 'user'] as const;

/** What is in the form, by the names of the options; empty where the default shall hold. */
export type Form = Readonly<Record<string, string>>;

/** Some of the form's values as an object, without the empty ones. */
export function group<K extends string>(
  values: Form,
  front: string,
  names: readonly K[],
): Partial<Record<K, string>> | undefined {
  const all = names.flatMap((name) => (values[`${front}.${name}`] ? [[name, values[`${front}.${name}`]]] : []));
  return all.length > 0 ? (Object.fromEntries(all) as Partial<Record<K, string>>) : undefined;
}

/** Where an auth endpoint is, by what the form says and the client's defaults. */
export function addressOf(values: Form, endpoint: (typeof ENDPOINTS)[number]): string {
  const paths =
    values.protocol === 'oauth2'
      ? { login: '/oauth/token', refresh: '/oauth/token', logout: '/oauth/revoke', logoutAll: '/oauth/revoke' }
      : { login: '/auth/login', refresh: '/auth/refresh', logout: '/auth/logout', logoutAll: '/auth/logout-all' };
  return new URL(values[`endpoints.${endpoint}`] || paths[endpoint], values.baseUrl || location.origin).href;
}

export interface Finding {
  readonly mark: 'good' | 'bad' | 'note';
  readonly what: string;
  readonly hint: string;
}
type Tell = (found: Finding) => void;

/** The credentials as they are typed: a JSON object. */
export function credentialsFrom(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The text is not told: it may hold a password.
  }
  if (typeof value !== 'object' || !value || Array.isArray(value))
    throw new TypeError('credentials: expected a JSON object, for instance {"email": "…", "password": "…"}');
  return value as Record<string, unknown>;
}

/** A response and its JSON, where it is some; undefined where none came. */
type Answer = { readonly response: Response; readonly body: unknown } | undefined;

class Checked {
  readonly values: Form;
  readonly base: string;
  readonly oauth2: boolean;
  readonly inBody: boolean;
  readonly tell: Tell;

  constructor(values: Form, tell: Tell) {
    this.values = values;
    this.base = values.baseUrl || location.origin;
    this.oauth2 = values.protocol === 'oauth2';
    this.inBody = values.transport === 'body';
    this.tell = tell;
  }

  url(endpoint: (typeof ENDPOINTS)[number]): string {
    return addressOf(this.values, endpoint);
  }

  good(what: string, hint: string): void {
    this.tell({ mark: 'good', what, hint });
  }
  bad(what: string, hint: string): void {
    this.tell({ mark: 'bad', what, hint });
  }
  note(what: string, hint: string): void {
    this.tell({ mark: 'note', what, hint });
  }

  /** As the client asks: a form, JSON, or nothing where a cookie says it all. */
  async ask(endpoint: (typeof ENDPOINTS)[number], fields: Record<string, unknown>): Promise<Answer> {
    const { clientId } = this.values;
    const all = Object.entries({ ...fields, ...(this.oauth2 && clientId && { client_id: clientId }) });
    const body = this.oauth2
      ? new URLSearchParams(all.map(([name, value]) => [name, String(value)]))
      : all.length > 0 && JSON.stringify(fields);
    return this.fetch(this.url(endpoint), {
      method: 'POST',
      cache: 'no-store',
      credentials: this.inBody ? 'omit' : 'include',
      ...(body && { body }),
      ...(typeof body === 'string' && { headers: { 'content-type': 'application/json' } }),
    });
  }

  /** A refresh token as the client hands it in. */
  refreshToken(token: string | undefined): Record<string, unknown> {
    const name = fieldNames(this).refreshToken.replace(/.*\./, '');
    return this.inBody ? { [name]: token ?? '' } : {};
  }

  async fetch(url: string, init: RequestInit): Promise<Answer> {
    try {
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) });
      const text = await response.text();
      let body: unknown;
      try {
        body = JSON.parse(text);
      } catch {
        // What came instead is looked at by whoever asked.
      }
      return { response, body };
    } catch {
      return undefined;
    }
  }

  /** Why the browser gave no answer: nobody there, or the server did not allow this page to read it. */
  async noAnswer(url: string, needs: readonly string[]): Promise<void> {
    const { origin, protocol } = new URL(url);
    if (location.protocol === 'https:' && protocol === 'http:')
      return this.bad('Mixed content', `This page came over https; ${origin} must be https as well.`);
    const there = await fetch(url, { mode: 'no-cors', credentials: 'omit', signal: AbortSignal.timeout(5_000) }).then(
      () => true,
      () => false,
    );
    if (!there) return this.bad('Server', `${origin} does not answer. Does it run, and is the base URL right?`);
    this.bad(
      'CORS',
      `${origin} answers, but does not let ${location.origin} read it. It must send, for OPTIONS as well: ${needs.join('; ')}.`,
    );
  }
}

const at = (body: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (Object(value) as Record<string, unknown>)[name], body);

/** Where in an answer something is that is called like a field: the first of these names. */
function find(body: unknown, names: RegExp, kind = /string|number/, path = ''): string | undefined {
  if (typeof body !== 'object' || !body) return undefined;
  for (const [name, value] of Object.entries(body)) {
    const here = path ? `${path}.${name}` : name;
    if (names.test(name) && kind.test(typeof value)) return here;
    const deeper = find(value, names, kind, here);
    if (deeper) return deeper;
  }
  return undefined;
}

/** The payload of a JWT; undefined for an opaque token. */
function payload(token: string): Record<string, unknown> | undefined {
  try {
    const text = token.split('.')[1] ?? '';
    return JSON.parse(atob(text.replaceAll('-', '+').replaceAll('_', '/'))) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** The cookies that scripts can read on this page, by name. (Those of a path that is not this page's are out of sight.) */
const readableCookies = () => new Set(document.cookie.split('; ').map((one) => one.replace(/=.*/, '')));

/** What the server says of why it refused; nothing of it is longer than a line. */
const reason = (answer: NonNullable<Answer>) => {
  const code = find(answer.body, /^(message|error_description|detail)$/) ?? find(answer.body, /^(code|error)$/);
  const said = code ? String(at(answer.body, code)).slice(0, 120) : '';
  return said ? ` (“${said}”)` : '';
};

/** Signs in, renews, calls the API and signs out, as the client would, and tells what each answer lacks. */
export async function check(values: Form, tell: Tell): Promise<void> {
  const server = new Checked(values, tell);
  let credentials: Record<string, unknown>;
  try {
    credentials = credentialsFrom(values.credentials ?? '');
  } catch (error) {
    return server.bad('Form', (error as Error).message);
  }
  try {
    for (const endpoint of ENDPOINTS) server.url(endpoint);
  } catch {
    return server.bad('Form', `baseUrl: expected an address with http or https, got “${values.baseUrl}”`);
  }
  const token = await login(server, credentials);
  if (!token) return;
  const renewed = await refresh(server, token);
  await api(server, renewed ?? token.access);
  await logout(server, token.refresh);
}

interface Tokens {
  readonly access: string;
  refresh: string | undefined;
}

async function login(server: Checked, credentials: Record<string, unknown>): Promise<Tokens | undefined> {
  const url = server.url('login');
  const before = readableCookies();
  const start = Date.now();
  const answer = await server.ask('login', { ...(server.oauth2 && { grant_type: 'password' }), ...credentials });
  const foreign = new URL(url).origin !== location.origin;
  if (!answer) {
    await server.noAnswer(url, [
      `Access-Control-Allow-Origin: ${location.origin}`,
      ...(server.inBody ? [] : ['Access-Control-Allow-Credentials: true (and no * anywhere)']),
      'Access-Control-Allow-Headers: content-type, authorization',
      'Access-Control-Allow-Methods: POST',
    ]);
    return undefined;
  }
  if (foreign) server.good('CORS', `${location.origin} may read the answers of the auth endpoints.`);
  const { response, body } = answer;
  const { status } = response;
  if (!response.ok) {
    const hint =
      status === 404 || status === 405
        ? `There is no POST ${url}: set endpoints.login.`
        : status === 415
          ? 'The server wants another content type; the client sends JSON, or a form with protocol oauth2.'
          : status === 400 || status === 401 || status === 403 || status === 422
            ? `The server refused the credentials${reason(answer)}. Are their names and values what it expects?`
            : `The server answered ${status}${reason(answer)}.`;
    server.bad('Login', hint);
    return undefined;
  }
  if (body === undefined) {
    server.bad('Login', `The answer is no JSON (content-type: ${response.headers.get('content-type') ?? 'none'}).`);
    return undefined;
  }
  const names = fieldNames(server);
  const access = at(body, names.accessToken);
  if (access === undefined && at(body, 'success') === true) {
    server.good(
      'Login',
      `${status}: the tokens are in cookies. (Then the client knows neither claims nor when the token ends, and renews on 401.)`,
    );
    cookieFlags(server, before);
    return { access: '', refresh: undefined };
  }
  if (typeof access !== 'string' || access === '') {
    const other = find(body, /^(access_?token|token|jwt|id_?token|bearer)$/i);
    server.bad(
      'Access token',
      `There is no “${names.accessToken}” in the answer${other ? `; set fields.accessToken to “${other}”` : ''}.`,
    );
    return undefined;
  }
  server.good('Login', `${status} in ${duration(Date.now() - start)}, with an access token in “${names.accessToken}”.`);
  const claims = payload(access);
  life(server, body, names.expiresIn, claims);
  if (claims && typeof claims.iat === 'number') skew(server, claims.iat * 1000 - (start + Date.now()) / 2);
  if (at(body, names.user) === undefined) {
    const other = find(body, /^(user|profile|account|me)$/i, /object/);
    const instead = claims?.sub ? 'the token’s claims will do' : 'session.user stays empty';
    server.note('User', `No “${names.user}” in the answer: ${instead}${other ? `; is it “${other}”?` : '.'}`);
  }
  const caching = response.headers.get('cache-control') ?? '';
  if (/no-store/.test(caching)) server.good('Cache-Control', 'no-store: no cache keeps the token.');
  else server.bad('Cache-Control', `An answer with a token needs Cache-Control: no-store; got “${caching || 'none'}”.`);
  const refresh = at(body, names.refreshToken);
  const inBody = typeof refresh === 'string' && refresh !== '' ? refresh : undefined;
  if (server.inBody && !inBody) {
    const other = find(body, /refresh/i);
    server.bad(
      'Refresh token',
      `With transport body, “${names.refreshToken}” must be in the answer${other ? `; set fields.refreshToken to “${other}”` : ''}. (Some servers, ours too, must be asked for it: add "transport": "body" to the credentials.)`,
    );
  }
  if (!server.inBody) {
    if (inBody)
      server.bad(
        'Refresh token',
        `It is in the body, where scripts can read it. Send it as an httpOnly cookie only, or choose transport body.`,
      );
    cookieFlags(server, before);
  }
  return { access, refresh: inBody };
}

function fieldNames({ values, oauth2 }: Checked) {
  const usual = oauth2
    ? { accessToken: 'access_token', refreshToken: 'refresh_token', expiresIn: 'expires_in', user: 'user' }
    : { accessToken: 'accessToken', refreshToken: 'refreshToken', expiresIn: 'expiresIn', user: 'user' };
  return { ...usual, ...group(values, 'fields', FIELDS) };
}

function life(server: Checked, body: unknown, name: string, claims: Record<string, unknown> | undefined): void {
  const told = at(body, name);
  const seconds = Number(told);
  const exp = typeof claims?.exp === 'number' && typeof claims.iat === 'number' ? claims.exp - claims.iat : undefined;
  if (told === undefined) {
    const other = find(body, /expires?_?(in|at)?$/i);
    const hint = other ? ` The answer has “${other}”: if it is in seconds, set fields.expiresIn to it.` : '';
    if (exp === undefined)
      server.bad(
        'expiresIn',
        `Missing, and the token says no exp and iat: the client can renew only after a 401.${hint}`,
      );
    else server.note('expiresIn', `Missing: the client goes by the token's own exp and iat (${exp} s).${hint}`);
  } else if (!(seconds > 0)) server.bad('expiresIn', `Expected a number of seconds, got ${JSON.stringify(told)}.`);
  else if (exp !== undefined && Math.abs(exp - seconds) > 5 && Math.abs(exp - seconds / 1000) < 5)
    server.bad('expiresIn', `${seconds} looks like milliseconds: the token lives for ${Math.round(exp)} s.`);
  else if (exp !== undefined && Math.abs(exp - seconds) > 5)
    server.bad('expiresIn', `It says ${seconds} s, the token's own exp ${Math.round(exp)} s.`);
  else if (seconds < 30) server.bad('expiresIn', `${seconds} s: so short a life means a refresh every few seconds.`);
  else server.good('expiresIn', `The access token lives for ${seconds} s.`);
}

function skew(server: Checked, milliseconds: number): void {
  const text = `${duration(Math.abs(milliseconds))} ${milliseconds > 0 ? 'ahead of' : 'behind'} this device's`;
  // (iat has whole seconds.)
  if (Math.abs(milliseconds) < 5_000) server.good('Clock', 'The server and this device agree about the time.');
  else
    server.bad(
      'Clock',
      `The server's clock is ${text}. The client goes by expiresIn and does not mind; APIs that check exp and nbf may.`,
    );
}

function cookieFlags(server: Checked, before: ReadonlySet<string>): void {
  const bare = [...readableCookies()].filter((name) => name && !before.has(name)).map((name) => `“${name}”`);
  if (bare.length > 0) server.bad('Cookie', `Scripts can read ${bare.join(', ')}: set HttpOnly.`);
  else
    server.note(
      'Cookie',
      'This page sees no new one, as it should be. Its flags no page can see; look at Set-Cookie in the network panel: ' +
        'HttpOnly; Secure; Path; and SameSite=Strict, or None if this page is on another site.',
    );
}

async function refresh(server: Checked, tokens: Tokens): Promise<string | undefined> {
  const url = server.url('refresh');
  const names = fieldNames(server);
  const oauth = { grant_type: 'refresh_token', ...(tokens.refresh && { refresh_token: tokens.refresh }) };
  const answer = await server.ask('refresh', server.oauth2 ? oauth : server.refreshToken(tokens.refresh));
  if (!answer) {
    await server.noAnswer(url, [`Access-Control-Allow-Origin: ${location.origin}`]);
    return undefined;
  }
  const { response, body } = answer;
  if (!response.ok) {
    const cookie = server.inBody
      ? ''
      : ' The cookie probably did not come back. Its Path must cover the refresh endpoint; Secure needs https (localhost excepted); from a page on another site it needs SameSite=None; Secure; and Access-Control-Allow-Credentials: true at login.';
    const missing = response.status === 404 || response.status === 405;
    server.bad(
      'Refresh',
      missing
        ? `There is no POST ${url}: set endpoints.refresh.`
        : `Answered with ${response.status}${reason(answer)}.${cookie}`,
    );
    return undefined;
  }
  const access = at(body, names.accessToken);
  if (typeof access !== 'string' && tokens.access !== '') {
    server.bad('Refresh', `There is no “${names.accessToken}” in the answer.`);
    return undefined;
  }
  server.good('Refresh', server.inBody ? 'It works.' : 'It works: the cookie came back.');
  const next = at(body, names.refreshToken);
  if (server.inBody) {
    if (typeof next === 'string' && next !== tokens.refresh)
      server.good('Rotation', 'Each refresh brings a new refresh token.');
    else
      server.bad(
        'Rotation',
        'The refresh token stays the same: a stolen one works until it expires (RFC 9700 §4.14.2 asks for rotation).',
      );
    if (typeof next === 'string') tokens.refresh = next;
  }
  return typeof access === 'string' ? access : '';
}

async function api(server: Checked, access: string): Promise<void> {
  if (!server.values.api) return server.note('API', 'No path was given.');
  const url = new URL(server.values.api, server.base).href;
  const bearer: RequestInit = access ? { headers: { authorization: `Bearer ${access}` } } : { credentials: 'include' };
  const answer = await server.fetch(url, bearer);
  if (!answer)
    return server.noAnswer(url, [
      `Access-Control-Allow-Origin: ${location.origin}`,
      'Access-Control-Allow-Headers: authorization',
    ]);
  const { status } = answer.response;
  if (status === 401)
    server.bad(
      'API',
      `${server.values.api} does not take the token: 401${reason(answer)}. Do issuer, audience and keys agree?`,
    );
  else if (status >= 400) server.bad('API', `${server.values.api} was answered with ${status}${reason(answer)}.`);
  else server.good('API', `${server.values.api} takes the token: ${status}.`);
  const bare = await server.fetch(url, { credentials: 'omit' });
  if (bare?.response.ok) server.bad('API', `${server.values.api} answers ${bare.response.status} without any token.`);
  else if (bare && bare.response.status !== 401)
    server.bad(
      'API',
      `Without a token it answers ${bare.response.status}; the client renews on 401 (or set shouldRefresh).`,
    );
}

async function logout(server: Checked, refreshToken: string | undefined): Promise<void> {
  const oauth = { token: refreshToken ?? '', token_type_hint: 'refresh_token' };
  const answer = await server.ask('logout', server.oauth2 ? oauth : server.refreshToken(refreshToken));
  const url = server.url('logout');
  if (answer?.response.ok) server.good('Logout', 'The session of this check is over.');
  else if (answer)
    server.bad(
      'Logout',
      `POST ${url} was answered with ${answer.response.status}${reason(answer)}: set endpoints.logout.`,
    );
  else await server.noAnswer(url, [`Access-Control-Allow-Origin: ${location.origin}`]);
}
