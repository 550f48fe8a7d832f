// An `AuthClient` for the tests of an app: the real face of the package (snapshots, events, errors) before an engine that
// has neither wasm nor network and does what the test says.
import { abortable } from './abort.js';
import type { Engine } from './engine.js';
import { deepFrozen } from './frozen.js';
import type { Notify, Snapshot } from './host.js';
import {
  AuthClient,
  type AuthClientOptions,
  AuthError,
  type AuthErrorCode,
  type LogEntry,
  type Session,
} from './index.js';

/** How a test client begins and what it answers. */
export interface TestAuthOptions<User> {
  /** Default: `'signed-in'` where there is a `user`, else `'signed-out'`. */
  status?: Session<User>['status'];
  /** Who is signed in. */
  user?: User | null;
  /** The claims of the access token; roles may be here (`{roles: ['admin']}`). */
  claims?: Record<string, unknown> | null;
  /** Epoch milliseconds. Default: fifteen minutes from now. */
  expiresAt?: number | null;
  /** Default with status `'signed-out'`: `'never'`. */
  reason?: Session<User>['reason'];
  /** Who signs in by `login`: a user, or a function of the credentials that returns one or throws. Default: `user`. */
  login?: User | ((credentials: unknown) => User | Promise<User>);
  /** What `fetch` does while somebody is signed in. Default: `globalThis.fetch`. */
  fetch?: typeof globalThis.fetch;
  /** What `getAccessToken` returns. Default `'test-token'`. */
  token?: string;
}

/** What a test makes happen. */
export interface TestControls<User> {
  /** Somebody is signed in from now on, as if another tab or `login` had done it. */
  signIn(user: User, claims?: Record<string, unknown>): void;
  /** The session is over, as the server or another tab would end it. */
  signOut(reason?: NonNullable<Session<User>['reason']>): void;
  /** A new access token has come. */
  refreshed(change?: { user?: User; claims?: Record<string, unknown>; expiresAt?: number }): void;
  /** The next `login`, `refresh`, `fetch` or `getAccessToken` rejects with this. */
  failNext(error: AuthErrorCode | Error): void;
  /** A refresh has failed, and the session lives on. */
  refreshFailed(code?: AuthErrorCode, retryAt?: number): void;
  /** Every call so far: its name and what was given. */
  readonly calls: readonly { readonly name: string; readonly given: readonly unknown[] }[];
}

export type TestAuth<User = unknown> = AuthClient<User> & { readonly test: TestControls<User> };

/**
 * An `AuthClient` with no wasm and no network. It has its session at once, so a first render shows it.
 *
 * @example
 * const auth = createTestAuth({ user: { id: '1', name: 'Ada' } });
 * render(<AuthProvider client={auth}><App /></AuthProvider>);
 * act(() => auth.test.signOut('expired'));
 */
export function createTestAuth<User = unknown>(options: TestAuthOptions<User> = {}): TestAuth<User> {
  const life = 15 * 60_000;
  const calls: { name: string; given: unknown[] }[] = [];
  const log: LogEntry[] = [];
  let notify: Notify = () => {};
  let failure: Error | undefined;
  let current: Snapshot;
  let disposed = false;
  let settle = () => {};
  const restored = new Promise<void>((resolve) => {
    settle = resolve;
  });

  const tell = (event: string, snapshot: Snapshot) => {
    current = deepFrozen(snapshot);
    if (snapshot.status !== 'restoring') settle();
    log.push({ at: Date.now(), level: 'info', event });
    notify(event, snapshot, snapshot);
  };
  const signedIn = (user: unknown, claims: Record<string, unknown> | null, expiresAt?: number | null): Snapshot => ({
    status: 'signed-in',
    user,
    claims,
    expiresAt: expiresAt === undefined ? Date.now() + life : expiresAt,
    reason: null,
  });
  const nobody = (reason: string | null, status = 'signed-out'): Snapshot => ({
    status,
    user: null,
    claims: null,
    expiresAt: null,
    reason,
  });
  const error = (code: AuthErrorCode) => new AuthError(code, 'as the test says');
  const called = (name: string, ...given: unknown[]) => {
    calls.push({ name, given });
    const failing = failure;
    failure = undefined;
    if (failing) throw failing;
  };
  const admit = () => {
    if (disposed) throw error('DISPOSED');
    if (current.status !== 'signed-in')
      throw error(current.status === 'restoring' ? 'REFRESH_UNAVAILABLE' : 'SIGNED_OUT');
  };

  async function login(body: string) {
    const credentials: unknown = JSON.parse(body);
    called('login', credentials);
    const { login = options.user ?? null } = options;
    const user = typeof login === 'function' ? await (login as (given: unknown) => unknown)(credentials) : login;
    tell('signed-in', signedIn(user, options.claims ?? null));
  }
  async function refresh() {
    called('refresh');
    admit();
    tell('refreshed', signedIn(current.user, current.claims));
  }

  const engine: Engine = {
    client: {
      login: (body, signal) => abortable(login(body), signal),
      refresh: (signal) => abortable(refresh(), signal),
      async logout(everywhere: boolean) {
        called('logout', everywhere ? 'everywhere' : 'session');
        if (current.status !== 'signed-out') tell('signed-out', nobody('logout'));
        return true;
      },
    },
    restored,
    async fetch(input, init) {
      called('fetch', input, init);
      admit();
      return (options.fetch ?? globalThis.fetch)(input, init);
    },
    async getAccessToken(minValidity) {
      called('getAccessToken', minValidity / 1000);
      admit();
      return options.token ?? 'test-token';
    },
    diagnostics: () => log,
    dispose() {
      disposed = true;
    },
  };

  const { user = null, claims = null, expiresAt, status = user === null ? 'signed-out' : 'signed-in' } = options;
  const first = status === 'signed-in' ? signedIn(user, claims, expiresAt) : nobody(null, status);
  if (status === 'signed-out') first.reason = options.reason ?? 'never';
  const standIn = (given: Notify) => {
    notify = given;
    tell(status === 'restoring' ? 'changed' : status, first);
    return engine;
  };
  const auth = new AuthClient<User>({ [Symbol.for('tokenward.testing')]: standIn } as AuthClientOptions);
  const test: TestControls<User> = {
    signIn(next, nextClaims) {
      const other = current.status === 'signed-in';
      tell('signed-in', signedIn(next, nextClaims ?? null));
      if (other) notify('account-changed', current, current);
    },
    signOut: (reason = 'expired') => tell('signed-out', nobody(reason)),
    refreshed: (change = {}) =>
      tell('refreshed', signedIn(change.user ?? current.user, change.claims ?? current.claims, change.expiresAt)),
    failNext(failing) {
      failure = typeof failing === 'string' ? error(failing) : failing;
    },
    refreshFailed: (code = 'REFRESH_UNAVAILABLE', retryAt) =>
      notify('refresh-failed', { error: error(code), retryAt: retryAt ?? null }),
    calls,
  };
  return Object.assign(auth, { test });
}
