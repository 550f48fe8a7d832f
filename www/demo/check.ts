// Checks a server by its responses: signs in, refreshes, calls the API and signs out as the client does, and reports errors.
// The check never shows a token and revokes the session at the end.
import { duration } from './page.js';
import { recognisePreset, valueAt } from './presets.js';

export const ENDPOINTS = ['login', 'refresh', 'logout', 'logoutAll'] as const;
export const FIELDS = ['accessToken', 'refreshToken', 'expiresIn', 'user'] as const;

/** The values of the form by option name; an empty value selects the default. */
export type Form = Readonly<Record<string, string>>;

/** The form's values with a common prefix as an object, without empty values. */
export function group<K extends string>(
  values: Form,
  front: string,
  names: readonly K[],
): Partial<Record<K, string>> | undefined {
  const all = names.flatMap((name) => (values[`${front}.${name}`] ? [[name, values[`${front}.${name}`]]] : []));
  return all.length > 0 ? (Object.fromEntries(all) as Partial<Record<K, string>>) : undefined;
}

/** The URL of an auth endpoint from the form and the client's defaults. */
export function addressOf(values: Form, endpoint: (typeof ENDPOINTS)[number]): string {
  const paths =
    values.protocol === 'oauth2'
      ? { login: '/oauth/token', refresh: '/oauth/token', logout: '/oauth/revoke', logoutAll: '/oauth/revoke' }
      : { login: '/auth/login', refresh: '/auth/refresh', logout: '/auth/logout', logoutAll: '/auth/logout-all' };
  return new URL(values[`endpoints.${endpoint}`] || paths[endpoint], values.baseUrl || location.origin).href;
}

export interface Finding {
  readonly severity: 'good' | 'bad' | 'note';
  readonly what: string;
  readonly hint: string;
}
type Report = (finding: Finding) => void;

/** Parses the credentials field, which must hold a JSON object. */
export function credentialsFrom(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // The error message omits the text, because it may contain a password.
  }
  if (typeof value !== 'object' || !value || Array.isArray(value))
    throw new TypeError('credentials: expected a JSON object, for instance {"email": "…", "password": "…"}');
  return value as Record<string, unknown>;
}

/** A response and its JSON body, if it has one; undefined if the browser returned no response. */
type ParsedResponse = { readonly response: Response; readonly body: unknown } | undefined;

class ServerCheck {
  readonly values: Form;
  readonly base: string;
  readonly oauth2: boolean;
  readonly inBody: boolean;
  readonly report: Report;

  constructor(values: Form, report: Report) {
    this.values = values;
    this.base = values.baseUrl || location.origin;
    this.oauth2 = values.protocol === 'oauth2';
    this.inBody = values.transport === 'body';
    this.report = report;
  }

  url(endpoint: (typeof ENDPOINTS)[number]): string {
    return addressOf(this.values, endpoint);
  }

  good(what: string, hint: string): void {
    this.report({ severity: 'good', what, hint });
  }
  bad(what: string, hint: string): void {
    this.report({ severity: 'bad', what, hint });
  }
  note(what: string, hint: string): void {
    this.report({ severity: 'note', what, hint });
  }

  /** Sends the auth request that the client would send: a form, JSON, or no body if the cookie is enough. */
  async post(endpoint: (typeof ENDPOINTS)[number], fields: Record<string, unknown>): Promise<ParsedResponse> {
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

  /** The body fields with which the client sends the refresh token. */
  refreshToken(token: string | undefined): Record<string, unknown> {
    const name = fieldNames(this).refreshToken.replace(/.*\./, '');
    return this.inBody ? { [name]: token ?? '' } : {};
  }

  async fetch(url: string, init: RequestInit): Promise<ParsedResponse> {
    try {
      const response = await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) });
      const text = await response.text();
      let body: unknown;
      try {
        body = JSON.parse(text);
      } catch {
        // The caller handles a body that is not JSON.
      }
      return { response, body };
    } catch {
      return undefined;
    }
  }

  /** Reports why the browser returned no response: the server is unreachable, or CORS blocks this page. */
  async reportNoResponse(url: string, needs: readonly string[]): Promise<void> {
    const { origin, protocol } = new URL(url);
    if (location.protocol === 'https:' && protocol === 'http:')
      return this.bad('Mixed content', `This page was loaded over https; ${origin} must use https as well.`);
    const there = await fetch(url, { mode: 'no-cors', credentials: 'omit', signal: AbortSignal.timeout(5_000) }).then(
      () => true,
      () => false,
    );
    if (!there)
      return this.bad('Server', `${origin} does not answer. Check that the server runs and that baseUrl is correct.`);
    this.bad(
      'CORS',
      `${origin} responds, but does not allow ${location.origin} to read the response. It must send these headers, for OPTIONS as well: ${needs.join('; ')}.`,
    );
  }
}

/** The path of the first value in a body whose name matches `names`. */
function findPath(body: unknown, names: RegExp, kind = /string|number/, path = ''): string | undefined {
  if (typeof body !== 'object' || !body) return undefined;
  for (const [name, value] of Object.entries(body)) {
    const here = path ? `${path}.${name}` : name;
    if (names.test(name) && kind.test(typeof value)) return here;
    const deeper = findPath(value, names, kind, here);
    if (deeper) return deeper;
  }
  return undefined;
}

/** The payload of a JWT; undefined for an opaque token. */
function decodePayload(token: string): Record<string, unknown> | undefined {
  try {
    const text = token.split('.')[1] ?? '';
    return JSON.parse(atob(text.replaceAll('-', '+').replaceAll('_', '/'))) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** The names of the cookies that scripts can read on this page. (It does not see cookies with another path.) */
const readableCookies = () => new Set(document.cookie.split('; ').map((one) => one.replace(/=.*/, '')));

/** The error message of the server, at most 120 characters. */
const serverMessage = (answer: NonNullable<ParsedResponse>) => {
  const code = findPath(answer.body, /^(message|error_description|detail)$/) ?? findPath(answer.body, /^(code|error)$/);
  const text = code ? String(valueAt(answer.body, code)).slice(0, 120) : '';
  return text ? ` (“${text}”)` : '';
};

/** Signs in, refreshes, calls the API and signs out as the client does, and reports what each response lacks. */
export async function check(values: Form, report: Report): Promise<void> {
  const server = new ServerCheck(values, report);
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

async function login(server: ServerCheck, credentials: Record<string, unknown>): Promise<Tokens | undefined> {
  const url = server.url('login');
  const before = readableCookies();
  const start = Date.now();
  const answer = await server.post('login', { ...(server.oauth2 && { grant_type: 'password' }), ...credentials });
  const foreign = new URL(url).origin !== location.origin;
  if (!answer) {
    await server.reportNoResponse(url, [
      `Access-Control-Allow-Origin: ${location.origin}`,
      ...(server.inBody ? [] : ['Access-Control-Allow-Credentials: true (and no * anywhere)']),
      'Access-Control-Allow-Headers: content-type, authorization',
      'Access-Control-Allow-Methods: POST',
    ]);
    return undefined;
  }
  if (foreign) server.good('CORS', `${location.origin} may read the responses of the auth endpoints.`);
  const { response, body } = answer;
  const { status } = response;
  if (!response.ok) {
    server.bad('Login', loginHint(url, answer));
    return undefined;
  }
  reportPreset(server, url, answer);
  if (body === undefined) {
    server.bad('Login', `The response is not JSON (content-type: ${response.headers.get('content-type') ?? 'none'}).`);
    return undefined;
  }
  const names = fieldNames(server);
  const access = valueAt(body, names.accessToken);
  if (access === undefined && valueAt(body, 'success') === true) {
    server.good(
      'Login',
      `${status}: the tokens are in cookies. (The client then knows neither claims nor the expiry, and refreshes on 401.)`,
    );
    checkCookies(server, before);
    return { access: '', refresh: undefined };
  }
  if (typeof access !== 'string' || access === '') {
    const other = findPath(body, /^(access_?token|token|jwt|id_?token|bearer)$/i);
    server.bad(
      'Access token',
      `There is no “${names.accessToken}” in the response${other ? `; set fields.accessToken to “${other}”` : ''}.`,
    );
    return undefined;
  }
  server.good('Login', `${status} in ${duration(Date.now() - start)}, with an access token in “${names.accessToken}”.`);
  const claims = decodePayload(access);
  checkExpiresIn(server, body, names.expiresIn, claims);
  if (claims && typeof claims.iat === 'number') checkClock(server, claims.iat * 1000 - (start + Date.now()) / 2);
  if (valueAt(body, names.user) === undefined) {
    const other = findPath(body, /^(user|profile|account|me)$/i, /object/);
    const fallback = claims?.sub ? 'the client uses the token’s claims' : 'session.user is null';
    server.note('User', `No “${names.user}” in the response: ${fallback}${other ? `; is it “${other}”?` : '.'}`);
  }
  return { access, refresh: checkTransport(server, answer, before) };
}

/** Names the preset of `tokenward/servers` that fits the answer. */
function reportPreset(server: ServerCheck, url: string, { body }: NonNullable<ParsedResponse>) {
  const cookies = readableCookies();
  const found = recognisePreset({ url, body, hasCookie: (name) => cookies.has(name) });
  if (found) server.note('Preset', `This looks like ${found.product}. Paste: ${found.code}`);
}

/** How to fix a login that the server rejected. */
function loginHint(url: string, answer: NonNullable<ParsedResponse>): string {
  const { status } = answer.response;
  return status === 404 || status === 405
    ? `There is no POST ${url}: set endpoints.login.`
    : status === 415
      ? 'The server expects another content type. The client sends JSON, or a form with protocol oauth2.'
      : status === 400 || status === 401 || status === 403 || status === 422
        ? `The server refused the credentials${serverMessage(answer)}. Check the field names and values.`
        : `The server responded with ${status}${serverMessage(answer)}.`;
}

/** Checks how the login response transports the tokens. Returns the refresh token if it is in the body. */
function checkTransport(
  server: ServerCheck,
  { response, body }: NonNullable<ParsedResponse>,
  before: ReadonlySet<string>,
): string | undefined {
  const names = fieldNames(server);
  const caching = response.headers.get('cache-control') ?? '';
  if (/no-store/.test(caching)) server.good('Cache-Control', 'no-store: no cache stores the token.');
  else
    server.bad('Cache-Control', `A response with a token needs Cache-Control: no-store; got “${caching || 'none'}”.`);
  const refresh = valueAt(body, names.refreshToken);
  const inBody = typeof refresh === 'string' && refresh !== '' ? refresh : undefined;
  if (server.inBody && !inBody) {
    const other = findPath(body, /refresh/i);
    server.bad(
      'Refresh token',
      `With transport body, “${names.refreshToken}” must be in the response${other ? `; set fields.refreshToken to “${other}”` : ''}. (Some servers, such as the demo server, require "transport": "body" in the credentials.)`,
    );
  }
  if (!server.inBody) {
    if (inBody)
      server.bad(
        'Refresh token',
        `It is in the body, where scripts can read it. Send it in an HttpOnly cookie only, or select transport body.`,
      );
    checkCookies(server, before);
  }
  return inBody;
}

function fieldNames({ values, oauth2 }: ServerCheck) {
  const usual = oauth2
    ? { accessToken: 'access_token', refreshToken: 'refresh_token', expiresIn: 'expires_in', user: 'user' }
    : { accessToken: 'accessToken', refreshToken: 'refreshToken', expiresIn: 'expiresIn', user: 'user' };
  return { ...usual, ...group(values, 'fields', FIELDS) };
}

function checkExpiresIn(
  server: ServerCheck,
  body: unknown,
  name: string,
  claims: Record<string, unknown> | undefined,
): void {
  const expiresIn = valueAt(body, name);
  const seconds = Number(expiresIn);
  const exp = typeof claims?.exp === 'number' && typeof claims.iat === 'number' ? claims.exp - claims.iat : undefined;
  if (expiresIn === undefined) {
    const other = findPath(body, /expires?_?(in|at)?$/i);
    const hint = other ? ` The response has “${other}”: if it is in seconds, set fields.expiresIn to “${other}”.` : '';
    if (exp === undefined)
      server.bad(
        'expiresIn',
        `Missing, and the token has no exp and iat: the client can refresh only after a 401.${hint}`,
      );
    else server.note('expiresIn', `Missing: the client uses the token's exp and iat (${exp} s).${hint}`);
  } else if (!(seconds > 0)) server.bad('expiresIn', `Expected a number of seconds, got ${JSON.stringify(expiresIn)}.`);
  else if (exp !== undefined && Math.abs(exp - seconds) > 5 && Math.abs(exp - seconds / 1000) < 5)
    server.bad('expiresIn', `${seconds} looks like milliseconds: the token is valid for ${Math.round(exp)} s.`);
  else if (exp !== undefined && Math.abs(exp - seconds) > 5)
    server.bad('expiresIn', `The field says ${seconds} s, but the token's exp says ${Math.round(exp)} s.`);
  else if (seconds < 30)
    server.bad('expiresIn', `${seconds} s: such a short lifetime causes a refresh every few seconds.`);
  else server.good('expiresIn', `The access token is valid for ${seconds} s.`);
}

function checkClock(server: ServerCheck, milliseconds: number): void {
  const text = `${duration(Math.abs(milliseconds))} ${milliseconds > 0 ? 'ahead of' : 'behind'} this device's`;
  // iat is rounded to seconds.
  if (Math.abs(milliseconds) < 5_000) server.good('Clock', 'The clocks of the server and this device agree.');
  else
    server.bad(
      'Clock',
      `The server's clock is ${text}. The client uses expiresIn and is not affected; APIs that check exp and nbf may reject the token.`,
    );
}

function checkCookies(server: ServerCheck, before: ReadonlySet<string>): void {
  const bare = [...readableCookies()].filter((name) => name && !before.has(name)).map((name) => `“${name}”`);
  if (bare.length > 0) server.bad('Cookie', `Scripts can read ${bare.join(', ')}: set HttpOnly.`);
  else
    server.note(
      'Cookie',
      'Scripts can read no new cookie, as required. Scripts cannot read the flags either; check Set-Cookie in the network panel: ' +
        'HttpOnly; Secure; Path; and SameSite=Strict, or None if this page is on another site.',
    );
}

async function refresh(server: ServerCheck, tokens: Tokens): Promise<string | undefined> {
  const url = server.url('refresh');
  const names = fieldNames(server);
  const oauth = { grant_type: 'refresh_token', ...(tokens.refresh && { refresh_token: tokens.refresh }) };
  const answer = await server.post('refresh', server.oauth2 ? oauth : server.refreshToken(tokens.refresh));
  if (!answer) {
    await server.reportNoResponse(url, [`Access-Control-Allow-Origin: ${location.origin}`]);
    return undefined;
  }
  const { response, body } = answer;
  if (!response.ok) {
    const cookie = server.inBody
      ? ''
      : ' The browser probably did not send the cookie. Its Path must cover the refresh endpoint; Secure needs https (localhost excepted); from a page on another site it needs SameSite=None; Secure; and Access-Control-Allow-Credentials: true at login.';
    const missing = response.status === 404 || response.status === 405;
    server.bad(
      'Refresh',
      missing
        ? `There is no POST ${url}: set endpoints.refresh.`
        : `The server responded with ${response.status}${serverMessage(answer)}.${cookie}`,
    );
    return undefined;
  }
  const access = valueAt(body, names.accessToken);
  if (typeof access !== 'string' && tokens.access !== '') {
    server.bad('Refresh', `There is no “${names.accessToken}” in the response.`);
    return undefined;
  }
  server.good('Refresh', server.inBody ? 'It works.' : 'It works: the browser sent the cookie.');
  const next = valueAt(body, names.refreshToken);
  if (server.inBody) {
    if (typeof next === 'string' && next !== tokens.refresh)
      server.good('Rotation', 'Each refresh returns a new refresh token.');
    else
      server.bad(
        'Rotation',
        'The refresh token stays the same: a stolen one works until it expires (RFC 9700 §4.14.2 asks for rotation).',
      );
    if (typeof next === 'string') tokens.refresh = next;
  }
  return typeof access === 'string' ? access : '';
}

async function api(server: ServerCheck, access: string): Promise<void> {
  if (!server.values.api) return server.note('API', 'Not checked: the form has no path.');
  const url = new URL(server.values.api, server.base).href;
  const bearer: RequestInit = access ? { headers: { authorization: `Bearer ${access}` } } : { credentials: 'include' };
  const answer = await server.fetch(url, bearer);
  if (!answer)
    return server.reportNoResponse(url, [
      `Access-Control-Allow-Origin: ${location.origin}`,
      'Access-Control-Allow-Headers: authorization',
    ]);
  const { status } = answer.response;
  if (status === 401)
    server.bad(
      'API',
      `${server.values.api} does not accept the token: 401${serverMessage(answer)}. Check issuer, audience and keys.`,
    );
  else if (status >= 400) server.bad('API', `${server.values.api} responded with ${status}${serverMessage(answer)}.`);
  else server.good('API', `${server.values.api} accepts the token: ${status}.`);
  const bare = await server.fetch(url, { credentials: 'omit' });
  if (bare?.response.ok)
    server.bad('API', `${server.values.api} responds with ${bare.response.status} without a token.`);
  else if (bare && bare.response.status !== 401)
    server.bad(
      'API',
      `Without a token it responds with ${bare.response.status}; the client refreshes on 401 (or set shouldRefresh).`,
    );
}

async function logout(server: ServerCheck, refreshToken: string | undefined): Promise<void> {
  const oauth = { token: refreshToken ?? '', token_type_hint: 'refresh_token' };
  const answer = await server.post('logout', server.oauth2 ? oauth : server.refreshToken(refreshToken));
  const url = server.url('logout');
  if (answer?.response.ok) server.good('Logout', 'The session of this check has ended.');
  else if (answer)
    server.bad(
      'Logout',
      `POST ${url} responded with ${answer.response.status}${serverMessage(answer)}: set endpoints.logout.`,
    );
  else await server.reportNoResponse(url, [`Access-Control-Allow-Origin: ${location.origin}`]);
}
