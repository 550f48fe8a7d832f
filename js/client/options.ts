// The options of a client: what each means, its unit and its default.
import type { RememberStore, ServerOptions } from './server-options.js';

/** Settings of an `AuthClient`. Durations are seconds. */
export interface AuthClientOptions {
  /** Where the auth endpoints are, such as `https://api.example.com` or `https://example.com/api/v1`. Default: the page's origin. */
  baseUrl?: string | URL;
  /** Paths below `baseUrl`, with or without a leading slash, or URLs. Default: `/auth/login`, `/auth/refresh`, `/auth/logout`, `/auth/logout-all`; with `protocol: 'oauth2'` `/oauth/token` and `/oauth/revoke`. `signIn` navigates to `start` (`/auth/start`), and a logout at the provider to `end` (`/auth/end`). */
  endpoints?: { login?: string; refresh?: string; logout?: string; logoutAll?: string; start?: string; end?: string };
  /** How the refresh token travels: `'cookie'` (default; httpOnly, invisible to scripts) or `'body'` (default with `protocol: 'oauth2'`; kept in memory, lost with the page, separate for each tab). */
  transport?: 'cookie' | 'body';
  /** `'json'` (default), or `'oauth2'` for an RFC 6749 token endpoint (grants `password` and `refresh_token`, RFC 7009 revocation). For a token endpoint of your own, never for an identity provider (RFC 9700 §2.4 forbids the password grant): use `signIn`. */
  protocol?: 'json' | 'oauth2';
  /** The public client's id, for `protocol: 'oauth2'` and for `{clientId}` in `server`. Default: none is sent. */
  clientId?: string;
  /** Names of the response's fields if the server's differ; a dot selects a nested field (`'data.token'`). Default: `accessToken`, `refreshToken`, `expiresIn`, `user`; with `protocol: 'oauth2'` `access_token`, `refresh_token`, `expires_in`, `user`. */
  fields?: { accessToken?: string; refreshToken?: string; expiresIn?: string; user?: string };
  /**
   * What the server speaks, as data: calls, where answers have the tokens, when a session is over. `tokenward/servers/NAME` has
   * presets; docs/reference/server-option.md explains each member. Default: what `protocol`, `transport`, `endpoints` and `fields` say.
   */
  server?: ServerOptions;
  /**
   * Where a refresh token in the body is kept: `'memory'` (default; a reload signs out), `'tab'` (sessionStorage), `'browser'`
   * (localStorage: all tabs share it), or a store of the app. Every script of the page can read the two storages.
   */
  remember?: 'memory' | 'tab' | 'browser' | RememberStore;
  /** Origins that may receive the access token, besides `baseUrl`'s and the page's. A request to any other origin is a plain `fetch`. Default: none. */
  apiOrigins?: readonly string[];
  /** Scheme of the `Authorization` header of API calls. Default `'Bearer'`; with `dpop` `'DPoP'`. */
  tokenScheme?: string;
  /** Extra headers for auth requests only, for instance a CSRF token. A function is called for each request; it may return a promise. */
  authHeaders?: HeadersInit | (() => HeadersInit | Promise<HeadersInit>);
  /** Send `Idempotency-Key` with refreshes, so that a refresh whose response was lost can be repeated. Default: to the page's own origin only (another origin needs the server's CORS consent). */
  idempotencyKey?: boolean;
  /** Renew the access token this many seconds before it expires; 0 to 3600. Default 60, and never more than half of the token's lifetime. */
  renewBeforeSeconds?: number;
  /** Abort an auth request after this many seconds, and let calls wait for a token no longer than that; 0.001 to 600. Default 10. */
  timeoutSeconds?: number;
  /**
   * Resume the session when the client starts: `'auto'` (default) if this browser was signed in, and once if it has never asked
   * the server (Safari clears the storage, and with it the trace of a sign-in, of a site that was not used for seven days);
   * `'hint'` only if this browser was signed in.
   */
  restore?: 'auto' | 'hint' | 'always' | 'never';
  /** Make the tabs of one origin act as one client: one auth request at a time, sign-in and sign-out in all of them. Default true. */
  crossTab?: boolean;
  /** Clients of one origin with the same name share a session, in all tabs. Default: `'default'`, or the URL of the refresh endpoint if that is not `/auth/refresh` of the page's origin: apps that use different servers do not share a session. */
  name?: string;
  /**
   * Where the tokens are, and from where calls are sent: `'page'` (default), a `'worker'` of this tab, one
   * `'shared-worker'` for all tabs (a worker if the browser has no shared workers), or `'auto'`: the first that starts
   * of shared worker, worker and page. Workers need the CSP `worker-src 'self'`; docs/explanation/secrecy.md says what each protects.
   */
  isolation?: 'page' | 'worker' | 'shared-worker' | 'auto';
  /** Allow `getAccessToken` to give the page a token that a worker holds. Default false. */
  exposeToken?: boolean;
  /**
   * Bind the tokens to a non-extractable key of this browser (RFC 9449), so that stolen tokens are worthless; the server
   * must support it. The key is in memory if one holder serves all tabs (`isolation: 'shared-worker'`) or if the session
   * belongs to this page alone (`transport: 'body'`), else in IndexedDB; `'memory'` always keeps it in memory, and the
   * session ends with its page or worker. Default false.
   */
  dpop?: boolean | 'memory';
  /**
   * Sign a user out who was not active for this many seconds; 1 to 2592000. Input on a page counts as activity, in all tabs, and
   * `auth.stayActive()`; requests do not. The time for which the machine sleeps counts as idle. Default: never. (The server
   * must limit the session, too: a page that is closed signs nobody out.)
   */
  idleTimeoutSeconds?: number;
  /** Emit `idle-warning` this many seconds before the idle user is signed out; 0 for no warning. Default 60, at most half of `idleTimeoutSeconds`. */
  idleWarningSeconds?: number;
  /** Which responses mean that the access token is no longer valid. Default: status 401. Clone the response before you read its body. */
  shouldRefresh?: (response: Response) => boolean | Promise<boolean>;
  /** Receives each diagnostic entry; never a token. */
  onLog?: (entry: LogEntry) => void;
}

/** What `signIn` asks the identity provider for, and how. */
export interface SignInOptions {
  /** Where the browser returns to: an address of this origin, at most 1000 characters long. Default: the address of the page. */
  returnTo?: string;
  /** The name of one of the server's providers. Default: its first one. */
  provider?: string;
  /**
   * `'redirect'` (default): the page navigates to the provider. `'popup'`: a window opens, and the page stays; call `signIn` in the
   * handler of a click, because browsers block other windows. A window that is blocked, or a server on another origin, makes it a
   * redirect.
   */
  display?: 'redirect' | 'popup';
  /** `'none'` asks the provider without showing anything to the user; `INTERACTION_REQUIRED` if the provider had to ask the user. */
  prompt?: 'none' | 'login' | 'select_account' | 'consent';
  /** The user's name or e-mail address, for the form of the provider. */
  loginHint?: string;
  /** The authentication that an API requires (RFC 9470): `acr_values` of its `WWW-Authenticate` header. */
  acrValues?: string;
  /** The user signed in at the provider at most this many seconds ago; 0 asks the user again. */
  maxAge?: number;
  /** Ends the wait for the result. */
  signal?: AbortSignal;
}

/** One diagnostic entry. Never holds a token, a password or a URL with a query. */
export interface LogEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly level: 'debug' | 'info' | 'warn';
  readonly event: string;
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** The init of `AuthClient.fetch`: that of `fetch`, with one member more. */
export interface ApiRequestInit extends RequestInit {
  /**
   * `retry: false` sends this call once, and hands a 401 to the caller: for an endpoint where 401 says something else than
   * "this token is not valid", such as a form that asks for the present password. The call still waits for a token that is
   * being renewed. Default: true.
   */
  auth?: { retry?: boolean };
}
