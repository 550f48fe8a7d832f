// Carries out what the core decides about the tokens, the storage, the lock and the other tabs, for both clients: the npm
// package (`wasm-host.ts`) and the Rust client (`js/rust/platform.ts`). Nothing here decides.

import type { Client, Endpoint, Host, RequestFailure, SessionErrorCode } from '#glue';
import type { LoginRequest, RememberedTokens } from '../auth/auth-requests.js';
import {
  type AuthRequestSettings,
  type AuthRequests,
  type AuthResponse,
  RequestNotSent,
} from '../auth/auth-requests.js';
import { statedError } from '../auth/session-error-code.js';
import type { TokenStore } from '../auth/token-store.js';
import type { Users } from '../auth/users.js';
import type { TabLock } from '../browser/lock.js';
import {
  adoptStoredKey,
  clearNotBefore,
  clearPendingRevocation,
  hintState,
  isRevocationPending,
  MAX_WAIT_MS,
  notBeforeWait,
  type PersistedState,
  removeKey,
  replaceIdempotencyKey,
  STORAGE_LAG_MS,
  storeAsked,
  storeNewKey,
  storeNotBefore,
  storePendingRevocation,
  useProbeKey,
} from '../browser/persisted-state.js';
import type { AuthErrorCode } from '../client/errors.js';
import { microtask } from '../util/compat.js';
import type { CrossTab } from './cross-tab.js';
import type { Log } from './diagnostics.js';

export interface EffectDependencies {
  /** The client, which is created after this. */
  client(): Pick<Client, 'lockGranted'>;
  readonly settings: AuthRequestSettings;
  readonly tokens: TokenStore;
  readonly users: Users;
  readonly requests: AuthRequests;
  readonly remembered: RememberedTokens | undefined;
  readonly state: PersistedState;
  readonly lock: TabLock;
  readonly crossTab: CrossTab;
  readonly log: Log;
  /** Rejects the API calls that are in flight. */
  rejectCalls(code: AuthErrorCode): void;
}

/** What the core does to the tokens, the storage and the other tabs. */
export function effects(dependencies: EffectDependencies) {
  const { client, tokens, users, state, lock, crossTab, log, remembered } = dependencies;
  const requestLock = (steal: boolean, request: number, delayMs = 0) => {
    log(steal ? 'warn' : 'debug', 'lock-requested', { steal });
    lock.request(steal, delayMs, () => client().lockGranted(request));
  };
  return {
    setToken(token, freshForMs) {
      log('debug', 'token-set', { token, freshForMs });
      tokens.set(token, freshForMs);
    },
    blockCalls: tokens.block,
    clearTokens: tokens.clear,
    discardToken: tokens.discard,
    abortCalls: () => dependencies.rejectCalls('SESSION_ENDED'),
    hintState: () => hintState(state),
    isRevocationPending: () => isRevocationPending(state),
    notBeforeWait: () => notBeforeWait(state),
    storeNewKey: () => storeNewKey(state),
    adoptStoredKey: () => adoptStoredKey(state),
    useProbeKey: () => useProbeKey(state),
    removeKey() {
      if (removeKey(state)) remembered?.end();
    },
    replaceIdempotencyKey: () => replaceIdempotencyKey(state),
    storePendingRevocation: () => storePendingRevocation(state),
    clearPendingRevocation() {
      clearPendingRevocation(state);
      tokens.forgetRevoked();
    },
    storeNotBefore: (waitMs) => storeNotBefore(state, waitMs),
    clearNotBefore: () => clearNotBefore(state),
    requestLock: (request) => requestLock(false, request),
    requestSettledLock: (request) => requestLock(false, request, STORAGE_LAG_MS),
    stealLock: (request) => requestLock(true, request),
    releaseLock: lock.release,
    broadcast(type, subject, reason, waitMs, failures) {
      const data =
        type === 'refresh-failed'
          ? { waitMs: Math.min(waitMs, MAX_WAIT_MS), failures }
          : reason
            ? { reason }
            : users.identityOf(subject);
      crossTab.broadcast({ type, ...data });
    },
  } satisfies Partial<Host>;
}

/** The outcome of an auth request. */
export interface AuthOutcome {
  /** Undefined if there is none: see `failure`. */
  readonly response?: AuthResponse;
  readonly failure?: RequestFailure;
  /** What the error of the response states. */
  readonly stated?: SessionErrorCode | undefined;
  /** Which request failed and how, for people; empty after a success and an abort. */
  readonly details: string;
  /** The JSON of a refused login or of a first step. */
  readonly body?: unknown;
}

/** Whether a developer sees the console: the page is served from this computer. */
const isDevelopment = /^(localhost|127\.0\.0\.1|\[::1\]|.*\.(localhost|test|local))$/.test(
  globalThis.location?.hostname ?? '',
);

/** Writes a line to the console of a developer. */
export function warnDeveloper(text: string) {
  if (isDevelopment) console.warn(`tokenward: ${text}`);
}

/** Statuses by which servers refuse a refresh. */
const REFUSALS = [400, 401, 403, 419, 422, 440, 498];

/** The method and the URL of an auth request. */
export function requestLine(
  { server, endpoints }: AuthRequestSettings,
  endpoint: Endpoint,
  login?: LoginRequest,
): string {
  const call = server.calls[login?.call ?? endpoint];
  return `${call?.method ?? 'POST'} ${call?.url ?? endpoints[endpoint]}`;
}

const missingToken = ({ server }: AuthRequestSettings, name: string, found: string) =>
  `; expected the member ${server.calls[name]?.answer.access?.join(' or ')} (options.fields), found ${found}`;

/** The core uses the smaller lifetime. */
function logLifetimes({ token, expiresIn, jwtLifetime }: AuthResponse, log: Log) {
  if (token && Math.abs(expiresIn - jwtLifetime) > 1) log('warn', 'lifetimes-differ', { expiresIn, jwtLifetime });
}

/** Sends and logs an auth request. */
export async function sendAuthRequest(
  { settings, requests, state, log }: EffectDependencies,
  endpoint: Endpoint,
  login?: LoginRequest,
  signal?: AbortSignal,
): Promise<AuthOutcome> {
  const failed = (how: string, isExpected = false) => {
    const details = `${requestLine(settings, endpoint, login)}: ${how}`;
    if (!isExpected) warnDeveloper(details);
    return details;
  };
  try {
    const response = await requests.send(endpoint, login, signal);
    const { status, code = '', message, found, retryAfterMs, isPage, body } = response;
    const isOk = status >= 200 && status < 300;
    // An answer about the session: not that of a firewall, and not about the request.
    const stated = statedError(endpoint, response, settings.server);
    const isAnswer = REFUSALS.includes(status) && !isPage && stated !== 'request-fault';
    if (response.token || isAnswer) storeAsked(state);
    logLifetimes(response, log);
    log(isOk ? 'debug' : 'warn', 'auth-request', { endpoint, status, code: code.slice(0, 40), retryAfterMs });
    const isRevocation = endpoint === 'logout' || endpoint === 'logoutAll';
    if (isOk && (isRevocation || response.token)) return { response, details: '' };
    const hint =
      status === 404 || status === 405
        ? ` (wrong options.baseUrl or options.endpoints.${endpoint}, or no proxy?)`
        : isOk
          ? missingToken(settings, login?.call ?? endpoint, isPage ? 'a page of HTML (no proxy?)' : found)
          : '';
    const says = message ? `; the server says: ${message}` : '';
    // A visitor without a session, or a session that is over.
    const isExpected = (endpoint === 'refresh' && status === 401) || !settings.server.calls[endpoint];
    const details = failed(
      `status ${status}${stated === 'step-required' ? '' : hint}${says}`,
      isExpected || stated === 'step-required',
    );
    return { response, stated, details, body };
  } catch (cause) {
    const notSent = cause instanceof RequestNotSent;
    log('warn', 'auth-request', { endpoint, failed: notSent ? 'options.authHeaders' : (cause as Error)?.name });
    // An error of `options.authHeaders` is reported as an uncaught error of the app.
    if (notSent)
      microtask(() => {
        if (cause.cause) throw cause.cause;
      });
    if (notSent) return { failure: 'not-sent', details: failed('options.authHeaders failed', true) };
    // An aborted request has no outcome.
    const isAbort = (cause as Error)?.name === 'AbortError';
    return { failure: 'network-error', details: isAbort ? '' : failed('no response: offline, server down, or CORS') };
  }
}
