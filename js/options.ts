// The options: what each means, its unit, its default, and the check that names what is wrong. Defaults stand only here.
import { AuthError } from './errors.js';

/** Settings of an `AuthClient`. Durations are seconds. */
export interface AuthClientOptions {
  /** Where the auth endpoints live. Default: the page's origin. */
  baseUrl?: string | URL;
  /** Paths, resolved against `baseUrl`. Default: `/auth/login`, `/auth/refresh`, `/auth/logout`, `/auth/logout-all`; with `protocol: 'oauth2'` `/oauth/token` and `/oauth/revoke`. */
  endpoints?: { login?: string; refresh?: string; logout?: string; logoutAll?: string };
  /** Where the refresh token travels: `'cookie'` (default; httpOnly, invisible to scripts) or `'body'` (default with `protocol: 'oauth2'`; kept in memory, gone with the page, each tab by itself). */
  transport?: 'cookie' | 'body';
  /** `'json'` (default), or `'oauth2'` for an RFC 6749 token endpoint (grants `password` and `refresh_token`, RFC 7009 revocation). */
  protocol?: 'json' | 'oauth2';
  /** OAuth 2 only: the public client's id. Default: none is sent. */
  clientId?: string;
  /** Names of the answer's fields where the server's differ; dots go deeper (`'data.token'`). Default: `accessToken`, `refreshToken`, `expiresIn`, `user`; with `protocol: 'oauth2'` `access_token`, `refresh_token`, `expires_in`, `user`. */
  fields?: { accessToken?: string; refreshToken?: string; expiresIn?: string; user?: string };
  /** Origins that may be sent the access token, besides `baseUrl`'s and the page's. Everything else gets a plain `fetch`. Default: none. */
  apiOrigins?: readonly string[];
  /** Scheme of the `Authorization` header on API calls. Default `'Bearer'`; with `dpop` `'DPoP'`. */
  tokenScheme?: string;
  /** Extra headers for the auth calls alone, for instance a CSRF token. A function is asked on each call; it may return a promise. */
  authHeaders?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>);
  /** Send `Idempotency-Key` with refreshes, so that a lost answer can be asked for again. Default: to the page's own origin only (elsewhere it needs the server's CORS consent). */
  idempotencyKey?: boolean;
  /** Renew so many seconds before expiry. Default 60, and never more than half of the token's life. */
  renewBefore?: number;
  /** Give up one auth call after so many seconds; calls that wait for a token wait no longer. Default 10. */
  timeout?: number;
  /** Try to resume the session when the client starts: `'auto'` (default) only if this browser was signed in. */
  restore?: 'auto' | 'always' | 'never';
  /** Keep the tabs of one origin in step: one auth call at a time, sign-in and sign-out in all of them. Default true. */
  crossTab?: boolean;
  /** Tells several clients on one origin apart; those with different names don't hear each other. Default `'default'`. */
  name?: string;
  /**
   * Where the tokens live, and from where the calls are sent: `'page'` (default), in a `'worker'` of this tab, in one
   * `'shared-worker'` for all tabs (in a worker where the browser has no such thing), or `'auto'`: the first that can be
   * started of shared worker, worker and page. Workers need `worker-src 'self'`; docs/secrecy.md says what each keeps secret.
   */
  isolation?: 'page' | 'worker' | 'shared-worker' | 'auto';
  /** Let `getAccessToken` hand the token to the page although a worker holds it. Default false. */
  exposeToken?: boolean;
  /**
   * Bind the tokens to a key of this browser that nobody can read out (RFC 9449), so that stolen ones are worthless; the
   * server must support it. The key is in memory where one holder serves all tabs (`isolation: 'shared-worker'`) or the
   * session is this page's alone (`transport: 'body'`), else in IndexedDB; `'memory'` keeps it in memory in any case, and
   * the session ends with its page or worker. Default false.
   */
  dpop?: boolean | 'memory';
  /** Which responses mean "this token is no longer good". Default: status 401. Clone the response before reading its body. */
  shouldRefresh?: (response: Response) => boolean | Promise<boolean>;
  /** Told of what happens; never of a token. */
  onLog?: (entry: LogEntry) => void;
}

/** One thing that happened. Never a token, a password or an address with a query. */
export interface LogEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly level: 'debug' | 'info' | 'warn';
  readonly event: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

const ENDPOINTS = {
  login: '/auth/login',
  refresh: '/auth/refresh',
  logout: '/auth/logout',
  logoutAll: '/auth/logout-all',
};
const OAUTH2 = { login: '/oauth/token', refresh: '/oauth/token', logout: '/oauth/revoke', logoutAll: '/oauth/revoke' };
const FIELDS = { accessToken: 'accessToken', refreshToken: 'refreshToken', expiresIn: 'expiresIn', user: 'user' };
const OAUTH2_FIELDS: typeof FIELDS = {
  accessToken: 'access_token',
  refreshToken: 'refresh_token',
  expiresIn: 'expires_in',
  user: 'user',
};

export type Endpoint = keyof typeof ENDPOINTS;

/** The options, checked and complete. Durations are milliseconds, addresses absolute. */
export interface Settings {
  readonly endpoints: Readonly<Record<Endpoint, string>>;
  readonly transport: 'cookie' | 'body';
  readonly oauth2: boolean;
  readonly clientId: string | undefined;
  readonly fields: Readonly<typeof FIELDS>;
  /** Prefixes of the URLs that may be sent the token: origins, each with its slash. */
  readonly origins: readonly string[];
  readonly tokenScheme: string;
  readonly isolation: 'page' | 'worker' | 'shared-worker' | 'auto';
  readonly exposeToken: boolean;
  readonly dpop: boolean | 'memory';
  readonly authHeaders: (() => HeadersInit | Promise<HeadersInit>) | undefined;
  readonly idempotencyKey: boolean;
  readonly renewBefore: number;
  readonly timeout: number;
  readonly restore: 'auto' | 'always' | 'never';
  readonly crossTab: boolean;
  readonly name: string;
  readonly shouldRefresh: ((response: Response) => boolean | Promise<boolean>) | undefined;
  readonly onLog: ((entry: LogEntry) => void) | undefined;
}

const KNOWN =
  'baseUrl endpoints transport protocol clientId fields apiOrigins tokenScheme authHeaders idempotencyKey renewBefore timeout restore crossTab name isolation exposeToken dpop shouldRefresh onLog';

/** Checks every option and completes the rest. Throws `INVALID_OPTIONS`. */
export function readOptions(options: AuthClientOptions): Settings {
  const given = record('options', options);
  known('options', given, KNOWN);
  const page = globalThis.location?.origin;
  const base = address('options.baseUrl', given.baseUrl ?? page ?? 'http://localhost');
  const oauth2 = oneOf('options.protocol', given.protocol ?? 'json', ['json', 'oauth2']) === 'oauth2';
  const { clientId } = given;
  if (clientId !== undefined) string('options.clientId', clientId);
  if (clientId !== undefined && !oauth2) fail('options.clientId', 'protocol: "oauth2" beside it', given.protocol);
  const endpoints = strings('options.endpoints', given.endpoints, oauth2 ? OAUTH2 : ENDPOINTS);
  for (const name of Object.keys(endpoints) as Endpoint[]) {
    endpoints[name] = address(`options.endpoints.${name}`, endpoints[name], base).href;
  }
  const apiOrigins = given.apiOrigins ?? [];
  if (!Array.isArray(apiOrigins)) fail('options.apiOrigins', 'an array of origins', apiOrigins);
  const origins = (apiOrigins as unknown[]).map((one, index) => origin(`options.apiOrigins[${index}]`, one));
  const { authHeaders } = given;
  if (authHeaders !== undefined && typeof authHeaders !== 'function') headers('options.authHeaders', authHeaders);
  const dpop = given.dpop === 'memory' ? 'memory' : boolean('options.dpop', given.dpop ?? false);
  const scheme = string('options.tokenScheme', given.tokenScheme ?? (dpop ? 'DPoP' : 'Bearer'));
  if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(scheme)) fail('options.tokenScheme', 'one word, such as "Bearer"', scheme);
  return {
    endpoints,
    transport: oneOf('options.transport', given.transport ?? (oauth2 ? 'body' : 'cookie'), ['cookie', 'body']),
    oauth2,
    clientId: clientId as string | undefined,
    fields: strings('options.fields', given.fields, oauth2 ? OAUTH2_FIELDS : FIELDS),
    origins: [...new Set([page, base.origin, ...origins])]
      .filter((one) => one && one !== 'null')
      .map((one) => `${one}/`),
    tokenScheme: scheme,
    authHeaders: (typeof authHeaders === 'function'
      ? authHeaders
      : authHeaders && (() => authHeaders)) as Settings['authHeaders'],
    idempotencyKey: boolean('options.idempotencyKey', given.idempotencyKey ?? base.origin === page),
    renewBefore: seconds('options.renewBefore', given.renewBefore ?? 60, 0),
    // A browser's timer holds 2³¹ − 1 ms.
    timeout: Math.min(seconds('options.timeout', given.timeout ?? 10, 0.001), 0x7fffffff),
    restore: oneOf('options.restore', given.restore ?? 'auto', ['auto', 'always', 'never']),
    crossTab: boolean('options.crossTab', given.crossTab ?? true),
    name: string('options.name', given.name ?? 'default'),
    isolation: oneOf('options.isolation', given.isolation ?? 'page', ['page', 'worker', 'shared-worker', 'auto']),
    dpop,
    exposeToken: boolean('options.exposeToken', given.exposeToken ?? false),
    shouldRefresh: callback('options.shouldRefresh', given.shouldRefresh),
    onLog: callback('options.onLog', given.onLog),
  };
}

/** `INVALID_OPTIONS`, with the place, what was expected and what came. */
export function fail(where: string, expected: string, came: unknown): never {
  const shown =
    typeof came === 'string'
      ? JSON.stringify(came)
      : typeof came === 'object' && came
        ? `an ${Array.isArray(came) ? 'array' : 'object'}`
        : String(came);
  throw new AuthError('INVALID_OPTIONS', `${where}: expected ${expected}, got ${shown.slice(0, 80)}`);
}

function record(where: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(where, 'an object', value);
  return value as Record<string, unknown>;
}

function known(where: string, value: Record<string, unknown>, names: string): void {
  for (const name of Object.keys(value)) {
    if (!names.split(' ').includes(name)) fail(`${where}.${name}`, `one of ${names.replaceAll(' ', ', ')}`, name);
  }
}

function string(where: string, value: unknown): string {
  if (typeof value !== 'string' || value === '') fail(where, 'a string that is not empty', value);
  return value as string;
}

function boolean(where: string, value: unknown): boolean {
  return typeof value === 'boolean' ? value : fail(where, 'a boolean', value);
}

function callback<T>(where: string, value: unknown): T | undefined {
  return value === undefined || typeof value === 'function' ? (value as T) : fail(where, 'a function', value);
}

function oneOf<T extends string>(where: string, value: unknown, choices: readonly T[]): T {
  return choices.includes(value as T)
    ? (value as T)
    : fail(where, choices.map((one) => `"${one}"`).join(' or '), value);
}

/** A record of strings, completed by its defaults. */
function strings<T extends Record<string, string>>(where: string, value: unknown, defaults: T): T {
  const given = record(where, value ?? {});
  known(where, given, Object.keys(defaults).join(' '));
  const complete: Record<string, string> = { ...defaults };
  for (const name of Object.keys(given)) {
    if (given[name] !== undefined) complete[name] = string(`${where}.${name}`, given[name]);
  }
  return complete as T;
}

function seconds(where: string, value: unknown, least: number): number {
  if (typeof value !== 'number' || !(value >= least) || value === Infinity) fail(where, `seconds ≥ ${least}`, value);
  return (value as number) * 1000;
}

function address(where: string, value: unknown, base?: URL): URL {
  try {
    const url = new URL(value instanceof URL ? value.href : string(where, value), base);
    if (/^https?:$/.test(url.protocol) && !url.username && !url.password) return url;
  } catch (error) {
    if (error instanceof AuthError) throw error;
  }
  return fail(where, base ? 'a path or an http(s) URL' : 'an absolute http(s) URL without a user name', value);
}

function origin(where: string, value: unknown): string {
  const url = address(where, value);
  if (url.href !== `${url.origin}/`) fail(where, `an origin, such as "${url.origin}"`, value);
  return url.origin;
}

function headers(where: string, value: unknown): void {
  try {
    new Headers(value as HeadersInit);
  } catch {
    fail(where, 'headers, or a function that returns them', value);
  }
}
