// The face of the package: a synchronous constructor, immutable snapshots, events. Everything that decides is behind it.

import { early } from '#early';
import type { Engine } from './engine.js';
import { AuthError } from './errors.js';
import type { Notify } from './host.js';
import { type AuthClientOptions, checked, fail, type LogEntry } from './options.js';
import { RESTORING } from './session.js';

export { AuthError, type AuthErrorCode } from './errors.js';
export type { AuthClientOptions, LogEntry } from './options.js';

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

/**
 * Why there is no session: there was none (`'never'`), the app signed out (`'logout'`), the server said that it is over
 * (`'expired'`, `'revoked'`, `'reused'`), or another tab signed out or signed somebody else in (`'other-tab'`).
 */
export type SignedOutReason = 'never' | 'logout' | 'expired' | 'revoked' | 'reused' | 'other-tab';

export interface AuthEvents<User = unknown> {
  /** Somebody is signed in, by login, by restore, or because another tab signed in. */
  'signed-in': Session<User>;
  /** The session goes on with a new access token. */
  refreshed: Session<User>;
  /** The session is over. */
  'signed-out': { readonly reason: SignedOutReason };
  /**
   * Another user is signed in now: by login here or in another tab, or because a refresh answered for somebody else.
   * `from` is the user before. Calls made for that user reject with `SESSION_ENDED`. `signed-in` comes first.
   */
  'account-changed': { readonly from: User | null; readonly to: Session<User> };
  /**
   * An API asks for more than this token has (`insufficient_scope`, RFC 6750; `insufficient_user_authentication`,
   * RFC 9470). The answer goes to the caller; no refresh is tried. `response` is a copy. (From another origin the
   * `WWW-Authenticate` header must be exposed by CORS.)
   */
  'step-up-required': { readonly response: Response };
  /** A refresh failed in a way that does not end the session; the next try comes at `retryAt` (epoch milliseconds). */
  'refresh-failed': { readonly error: AuthError; readonly retryAt: number | null };
}

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
  /** Rejects when the client is disposed of. */
  readonly #disposal: Promise<never>;
  #endDisposal: (reason: AuthError) => void = () => {};
  #disposed = false;
  /** Who was signed in last, and who before the last sign-in. */
  #lastUser: User | null = null;
  #formerUser: User | null = null;
  readonly #options: AuthClientOptions;
  readonly #standIn: StandIn | undefined;
  readonly #subscribers = new Set<(session: Session<User>) => void>();
  readonly #listeners = new Map<string, Set<(detail: never) => void>>();

  /**
   * Synchronous and cheap: the wasm module loads in the background, and everything that needs it waits for it.
   * @throws {AuthError} `INVALID_OPTIONS`, naming the option, what was expected and what came.
   */
  constructor(options: AuthClientOptions = {}) {
    this.#options = checked(options);
    this.#standIn = (options as StandIns)[STAND_IN];
    this.#disposal = new Promise((_, reject) => {
      this.#endDisposal = reject;
    });
    this.#disposal.catch(() => {});
    // Without a page (server-side rendering) there is no session to restore; nothing is loaded or asked.
    this.ready =
      globalThis.location === undefined && !this.#standIn
        ? Promise.resolve(this.#session)
        : this.#start()
            .then((engine) => Promise.race([engine.restored, this.#disposal]))
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
   * Signs in: `credentials` goes to the login endpoint as JSON (with `protocol: 'oauth2'` as a form, beside
   * `grant_type=password`). Of several at once, the last counts; the others reject
   * with an `AbortError`.
   * Rejects with an `AuthError` (`INVALID_CREDENTIALS`, `RATE_LIMITED`, `OFFLINE`, …) and leaves the present session as
   * it was; aborted, it rejects with the signal's reason.
   */
  async login(credentials: unknown, options: { signal?: AbortSignal } = {}): Promise<Session<User>> {
    options.signal?.throwIfAborted();
    const body = JSON.stringify(credentials);
    if (body === undefined) fail('login.credentials', 'what JSON can hold', credentials);
    const { client } = await this.#start();
    try {
      await client.login(body, options.signal);
    } catch (error) {
      throw error ?? new DOMException('overtaken by a later login or a logout', 'AbortError');
    }
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
    await client.refresh(options.signal);
    return this.#session;
  }

  /**
   * Ends the session here and in the other tabs at once, whatever the network does. `revoked` tells whether the server
   * has heard (with `scope: 'everywhere'`, whether all sessions of the user have ended); if it has not, it is told when
   * the page is online again or at the next start, before anybody signs in.
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
   * server makes tokens that live so long. Rejects as `fetch` does; with `INVALID_OPTIONS` where a worker holds the token
   * and `options.exposeToken` is not set.
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

  /**
   * What happened lately (the last 100 things), oldest first, without secrets: why somebody was signed out, what was
   * tried, when the next try comes. For bug reports; `onLog` hears of each at once.
   */
  diagnostics(): readonly LogEntry[] {
    return this.#engine?.diagnostics() ?? [];
  }

  /**
   * Stops timers, listeners, channel and lock, and forgets the token; the server session lives on. Calls under way
   * reject with `DISPOSED`.
   */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#endDisposal(disposed());
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
    if (this.#disposed) return this.#disposal;
    this.#starting ??= this.#load().catch((error: unknown) => {
      this.#starting = undefined;
      throw error;
    });
    return Promise.race([this.#starting, this.#disposal]);
  }

  async #onPage(file: Promise<Response> | undefined): Promise<Engine> {
    const { openEngine } = await import('./engine.js');
    return openEngine(this.#options, this.#notify, AuthError, file);
  }

  async #load(): Promise<Engine> {
    const { isolation = 'page' } = this.#options;
    const engine = this.#standIn
      ? this.#standIn(this.#notify)
      : isolation === 'page'
        ? await this.#onPage(early())
        : await import('./remote.js').then(({ openEngine }) => openEngine(this.#options, this.#notify, AuthError));
    if (this.#disposed) {
      engine.dispose();
      throw disposed();
    }
    this.#engine = engine;
    return engine;
  }

  readonly #notify: Notify = (event, detail, snapshot) => {
    if (snapshot) this.#session = snapshot as Session<User>;
    const session = this.#session;
    if (event === 'signed-in') this.#formerUser = this.#lastUser;
    if (session.status !== 'restoring') this.#lastUser = session.user;
    const from = this.#formerUser;
    const details: Record<string, unknown> = {
      'signed-out': { reason: session.reason },
      'account-changed': { from, to: session },
    };
    // Listeners run when all is done, outside of locks and of what they are told about.
    queueMicrotask(() => {
      for (const listener of [...(this.#listeners.get(event) ?? [])]) {
        isolated(listener as (detail: unknown) => void, details[event] ?? detail);
      }
      if (snapshot) for (const subscriber of [...this.#subscribers]) isolated(subscriber, session);
    });
  };
}

/** For `tokenward/testing`: an engine without wasm and network, handed over under a name that no option has. */
const STAND_IN = Symbol.for('tokenward.testing');
type StandIn = (notify: Notify) => Engine;
type StandIns = { readonly [STAND_IN]?: StandIn };

const disposed = () => new AuthError('DISPOSED', 'this client was disposed of');

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
