// The JavaScript side of the wasm client: carries out what the core decides. `bindings/src/host.rs` documents each function
// of the host and declares the interface. The host decides nothing.
//
// The host is an object of functions: a page that reaches it through the module's table of objects finds no token behind it.
import type { Client, ErrorCode, Host } from '#glue';
import { type AuthRequests, type AuthResponse, RequestNotSent } from '../auth/auth-requests.js';
import { sessionErrorCode } from '../auth/session-error-code.js';
import type { TokenStore } from '../auth/token-store.js';
import type { TabLock } from '../browser/lock.js';
import * as storage from '../browser/persisted-state.js';
import type { TabEvent, TabMessage } from '../browser/tab-message.js';
import type { AuthErrorCode } from '../client/errors.js';
import type { Session } from '../client/session.js';
import { deepFreeze } from '../util/deep-freeze.js';
import { createDeferred, type Deferred } from '../util/deferred.js';
import type { CreateError } from './auth-errors.js';
import type { CrossTab } from './cross-tab.js';
import type { Log } from './diagnostics.js';
import type { Notify } from './engine.js';

/** The session as the engine sees it: the core's questions and inputs. */
export interface SessionCore {
  /** Starts, with a restore if one is due. Settles when the restore is settled, or when callers have waited long enough. */
  start(): Promise<boolean>;
  /** Resolves when a call may be sent. */
  requestToken(minValidityMs: number): Promise<boolean>;
  /** An API rejected the first attempt of a call, which carried this token. Resolves with whether to send the call again. */
  tokenRejected(token: number): Promise<boolean>;
  /** An API rejected the second attempt, which carried this token. */
  retryRejected(token: number): Promise<boolean>;
  refresh(): Promise<boolean>;
  /** Rejects with an `AuthError`, or with undefined if a later login or a logout replaces this one. */
  login(credentials: string, signal?: AbortSignal): Promise<boolean>;
  /** Signs out at once. Resolves with whether the server confirmed it. */
  logout(scope: 'session' | 'global'): Promise<boolean>;
  receiveMessage(message: TabMessage, relation: storage.SessionRelation): void;
  /** The page is visible again, restored from the back-forward cache, or online again. */
  resumed(): void;
  hidden(): void;
  dispose(): void;
}

/** What the host connects to the wasm client. */
export interface HostDependencies {
  /** The wasm client, which is created after its host. */
  client(): Client;
  readonly tokens: TokenStore;
  readonly requests: AuthRequests;
  readonly state: storage.PersistedState;
  readonly lock: TabLock;
  readonly crossTab: CrossTab;
  readonly log: Log;
  readonly notify: Notify;
  readonly createError: CreateError;
  /** Rejects the API calls that are in flight. */
  rejectCalls(code: AuthErrorCode): void;
}

/** The callers that wait, and what the outputs of the core need of each other. */
interface Waiters {
  /** Every caller that waits for a token, on one promise. */
  forToken: Deferred<boolean> | undefined;
  forLogin:
    | (Deferred<boolean> & { readonly credentials: string; readonly signal: AbortSignal | undefined })
    | undefined;
  forLogout: ((revoked: boolean) => void)[];
  /** What the server said about the last login, for people. */
  serverMessage: string | undefined;
}

/** Makes an `AuthError` of a failure of the core: 0 means "unknown" for both numbers. */
type CreateFailure = (
  code: ErrorCode,
  retryable: boolean,
  status: number,
  retryAfterSeconds: number,
) => ReturnType<CreateError>;

const finiteOrNull = (number: number) => (Number.isFinite(number) ? number : null);

/** Users as numbers: the wasm client compares users without knowing their ids. The number of no user is 0. */
function numberOf(subjects: string[], subject: string | undefined): number {
  return subject === undefined ? 0 : subjects.indexOf(subject) + 1 || subjects.push(subject);
}

/** Makes the host, and the functions of the wasm client that the engine calls. */
export function connectWasm(dependencies: HostDependencies): { host: Host; core: SessionCore } {
  const waiters: Waiters = { forToken: undefined, forLogin: undefined, forLogout: [], serverMessage: undefined };
  const subjects: string[] = [];
  const failure: CreateFailure = (code, retryable, status, retryAfterSeconds) =>
    dependencies.createError(code, {
      retryable,
      status: status || undefined,
      retryAfterSeconds: retryAfterSeconds || undefined,
      serverMessage: waiters.serverMessage,
    });
  const host = {
    ...waiterOutputs(waiters, failure),
    ...requestOutputs(dependencies, waiters, subjects),
    ...tokenOutputs(dependencies),
    ...storageOutputs(dependencies),
    ...tabOutputs(dependencies, subjects),
    ...appOutputs(dependencies, failure),
  } satisfies Host;
  return { host, core: createCore(dependencies, waiters, subjects) };
}

/** What callers receive. */
function waiterOutputs(waiters: Waiters, failure: CreateFailure) {
  const takeToken = () => {
    const waiter = waiters.forToken;
    waiters.forToken = undefined;
    return waiter;
  };
  const takeLogin = () => {
    const waiter = waiters.forLogin;
    waiters.forLogin = undefined;
    return waiter;
  };
  return {
    waitForToken() {
      waiters.forToken ??= createDeferred();
      return waiters.forToken.promise;
    },
    proceed: () => Promise.resolve(true),
    passThrough: () => Promise.resolve(false),
    reject: (...details) => Promise.reject(failure(...details)),
    resolveWaiters: () => takeToken()?.resolve(true),
    rejectWaiters: (...details) => takeToken()?.reject(failure(...details)),
    resolveLogin: () => takeLogin()?.resolve(true),
    rejectLogin: (...details) => takeLogin()?.reject(failure(...details)),
    settleLogout(revoked) {
      for (const resolve of waiters.forLogout) resolve(revoked);
      waiters.forLogout = [];
    },
  } satisfies Partial<Host>;
}

/** Auth requests and the timer. */
function requestOutputs({ client, requests, log }: HostDependencies, waiters: Waiters, subjects: string[]) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    /** Sends and logs an auth request. An error of `options.authHeaders` is reported as an uncaught error of the app. */
    async sendAuthRequest(endpoint, request) {
      const login = endpoint === 'login' ? waiters.forLogin : undefined;
      let response: AuthResponse;
      try {
        response = await requests.send(endpoint, login?.credentials, login?.signal);
      } catch (cause) {
        const notSent = cause instanceof RequestNotSent;
        log('warn', 'auth-request', { endpoint, failed: notSent ? 'options.authHeaders' : (cause as Error)?.name });
        if (notSent) queueMicrotask(() => rethrowCause(cause));
        return client().failed(endpoint, request, notSent ? 'not-sent' : 'network-error');
      }
      const { status, code = '', message, retryAfterMs, token, expiresIn, jwtLifetime, subject } = response;
      const level = status < 400 ? 'debug' : 'warn';
      log(level, 'auth-request', { endpoint, status, code: code.slice(0, 40), retryAfterMs });
      if (login) waiters.serverMessage = message;
      const stated = sessionErrorCode(code);
      const user = numberOf(subjects, subject);
      client().completed(endpoint, request, status, stated, retryAfterMs, token, expiresIn, jwtLifetime, user);
      waiters.serverMessage = undefined;
    },
    abortAuthRequest: () => requests.abort(),
    setTimer(delayMs) {
      clearTimeout(timer);
      if (delayMs < Infinity) timer = setTimeout(() => client().timerElapsed(), delayMs);
    },
  } satisfies Partial<Host>;
}

function rethrowCause({ cause }: RequestNotSent) {
  if (cause) throw cause;
}

function tokenOutputs({ tokens, log, rejectCalls }: HostDependencies) {
  return {
    setToken(token, freshForMs) {
      log('debug', 'token-set', { token, freshForMs });
      tokens.set(token, freshForMs);
    },
    blockCalls: () => tokens.block(),
    clearTokens: () => tokens.clear(),
    discardToken: (token) => tokens.discard(token),
    abortCalls: () => rejectCalls('SESSION_ENDED'),
  } satisfies Partial<Host>;
}

function storageOutputs({ state, tokens }: HostDependencies) {
  return {
    hintState: () => storage.hintState(state),
    isRevocationPending: () => storage.isRevocationPending(state),
    notBeforeWait: () => storage.notBeforeWait(state),
    storeNewKey: () => storage.storeNewKey(state),
    adoptStoredKey: () => storage.adoptStoredKey(state),
    useProbeKey: () => storage.useProbeKey(state),
    removeKey: () => storage.removeKey(state),
    storePendingRevocation: () => storage.storePendingRevocation(state),
    clearPendingRevocation() {
      storage.clearPendingRevocation(state);
      tokens.forgetRevoked();
    },
    storeNotBefore: (waitMs) => storage.storeNotBefore(state, waitMs),
    clearNotBefore: () => storage.clearNotBefore(state),
  } satisfies Partial<Host>;
}

/** The lock of the tabs, and the messages to them. */
function tabOutputs({ client, lock, crossTab, log }: HostDependencies, subjects: string[]) {
  const request = (steal: boolean, id: number) => {
    log(steal ? 'warn' : 'debug', 'lock-requested', { steal });
    lock.request(steal, () => client().lockGranted(id));
  };
  return {
    requestLock: (id) => request(false, id),
    stealLock: (id) => request(true, id),
    releaseLock: () => lock.release(),
    broadcast(type, subject, reason, waitMs, failures) {
      const data =
        type === 'signed-out'
          ? { reason }
          : type === 'refresh-failed'
            ? { waitMs: Math.min(waitMs, storage.MAX_WAIT_MS), failures }
            : { subject: subjects[subject - 1] };
      crossTab.broadcast({ type, ...data } as TabEvent);
    },
  } satisfies Partial<Host>;
}

/** The events of the app. */
function appOutputs({ tokens, log, notify }: HostDependencies, failure: CreateFailure) {
  return {
    notify(event, status, expiresAt, reason) {
      log('info', event, { status, ...(reason && { reason }) });
      const values = { status, ...tokens.profile(), expiresAt: finiteOrNull(expiresAt), reason: reason ?? null };
      const session = deepFreeze(values as Session);
      notify(event, session, session);
    },
    refreshFailed(code, retryable, status, retryAfterSeconds, at) {
      const error = failure(code, retryable, status, retryAfterSeconds);
      const retryAt = finiteOrNull(at);
      log('warn', 'refresh-failed', { code, status: error.status, retryAt });
      notify('refresh-failed', { error, retryAt });
    },
  } satisfies Partial<Host>;
}

function createCore({ client, log }: HostDependencies, waiters: Waiters, subjects: string[]): SessionCore {
  return {
    start: () => client().start(),
    requestToken: (minValidityMs) => client().requestToken(minValidityMs),
    tokenRejected: (token) => client().tokenRejected(token),
    retryRejected: (token) => client().retryRejected(token),
    refresh: () => client().refresh(),
    login(credentials, signal) {
      waiters.forLogin?.reject(undefined);
      const login = { ...createDeferred<boolean>(), credentials, signal };
      waiters.forLogin = login;
      client().login();
      return login.promise;
    },
    logout(scope) {
      waiters.forLogin?.reject(undefined);
      waiters.forLogin = undefined;
      return new Promise((resolve) => {
        waiters.forLogout.push(resolve);
        if (scope === 'global') client().logoutAll();
        else client().logout();
      });
    },
    receiveMessage(message, relation) {
      const { type, subject, reason, waitMs = 0, failures = 0 } = message as TabMessage & MessageData;
      log('debug', 'message-received', { type, relation, waitMs, failures });
      client().messageReceived(relation, type, numberOf(subjects, subject), reason, waitMs, failures);
    },
    resumed: () => client().resumed(),
    hidden: () => client().hidden(),
    dispose: () => client().dispose(),
  };
}

/** The data of every kind of message. */
interface MessageData {
  readonly subject?: string;
  readonly reason?: Exclude<Session['reason'], null>;
  readonly waitMs?: number;
  readonly failures?: number;
}
