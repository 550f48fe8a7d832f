/// <reference lib="esnext.disposable" preserve="true" />
// The public class: a synchronous constructor, immutable snapshots and events. It loads the engine, which does the work, later.

import type { Engine, Notify, OpenEngine } from '../engine/engine.js';
import { abortable } from '../util/abortable.js';
import { brandOf } from '../util/brand.js';
import { microtask } from '../util/compat.js';
import { ownMembers } from '../util/own-members.js';
import { inThisZone, outsideZone } from '../util/zone.js';
import { AuthError } from './errors.js';
import { type AuthEvents, EVENTS } from './events.js';
import type { Idle } from './idle.js';
import { createEngineLoader, type EngineLoader, importFile } from './load-engine.js';
import type { ApiRequestInit, AuthClientOptions, LogEntry, SignInOptions } from './options.js';
import { RESTORING, type RegisteredUser, type RestoringSession, type Session } from './session.js';
import type { SignIn, SignInReturn } from './sign-in.js';
import { forgetBegun, openPopup, takeMark } from './sign-in-mark.js';
import {
  requireBaseUrl,
  throwInvalidOption,
  validateCall,
  validateOptions,
  validateScope,
  validateTokenOptions,
} from './validate-options.js';

/**
 * The auth client of a single-page app. An app makes one; that is cheap, and the client starts at once. Its functions are
 * bound: `const { login, fetch } = auth` works.
 *
 * @example
 * const auth = new AuthClient({ baseUrl: 'https://api.example.com' });
 * await auth.login({ email, password });
 * const me = await auth.fetch('https://api.example.com/api/me').then((response) => response.json());
 */
export class AuthClient<User = RegisteredUser> {
  /**
   * Resolves with the session when the first restore is settled; never rejects. If the server does not respond within
   * `options.timeoutSeconds`, or if the client's own files cannot be loaded, it resolves with the status still
   * `'restoring'`, and the attempts continue.
   */
  readonly ready: Promise<Session<User>>;
  #session: Session<User> = RESTORING;
  /** The session while the engine cannot be loaded. */
  #unavailable: RestoringSession | undefined;
  #engine: Engine | undefined;
  readonly #loader: EngineLoader;
  /** The entries before there is an engine. */
  readonly #entries: LogEntry[] = [];
  /** Rejects when the client is disposed. */
  readonly #disposal: Promise<never>;
  #rejectDisposal: (reason: AuthError) => void = () => {};
  #disposed = false;
  #idle: Idle | undefined;
  #idleSignOutAt: number | null = null;
  /** The user of the last sign-in, and the user before it. */
  #lastUser: User | null = null;
  #previousUser: User | null = null;
  /** Ends the wait of the present `signIn`. */
  #signingIn: AbortController | undefined;
  /** How the client starts if the browser has just returned from an identity provider. */
  #return: Promise<Partial<SignInReturn>> = Promise.resolve({});
  readonly #options: AuthClientOptions;
  readonly #createTestEngine: CreateTestEngine | undefined;
  readonly #openEngine: OpenEngine | undefined;
  #watchIdle: typeof import('./idle.js').watchIdle | undefined;
  readonly #subscribers = new Set<(session: Session<User>) => void>();
  readonly #listeners = new Map<string, Set<(detail: never) => void>>();

  /**
   * Synchronous and cheap: the wasm module loads in the background, and every call that needs it waits for it.
   * @throws {AuthError} `INVALID_OPTIONS`, which names the option, what was expected and what came.
   */
  constructor(options: AuthClientOptions = {}) {
    this.#options = validateOptions(options);
    const given = ownMembers(options as InternalOptions);
    this.#createTestEngine = given[TEST_ENGINE];
    this.#openEngine = given[OWN_ENGINE];
    this.#disposal = new Promise((_, reject) => {
      this.#rejectDisposal = reject;
    });
    this.#disposal.catch(() => {});
    if (globalThis.location && !this.#createTestEngine) requireBaseUrl(this.#options);
    const mark = globalThis.document && this.#options.transport !== 'body' && !this.#createTestEngine && takeMark();
    if (mark)
      this.#return = this.#signInFile<Partial<SignInReturn>>((file) => file.receiveMark(mark)).catch(() => ({
        // If the file cannot be loaded, the client asks the server all the same.
        settle: this.restore,
      }));
    const { timeoutSeconds = 10 } = this.#options;
    this.#loader = createEngineLoader(
      () => this.#load(),
      timeoutSeconds * 1000,
      (...failure) => this.#loadFailed(...failure),
    );
    // Without a page (server-side rendering) there is no session to restore: nothing is loaded or requested.
    this.ready =
      globalThis.location === undefined && !this.#createTestEngine
        ? Promise.resolve(this.#session)
        : this.#call((engine) =>
            Promise.race([
              Promise.all([engine.restored, this.#return.then(({ settle }) => settle?.(engine))]),
              this.#disposal,
            ]),
          ).then(
            () => this.#session,
            () => this.#session,
          );
  }

  /** The session now. */
  get session(): Session<User> {
    return this.#session;
  }

  /**
   * Signs in. `credentials` goes to the login endpoint as JSON (with `protocol: 'oauth2'` as a form, with
   * `grant_type=password`), or to another call of `options.server.calls`: `login({ code }, { call: 'mfa' })`. Of several
   * concurrent logins only the last counts; the others reject with an `AbortError`. Rejects with an `AuthError` (`INVALID_CREDENTIALS`, `RATE_LIMITED`, `OFFLINE`, …) and keeps the present session; when
   * aborted, it rejects with the signal's reason.
   */
  readonly login = async (
    credentials: unknown,
    options: { signal?: AbortSignal; call?: string } = {},
  ): Promise<Session<User>> => {
    const { signal, call } = ownMembers(options);
    return this.#login('login.credentials', credentials, call, false, signal);
  };

  /**
   * Signs in at an identity provider, through the server (docs/guides/sign-in.md); needs the cookie transport. By redirect the page
   * goes away: the promise stays pending, and rejects with an `AbortError` if the user comes back to this page. The page at
   * `returnTo` has the session, or the event `sign-in-failed`. By popup the promise resolves with the session, or rejects with
   * the error. A later `signIn`, `login` or `logout` replaces this one (`AbortError`).
   */
  readonly signIn = (options: SignInOptions = {}): Promise<Session<User>> => {
    const ending = this.#endSignIn();
    // First, and in this task: the browser allows a window while it handles a click.
    const popup = openPopup(ownMembers(options), this.#options);
    const result = this.#signInFile((file) => file.signIn<User>(options, popup, ending)).catch((error) => {
      popup?.close();
      throw error;
    });
    // An app that awaits nothing is not told that its page stayed.
    ending.signal.addEventListener('abort', () => result.catch(() => {}));
    return result;
  };

  /**
   * Signs in with an answer of the auth server that the app got elsewhere: from server-side rendering, a native shell or a
   * vendor's SDK. It has the members of the answer to a login.
   */
  readonly adopt = async (answer: unknown): Promise<Session<User>> =>
    this.#login('adopt.answer', answer, undefined, true);

  /**
   * Asks the server whether there is a session, also after a logout: another page, a native shell or the app's own request may
   * have signed in. Resolves with the session, signed in or signed out; rejects with `REFRESH_UNAVAILABLE` if the server
   * does not answer.
   */
  readonly restore = async (): Promise<Session<User>> => {
    await this.#call((engine) => engine.restore()).catch((error: AuthError) => {
      if (error.code !== 'SIGNED_OUT' && error.code !== 'SESSION_ENDED') throw error;
    });
    return this.#session;
  };

  async #login(
    where: string,
    value: unknown,
    call: string | undefined,
    isAnswer: boolean,
    signal?: AbortSignal,
  ): Promise<Session<User>> {
    let json: string | undefined;
    try {
      json = stringify(value);
    } catch (error) {
      throwInvalidOption(where, 'a JSON value', value, ` (${(error as Error).message})`);
    }
    // JSON of a FormData or a Map is an empty object.
    const brand = json === '{}' && brandOf(value);
    if (json === undefined || (brand && brand !== 'Object'))
      throwInvalidOption(where, 'a JSON value', value, brand && ` (${brand})`);
    this.#endSignIn();
    try {
      await this.#call((engine) => engine.login({ json, call, isAnswer }, signal), signal);
    } catch (error) {
      throw error ?? replacedError();
    }
    return this.#session;
  }

  /**
   * A drop-in `fetch`. Requests to the page's origin, `baseUrl`'s and `apiOrigins` carry the access token,
   * wait while it is renewed, and are sent once more after a 401 (unless `init.auth.retry` is false or the body is a
   * stream); all others are plain `fetch`.
   * Rejects when `fetch` would, or with an `AuthError`: `SIGNED_OUT`, `SESSION_ENDED`, `REFRESH_UNAVAILABLE`.
   */
  readonly fetch = (input: Parameters<typeof globalThis.fetch>[0], init?: ApiRequestInit): Promise<Response> => {
    try {
      validateCall(init);
    } catch (error) {
      return Promise.reject(error);
    }
    // `RequestInfo` is wider in some environments' types than in the DOM's.
    return outsideZone(() => (this.#engine ?? this.#later).fetch(input as RequestInfo, init));
  };

  /**
   * Renews the access token now; any number of callers share one request. Rejects with `SIGNED_OUT`, `SESSION_ENDED` or
   * `REFRESH_UNAVAILABLE`. An abort ends only this caller's wait.
   */
  readonly refresh = async (options: { signal?: AbortSignal } = {}): Promise<Session<User>> => {
    const { signal } = ownMembers(options);
    await this.#call((engine) => engine.refresh(signal), signal);
    return this.#session;
  };

  /**
   * Ends the session here and in the other tabs at once, also without a network. `revoked` says whether the server
   * confirmed it (with `scope: 'global'`, whether all sessions of the user have ended). If it did not, the client sends the
   * revocation again when the page is online again or at the next start, before the next login.
   * `scope: 'provider'` also ends the session at the identity provider: the page goes away and comes back to `returnTo`, an address
   * of this origin (default: the address of the page). The promise stays pending. It needs the cookie transport. With a wrong
   * option it rejects with `INVALID_OPTIONS`, and nothing ends.
   */
  readonly logout = async (
    options: { scope?: 'session' | 'global' | 'provider'; returnTo?: string } = {},
  ): Promise<{ revoked: boolean }> => {
    const { scope = 'session', returnTo } = ownMembers(options);
    validateScope(scope);
    this.#endSignIn();
    forgetBegun();
    const end = () => this.#call((engine) => engine.logout(scope));
    if (scope !== 'provider') return { revoked: await end() };
    return this.#signInFile((file) => file.signOut(end, returnTo)).catch((error) => {
      // Without the file, the session ends here all the same.
      if (error.code !== 'INVALID_OPTIONS') end().catch(() => {});
      throw error;
    });
  };

  /**
   * Counts as activity of the user, for `options.idleTimeoutSeconds`: the app calls it for what is no input on the page, such as a
   * video that plays, or for the button of its warning.
   */
  readonly stayActive = (): void => this.#idle?.stayActive();

  /**
   * When the client signs the idle user out, in milliseconds since the epoch; null while no warning is due. It changes with the
   * events `idle-warning` and `idle-warning-ended`.
   */
  get idleSignOutAt(): number | null {
    return this.#disposed ? null : this.#idleSignOutAt;
  }

  /** Whether the user has a role: `user.role`, `user.roles`, or the claims of these names. For display only. */
  readonly hasRole = (role: string): boolean => {
    const { user, claims } = this.#session;
    return [user, claims].some((holder) => {
      const { role: one, roles: many } = ownMembers(holder as { role?: unknown; roles?: unknown } | null);
      return [one].flat().includes(role) || (Array.isArray(many) && many.includes(role));
    });
  };

  /**
   * The access token, for WebSocket, EventSource or an upload library: valid for at least `minValiditySeconds` (0 to 86400)
   * if the server issues tokens of that lifetime. Rejects as `fetch` does; with `TOKEN_NOT_EXPOSED` if a worker holds the
   * token and `options.exposeToken` is not set; with `TOKEN_IN_COOKIE` if the server keeps it in a cookie.
   */
  readonly getAccessToken = async (options: { minValiditySeconds?: number } = {}): Promise<string> => {
    const { minValiditySeconds = 0 } = validateTokenOptions(options);
    return this.#call((engine) => engine.getAccessToken(minValiditySeconds * 1000));
  };

  /**
   * Calls the listener with the session now and after each change (Svelte's store contract, and sufficient for React's
   * `useSyncExternalStore`). Returns the function that unsubscribes.
   */
  readonly subscribe = (listener: (session: Session<User>) => void): (() => void) => {
    const entry = inThisZone((session: Session<User>) => listener(session));
    this.#subscribers.add(entry);
    callListener(entry, this.#session);
    return () => void this.#subscribers.delete(entry);
  };

  /**
   * Calls the listener on each such event. Returns the function that unsubscribes.
   * @throws {AuthError} `INVALID_OPTIONS` for a name that is no event.
   */
  readonly on = <K extends keyof AuthEvents<User>>(
    event: K,
    listener: (detail: AuthEvents<User>[K]) => void,
  ): (() => void) => {
    if (!EVENTS.includes(event)) throwInvalidOption('on.event', EVENTS.join(', '), event);
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    const entry = inThisZone((detail: AuthEvents<User>[K]) => listener(detail));
    listeners.add(entry);
    return () => void listeners.delete(entry);
  };

  /**
   * The last 100 diagnostic entries, oldest first, without secrets: why a user was signed out, what was attempted, when the
   * next attempt is. For bug reports; `options.onLog` receives each entry at once.
   */
  readonly diagnostics = (): readonly LogEntry[] => {
    return Object.freeze([...this.#entries, ...(this.#engine?.diagnostics() ?? [])].slice(-100));
  };

  /**
   * Stops timers, listeners, channel and lock, and forgets the token; the session on the server continues. Pending calls
   * reject with `DISPOSED`.
   */
  readonly dispose = (): void => {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#rejectDisposal(disposedError());
    this.#signingIn?.abort(disposedError());
    this.#loader.stop();
    this.#idle?.stop();
    this.#engine?.dispose();
    this.#subscribers.clear();
    // The client no longer signs the user out, so the app must hide the warning.
    if (this.#idleSignOutAt) this.#emit('idle-warning-ended', {});
    this.#listeners.clear();
  };

  /** `using auth = new AuthClient()` disposes the client at the end of the block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** Calls the engine when it is there. */
  #call<T>(work: (engine: Engine) => Promise<T>, signal?: AbortSignal | null): Promise<T> {
    return outsideZone(() => abortable(this.#start(), signal).then(work));
  }

  #start(): Promise<Engine> {
    return this.#disposed ? this.#disposal : Promise.race([this.#disposal, this.#loader.engine()]);
  }

  /** Ends the present `signIn`, which another call replaces. Returns what ends the next one. */
  #endSignIn(): AbortController {
    this.#signingIn?.abort(replacedError());
    this.#signingIn = new AbortController();
    return this.#signingIn;
  }

  /** Calls the file that signs in at a provider when it is there. */
  #signInFile<T>(work: (file: SignIn) => T | Promise<T>): Promise<T> {
    return outsideZone(() =>
      importFile('sign-in.js', () => import('./sign-in.js')).then(({ SignIn }) =>
        work(new SignIn(this as AuthClient<unknown>, this.#options, AuthError, this.#notify, () => this.#start())),
      ),
    );
  }

  readonly #later = {
    /** The caller may change what it passed after the call, so the request is made now. A stream cannot be copied. */
    fetch: async (input: RequestInfo, init: ApiRequestInit | undefined): Promise<Response> => {
      if (this.#createTestEngine) return this.#call((engine) => engine.fetch(input, init));
      const isStream = brandOf(init?.body) === 'ReadableStream';
      const request = isStream ? input : new Request(input, init);
      const { auth } = ownMembers(init);
      const rest: ApiRequestInit | undefined = isStream
        ? { ...init, headers: new Headers(init?.headers) }
        : auth && { auth };
      const signal = isStream ? init?.signal : (request as Request).signal;
      return this.#call((engine) => engine.fetch(request, rest), signal);
    },
  };

  async #load(): Promise<Engine> {
    const engine = this.#createTestEngine ? this.#createTestEngine(this.#notify) : await this.#open();
    const { isNewSession } = await this.#return;
    if (this.#disposed) {
      engine.dispose();
      throw disposedError();
    }
    this.#engine = engine;
    this.#idle = this.#watchIdle?.(engine, this.#options, this.#notify);
    this.#idle?.start(isSignedIn(this.#session), isNewSession);
    // No attempt to load is due any more.
    if (this.#session === this.#unavailable) this.#notify('session-updated', undefined, RESTORING);
    return engine;
  }

  async #open(): Promise<Engine> {
    // Before the engine: if the file cannot be loaded, no session continues without its limit.
    if (this.#options.idleTimeoutSeconds && globalThis.document)
      this.#watchIdle = (await importFile('idle.js', () => import('./idle.js'))).watchIdle;
    const open = async (openEngine: OpenEngine) => {
      const { options = this.#options, notify = this.#notify } = await this.#return;
      return openEngine(options, notify, AuthError, nativeFetch, importFile);
    };
    const { isolation = 'page' } = this.#options;
    if (isolation !== 'page' && !this.#openEngine)
      return open((await importFile('worker-client.js', () => import('../worker/worker-client.js'))).openEngine);
    try {
      // A service worker has no XMLHttpRequest; the other file does not need it.
      if (this.#openEngine || globalThis.XMLHttpRequest)
        return await open(
          this.#openEngine ?? (await importFile('engine.js', () => import('../engine/engine.js'))).openEngine,
        );
    } catch (error) {
      if ((error as AuthError).code !== 'WASM_UNAVAILABLE') throw error;
    }
    const name = 'engine-without-wasm.js';
    return open((await importFile(name, () => import('../engine/engine-without-wasm.js'))).openEngine);
  }

  #loadFailed(error: AuthError, retryAt: number | null) {
    const reason = error.message.replace(/[?#]\S*/g, '');
    const detail = Object.freeze({ reason, retryAt });
    const entry: LogEntry = Object.freeze({ at: Date.now(), level: 'warn', event: 'load-failed', detail });
    if (this.#entries.length === 0) console.warn(`tokenward: ${reason}`);
    if (this.#entries.push(entry) > 100) this.#entries.shift();
    const { onLog } = this.#options;
    if (onLog) microtask(() => onLog(entry));
    this.#unavailable = Object.freeze({ ...RESTORING, error, retryAt });
    this.#notify('refresh-failed', { error, retryAt }, this.#unavailable);
  }

  /** The engine does not know why the client signed out. */
  #withReason(session: Session<User>): Session<User> {
    const isIdle = /^(logout|other-tab)$/.test(session.reason ?? '') && this.#idle?.isOver();
    this.#idle?.setSignedIn(isSignedIn(session));
    return isIdle ? (Object.freeze({ ...session, reason: 'idle' }) as Session<User>) : session;
  }

  readonly #notify: Notify = (event, detail, snapshot) => {
    const isFailure = event === 'refresh-failed';
    if (snapshot) this.#session = this.#withReason(snapshot as Session<User>);
    // A failed refresh changes nothing of the session but this.
    else if (isFailure && (this.#session.error || this.#session.status !== 'signed-out'))
      this.#session = Object.freeze({ ...this.#session, ...(detail as AuthEvents['refresh-failed']) });
    const session = this.#session;
    if (event === 'signed-in') this.#previousUser = this.#lastUser;
    if (session.status !== 'restoring') this.#lastUser = session.user;
    const details: Record<string, unknown> = {
      'signed-out': { reason: session.reason },
      'account-changed': { from: this.#previousUser, to: session },
    };
    // Listeners run after the engine has finished its work and released the lock.
    microtask(() => {
      this.#emit(event, details[event] ?? detail);
      if (snapshot || isFailure) for (const subscriber of [...this.#subscribers]) callListener(subscriber, session);
    });
  };

  #emit(event: string, detail: unknown) {
    // `idle-warning` states the time, and `idle-warning-ended` has none.
    if (event.includes('idle')) this.#idleSignOutAt = (detail as { signOutAt?: number }).signOutAt ?? null;
    for (const listener of new Set(this.#listeners.get(event)))
      callListener(listener as (detail: unknown) => void, detail);
  }
}

/** A script that replaces it later must not receive the credentials. */
const { stringify } = JSON;

/** The app may replace `fetch` by `auth.fetch` before the engine has loaded. */
const nativeFetch = globalThis.fetch;

/** Under these keys the entries of the package pass their engines; no option has a symbol as its name. */
const TEST_ENGINE = Symbol.for('tokenward.testing');
const OWN_ENGINE = Symbol.for('tokenward.engine');
type CreateTestEngine = (notify: Notify) => Engine;
type InternalOptions = {
  readonly [TEST_ENGINE]?: CreateTestEngine;
  readonly [OWN_ENGINE]?: OpenEngine;
};

const replacedError = () => new DOMException('a later login or a logout replaced this login', 'AbortError');

/** Undefined while it is not known. */
const isSignedIn = ({ status }: Session) => (status === 'restoring' ? undefined : status === 'signed-in');

const disposedError = () => new AuthError('DISPOSED', 'this client was disposed');

/** An error of one listener is reported as an uncaught error and does not stop the next listener. */
function callListener<T>(listener: (value: T) => void, value: T): void {
  try {
    listener(value);
  } catch (error) {
    microtask(() => {
      throw error;
    });
  }
}
