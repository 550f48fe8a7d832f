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

/** The callers that wait, and what the outputs of the core need of each other. */
interface Waiters {
  /** Every caller that waits for a token, on one promise. */
  forToken: Deferred<boolean> | undefined;
  forLogin: (Deferred<boolean> & { readonly credentials: string; readonly signal: AbortSignal | undefined }) | undefined;
  forLogout: ((revoked: boolean) => void)[];
  /** The promises of the questions that are being asked; one, unless a question leads to another. */
  readonly answers: Promise<boolean>[];
  /** What the server said about the last login, for people. */
  serverMessage: string | undefined;
}

/** The failure of the core that the border turns into an `AuthError`. */
type CreateFailure = (
  code: number,
  retryable: boolean,
  status: number,
  retryAfterSeconds: number,
  serverMessage?: string,
) => Error & { code: AuthErrorCode; status: number | null };

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

const finiteOrNull = (number: number) => (Number.isFinite(number) ? number : null);

/** Users as numbers: the wasm client compares users without knowing their ids. The number of no user is 0. */
function numberOf(subjects: string[], subject: string | undefined): number {
  return subject === undefined ? 0 : subjects.indexOf(subject) + 1 || subjects.push(subject);
}

/** Makes the host, and the wasm client's functions with names in place of numbers. */
export function createBorder(dependencies: BorderDependencies): { host: object; core: SessionCore } {
  const waiters: Waiters = {
    forToken: undefined,
    forLogin: undefined,
    forLogout: [],
    answers: [],
    serverMessage: undefined,
  };
  const subjects: string[] = [];
  const failure: CreateFailure = (code, retryable, status, retryAfterSeconds, serverMessage) =>
    dependencies.createError(names.CODES[code] as AuthErrorCode, {
      retryable,
      status: status || undefined,
      retryAfterSeconds: retryAfterSeconds || undefined,
      serverMessage,
    });
  const host = {
    ...waiterOutputs(waiters, failure),
    ...requestOutputs(dependencies, waiters, subjects),
    ...tokenOutputs(dependencies),
    ...storageOutputs(dependencies),
    ...tabOutputs(dependencies, subjects),
    ...appOutputs(dependencies, failure),
  };
  return { host, core: createCore(dependencies, waiters, subjects) };
}

/** The answers to callers. */
function waiterOutputs(waiters: Waiters, failure: CreateFailure) {
  return {
    wait() {
      waiters.forToken ??= createDeferred();
      waiters.answers.push(waiters.forToken.promise);
    },
    answer: (yes: boolean) => waiters.answers.push(Promise.resolve(yes)),
    refuse: (code: number, retryable: boolean, status: number, retryAfterSeconds: number) =>
      waiters.answers.push(Promise.reject(failure(code, retryable, status, retryAfterSeconds))),
    settle(whose: number, code: number, retryable: boolean, status: number, retryAfterSeconds: number) {
      const waiter = whose ? waiters.forLogin : waiters.forToken;
      const message = whose ? waiters.serverMessage : undefined;
      if (whose) waiters.forLogin = undefined;
      else waiters.forToken = undefined;
      if (code < 0) waiter?.resolve(true);
      else waiter?.reject(failure(code, retryable, status, retryAfterSeconds, message));
    },
    settleLogout(revoked: boolean) {
      for (const resolve of waiters.forLogout) resolve(revoked);
      waiters.forLogout = [];
    },
  };
}

/** Auth requests and the timer. */
function requestOutputs({ client, requests, log }: BorderDependencies, waiters: Waiters, subjects: string[]) {
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** Sends and logs an auth request. An error of `options.authHeaders` is reported as an uncaught error of the app. */
  async function send(endpoint: Endpoint): Promise<AuthResponse> {
    const login = endpoint === 'login' ? waiters.forLogin : undefined;
    try {
      const response = await requests.send(endpoint, login?.credentials, login?.signal);
      const { status, code, retryAfterMs } = response;
      log(status < 400 ? 'debug' : 'warn', 'auth-request', {
        endpoint,
        status,
        code: code?.slice(0, 40),
        retryAfterMs,
      });
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

  return {
    async call(number: number, flight: number) {
      const endpoint = names.ENDPOINTS[number] as Endpoint;
      const response = await send(endpoint);
      const { status, code = '', message, retryAfterMs, token, expiresIn, jwtLifetime, subject } = response;
      if (endpoint === 'login') waiters.serverMessage = message;
      const says = Object.hasOwn(names.SESSION_CODES, code) ? (names.SESSION_CODES[code] as number) : 0;
      const user = numberOf(subjects, subject);
      client().answered(number, flight, status, says, retryAfterMs, token, expiresIn, jwtLifetime, user);
    },
    cancel: () => requests.abort(),
    timer(afterMs: number) {
      clearTimeout(timer);
      if (afterMs < Infinity) timer = setTimeout(() => client().elapsed(), afterMs);
    },
  };
}

function tokenOutputs({ tokens, log, rejectCalls }: BorderDependencies) {
  return {
    adopt(token: number, freshForMs: number) {
      log('debug', 'token-set', { token, freshForMs });
      tokens.set(token, freshForMs);
    },
    hold: () => tokens.block(),
    wipe: () => tokens.clear(),
    discard: (token: number) => tokens.discard(token),
    abandon: () => rejectCalls('SESSION_ENDED'),
  };
}

function storageOutputs({ state, readSnapshot, tokens }: BorderDependencies) {
  return {
    memory() {
      const { hint, pendingRevocation } = readSnapshot();
      return names.HINTS.indexOf(hint) + (pendingRevocation ? 4 : 0);
    },
    silence: () => readSnapshot().waitMs,
    mark: (on: boolean) => (on ? storage.storeNewKey : storage.removeKey)(state),
    share: () => storage.adoptStoredKey(state),
    attempt: () => storage.useProbeKey(state),
    owe(on: boolean) {
      if (on) return storage.storePendingRevocation(state);
      storage.clearPendingRevocation(state);
      tokens.forgetRevoked();
    },
  };
}

/** The lock of the tabs, and what they are told. */
function tabOutputs({ client, state, lock, crossTab, log }: BorderDependencies, subjects: string[]) {
  return {
    lock(flight: number, steal: boolean) {
      log(steal ? 'warn' : 'debug', 'lock-requested', { steal });
      lock.request(steal, () => client().locked(flight));
    },
    unlock: () => lock.release(),
    tell(kind: number, number: number, waitMs: number) {
      const type = names.MESSAGE_TYPES[kind] as TabEvent['type'];
      const event = {
        type,
        ...(type === 'signed-out'
          ? { reason: names.REASONS[number] }
          : type === 'refresh-failed'
            ? { waitMs: Math.min(waitMs, storage.MAX_WAIT_MS), failures: number }
            : { subject: subjects[number - 1] }),
      } as TabEvent;
      updateSharedWait(state, event);
      crossTab.broadcast(event);
    },
  };
}

/**
 * A success ends the wait that the server asked for; a failure that asks for none changes nothing. (A policy that belongs
 * in the core.)
 */
function updateSharedWait(state: storage.PersistedState, event: TabEvent) {
  if (event.type === 'signed-in' || event.type === 'refreshed') storage.clearNotBefore(state);
  else if (event.type === 'refresh-failed' && event.waitMs > 0) storage.storeNotBefore(state, event.waitMs);
}

/** The events of the app. */
function appOutputs({ tokens, log, notify }: BorderDependencies, failure: CreateFailure) {
  return {
    notify(eventNumber: number, statusNumber: number, expiresAt: number, reasonNumber: number) {
      const event = names.EVENTS[eventNumber] as (typeof names.EVENTS)[number];
      const status = names.STATUSES[statusNumber] as Session['status'];
      const reason = (status === 'signed-out' && names.REASONS[reasonNumber]) || null;
      log('info', event, { status, ...(reason && { reason }) });
      const session = { status, ...tokens.profile(), expiresAt: finiteOrNull(expiresAt), reason } as Session;
      notify(event, deepFreeze(session), session);
    },
    refreshFailed(code: number, retryable: boolean, status: number, retryAfterSeconds: number, at: number) {
      const error = failure(code, retryable, status, retryAfterSeconds);
      const retryAt = finiteOrNull(at);
      log('warn', 'refresh-failed', { code: error.code, status: error.status, retryAt });
      notify('refresh-failed', { error, retryAt });
    },
  };
}

function createCore({ client, log }: BorderDependencies, waiters: Waiters, subjects: string[]): SessionCore {
  const ask = (question: (client: Client) => void) => {
    question(client());
    return waiters.answers.pop() as Promise<boolean>;
  };
  return {
    start: () => ask((asked) => asked.start()),
    requestToken: (minValidityMs) => ask((asked) => asked.admit(minValidityMs)),
    reportRejection: (token, replayed) => ask((asked) => asked.rejected(token, replayed)),
    refresh: () => ask((asked) => asked.refresh()),
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
        client().logout(scope === 'global');
      });
    },
    receiveMessage(message, relation) {
      const { type } = message;
      const [waitMs, failures] = type === 'refresh-failed' ? [message.waitMs, message.failures] : [0, 0];
      log('debug', 'message-received', { type, relation, waitMs, failures });
      const number =
        type === 'signed-out'
          ? names.REASONS.indexOf(message.reason)
          : type === 'signed-in' || type === 'refreshed'
            ? numberOf(subjects, message.subject)
            : failures;
      client().heard(names.RELATIONS.indexOf(relation), names.MESSAGE_TYPES.indexOf(type), number, waitMs);
    },
    resumed: () => client().woke(),
    hidden: () => client().hid(),
    dispose: () => client().dispose(),
  };
}
