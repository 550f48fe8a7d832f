// The border between the wasm client and the engine: it turns numbers into names and back, and keeps the promises of callers
// that wait. `src/web/host.rs` documents each function of the host. The border decides nothing, with the exception of
// `updateSharedWait`.
//
// The host is an object of functions: a page that reaches it through the module's table of objects finds no token behind it.
import type { Client } from '#glue';
import { type AuthRequests, type AuthResponse, type Endpoint, RequestNotSent } from '../auth/auth-requests.js';
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
import * as names from './names.js';

/** The session as the engine sees it: the core's questions and inputs. */
export interface SessionCore {
  /** Starts, with a restore if one is due. Settles when the restore is settled, or when callers have waited long enough. */
  start(): Promise<boolean>;
  /** Resolves when a call may be sent. */
  requestToken(minValidityMs: number): Promise<boolean>;
  /** An API rejected a call that carried this token. Resolves with whether to send the call once more. */
  reportRejection(token: number, replayed: boolean): Promise<boolean>;
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

/** What the border connects to the wasm client. */
export interface BorderDependencies {
  /** The wasm client, which is created after its host. */
  client(): Client;
  readonly tokens: TokenStore;
  readonly requests: AuthRequests;
  readonly state: storage.PersistedState;
  /** The stored state, as far as the core may see it. */
  readSnapshot(): storage.StorageSnapshot;
  readonly lock: TabLock;
  readonly crossTab: CrossTab;
  readonly log: Log;
  readonly notify: Notify;
  readonly createError: CreateError;
  /** Rejects the API calls that are in flight. */
  rejectCalls(code: AuthErrorCode): void;
}

/** Statuses that no server sends: there was no response; the request was not sent. */
const NO_RESPONSE = 0;
const NOT_SENT = 1;
/** Complete, so that nothing on `Object.prototype` stands in for a missing member. */
const EMPTY_RESPONSE: AuthResponse = {
  status: NO_RESPONSE,
  code: undefined,
  message: undefined,
  retryAfterMs: 0,
  token: 0,
  expiresIn: Number.NaN,
  jwtLifetime: Number.NaN,
  subject: undefined,
};

/** A caller that waits for its login. */
interface LoginWaiter extends Deferred<boolean> {
  readonly credentials: string;
  readonly signal: AbortSignal | undefined;
}

const finiteOrNull = (number: number) => (Number.isFinite(number) ? number : null);

/** Sends and logs an auth request. An error of `options.authHeaders` is reported as an uncaught error of the app. */
async function sendAuthRequest(
  { requests, log }: BorderDependencies,
  endpoint: Endpoint,
  login: LoginWaiter | undefined,
): Promise<AuthResponse> {
  try {
    const response = await requests.send(endpoint, login?.credentials, login?.signal);
    const { status, code, retryAfterMs } = response;
    log(status < 400 ? 'debug' : 'warn', 'auth-request', { endpoint, status, code: code?.slice(0, 40), retryAfterMs });
    return response;
  } catch (cause) {
    const notSent = cause instanceof RequestNotSent;
    log('warn', 'auth-request', { endpoint, failed: notSent ? 'options.authHeaders' : (cause as Error)?.name });
    if (!notSent) return EMPTY_RESPONSE;
    queueMicrotask(() => {
      if (cause.cause) throw cause.cause;
    });
    return { ...EMPTY_RESPONSE, status: NOT_SENT };
  }
}

/** The event that a tab tells the others; what the number means depends on its type. */
function tabEvent(type: TabEvent['type'], number: number, waitMs: number, subject: string | undefined): TabEvent {
  if (type === 'signed-out') return { type, reason: names.REASONS[number] };
  if (type === 'refresh-failed') return { type, waitMs: Math.min(waitMs, storage.MAX_WAIT_MS), failures: number };
  return { type, subject };
}

/**
 * A success ends the wait that the server asked for; a failure that asks for none changes nothing. (A policy that belongs
 * in the core.)
 */
function updateSharedWait(state: storage.PersistedState, { type }: TabEvent, waitMs: number) {
  if (waitMs > 0) storage.storeNotBefore(state, waitMs);
  else if (type === 'signed-in' || type === 'refreshed') storage.clearNotBefore(state);
}

/** What the core does to the tokens, the storage, the other tabs and the app's session. */
function effects(dependencies: BorderDependencies, subjects: readonly string[]) {
  const { client, tokens, state, lock, crossTab, log, notify } = dependencies;
  return {
    adopt(token: number, freshForMs: number) {
      log('debug', 'token-set', { token, freshForMs });
      tokens.set(token, freshForMs);
    },
    hold: tokens.block,
    wipe: tokens.clear,
    discard: tokens.discard,
    abandon: () => dependencies.rejectCalls('SESSION_ENDED'),
    memory() {
      const { hint, pendingRevocation } = dependencies.readSnapshot();
      return names.HINTS.indexOf(hint) + (pendingRevocation ? 4 : 0);
    },
    silence: () => dependencies.readSnapshot().waitMs,
    mark: (on: boolean) => (on ? storage.storeNewKey : storage.removeKey)(state),
    share: () => storage.adoptStoredKey(state),
    attempt: () => storage.useProbeKey(state),
    owe(on: boolean) {
      if (on) return storage.storePendingRevocation(state);
      storage.clearPendingRevocation(state);
      tokens.forgetRevoked();
    },
    lock(flight: number, steal: boolean) {
      log(steal ? 'warn' : 'debug', 'lock-requested', { steal });
      lock.request(steal, () => client().locked(flight));
    },
    unlock: lock.release,
    tell(kind: number, number: number, waitMs: number) {
      const event = tabEvent(names.MESSAGE_TYPES[kind] as TabEvent['type'], number, waitMs, subjects[number - 1]);
      updateSharedWait(state, event, waitMs);
      crossTab.broadcast(event);
    },
    notify(eventNumber: number, statusNumber: number, expiresAt: number, reasonNumber: number) {
      const event = names.EVENTS[eventNumber] as (typeof names.EVENTS)[number];
      const status = names.STATUSES[statusNumber] as Session['status'];
      const reason = (status === 'signed-out' && names.REASONS[reasonNumber]) || null;
      log('info', event, { status, ...(reason && { reason }) });
      const session = { status, ...tokens.profile(), expiresAt: finiteOrNull(expiresAt), reason } as Session;
      notify(event, deepFreeze(session), session);
    },
  };
}

/** Makes the host, and the wasm client's functions with names in place of numbers. */
export function createBorder(dependencies: BorderDependencies): { host: object; core: SessionCore } {
  const { client, requests, log, notify } = dependencies;
  let forToken: Deferred<boolean> | undefined;
  let forLogin: LoginWaiter | undefined;
  let forLogout: ((revoked: boolean) => void)[] = [];
  /** The promises of the questions that are being asked; one, unless a question leads to another. */
  const answers: Promise<boolean>[] = [];
  /** What the server said about the last login, for people. */
  let serverMessage: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Users as numbers: the wasm client compares users without knowing their ids. The number of no user is 0. */
  const subjects: string[] = [];
  const numberOf = (subject: string | undefined) =>
    subject === undefined ? 0 : subjects.indexOf(subject) + 1 || subjects.push(subject);
  const failure = (code: number, retryable: boolean, status: number, retryAfterSeconds: number, message?: string) =>
    dependencies.createError(names.CODES[code] as AuthErrorCode, retryable, status, retryAfterSeconds, message);

  const host = {
    wait() {
      forToken ??= createDeferred();
      answers.push(forToken.promise);
    },
    answer: (yes: boolean) => answers.push(Promise.resolve(yes)),
    refuse: (...error: Parameters<typeof failure>) => answers.push(Promise.reject(failure(...error))),
    settle(whose: number, code: number, retryable: boolean, status: number, retryAfterSeconds: number) {
      const waiter = whose ? forLogin : forToken;
      if (whose) forLogin = undefined;
      else forToken = undefined;
      if (code < 0) waiter?.resolve(true);
      else waiter?.reject(failure(code, retryable, status, retryAfterSeconds, whose ? serverMessage : undefined));
    },
    settleLogout(revoked: boolean) {
      for (const resolve of forLogout) resolve(revoked);
      forLogout = [];
    },
    async call(number: number, flight: number) {
      const endpoint = names.ENDPOINTS[number] as Endpoint;
      const login = endpoint === 'login' ? forLogin : undefined;
      const response = await sendAuthRequest(dependencies, endpoint, login);
      const { status, code = '', message, retryAfterMs, token, expiresIn, jwtLifetime, subject } = response;
      if (login) serverMessage = message;
      const says = Object.hasOwn(names.SESSION_CODES, code) ? (names.SESSION_CODES[code] as number) : 0;
      const user = numberOf(subject);
      client().answered(number, flight, status, says, retryAfterMs, token, expiresIn, jwtLifetime, user);
    },
    cancel: requests.abort,
    timer(afterMs: number) {
      clearTimeout(timer);
      if (afterMs < Infinity) timer = setTimeout(() => client().elapsed(), afterMs);
    },
    ...effects(dependencies, subjects),
    refreshFailed(code: number, retryable: boolean, status: number, retryAfterSeconds: number, at: number) {
      const error = failure(code, retryable, status, retryAfterSeconds);
      const retryAt = finiteOrNull(at);
      log('warn', 'refresh-failed', { code: error.code, status: error.status, retryAt });
      notify('refresh-failed', { error, retryAt });
    },
  };

  const ask = (question: (asked: Client) => void) => {
    question(client());
    return answers.pop() as Promise<boolean>;
  };
  const core: SessionCore = {
    start: () => ask((asked) => asked.start()),
    requestToken: (minValidityMs) => ask((asked) => asked.admit(minValidityMs)),
    reportRejection: (token, replayed) => ask((asked) => asked.rejected(token, replayed)),
    refresh: () => ask((asked) => asked.refresh()),
    login(credentials, signal) {
      forLogin?.reject(undefined);
      forLogin = { ...createDeferred<boolean>(), credentials, signal };
      const { promise } = forLogin;
      client().login();
      return promise;
    },
    logout(scope) {
      forLogin?.reject(undefined);
      forLogin = undefined;
      return new Promise((resolve) => {
        forLogout.push(resolve);
        client().logout(scope === 'global');
      });
    },
    receiveMessage(message, relation) {
      const { type, subject, reason, waitMs = 0, failures = 0 } = message;
      log('debug', 'message-received', { type, relation, waitMs, failures });
      const number = reason ? names.REASONS.indexOf(reason) : failures || numberOf(subject);
      client().heard(names.RELATIONS.indexOf(relation), names.MESSAGE_TYPES.indexOf(type), number, waitMs);
    },
    resumed: () => client().woke(),
    hidden: () => client().hid(),
    dispose: () => client().dispose(),
  };
  return { host, core };
}
