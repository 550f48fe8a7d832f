// The border between the wasm client and the engine: it turns numbers into names and back, and keeps the promises of callers
// that wait. `src/web/host.rs` documents each function of the host. The border decides nothing, with the exception of
// `updateSharedWait`.
import type { Client } from '#glue';
import { type AuthRequests, type AuthResponse, type Endpoint, RequestNotSent } from '../auth/auth-requests.js';
import type { TokenStore } from '../auth/token-store.js';
import type { TabLock } from '../browser/lock.js';
import { MAX_WAIT_MS, type PersistedState, type SessionRelation, type StorageSnapshot } from '../browser/persisted-state.js';
import type { TabEvent, TabMessage } from '../browser/tab-message.js';
import type { AuthErrorCode } from '../client/errors.js';
import type { Session } from '../client/session.js';
import { deepFreeze } from '../util/deep-freeze.js';
import type { CreateError } from './auth-errors.js';
import type { DiagnosticLog } from './diagnostics.js';
import type { Notify } from './engine.js';
import {
  CODES,
  ENDPOINTS,
  EVENTS,
  HINTS,
  MESSAGE_TYPES,
  REASONS,
  RELATIONS,
  SESSION_CODES,
  STATUSES,
} from './names.js';
import { Waiters } from './waiters.js';

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
  receiveMessage(message: TabMessage, relation: SessionRelation): void;
  /** The page is visible again, restored from the back-forward cache, or online again. */
  resumed(): void;
  hidden(): void;
  dispose(): void;
}

/** What the host works with. */
export interface HostDependencies {
  /** The wasm client, which is created after its host. */
  client(): Client;
  readonly tokens: TokenStore;
  readonly requests: Pick<AuthRequests, 'send' | 'abort'>;
  readonly storage: Omit<PersistedState, 'idempotencyKey' | 'relationOf' | 'readSnapshot'>;
  /** The stored state, as far as the core may see it. */
  readSnapshot(): StorageSnapshot;
  readonly lock: Pick<TabLock, 'request' | 'release'>;
  broadcast(event: TabEvent): void;
  readonly log: Pick<DiagnosticLog, 'write'>;
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

const finiteOrNull = (number: number) => (Number.isFinite(number) ? number : null);

/**
 * A success ends the wait that the server asked for; a failure that asks for none changes nothing. (A policy that belongs
 * in the core.)
 */
function updateSharedWait(storage: HostDependencies['storage'], event: TabEvent) {
  if (event.type === 'signed-in' || event.type === 'refreshed') storage.clearNotBefore();
  else if (event.type === 'refresh-failed' && event.waitMs > 0) storage.storeNotBefore(event.waitMs);
}

/** Numbers for users: the wasm client compares users without knowing their ids. 0 is no user. */
class SubjectNumbers {
  readonly #subjects: string[] = [];

  numberOf(subject: string | undefined): number {
    if (subject === undefined) return 0;
    return this.#subjects.indexOf(subject) + 1 || this.#subjects.push(subject);
  }

  subjectOf(number: number): string | undefined {
    return this.#subjects[number - 1];
  }
}

/**
 * The object that the wasm client calls. Its dependencies are private: a page that reaches the object through the module's
 * table of objects finds no token behind it.
 */
export class WasmHost {
  readonly #with: HostDependencies;
  readonly #waiters: Waiters;
  readonly #subjects: SubjectNumbers;
  /** The promises of the questions that are being asked; one, unless a question leads to another. */
  readonly #answers: Promise<boolean>[] = [];
  /** What the server said about the last login, for people. */
  #serverMessage: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(dependencies: HostDependencies, waiters: Waiters, subjects: SubjectNumbers) {
    this.#with = dependencies;
    this.#waiters = waiters;
    this.#subjects = subjects;
  }

  /** Asks the client a question; returns the promise of its answer. Not called by the client. */
  ask(question: (client: Client) => void): Promise<boolean> {
    question(this.#with.client());
    return this.#answers.pop() as Promise<boolean>;
  }

  wait() {
    this.#answers.push(this.#waiters.token());
  }
  answer(yes: boolean) {
    this.#answers.push(Promise.resolve(yes));
  }
  refuse(code: number, retryable: boolean, status: number, retryAfter: number) {
    this.#answers.push(Promise.reject(this.#error(code, retryable, status, retryAfter)));
  }
  settle(whose: number, code: number, retryable: boolean, status: number, retryAfter: number) {
    const message = whose ? this.#serverMessage : undefined;
    const error = code < 0 ? undefined : this.#error(code, retryable, status, retryAfter, message);
    if (whose) this.#waiters.settleLogin(error);
    else this.#waiters.settleToken(error);
  }
  settleLogout(heard: boolean) {
    this.#waiters.settleLogouts(heard);
  }

  call(endpoint: number, flight: number) {
    this.#sendAuthRequest(endpoint, flight);
  }
  cancel() {
    this.#with.requests.abort();
  }
  timer(after: number) {
    clearTimeout(this.#timer);
    if (after < Infinity) this.#timer = setTimeout(() => this.#with.client().elapsed(), after);
  }

  adopt(token: number, freshForMs: number) {
    this.#with.log.write('debug', 'token-set', { token, freshForMs });
    this.#with.tokens.setToken(token, freshForMs);
  }
  hold() {
    this.#with.tokens.blockCalls();
  }
  wipe() {
    this.#with.tokens.clear();
  }
  discard(token: number) {
    this.#with.tokens.discard(token);
  }
  abandon() {
    this.#with.rejectCalls('SESSION_ENDED');
  }

  memory(): number {
    const { hint, pendingRevocation } = this.#with.readSnapshot();
    return HINTS.indexOf(hint) + (pendingRevocation ? 4 : 0);
  }
  silence(): number {
    return this.#with.readSnapshot().waitMs;
  }
  mark(on: boolean) {
    if (on) this.#with.storage.storeNewKey();
    else this.#with.storage.removeKey();
  }
  share() {
    this.#with.storage.adoptStoredKey();
  }
  attempt() {
    this.#with.storage.useProbeKey();
  }
  owe(on: boolean) {
    if (on) return this.#with.storage.storePendingRevocation();
    this.#with.storage.clearPendingRevocation();
    this.#with.tokens.forgetRevoked();
  }

  lock(flight: number, steal: boolean) {
    this.#with.log.write(steal ? 'warn' : 'debug', 'lock-requested', { steal });
    this.#with.lock.request(steal, () => this.#with.client().locked(flight));
  }
  unlock() {
    this.#with.lock.release();
  }
  tell(kind: number, number: number, wait: number) {
    const event = this.#tabEvent(MESSAGE_TYPES[kind] as TabEvent['type'], number, wait);
    updateSharedWait(this.#with.storage, event);
    this.#with.broadcast(event);
  }

  notify(eventNumber: number, statusNumber: number, expiresAt: number, reasonNumber: number) {
    const event = EVENTS[eventNumber] as (typeof EVENTS)[number];
    const status = STATUSES[statusNumber] as Session['status'];
    const reason = (status === 'signed-out' && REASONS[reasonNumber]) || null;
    this.#with.log.write('info', event, { status, ...(reason && { reason }) });
    const profile = this.#with.tokens.profile();
    const session = deepFreeze({ status, ...profile, expiresAt: finiteOrNull(expiresAt), reason } as Session);
    this.#with.notify(event, session, session);
  }
  refreshFailed(code: number, retryable: boolean, status: number, retryAfter: number, at: number) {
    const error = this.#error(code, retryable, status, retryAfter);
    const retryAt = finiteOrNull(at);
    this.#with.log.write('warn', 'refresh-failed', { code: error.code, status: error.status, retryAt });
    this.#with.notify('refresh-failed', { error, retryAt });
  }

  #error(code: number, retryable: boolean, status: number, retryAfterSeconds: number, serverMessage?: string) {
    return this.#with.createError(CODES[code] as AuthErrorCode, {
      retryable,
      status: status || undefined,
      retryAfterSeconds: retryAfterSeconds || undefined,
      serverMessage,
    });
  }

  #tabEvent(type: TabEvent['type'], number: number, waitMs: number): TabEvent {
    if (type === 'signed-out') return { type, reason: REASONS[number] as (typeof REASONS)[number] };
    if (type === 'refresh-failed') return { type, waitMs: Math.min(waitMs, MAX_WAIT_MS), failures: number };
    return type === 'lock-stolen' ? { type } : { type, subject: this.#subjects.subjectOf(number) };
  }

  async #sendAuthRequest(number: number, flight: number) {
    const endpoint = ENDPOINTS[number] as Endpoint;
    const { status, code = '', message, retryAfterMs, token, expiresIn, jwtLifetime, subject } =
      await this.#request(endpoint);
    if (endpoint === 'login') this.#serverMessage = message;
    const says = Object.hasOwn(SESSION_CODES, code) ? (SESSION_CODES[code] as number) : 0;
    const user = this.#subjects.numberOf(subject);
    this.#with
      .client()
      .answered(number, flight, status, says, retryAfterMs, token, expiresIn, jwtLifetime, user);
  }

  /** Sends and logs an auth request. An error of `options.authHeaders` is reported as an uncaught error of the app. */
  async #request(endpoint: Endpoint): Promise<AuthResponse> {
    const { requests, log } = this.#with;
    const login = endpoint === 'login' ? this.#waiters.login() : undefined;
    try {
      const response = await requests.send(endpoint, login?.credentials, login?.signal);
      const { status, code, retryAfterMs } = response;
      log.write(status < 400 ? 'debug' : 'warn', 'auth-request', {
        endpoint,
        status,
        code: code?.slice(0, 40),
        retryAfterMs,
      });
      return response;
    } catch (cause) {
      const notSent = cause instanceof RequestNotSent;
      const failed = notSent ? 'options.authHeaders' : (cause as Error)?.name;
      log.write('warn', 'auth-request', { endpoint, failed });
      if (!notSent) return EMPTY_RESPONSE;
      queueMicrotask(() => {
        if (cause.cause) throw cause.cause;
      });
      return { ...EMPTY_RESPONSE, status: NOT_SENT };
    }
  }
}

/** The wasm client with names in place of numbers. */
export class WasmCore implements SessionCore {
  readonly host: WasmHost;
  readonly #with: HostDependencies;
  readonly #waiters = new Waiters();
  readonly #subjects = new SubjectNumbers();

  constructor(dependencies: HostDependencies) {
    this.#with = dependencies;
    this.host = new WasmHost(dependencies, this.#waiters, this.#subjects);
  }

  start() {
    return this.host.ask((client) => client.start());
  }
  requestToken(minValidityMs: number) {
    return this.host.ask((client) => client.admit(minValidityMs));
  }
  reportRejection(token: number, replayed: boolean) {
    return this.host.ask((client) => client.rejected(token, replayed));
  }
  refresh() {
    return this.host.ask((client) => client.refresh());
  }
  login(credentials: string, signal?: AbortSignal) {
    const login = this.#waiters.addLogin(credentials, signal);
    this.#with.client().login();
    return login;
  }
  logout(scope: 'session' | 'global') {
    this.#waiters.cancelLogin();
    const logout = this.#waiters.addLogout();
    this.#with.client().logout(scope === 'global');
    return logout;
  }
  receiveMessage(message: TabMessage, relation: SessionRelation) {
    const { type } = message;
    const [waitMs, failures] = type === 'refresh-failed' ? [message.waitMs, message.failures] : [0, 0];
    this.#with.log.write('debug', 'message-received', { type, relation, waitMs, failures });
    const number =
      type === 'signed-out'
        ? REASONS.indexOf(message.reason)
        : type === 'signed-in' || type === 'refreshed'
          ? this.#subjects.numberOf(message.subject)
          : failures;
    this.#with.client().heard(RELATIONS.indexOf(relation), MESSAGE_TYPES.indexOf(type), number, waitMs);
  }
  resumed() {
    this.#with.client().woke();
  }
  hidden() {
    this.#with.client().hid();
  }
  dispose() {
    this.#with.client().dispose();
  }
}
