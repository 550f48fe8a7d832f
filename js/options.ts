// The options: what each means, its unit, its default, and the check that names what is wrong. (Checked at once, on few
// bytes; `settings.ts` completes them when the client is loaded.)
import { AuthError } from './errors.js';
import type { Endpoint, Fields } from './settings.js';

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

/** Returns a copy of what may be; throws `INVALID_OPTIONS` for what may not. */
type Check = (where: string, value: unknown) => unknown;

const is =
  (expected: string, test: (value: never) => boolean): Check =>
  (where, value) =>
    test(value as never) ? value : fail(where, expected, value);

const record =
  (checks: Readonly<Record<string, Check>>): Check =>
  (where, value) => {
    if (typeof value !== 'object' || !value || Array.isArray(value)) fail(where, 'an object', value);
    const copy: Record<string, unknown> = {};
    for (const [name, one] of Object.entries(value as object)) {
      const at = `${where}.${name}`;
      const check = Object.hasOwn(checks, name) && checks[name];
      if (!check) fail(at, `one of ${Object.keys(checks).join(', ')}`, name);
      if (one !== undefined) copy[name] = check(at, one);
    }
    return copy;
  };

const oneOf = (...choices: unknown[]) =>
  is(choices.map((one) => (typeof one === 'string' ? `"${one}"` : one)).join(' or '), (value) =>
    choices.includes(value),
  );

const url = (expected: string, base?: string, test = (_: URL) => true) =>
  is(expected, (value: unknown) => {
    try {
      const one = new URL(value as string, base);
      return (
        (typeof value === 'string' || value instanceof URL) &&
        value !== '' &&
        /^https?:$/.test(one.protocol) &&
        !(one.username || one.password) &&
        test(one)
      );
    } catch {
      return false;
    }
  });

const seconds = (least: number) =>
  is(`seconds ≥ ${least}`, (value) => typeof value === 'number' && value >= least && value < Infinity);

const boolean = oneOf(true, false);
const text = is('a string that is not empty', (value) => typeof value === 'string' && value !== '');
const callback = is('a function', (value) => typeof value === 'function');
const path = url('a path or an http(s) URL', 'http://localhost');
const origin = url('an origin, such as "https://api.example.com"', undefined, (one) => one.href === `${one.origin}/`);
const origins = is('an array of origins', Array.isArray);

const OPTIONS = record({
  baseUrl: url('an absolute http(s) URL without a user name'),
  endpoints: record({ login: path, refresh: path, logout: path, logoutAll: path } satisfies Record<Endpoint, Check>),
  transport: oneOf('cookie', 'body'),
  protocol: oneOf('json', 'oauth2'),
  clientId: text,
  fields: record({ accessToken: text, refreshToken: text, expiresIn: text, user: text } satisfies Record<
    keyof Fields,
    Check
  >),
  apiOrigins: (where, value) =>
    (origins(where, value) as unknown[]).map((one, index) => origin(`${where}[${index}]`, one)),
  tokenScheme: is('one word, such as "Bearer"', (value) => /^[!#$%&'*+.^_`|~\w-]+$/.test(value)),
  authHeaders: is('headers, or a function that returns them', (value: unknown) => {
    try {
      return typeof value === 'function' || !!new Headers(value as HeadersInit);
    } catch {
      return false;
    }
  }),
  idempotencyKey: boolean,
  renewBefore: seconds(0),
  timeout: seconds(0.001),
  restore: oneOf('auto', 'always', 'never'),
  crossTab: boolean,
  name: text,
  isolation: oneOf('page', 'worker', 'shared-worker', 'auto'),
  exposeToken: boolean,
  dpop: oneOf(true, false, 'memory'),
  shouldRefresh: callback,
  onLog: callback,
} satisfies Record<keyof AuthClientOptions, Check>);

/** Checks every option; returns a copy that nobody changes. Throws `INVALID_OPTIONS`. */
export function checked(options: AuthClientOptions): AuthClientOptions {
  const given = OPTIONS('options', options) as AuthClientOptions;
  const { clientId, protocol } = given;
  if (clientId && protocol !== 'oauth2') fail('options.clientId', 'protocol: "oauth2" beside it', protocol);
  return given;
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
