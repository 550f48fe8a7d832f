// The JavaScript side of the wasm client: carries out what the core decides. `bindings/src/host.rs` documents each function
// of the host and declares the interface. The host decides nothing.
//
// The host is an object of functions: a page that reaches it through the module's table of objects finds no token behind it.
import type { Client, Endpoint, Host, RequestFailure } from '#glue';
import type { LoginRequest } from '../auth/auth-requests.js';
import type { SessionRelation } from '../browser/persisted-state.js';
import type { TabMessage } from '../browser/tab-message.js';
import type { AuthError } from '../client/errors.js';
import type { AuthEvents } from '../client/events.js';
import type { Session } from '../client/session.js';
import { deepFreeze } from '../util/deep-freeze.js';
import { createDeferred, type Deferred } from '../util/deferred.js';
import type { CreateError } from './auth-errors.js';
import {
  type AuthOutcome,
  type EffectDependencies,
  effects,
  requestLine,
  sendAuthRequest,
  warnDeveloper,
} from './effects.js';
import type { LogoutScope, Notify } from './engine.js';

/** The functions of the wasm client that need the promises and the users' numbers of the host. */
export interface SessionCore {
  /** Rejects with an `AuthError`, or with undefined if a later login or a logout replaces this one. */
  login(request: LoginRequest, signal?: AbortSignal): Promise<boolean>;
  /** Signs out at once. Resolves with whether the server confirmed it. */
  logout(scope: LogoutScope): Promise<boolean>;
  receiveMessage(message: TabMessage, relation: SessionRelation): void;
}

/** What the host connects to the wasm client. */
export interface HostDependencies extends EffectDependencies {
  /** The wasm client, which is created after its host. */
  client(): Client;
  readonly notify: Notify;
  readonly createError: CreateError;
}

/** A caller that waits for its login. */
interface LoginWaiter extends Deferred<boolean> {
  readonly request: LoginRequest;
  readonly signal: AbortSignal | undefined;
}

/** Shows a developer that an auth request took too long: it has no outcome of its own. */
function reported(error: AuthError): AuthError {
  if (error.code === 'TIMEOUT') warnDeveloper(error.message);
  return error;
}

/** A call that gets no token learns why the last refresh failed. */
const explained =
  (createError: CreateError, lastRefresh: () => string | undefined): CreateError =>
  (code, retryable, status, retryAfterSeconds) =>
    createError(code, retryable, status, retryAfterSeconds, code === 'REFRESH_UNAVAILABLE' ? lastRefresh() : '');

/** Tells the core what an auth request led to. */
function reportOutcome(
  client: Client,
  endpoint: Endpoint,
  request: number,
  { response, failure, stated }: AuthOutcome,
) {
  if (!response) return client.failed(endpoint, request, failure as RequestFailure);
  const { status, retryAfterMs, token, expiresIn, jwtLifetime, subject, renewable } = response;
  const issued = [token, expiresIn, jwtLifetime, subject, renewable] as const;
  client.completed(endpoint, request, status, stated, retryAfterMs, ...issued);
}

const finiteOrNull = (number: number) => (Number.isFinite(number) ? number : null);

/** Makes the host, and the functions of the wasm client that the engine calls. */
export function connectWasm(dependencies: HostDependencies): { host: Host; core: SessionCore } {
  const { client, settings, tokens, users, requests, log, notify, createError } = dependencies;
  let forToken: Deferred<boolean> | undefined;
  let forLogin: LoginWaiter | undefined;
  let forLogout: ((revoked: boolean) => void)[] = [];
  let isRevokedByPage = false;
  /** What the last login and the last refresh failed with, for people. */
  const details: Partial<Record<Endpoint, { text: string; body?: unknown }>> = {};
  const createFailure = explained(createError, () => details.refresh?.text);
  let lastFailure: AuthEvents['refresh-failed'];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const settleToken = (settle: (waiter: Deferred<boolean>) => void) => {
    if (forToken) settle(forToken);
    forToken = undefined;
  };
  const settleLogin = (settle: (waiter: Deferred<boolean>) => void) => {
    if (forLogin) settle(forLogin);
    forLogin = undefined;
  };

  const host = {
    waitForToken() {
      forToken ??= createDeferred();
      return forToken.promise;
    },
    proceed: () => Promise.resolve(true),
    passThrough: () => Promise.resolve(false),
    reject: (...failure) => Promise.reject(createFailure(...failure)),
    resolveWaiters: () => settleToken(({ resolve }) => resolve(true)),
    rejectWaiters: (...failure) => settleToken(({ reject }) => reject(createFailure(...failure))),
    resolveLogin: () => settleLogin(({ resolve }) => resolve(true)),
    rejectLogin: (...failure) =>
      settleLogin(({ reject }) => reject(reported(createError(...failure, details.login?.text, details.login?.body)))),
    settleLogout(revoked) {
      for (const resolve of forLogout) resolve(revoked);
      forLogout = [];
      isRevokedByPage = false;
    },
    async sendAuthRequest(endpoint, request) {
      // The server needs the cookie for the navigation of the page. The revocation stays pending.
      if (isRevokedByPage && endpoint === 'logout') return client().failed(endpoint, request, 'network-error');
      const login = endpoint === 'login' ? forLogin : undefined;
      // (A request that takes too long is aborted, and then has no outcome.)
      const own: { text: string; body?: unknown } = { text: requestLine(settings, endpoint, login?.request) };
      details[endpoint] = own;
      const sent = await sendAuthRequest(dependencies, endpoint, login?.request, login?.signal);
      if (sent.response || sent.details) own.text = sent.details;
      own.body = sent.body;
      reportOutcome(client(), endpoint, request, sent);
    },
    abortAuthRequest: requests.abort,
    setTimer(delayMs) {
      clearTimeout(timer);
      if (delayMs < Infinity) timer = setTimeout(() => client().timerElapsed(), delayMs);
    },
    ...effects(dependencies),
    notify(event, status, expiresAt, reason) {
      log('info', event, { status, ...(reason && { reason }) });
      // A restore that failed is signed out with the error of its last attempt.
      const failure = reason === 'restore-failed' ? lastFailure : { error: null, retryAt: null };
      const values = { ...tokens.profile(), expiresAt: finiteOrNull(expiresAt), reason: reason ?? null };
      const session = Object.freeze({ status, ...deepFreeze(values), ...failure }) as Session;
      notify(event, session, session);
    },
    refreshFailed(code, retryable, status, retryAfterSeconds, at) {
      const error = reported(createError(code, retryable, status, retryAfterSeconds, details.refresh?.text));
      const retryAt = finiteOrNull(at);
      log('warn', 'refresh-failed', { code, status: error.status, retryAt });
      lastFailure = { error, retryAt };
      notify('refresh-failed', lastFailure);
    },
  } satisfies Host;

  const core: SessionCore = {
    login(request, signal) {
      forLogin?.reject(undefined);
      forLogin = { ...createDeferred<boolean>(), request, signal };
      const { promise } = forLogin;
      client().login();
      return promise;
    },
    logout(scope) {
      settleLogin(({ reject }) => reject(undefined));
      isRevokedByPage = scope === 'provider';
      const revoked = new Promise<boolean>((resolve) => forLogout.push(resolve));
      if (scope === 'global') client().logoutAll();
      else client().logout();
      return revoked;
    },
    receiveMessage(message, relation) {
      const { type, reason, waitMs = 0, failures = 0 } = message;
      log('debug', 'message-received', { type, relation, waitMs, failures });
      const subject = users.numberOf(message, tokens.subject(), true);
      client().messageReceived(relation, type, subject, reason, waitMs, failures);
    },
  };
  return { host, core };
}
