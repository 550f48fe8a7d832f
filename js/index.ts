// The face of the package: a synchronous constructor, immutable snapshots, events. Everything that decides is behind it.
import { abortable } from './abort.js';
import type { Engine, Notify } from './engine.js';
import { AuthError } from './errors.js';
import { type AuthClientOptions, fail, readOptions, type Settings } from './options.js';

export { AuthError, type AuthErrorCode } from './errors.js';
export type { AuthClientOptions } from './options.js';

/** What the app may know. Immutable, and the same object until something changes. */
export interface Session<User = unknown> {
  /** `'restoring'` until the server has said whether there is a session to resume. */
  readonly status: 'restoring' | 'signed-in' | 'signed-out';
  /** The user as the server's answer named it; null where it did not. */
  readonly user: User | null;
  /** The JWT's payload; null for an opaque token. Not verified: for display, never for access control. */
  readonly claims: Readonly<Record<string, unknown>> | null;
  /** When the access token expires: milliseconds since the epoch by this browser's clock; null where unknown. */
  readonly expiresAt: number | null;
  /** Why there is no session; null while there is one. */
  readonly reason: SignedOutReason | null;
}

/** Why there is no session: there was none, the app signed out, or the server said that it is over. */
export type SignedOutReason = 'never' | 'logout' | 'expired' | 'revoked' | 'reused';

export interface AuthEvents<User = unknown> {
  /** Somebody is signed in, by login or by restore. */
  'signed-in': Session<User>;
  /** The session goes on with a new access token. */
  refreshed: Session<User>;
  /** The session is over. */
  'signed-out': { readonly reason: SignedOutReason };
  /** A refresh failed in a way that does not end the session; the next try comes at `retryAt` (epoch milliseconds). */
  'refresh-failed': { readonly error: AuthError; readonly retryAt: number | null };
}

const RESTORING: Session<never> = Object.freeze({
  status: 'restoring',
  user: null,
  claims: null,
  expiresAt: null,
  reason: null,
});

/**
 * The auth client of a single-page app. One per app; it is cheap to make and starts by itself.
 *
 * @example
 * const auth = new AuthClient({ baseUrl: 'https://api.example.com' });
 * await auth.login({ email, password });
 * const me = await auth.fetch('https://api.example.com/api/me').then((response) => response.json());
 */
export class AuthClient<User = unknown> {
  /**
   * Resolves with the session when the first restore is settled; never rejects. Where the server could not be asked
   * within `options.timeout`, it resolves with the status still `'restoring'`, and the tries go on.
   */
  readonly ready: Promise<Session<User>>;
  #session: Session<User> = RESTORING;
  #engine: Engine | undefined;
  #starting: Promise<Engine> | undefined;
  #disposed = false;
  readonly #settings: Settings;
  readonly #subscribers = new Set<(session: Session<User>) => void>();
  readonly #listeners = new Map<string, Set<(detail: never) => void>>();

  /**
   * Synchronous and cheap: the wasm module loads in the background, and everything that needs it waits for it.
   * @throws {AuthError} `INVALID_OPTIONS`, naming the option, what was expected and what came.
   */
  constructor(options: AuthClientOptions = {}) {
    this.#settings = readOptions(options);
    // Without a page (server-side rendering) there is no session to restore; nothing is loaded or asked.
    this.ready =
      globalThis.location === undefined
        ? Promise.resolve(this.#session)
        : this.#start()
            .then((engine) => engine.restored)
            .then(
              () => this.#session,
              () => this.#session,
            );
  }

  /** What the app may know now. */
  get session(): Session<User> {
    return this.#session;
  }

  /**
   * Signs in: `credentials` goes to the login endpoint as JSON. Of several at once, the last counts; the others reject
   * with an `AbortError`.
   * Rejects with an `AuthError` (`INVALID_CREDENTIALS`, `RATE_LIMITED`, `OFFLINE`, …) and leaves the present session as
   * it was; aborted, it rejects with the signal's reason.
   */
  async login(credentials: unknown, options: { signal?: AbortSignal } = {}): Promise<Session<User>> {
    options.signal?.throwIfAborted();
    const body = JSON.stringify(credentials);
    if (body === undefined) fail('login.credentials', 'what JSON can hold', credentials);
    const { client } = await this.#start();
    await client.login(body, options.signal);
    return this.#session;
  }

  /**
   * A drop-in `fetch`, already bound. Requests to the page's origin, `baseUrl`'s and `apiOrigins` carry the access token,
   * are held back while it is renewed, and are sent once more after a 401; all others are plain `fetch`.
   * Rejects where `fetch` would, or with an `AuthError`: `SIGNED_OUT`, `SESSION_ENDED`, `REFRESH_UNAVAILABLE`.
   */
  readonly fetch: typeof globalThis.fetch = (input, init) => {
    // `RequestInfo` is wider in some environments' types than in the DOM's.
    const engine = this.#engine;
    return engine
      ? engine.fetch(input as RequestInfo, init)
      : this.#start().then((started) => started.fetch(input as RequestInfo, init));
  };

  /**
   * Renews now; any number of callers share one request. Rejects with `SIGNED_OUT`, `SESSION_ENDED` or
   * `REFRESH_UNAVAILABLE`. Aborting ends only this caller's wait.
   */
  async refresh(options: { signal?: AbortSignal } = {}): Promise<Session<User>> {
    options.signal?.throwIfAborted();
    const { client } = await this.#start();
    await abortable(client.refresh(), options.signal);
    return this.#session;
  }

  /**
   * Ends the session here at once, whatever the network does. `revoked` tells whether the server has heard; with
   * `scope: 'everywhere'`, whether all sessions of the user have ended.
   */
  async logout(options: { scope?: 'session' | 'everywhere' } = {}): Promise<{ revoked: boolean }> {
    const { scope = 'session' } = options;
    if (scope !== 'session' && scope !== 'everywhere') fail('logout.scope', '"session" or "everywhere"', scope);
    const { client } = await this.#start();
    return { revoked: await client.logout(scope === 'everywhere') };
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
   * The access token, for WebSocket, EventSource or an upload library: good for at least `minValidity` seconds where the
   * server makes tokens that live so long. Rejects as `fetch` does.
   */
  async getAccessToken(options: { minValidity?: number } = {}): Promise<string> {
    const { minValidity = 0 } = options;
    if (!(minValidity >= 0)) fail('getAccessToken.minValidity', 'seconds ≥ 0', minValidity);
    const engine = await this.#start();
    return engine.getAccessToken(minValidity * 1000);
  }

  /**
   * Calls the listener with the session now and after each change (Svelte's store contract, and enough for React's
   * `useSyncExternalStore`). Returns the function that ends it.
   */
  subscribe(listener: (session: Session<User>) => void): () => void {
    const entry = (session: Session<User>) => listener(session);
    this.#subscribers.add(entry);
    isolated(entry, this.#session);
    return () => void this.#subscribers.delete(entry);
  }

  /** Calls the listener on each such event. Returns the function that ends it. */
  on<K extends keyof AuthEvents<User>>(event: K, listener: (detail: AuthEvents<User>[K]) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    const entry = (detail: AuthEvents<User>[K]) => listener(detail);
    listeners.add(entry);
    return () => void listeners.delete(entry);
  }

  /** Stops timers and listeners and forgets the token; the server session lives on. Waiting calls reject with `DISPOSED`. */
  dispose(): void {
    this.#disposed = true;
    this.#engine?.dispose();
    this.#subscribers.clear();
    this.#listeners.clear();
  }

  /** `using auth = new AuthClient()` disposes at the end of the block. */
  [Symbol.dispose](): void {
    this.dispose();
  }

  /** The engine, loaded and started. A failure to load is tried again by the next call. */
  #start(): Promise<Engine> {
    if (this.#disposed) return Promise.reject(new AuthError('DISPOSED', 'this client was disposed of'));
    this.#starting ??= this.#load().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return this.#starting;
  }

  async #load(): Promise<Engine> {
    const { createEngine } = await import('./engine.js');
    const engine = await createEngine(this.#settings, this.#notify);
    if (this.#disposed) {
      engine.dispose();
      throw new AuthError('DISPOSED', 'this client was disposed of');
    }
    this.#engine = engine;
    return engine;
  }

  readonly #notify: Notify = (event, detail, snapshot) => {
    this.#session = deepFrozen(snapshot) as Session<User>;
    const { reason } = this.#session;
    const details: Record<string, unknown> = { 'signed-out': { reason }, 'refresh-failed': detail };
    for (const listener of [...(this.#listeners.get(event) ?? [])]) {
      isolated(listener as (detail: unknown) => void, details[event] ?? this.#session);
    }
    for (const subscriber of [...this.#subscribers]) isolated(subscriber, this.#session);
  };
}

/** A listener that throws hurts nobody: its error is reported as an uncaught one, and the next listener is called. */
function isolated<T>(listener: (value: T) => void, value: T): void {
  try {
    listener(value);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** Freezes what came out of JSON, all the way down. */
function deepFrozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFrozen(inner);
  }
  return value;
}
