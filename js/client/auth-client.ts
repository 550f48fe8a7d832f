// The public class: a synchronous constructor, immutable snapshots and events. It loads the engine, which does the work, later.

import type { Engine, Notify } from '../engine/engine.js';
import { AuthError } from './errors.js';
import type { AuthEvents } from './events.js';
import type { AuthClientOptions, LogEntry } from './options.js';
import { RESTORING, type Session } from './session.js';
import { throwInvalidOption, validateMinValidity, validateOptions } from './validate-options.js';

/**
 * The auth client of a single-page app. An app makes one; that is cheap, and the client starts at once.
 *
 * @example
 * const auth = new AuthClient({ baseUrl: 'https://api.example.com' });
 * await auth.login({ email, password });
 * const me = await auth.fetch('https://api.example.com/api/me').then((response) => response.json());
 */
export class AuthClient<User = unknown> {
  /**
   * Resolves with the session when the first restore is settled; never rejects. If the server does not respond within
   * `options.timeoutSeconds`, it resolves with the status still `'restoring'`, and the attempts continue.
   */
  readonly ready: Promise<Session<User>>;
  #session: Session<User> = RESTORING;
  #engine: Engine | undefined;
  #starting: Promise<Engine> | undefined;
  /** Rejects when the client is disposed. */
  readonly #disposal: Promise<never>;
  #rejectDisposal: (reason: AuthError) => void = () => {};
  #disposed = false;
  /** The user of the last sign-in, and the user before it. */
  #lastUser: User | null = null;
  #previousUser: User | null = null;
  readonly #options: AuthClientOptions;
  readonly #createTestEngine: CreateTestEngine | undefined;
  readonly #subscribers = new Set<(session: Session<User>) => void>();
  readonly #listeners = new Map<string, Set<(detail: never) => void>>();

  /**
   * Synchronous and cheap: the wasm module loads in the background, and every call that needs it waits for it.
   * @throws {AuthError} `INVALID_OPTIONS`, which names the option, what was expected and what came.
   */
  constructor(options: AuthClientOptions = {}) {
    this.#options = validateOptions(options);
    this.#createTestEngine = (options as TestOptions)[TEST_ENGINE];
    this.#disposal = new Promise((_, reject) => {
      this.#rejectDisposal = reject;
    });
    this.#disposal.catch(() => {});
    // Without a page (server-side rendering) there is no session to restore: nothing is loaded or requested.
    this.ready =
      globalThis.location === undefined && !this.#createTestEngine
        ? Promise.resolve(this.#session)
        : this.#start()
            .then((engine) => Promise.race([engine.restored, this.#disposal]))
            .then(
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
   * `grant_type=password`). Of several concurrent logins only the last counts; the others reject with an `AbortError`.
   * Rejects with an `AuthError` (`INVALID_CREDENTIALS`, `RATE_LIMITED`, `OFFLINE`, …) and keeps the present session; when
   * aborted, it rejects with the signal's reason.
   */
  async login(credentials: unknown, options: { signal?: AbortSignal } = {}): Promise<Session<User>> {
    options.signal?.throwIfAborted();
    const body = JSON.stringify(credentials);
    if (body === undefined) throwInvalidOption('login.credentials', 'a JSON value', credentials);
    const engine = await this.#start();
    try {
      await engine.login(body, options.signal);
    } catch (error) {
      throw error ?? new DOMException('a later login or a logout replaced this login', 'AbortError');
    }
    return this.#session;
  }

  /**
   * A drop-in `fetch`, already bound. Requests to the page's origin, `baseUrl`'s and `apiOrigins` carry the access token,
   * wait while it is renewed, and are sent once more after a 401; all others are plain `fetch`.
   * Rejects when `fetch` would, or with an `AuthError`: `SIGNED_OUT`, `SESSION_ENDED`, `REFRESH_UNAVAILABLE`.
   */
  readonly fetch: typeof globalThis.fetch = (input, init) => {
    // `RequestInfo` is wider in some environments' types than in the DOM's.
    const engine = this.#engine;
    return engine ? engine.fetch(input as RequestInfo, init) : this.#fetchLater(input as RequestInfo, init);
  };

  /**
   * Renews the access token now; any number of callers share one request. Rejects with `SIGNED_OUT`, `SESSION_ENDED` or
   * `REFRESH_UNAVAILABLE`. An abort ends only this caller's wait.
   */
  async refresh(options: { signal?: AbortSignal } = {}): Promise<Session<User>> {
    options.signal?.throwIfAborted();
    const engine = await this.#start();
    await engine.refresh(options.signal);
    return this.#session;
  }

  /**
   * Ends the session here and in the other tabs at once, also without a network. `revoked` says whether the server
   * confirmed it (with `scope: 'global'`, whether all sessions of the user have ended). If it did not, the client sends the
   * revocation again when the page is online again or at the next start, before the next login.
   */
  async logout(options: { scope?: 'session' | 'global' } = {}): Promise<{ revoked: boolean }> {
    const { scope = 'session' } = options;
    if (scope !== 'session' && scope !== 'global') throwInvalidOption('logout.scope', '"session" or "global"', scope);
    const engine = await this.#start();
    return { revoked: await engine.logout(scope) };
  }

  /** Whether the user has a role: `user.role`, `user.roles`, or the claims of these names. For display only. */
  hasRole(role: string): boolean {
    const { user, claims } = this.#session;
    return [user, claims].some((holder) => {
      const { role: one, roles: many } = (holder ?? {}) as { role?: unknown; roles?: unknown };
      return one === role || (Array.isArray(many) && many.includes(role)) || (Array.isArray(one) && one.includes(role));
    });
  }

  /**
   * The access token, for WebSocket, EventSource or an upload library: valid for at least `minValiditySeconds` (0 to 86400)
   * if the server issues tokens of that lifetime. Rejects as `fetch` does; with `TOKEN_NOT_EXPOSED` if a worker holds the
   * token and `options.exposeToken` is not set; with `TOKEN_IN_COOKIE` if the server keeps it in a cookie.
   */
  async getAccessToken(options: { minValiditySeconds?: number } = {}): Promise<string> {
    const minValiditySeconds = validateMinValidity(options);
    const engine = await this.#start();
    return engine.getAccessToken(minValiditySeconds * 1000);
  }

  /**
   * Calls the listener with the session now and after each change (Svelte's store contract, and sufficient for React's
   * `useSyncExternalStore`). Returns the function that unsubscribes.
   */
  subscribe(listener: (session: Session<User>) => void): () => void {
    const entry = (session: Session<User>) => listener(session);
    this.#subscribers.add(entry);
    callListener(entry, this.#session);
    return () => void this.#subscribers.delete(entry);
  }

  /** Calls the listener on each such event. Returns the function that unsubscribes. */
  on<K extends keyof AuthEvents<User>>(event: K, listener: (detail: AuthEvents<User>[K]) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    const entry = (detail: AuthEvents<User>[K]) => listener(detail);
    listeners.add(entry);
    return () => void listeners.delete(entry);
  }

  /**
   * The last 100 diagnostic entries, oldest first, without secrets: why a user was signed out, what was attempted, when the
   * next attempt is. For bug reports; `options.onLog` receives each entry at once.
   */
  diagnostics(): readonly LogEntry[] {
    return this.#engine?.diagnostics() ?? [];
  }

  /**
   * Stops timers, listeners, channel and lock, and forgets the token; the session on the server continues. Pending calls
   * reject with `DISPOSED`.
   */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#rejectDisposal(disposedError());
    this.#engine?.dispose();
    this.#subscribers.clear();
    this.#listeners.clear();
  }

  /** `using auth = new AuthClient()` disposes the client at the end of the block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The caller may change what it passed after the call, so the request is made now. A stream cannot be copied. */
  async #fetchLater(input: RequestInfo, init: RequestInit | undefined): Promise<Response> {
    const isStream = init?.body instanceof ReadableStream;
    const request = isStream || this.#createTestEngine ? input : new Request(input, init);
    const rest = isStream ? { ...init, headers: new Headers(init.headers) } : request === input ? init : undefined;
    return (await this.#start()).fetch(request, rest);
  }

  /** The engine, loaded and started. After a failure the next call tries again. */
  #start(): Promise<Engine> {
    if (this.#disposed) return this.#disposal;
    this.#starting ??= this.#load().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return Promise.race([this.#starting, this.#disposal]);
  }

  async #openOnPage(): Promise<Engine> {
    const { openEngine } = await import('../engine/engine.js');
    return openEngine(this.#options, this.#notify, AuthError, nativeFetch);
  }

  async #openInWorker(): Promise<Engine> {
    const { openEngine } = await import('../worker/worker-client.js');
    return openEngine(this.#options, this.#notify, AuthError, nativeFetch);
  }

  async #load(): Promise<Engine> {
    const { isolation = 'page' } = this.#options;
    const engine = this.#createTestEngine
      ? this.#createTestEngine(this.#notify)
      : await (isolation === 'page' ? this.#openOnPage() : this.#openInWorker());
    if (this.#disposed) {
      engine.dispose();
      throw disposedError();
    }
    this.#engine = engine;
    return engine;
  }

  readonly #notify: Notify = (event, detail, snapshot) => {
    if (snapshot) this.#session = snapshot as Session<User>;
    const session = this.#session;
    if (event === 'signed-in') this.#previousUser = this.#lastUser;
    if (session.status !== 'restoring') this.#lastUser = session.user;
    const from = this.#previousUser;
    const details: Record<string, unknown> = {
      'signed-out': { reason: session.reason },
      'account-changed': { from, to: session },
    };
    // Listeners run after the engine has finished its work and released the lock.
    queueMicrotask(() => {
      for (const listener of [...(this.#listeners.get(event) ?? [])]) {
        callListener(listener as (detail: unknown) => void, details[event] ?? detail);
      }
      if (snapshot) for (const subscriber of [...this.#subscribers]) callListener(subscriber, session);
    });
  };
}

/** The app may replace `fetch` by `auth.fetch` before the engine has loaded. */
const nativeFetch = globalThis.fetch;

/** Under this key `tokenward/testing` passes an engine without wasm and network; no option has a symbol as its name. */
const TEST_ENGINE = Symbol.for('tokenward.testing');
type CreateTestEngine = (notify: Notify) => Engine;
type TestOptions = { readonly [TEST_ENGINE]?: CreateTestEngine };

const disposedError = () => new AuthError('DISPOSED', 'this client was disposed');

/** An error of one listener is reported as an uncaught error and does not stop the next listener. */
function callListener<T>(listener: (value: T) => void, value: T): void {
  try {
    listener(value);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
