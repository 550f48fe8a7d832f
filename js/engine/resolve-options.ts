// Completes the options with their defaults. The defaults are stated only here and in the texts of `client/options.ts`.
// (In the engine and not in `client/`, because the first bundle that an app loads does not need it.)
import type { AuthRequestSettings, Endpoint } from '../auth/auth-requests.js';
import type { IdTokenIssuer } from '../auth/id-token.js';
import { completeServer, type Server } from '../auth/server.js';
import { mentions } from '../auth/template.js';
import type { KeyValueStore } from '../browser/key-value-store.js';
import type { AuthClientOptions, LogEntry } from '../client/options.js';
import type { RememberStore } from '../client/server-options.js';
import { ownMembers } from '../util/own-members.js';
import { pageOrigin } from '../util/page-origin.js';

const ENDPOINTS: Record<Endpoint, string> = {
  login: '/auth/login',
  refresh: '/auth/refresh',
  logout: '/auth/logout',
  logoutAll: '/auth/logout-all',
};
const OAUTH2_ENDPOINTS: Record<Endpoint, string> = {
  login: '/oauth/token',
  refresh: '/oauth/token',
  logout: '/oauth/revoke',
  logoutAll: '/oauth/revoke',
};
const FIELDS = {
  accessToken: 'accessToken',
  refreshToken: 'refreshToken',
  expiresIn: 'expiresIn',
  user: 'user',
};
const OAUTH2_FIELDS = {
  accessToken: 'access_token',
  refreshToken: 'refresh_token',
  expiresIn: 'expires_in',
  user: 'user',
};

/** The options, valid and complete. Durations are milliseconds, URLs absolute. */
export interface Settings {
  readonly endpoints: Readonly<Record<Endpoint, string>>;
  readonly transport: 'cookie' | 'body';
  readonly server: Server;
  readonly clientId: string | undefined;
  /** Prefixes of the URLs that may receive the token: origins, each with a slash at its end. */
  readonly origins: readonly string[];
  readonly tokenScheme: string;
  readonly isolation: 'page' | 'worker' | 'shared-worker' | 'auto';
  readonly exposeToken: boolean;
  readonly dpop: boolean | 'memory';
  readonly authHeaders: (() => HeadersInit | Promise<HeadersInit>) | undefined;
  /** Whose ID tokens the client accepts, as data for a worker, and the function that checks them (`tokenward/pkce`). */
  readonly idToken?: IdTokenIssuer | undefined;
  readonly refusesUser?: AuthRequestSettings['refusesUser'];
  readonly idempotencyKey: boolean;
  /** Where a refresh token in the body is kept for the next page. */
  readonly remember: 'memory' | 'tab' | 'browser' | RememberStore;
  /** Whether the pages of the origin share the session. */
  readonly sharesSession: boolean;
  readonly renewBeforeMs: number;
  readonly timeoutMs: number;
  readonly restore: 'auto' | 'hint' | 'always' | 'never';
  readonly crossTab: boolean;
  readonly name: string;
  readonly shouldRefresh: ((response: Response) => boolean | Promise<boolean>) | undefined;
  readonly onLog: ((entry: LogEntry) => void) | undefined;
}

/** Expects options that were validated. */
export function resolveOptions(options: AuthClientOptions): Settings {
  const page = pageOrigin();
  const base = new URL(options.baseUrl ?? page ?? 'http://localhost');
  const oauth2 = options.protocol === 'oauth2';
  // The page navigates to the other two (`js/client/sign-in.ts`).
  const { start: _, end: __, ...requested } = ownMembers(options.endpoints);
  const paths = { ...(oauth2 ? OAUTH2_ENDPOINTS : ENDPOINTS), ...requested };
  const origins = [page, base, ...(options.apiOrigins ?? [])].map((url) => url && new URL(url).origin);
  const { authHeaders, dpop = false, renewBeforeSeconds = 60, timeoutSeconds = 10 } = options;
  const { tokenScheme = dpop ? 'DPoP' : 'Bearer', clientId, remember = 'memory' } = options;
  const given = ownMembers(options.server);
  const { refresh } = given;
  const transport =
    options.transport ??
    (oauth2 || mentions(refresh, 'refresh}') || (refresh === null && ownMembers(given.answer).access !== null)
      ? 'body'
      : 'cookie');
  const server = completeServer(
    given,
    {
      endpoints: paths,
      inBody: transport === 'body',
      oauth2,
      tokenScheme,
      clientId,
      fields: { ...(oauth2 ? OAUTH2_FIELDS : FIELDS), ...options.fields },
    },
    (path) => resolveEndpoint(`${path}`.split('{clientId}').join(encodeURIComponent(clientId ?? '')), base),
  );
  const urls = Object.keys(paths).map((name) => [
    name,
    server.calls[name]?.url ?? resolveEndpoint(paths[name as Endpoint], base),
  ]);
  const endpoints = Object.fromEntries(urls) as Record<Endpoint, string>;
  return {
    idempotencyKey: new URL(endpoints.refresh).origin === page,
    restore: 'auto',
    crossTab: true,
    // Apps of one origin that speak to different servers have different sessions.
    name: endpoints.refresh === `${page}${ENDPOINTS.refresh}` ? 'default' : endpoints.refresh,
    isolation: 'page',
    exposeToken: false,
    shouldRefresh: undefined,
    onLog: undefined,
    ...options,
    clientId,
    transport,
    remember,
    sharesSession: transport === 'cookie' || (remember !== 'memory' && remember !== 'tab'),
    tokenScheme,
    dpop,
    server,
    endpoints,
    origins: [...new Set(origins)].filter((origin) => origin).map((origin) => `${origin}/`),
    authHeaders: typeof authHeaders === 'function' ? authHeaders : authHeaders && (() => authHeaders),
    renewBeforeMs: renewBeforeSeconds * 1000,
    timeoutMs: timeoutSeconds * 1000,
  };
}

/** A path goes below the path of `base`, with or without a leading slash; a URL stays as it is. */
export function resolveEndpoint(endpoint: string, base: URL): string {
  const folder = `${base.origin}${base.pathname.replace(/\/*$/, '/')}`;
  return new URL(/^(\w+:)?\/\//.test(endpoint) ? endpoint : `./${endpoint.replace(/^\//, '')}`, folder).href;
}

/** With the refresh token in memory, the session belongs to this page alone. */
export const storeFor = (
  { sharesSession, remember }: Settings,
  { storage, tabStorage }: { readonly storage: KeyValueStore; readonly tabStorage: KeyValueStore },
): KeyValueStore | undefined => (sharesSession ? storage : remember === 'tab' ? tabStorage : undefined);
