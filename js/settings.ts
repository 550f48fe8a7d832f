// The options, completed. Defaults stand only here, and in the words of `options.ts`.
import type { AuthClientOptions, LogEntry } from './options.js';

const ENDPOINTS = {
  login: '/auth/login',
  refresh: '/auth/refresh',
  logout: '/auth/logout',
  logoutAll: '/auth/logout-all',
};
const OAUTH2 = { login: '/oauth/token', refresh: '/oauth/token', logout: '/oauth/revoke', logoutAll: '/oauth/revoke' };
const FIELDS = { accessToken: 'accessToken', refreshToken: 'refreshToken', expiresIn: 'expiresIn', user: 'user' };
const OAUTH2_FIELDS: Fields = {
  accessToken: 'access_token',
  refreshToken: 'refresh_token',
  expiresIn: 'expires_in',
  user: 'user',
};

export type Endpoint = keyof typeof ENDPOINTS;
export type Fields = typeof FIELDS;

/** The options, checked and complete. Durations are milliseconds, addresses absolute. */
export interface Settings {
  readonly endpoints: Readonly<Record<Endpoint, string>>;
  readonly transport: 'cookie' | 'body';
  readonly oauth2: boolean;
  readonly clientId: string | undefined;
  readonly fields: Readonly<Fields>;
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

/** Completes options that were checked: none is there that is undefined. */
export function settingsOf(given: AuthClientOptions): Settings {
  const page = globalThis.location?.origin;
  const base = new URL(given.baseUrl ?? page ?? 'http://localhost');
  const oauth2 = given.protocol === 'oauth2';
  const endpoints = { ...(oauth2 ? OAUTH2 : ENDPOINTS), ...given.endpoints };
  for (const name of Object.keys(endpoints) as Endpoint[]) endpoints[name] = new URL(endpoints[name], base).href;
  const origins = [page, base, ...(given.apiOrigins ?? [])].map((url) => url && new URL(url).origin);
  const { authHeaders, dpop = false, renewBefore = 60, timeout = 10 } = given;
  return {
    transport: oauth2 ? 'body' : 'cookie',
    clientId: undefined,
    tokenScheme: dpop ? 'DPoP' : 'Bearer',
    idempotencyKey: base.origin === page,
    restore: 'auto',
    crossTab: true,
    name: 'default',
    isolation: 'page',
    exposeToken: false,
    shouldRefresh: undefined,
    onLog: undefined,
    ...given,
    dpop,
    oauth2,
    endpoints,
    fields: { ...(oauth2 ? OAUTH2_FIELDS : FIELDS), ...given.fields },
    origins: [...new Set(origins)].filter((one) => one && one !== 'null').map((one) => `${one}/`),
    authHeaders: typeof authHeaders === 'function' ? authHeaders : authHeaders && (() => authHeaders),
    renewBefore: renewBefore * 1000,
    // A browser's timer holds 2³¹ − 1 ms.
    timeout: Math.min(timeout * 1000, 0x7fffffff),
  };
}
