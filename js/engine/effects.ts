// Carries out what the core decides about the tokens, the storage, the lock and the other tabs, for both clients: the npm
// package (`wasm-host.ts`) and the Rust client (`js/rust/platform.ts`). Nothing here decides.

import type { Client, Endpoint, Host, RequestFailure } from '#glue';
import { type AuthRequests, type AuthResponse, RequestNotSent } from '../auth/auth-requests.js';
import type { TokenStore } from '../auth/token-store.js';
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
  readonly tokens: TokenStore;
  readonly requests: AuthRequests;
  readonly state: PersistedState;
  readonly lock: TabLock;
  readonly crossTab: CrossTab;
  readonly log: Log;
  /** Rejects the API calls that are in flight. */
  rejectCalls(code: AuthErrorCode): void;
}

/** What the core does to the tokens, the storage and the other tabs. */
export function effects(dependencies: EffectDependencies, subjects: readonly string[]) {
  const { client, tokens, state, lock, crossTab, log } = dependencies;
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
    removeKey: () => removeKey(state),
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
            : { subject: subjects[subject - 1] };
      crossTab.broadcast({ type, ...data });
    },
  } satisfies Partial<Host>;
}

/** Sends and logs an auth request. If there is no response, resolves with the reason. */
export async function sendAuthRequest(
  { requests, log }: EffectDependencies,
  endpoint: Endpoint,
  login: { readonly credentials: string | undefined; readonly signal: AbortSignal | undefined } | undefined,
): Promise<AuthResponse | RequestFailure> {
  try {
    const response = await requests.send(endpoint, login?.credentials, login?.signal);
    const { status, code, retryAfterMs } = response;
    log(status < 400 ? 'debug' : 'warn', 'auth-request', { endpoint, status, code: code?.slice(0, 40), retryAfterMs });
    return response;
  } catch (cause) {
    const notSent = cause instanceof RequestNotSent;
    log('warn', 'auth-request', { endpoint, failed: notSent ? 'options.authHeaders' : (cause as Error)?.name });
    // An error of `options.authHeaders` is reported as an uncaught error of the app.
    if (notSent)
      microtask(() => {
        if (cause.cause) throw cause.cause;
      });
    return notSent ? 'not-sent' : 'network-error';
  }
}
