// The package `tokenward/testing`: an `AuthClient` for the tests of an app. The public class (snapshots, events, errors) is
// the real one; its engine has neither wasm nor network and behaves as the test says.

import type { LoginRequest } from './auth/auth-requests.js';
import { RESTORING } from './client/session.js';
import type { Engine, EngineEvent, LogoutScope, Notify } from './engine/engine.js';
import {
  AuthClient,
  type AuthClientOptions,
  AuthError,
  type AuthErrorCode,
  type LogEntry,
  type RegisteredUser,
  type Session,
  type SignedOutReason,
  type SignInOptions,
} from './index.js';
import type { FakeBrowser } from './testing/fake-browser.js';
import { FakeTab, type TabOwner } from './testing/fake-tab.js';
import { abortable } from './util/abortable.js';
import { deepFreeze } from './util/deep-freeze.js';
import { createDeferred, type Deferred } from './util/deferred.js';

export { createFakeBrowser, type FakeBrowser } from './testing/fake-browser.js';
export {
  createFakeServer,
  type FakeCall,
  type FakeCounts,
  type FakeFault,
  type FakeRequest,
  type FakeResponse,
  type FakeServer,
  type FakeServerOptions,
  type SentResponse,
} from './testing/fake-server.js';

/** How a test client begins, and how it responds. */
export interface TestAuthOptions<User> {
  /** Default: `'signed-in'` if there is a `user`, else `'signed-out'`. */
  status?: Session<User>['status'];
  /** The user who is signed in. */
  user?: User | null;
  /** The claims of the access token; roles may be here (`{roles: ['admin']}`). */
  claims?: Record<string, unknown> | null;
  /** Epoch milliseconds. Default: fifteen minutes from now. */
  expiresAt?: number | null;
  /** Default with status `'signed-out'`: `'no-session'`. */
  reason?: SignedOutReason;
  /** The user whom `login` signs in: a user, or a function of the credentials that returns one or throws. Default: `user`. */
  login?: User | ((credentials: unknown) => User | Promise<User>);
  /** What `fetch` does while a user is signed in. Default: `globalThis.fetch`. */
  fetch?: typeof globalThis.fetch;
  /** What `getAccessToken` returns. Default `'test-token'`. */
  token?: string;
  /**
   * The client is a tab of this browser (`createFakeBrowser`), and uses its server for everything: the session is that of the
   * browser's cookie, and `fetch` renews the token and repeats a call after a 401. The other options do not apply.
   */
  browser?: FakeBrowser<User>;
}

/** Changes the session of a test client, as a server or another tab would. */
export interface TestControls<User> {
  /** Signs a user in, as another tab or `login` would. */
  signIn(user: User, claims?: Record<string, unknown>): void;
  /** Ends the session, as the server or another tab would. Default reason: `'expired'`. */
  signOut(reason?: SignedOutReason): void;
  /**
   * The browser returns from the identity provider, after `signIn` or without one: with a session (of the user whom `login`
   * signs in), or with an error. With `display: 'popup'` the promise of `signIn` settles; else it stays pending, and an error comes as
   * `sign-in-failed`.
   */
  returnFromProvider(error?: AuthErrorCode): void;
  /** A new access token arrives. */
  refreshed(change?: { user?: User; claims?: Record<string, unknown>; expiresAt?: number }): void;
  /**
   * The next call of `login`, `signIn`, `refresh`, `logout`, `fetch` or `getAccessToken` rejects with this error. The message of the error
   * for a code names that call.
   */
  failNext(error: AuthErrorCode | Error): void;
  /** A refresh fails, and the session continues. */
  refreshFailed(code?: AuthErrorCode, retryAt?: number): void;
  /** The idle user is warned of the sign-out at this time (epoch milliseconds); null ends the warning, as `stayActive` does. */
  warnIdle(signOutAt: number | null): void;
  /** Every call so far: its name and its arguments. */
  readonly calls: readonly { readonly name: string; readonly given: readonly unknown[] }[];
}

export type TestAuth<User = RegisteredUser> = AuthClient<User> & { readonly test: TestControls<User> };

/**
 * An `AuthClient` without wasm and network. It has its session at once, so the first render shows it.
 *
 * @example
 * const auth = createTestAuth({ user: { id: '1', name: 'Ada' } });
 * render(<AuthProvider client={auth}><App /></AuthProvider>);
 * act(() => auth.test.signOut('expired'));
 */
export function createTestAuth<User = RegisteredUser>(options: TestAuthOptions<User> = {}): TestAuth<User> {
  const engine = new TestEngine(options as TestAuthOptions<unknown>);
  const createEngine = (notify: Notify) => engine.open(notify);
  const auth = new AuthClient<User>({ [Symbol.for('tokenward.testing')]: createEngine } as AuthClientOptions);
  const { logout } = auth;
  return Object.assign(auth, {
    test: controlsOf<User>(engine),
    stayActive: () => engine.warnIdle(null),
    // A test has no page that could go away.
    signIn: async (given: SignInOptions = {}) => {
      await engine.signIn(given);
      return auth.session;
    },
    logout: (given: Parameters<typeof logout>[0] = {}) =>
      given.scope === 'provider' ? engine.logout('provider').then((revoked) => ({ revoked })) : logout(given),
  });
}

const LIFETIME_MS = 15 * 60_000;

const errorOf = (code: AuthErrorCode) => new AuthError(code, 'the test caused this error');

const signedIn = (
  user: unknown,
  claims: Record<string, unknown> | null,
  expiresAt?: number | null,
): Session<unknown> => ({
  status: 'signed-in',
  user,
  claims,
  expiresAt: expiresAt === undefined ? Date.now() + LIFETIME_MS : expiresAt,
  reason: null,
  error: null,
  retryAt: null,
});
const signedOut = (reason: SignedOutReason): Session => ({
  status: 'signed-out',
  user: null,
  claims: null,
  expiresAt: null,
  reason,
  error: null,
  retryAt: null,
});
const restoring = (): Session => RESTORING;

class TestEngine implements Engine {
  readonly calls: { name: string; given: unknown[] }[] = [];
  readonly restored: Promise<void>;
  session: Session;
  /** Makes the error of the next call, which it receives the name of. */
  failure: ((call: string) => Error) | undefined;
  readonly settings = { name: 'test', transport: 'cookie' } as const;
  #signingIn: (Deferred<void> & { readonly options: SignInOptions }) | undefined;
  readonly #options: TestAuthOptions<unknown>;
  readonly #log: LogEntry[] = [];
  readonly #tab: FakeTab | undefined;
  #notify: Notify = () => {};
  #disposed = false;
  #settle = () => {};

  constructor(options: TestAuthOptions<unknown>) {
    this.#options = options;
    this.restored = new Promise((resolve) => {
      this.#settle = resolve;
    });
    const { browser, user = null, claims = null, expiresAt, reason = 'no-session' } = options;
    this.#tab = browser && new FakeTab(browser as FakeBrowser<never>, this.#ownerOfTab());
    const ofBrowser = browser && (browser.hasSession ? 'restoring' : 'signed-out');
    const { status = user === null ? 'signed-out' : 'signed-in' } = ofBrowser ? { status: ofBrowser } : options;
    this.session =
      status === 'signed-in'
        ? signedIn(user, claims, expiresAt)
        : status === 'signed-out'
          ? signedOut(reason)
          : restoring();
  }

  open(notify: Notify): Engine {
    this.#notify = notify;
    const { status } = this.session;
    this.change(status === 'restoring' ? 'session-updated' : status, this.session);
    if (status === 'restoring') this.#tab?.refresh().catch(this.#settle);
    return this;
  }

  /** The session changes as the tab of the fake browser says. */
  #ownerOfTab(): TabOwner {
    return {
      createError: (code, message, details) => new AuthError(code, message, details),
      signedIn: (how, user, claims, expiresAt) => this.replaceUser(how, signedIn(user, claims, expiresAt)),
      signedOut: (reason) => {
        if (this.session.status !== 'signed-out') this.change('signed-out', signedOut(reason));
      },
      refreshFailed: (error) => this.emit('refresh-failed', { error, retryAt: null }),
      stepUpRequired: (response) => this.emit('step-up-required', { response }),
    };
  }

  /** There is a new session, perhaps of another user. */
  replaceUser(event: 'signed-in' | 'refreshed', session: Session) {
    const { status, user } = this.session;
    const isOther = status === 'signed-in' && idOf(user) !== idOf(session.user);
    this.change(isOther ? 'signed-in' : event, session);
    if (isOther) this.emit('account-changed', session, session);
  }

  /** The test begins a session. */
  signInAs(user: unknown, claims: Record<string, unknown> | null) {
    const { browser } = this.#options;
    if (browser) {
      browser.signIn(user);
      this.#tab?.refresh().catch(() => {});
      return;
    }
    const isOther = this.session.status === 'signed-in';
    this.change('signed-in', signedIn(user, claims));
    if (isOther) this.emit('account-changed', this.session, this.session);
  }

  /** The test ends the session. */
  signOutBecause(reason: SignedOutReason) {
    this.#tab?.forget();
    this.change('signed-out', signedOut(reason));
  }

  /** The session is another one from now on, and the app receives the event. */
  change(event: EngineEvent, session: Session) {
    this.session = deepFreeze(session);
    if (session.status !== 'restoring') this.#settle();
    this.#log.push({ at: Date.now(), level: 'info', event });
    this.#notify(event, session, session);
  }

  emit(event: EngineEvent, detail: unknown, session?: Session) {
    this.#notify(event, detail, session);
  }

  warnIdle(signOutAt: number | null) {
    if (signOutAt === null) this.emit('idle-warning-ended', {});
    else this.emit('idle-warning', { signOutAt });
  }

  login({ json, call, isAnswer }: LoginRequest, signal?: AbortSignal | null) {
    return abortable(this.#login(isAnswer ? 'adopt' : 'login', JSON.parse(json), call), signal);
  }

  async restore() {
    this.#record('restore');
    if (this.#tab) return this.#tab.refresh();
    if (this.session.status === 'restoring') this.change('signed-out', signedOut('no-session'));
  }

  refresh(signal?: AbortSignal | null) {
    return abortable(this.#refresh(), signal);
  }

  async signIn(options: SignInOptions): Promise<void> {
    this.#record('signIn', options);
    this.#signingIn?.reject(new DOMException('a later signIn replaced this one', 'AbortError'));
    this.#signingIn = { ...createDeferred<void>(), options };
    return this.#signingIn.promise;
  }

  async returnFromProvider(code?: AuthErrorCode) {
    const { options, resolve, reject } = this.#signingIn ?? {};
    const isPopup = options?.display === 'popup';
    if (isPopup) this.#signingIn = undefined;
    if (code && isPopup) return reject?.(errorOf(code));
    if (code) return this.emit('sign-in-failed', { error: errorOf(code), returnTo: options?.returnTo ?? '/' });
    const wasSignedIn = this.session.status === 'signed-in';
    const { login = this.#options.user ?? null, claims = null } = this.#options;
    const user = typeof login === 'function' ? await (login as (given: unknown) => unknown)(options) : login;
    this.change('signed-in', signedIn(user, claims));
    if (wasSignedIn) this.emit('account-changed', this.session, this.session);
    if (isPopup) resolve?.();
  }

  async logout(scope: LogoutScope) {
    this.#record('logout', scope);
    if (this.#tab) return this.#tab.logout(scope === 'global');
    if (this.session.status !== 'signed-out') this.change('signed-out', signedOut('logout'));
    return true;
  }

  async fetch(input: RequestInfo | URL, init?: RequestInit) {
    this.#record('fetch', input, init);
    if (this.#tab) await this.restored;
    this.#requireSession();
    if (this.#tab) return abortable(this.#tab.fetch(input, init), init?.signal);
    return (this.#options.fetch ?? globalThis.fetch)(input, init);
  }

  async getAccessToken(minValidityMs: number) {
    this.#record('getAccessToken', minValidityMs / 1000);
    if (this.#tab) await this.restored;
    this.#requireSession();
    if (this.#tab) return this.#tab.freshToken(minValidityMs).then(() => this.#tab?.token ?? '');
    return this.#options.token ?? 'test-token';
  }

  diagnostics() {
    return this.#log;
  }

  dispose() {
    this.#disposed = true;
    this.#tab?.close();
  }

  async #login(name: string, credentials: unknown, call: string | undefined) {
    this.#record(name, credentials, ...(call ? [{ call }] : []));
    if (this.#tab) return this.#tab.login(credentials);
    const { login = this.#options.user ?? null, claims = null } = this.#options;
    const user = typeof login === 'function' ? await (login as (given: unknown) => unknown)(credentials) : login;
    this.change('signed-in', signedIn(user, claims));
  }

  async #refresh() {
    this.#record('refresh');
    if (this.#tab && !this.#disposed) return this.#tab.refresh();
    this.#requireSession();
    this.change('refreshed', signedIn(this.session.user, claimsOf(this.session)));
  }

  #record(name: string, ...given: unknown[]) {
    this.calls.push({ name, given });
    const { failure } = this;
    this.failure = undefined;
    if (failure) throw failure(name);
  }

  #requireSession() {
    if (this.#disposed) throw errorOf('DISPOSED');
    const { status } = this.session;
    if (status !== 'signed-in') throw errorOf(status === 'restoring' ? 'REFRESH_UNAVAILABLE' : 'SIGNED_OUT');
  }
}

const idOf = (user: unknown) => (user as { id?: unknown } | null)?.id;
const claimsOf = ({ claims }: Session) => claims as Record<string, unknown> | null;

function controlsOf<User>(engine: TestEngine): TestControls<User> {
  return {
    signIn: (user, claims) => engine.signInAs(user, claims ?? null),
    returnFromProvider: (error) => void engine.returnFromProvider(error),
    signOut: (reason = 'expired') => engine.signOutBecause(reason),
    refreshed({ user, claims, expiresAt } = {}) {
      const { session } = engine;
      engine.change('refreshed', signedIn(user ?? session.user, claims ?? claimsOf(session), expiresAt));
    },
    failNext(error) {
      engine.failure = (call) =>
        typeof error === 'string'
          ? new AuthError(error, `the test called failNext('${error}'), and ${call} was the next call`)
          : error;
    },
    refreshFailed: (code = 'REFRESH_UNAVAILABLE', retryAt) =>
      engine.emit('refresh-failed', { error: errorOf(code), retryAt: retryAt ?? null }),
    warnIdle: (signOutAt) => engine.warnIdle(signOutAt),
    calls: engine.calls,
  };
}
