// The browser side of the Rust client (the crate `tokenward`): tokens, auth requests, API calls and their second attempt,
// storage, lock and channel. The crate binds this module with wasm-bindgen (`src/client/platform.rs`); the npm package uses
// the same parts. The wasm of an app can neither read a token here nor have one written into an object of its own.
import type { AuthEvent, Client, Endpoint, RequestFailure, SessionErrorCode, SessionStatus } from '#glue';
import { type AuthResponse, createAuthRequests, type LoginRequest } from '../auth/auth-requests.js';
import { authorizedFetch } from '../auth/authorized-fetch.js';
import type { DpopProver } from '../auth/dpop.js';
import { jwtPayload } from '../auth/jwt.js';
import { openRememberedTokens } from '../auth/remembered-tokens.js';
import { createTokenStore, type TokenStore } from '../auth/token-store.js';
import { createUsers } from '../auth/users.js';
import { stringify } from '../browser/captured-globals.js';
import { PAGE_STORAGE, TAB_STORAGE } from '../browser/key-value-store.js';
import { createTabLock } from '../browser/lock.js';
import { idempotencyKey, openPersistedState } from '../browser/persisted-state.js';
import type { AuthErrorCode } from '../client/errors.js';
import type { AuthClientOptions } from '../client/options.js';
import { createApiFetch } from '../engine/api-fetch.js';
import { wrongArgument } from '../engine/check-login.js';
import { openCrossTab } from '../engine/cross-tab.js';
import { createLog } from '../engine/diagnostics.js';
import { type AuthOutcome, effects, sendAuthRequest } from '../engine/effects.js';
import { resolveOptions, storeFor } from '../engine/resolve-options.js';
import { deepFreeze } from '../util/deep-freeze.js';

/** What the Rust client passes: its options, and the functions that ask the core. */
export interface PlatformOptions extends AuthClientOptions {
  readonly endpoints: NonNullable<AuthClientOptions['endpoints']>;
  readonly fields: NonNullable<AuthClientOptions['fields']>;
  readonly requestToken: Client['requestToken'];
  readonly tokenRejected: Client['tokenRejected'];
  readonly retryRejected: Client['retryRejected'];
  readonly lockGranted: Client['lockGranted'];
  readonly messageReceived: Client['messageReceived'];
  readonly onStepUp: (response: Response) => void;
}

/** A failure of the client, as far as it passes through JavaScript. */
export class CallError extends Error {
  constructor(
    readonly code: AuthErrorCode,
    readonly status = 0,
    readonly retryAfterMs = 0,
    readonly details = '',
  ) {
    super(code);
  }
}

/** Whether this is a browser. A server that is wasm has no location, such as Node and most workers at the edge. */
export const isBrowser = () => globalThis.location !== undefined;

/** An object for the options. It inherits nothing, so that no script of the page sees or changes what is set. */
export const createOptions = () =>
  ({ __proto__: null, endpoints: { __proto__: null }, fields: { __proto__: null } }) as unknown as PlatformOptions;

/** The name under which the key of the client is stored; undefined if no other page has its session. */
export function storedKeyName(options: PlatformOptions): string | undefined {
  const { name, sharesSession, remember } = resolveOptions(options);
  return sharesSession || remember !== 'memory' ? name : undefined;
}

const createRequest = (json: string, call: string | undefined, isAnswer: boolean) =>
  ({ __proto__: null, json, call, isAnswer }) as LoginRequest;

/** What a login sends to a call of the server: `login` if none is given. */
export const createLogin = (credentials: string, call?: string) => createRequest(credentials, call, false);

/** An answer that the app got elsewhere. */
export const createAdoption = (answer: string) => createRequest(answer, undefined, true);

/** The response of an auth request, or why there is none. */
export type Outcome = Pick<
  AuthResponse,
  'status' | 'retryAfterMs' | 'token' | 'subject' | 'renewable' | 'expiresIn' | 'jwtLifetime'
> & {
  readonly failure?: RequestFailure;
  /** What the error code states about the session. */
  readonly code: SessionErrorCode | undefined;
  /** Which request failed and how, for people; empty after a success. */
  readonly details: string;
  /** The JSON of a refused login or of a first step; empty if there is none. */
  readonly body: string;
};

const NO_RESPONSE = {
  status: 0,
  retryAfterMs: 0,
  token: 0,
  expiresIn: Number.NaN,
  jwtLifetime: Number.NaN,
  subject: 0,
  renewable: false,
};

const STORES = { storage: PAGE_STORAGE, tabStorage: TAB_STORAGE };

function outcomeOf({ response, stated, failure, details, body }: AuthOutcome): Outcome {
  const { status, retryAfterMs, token, subject, renewable, expiresIn, jwtLifetime } = response ?? NO_RESPONSE;
  const numbers = { status, retryAfterMs, token, subject, renewable, expiresIn, jwtLifetime };
  const text = body === undefined ? '' : stringify(body);
  return { ...numbers, ...(failure && { failure }), details, body: text, code: stated };
}

const schedule = (task: () => void) => task();

/** `prover` is a promise, because its key is loaded from IndexedDB. */
export function createPlatform(options: PlatformOptions, prover?: Promise<DpopProver>) {
  const settings = resolveOptions(options);
  const log = createLog(settings.onLog);
  const sharesTabs = settings.sharesSession && settings.crossTab;
  const state = openPersistedState(settings.name, storeFor(settings, STORES));
  const remembered = openRememberedTokens(settings.remember, state);
  const cookies = () => document.cookie;
  const users = createUsers();
  const tokens = createTokenStore(settings.origins, users);
  const lateProver = prover && (new LateProver(prover) as unknown as DpopProver);
  const lock = createTabLock(state.prefix, sharesTabs, schedule);
  const crossTab = openCrossTab(state.prefix, sharesTabs, state, schedule, (message, relation) => {
    const { type, reason, waitMs = 0, failures = 0 } = message;
    log('debug', 'message-received', { type, relation, waitMs, failures });
    const subject = users.numberOf(message, tokens.subject(), true);
    options.messageReceived(relation, type, subject, reason, waitMs, failures);
  });
  const calls = createApiFetch({
    settings,
    client: options,
    tokens,
    sender: authorizedFetch(tokens, settings.server.api, lateProver, cookies),
    handler: {
      isRejected: settings.shouldRefresh ?? (({ status }) => status === 401),
      onStepUp: options.onStepUp,
    },
    log,
    createError: (code) => new CallError(code) as never,
  });
  const dependencies = {
    client: () => options,
    settings,
    tokens,
    users,
    requests: createAuthRequests({
      settings,
      tokens,
      idempotencyKey: () => idempotencyKey(state),
      prover: lateProver,
      cookies,
      remembered,
    }),
    remembered,
    state,
    lock,
    crossTab,
    log,
    rejectCalls: calls.rejectAll,
  };
  return Object.freeze({
    ...effects(dependencies),
    settings: { name: settings.name, transport: settings.transport },
    sendAuthRequest: (endpoint: Endpoint, login?: LoginRequest, signal?: AbortSignal): Promise<Outcome> =>
      sendAuthRequest(dependencies, endpoint, login, signal).then(outcomeOf),
    wrongArgument: (login: LoginRequest) => wrongArgument(login, settings.server),
    abortAuthRequest: dependencies.requests.abort,
    fetch: (input: RequestInfo | URL, init?: RequestInit) => calls.fetch(input, init),
    /** The user as the server's response names it. */
    user: () => deepFreeze(tokens.profile().user),
    /** The JWT's payload, base64url; empty for an opaque token. It is no credential without the signature. */
    jwtPayload: () => jwtPayload(tokens.accessToken()),
    getAccessToken: settings.exposeToken
      ? calls.getAccessToken
      : () => Promise.reject(new CallError('TOKEN_NOT_EXPOSED')),
    logEvent: (event: AuthEvent, status: SessionStatus, reason?: string) =>
      log('info', event, { status, ...(reason && { reason }) }),
    logRefreshFailed: (code: AuthErrorCode, status?: number, retryAt?: number) =>
      log('warn', 'refresh-failed', { code, status, retryAt }),
    logResumed: (by: string) => log('debug', 'resumed', { by }),
    diagnostics: () => log.entries(),
    close() {
      lock.close();
      crossTab.close();
      calls.rejectAll('DISPOSED');
    },
  });
}

/** A prover whose key is still being loaded. */
class LateProver implements Pick<DpopProver, 'learnNonce' | 'sendAuthRequest' | 'send'> {
  readonly #prover: Promise<DpopProver>;

  constructor(prover: Promise<DpopProver>) {
    this.#prover = prover;
    prover.catch(() => {}); // each request that needs it rejects
  }

  // (No rest and spread: a page that has replaced the iterator of arrays would get the request before it is sent.)
  learnNonce(url: string, nonce: string | null) {
    if (nonce) this.#prover.then((prover) => prover.learnNonce(url, nonce)).catch(() => {});
  }

  sendAuthRequest(
    headers: Headers,
    call: { method: string; url: string },
    token: string,
    send: () => Promise<AuthResponse>,
  ) {
    return this.#prover.then((prover) => prover.sendAuthRequest(headers, call, token, send));
  }

  send(
    request: Request,
    retryCopy: () => Request | undefined,
    tokens: TokenStore,
    authorize: (request: Request) => void,
  ) {
    return this.#prover.then((prover) => prover.send(request, retryCopy, tokens, authorize));
  }
}
