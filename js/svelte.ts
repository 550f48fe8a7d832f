// The package `tokenward/svelte` (Svelte 5): the client in the context, its session as reactive values, and a guard for SvelteKit.
// The client itself is a store: `$auth` is the session.
import { getContext, onMount, setContext } from 'svelte';
import { fromStore, writable } from 'svelte/store';
import type { AuthClient, RegisteredUser, Session } from './index.js';
import { hasSomeRole, isTarget } from './util/guards.js';
import { onIdleWarning } from './util/idle-warning.js';

const KEY = Symbol.for('tokenward');

/** A value that a component reads as `value.current`; the component follows its changes. */
export interface Reactive<Value> {
  readonly current: Value;
}

/**
 * Provides the client to the components below this one, and returns it. Make the client once, outside of components; unmounting does not
 * dispose it.
 *
 * @example
 * // src/lib/auth.ts
 * export const auth = new AuthClient();
 *
 * // src/routes/+layout.svelte
 * setAuth(auth);
 */
export function setAuth<User>(client: AuthClient<User>): AuthClient<User> {
  return setContext(KEY, client);
}

/**
 * The client: `login`, `signIn`, `logout`, `fetch` and the rest. It is a store of the session.
 *
 * @example
 * const auth = useAuth();
 * // {#if $auth.status === 'signed-in'}<button onclick={() => auth.logout()}>Sign out</button>{/if}
 * @throws {Error} outside of the initialisation of a component, or if no component above called `setAuth`.
 */
export function useAuth<User = RegisteredUser>(): AuthClient<User> {
  const client = getContext<AuthClient<User> | undefined>(KEY);
  if (!client) throw new Error('useAuth and useSession: expected setAuth(auth) in a component above, found none');
  return client;
}

/**
 * The session, for code that does not use the store syntax. On a server the status is `'restoring'`.
 *
 * @example
 * const session = useSession();
 * const name = $derived(session.current.user?.name);
 */
export function useSession<User = RegisteredUser>(): Reactive<Session<User>> {
  return fromStore(useAuth<User>());
}

/**
 * Whether the user has this role, or one of these: `auth.hasRole`, which reads `user` and the claims. A function is read again when what
 * it reads changes. For display only.
 *
 * @example
 * const isAdmin = useRole('admin');
 * // {#if isAdmin.current}<a href="/admin">Administration</a>{/if}
 */
export function useRole(role: string | readonly string[] | (() => string | readonly string[])): Reactive<boolean> {
  const client = useAuth();
  const session = fromStore(client);
  return {
    get current() {
      return session.current.status === 'signed-in' && hasSomeRole(client, typeof role === 'function' ? role() : role);
    },
  };
}

/**
 * When the client signs the idle user out (`options.idleTimeoutSeconds`): milliseconds since the epoch; null while no warning is due.
 *
 * @example
 * const warning = useIdleWarning();
 * const { stayActive } = useAuth();
 * // {#if warning.current}<dialog open>Signed out soon. <button onclick={stayActive}>Stay signed in</button></dialog>{/if}
 */
export function useIdleWarning(): Reactive<number | null> {
  const client = useAuth();
  const signOutAt = writable<number | null>(null);
  onMount(() => {
    const update = () => signOutAt.set(client.idleSignOutAt);
    update();
    return onIdleWarning(client, update);
  });
  return fromStore(signOutAt);
}

/** What `createGuard` needs of SvelteKit, and where it redirects to. */
export interface GuardOptions {
  /** `redirect` of `@sveltejs/kit`. */
  redirect: (status: 307, location: string) => never;
  /** `invalidate` of `$app/navigation`. */
  invalidate: (dependency: string) => Promise<void>;
  /** The path of the page on which the user signs in. Default: `'/login'`. */
  login?: string;
  /** The path of the page for a user without the role. Default: `login`. */
  forbidden?: string;
}

/** The part of SvelteKit's load event that the guard uses. */
export interface GuardedEvent {
  readonly url: URL;
  depends(...dependencies: `${string}:${string}`[]): void;
}

/** A guard of `createGuard`. */
export interface Guard {
  /** The `load` function of routes that need a user; with `requiredRole` a user with this role, or one of these. */
  (requiredRole?: string | readonly string[]): (event: GuardedEvent) => Promise<void>;
  /** Repeats the check when the session changes, while the component that calls this is mounted. */
  watch(): void;
}

const DEPENDENCY = 'tokenward:session';

/**
 * Makes the guard of a SvelteKit app. `guard()` is the `load` function of the layout whose routes need a user, and `guard.watch()` in the
 * component of this layout makes the guard react while a page is displayed: to a sign-out here or in another tab, to the end of the
 * session on the server, and to a change of user.
 *
 * The guard redirects a signed-out user to `login`, with the path and query of the page as `?redirect=` (SvelteKit gives no hash to
 * `load`). A navigation waits until the restore is settled. While the server cannot be reached, no user counts as signed out. On a
 * server the guard does nothing: the server renders the restoring state, and the browser runs the guard.
 *
 * @example
 * // src/lib/auth.ts
 * export const auth = new AuthClient();
 * export const guard = createGuard(auth, { redirect, invalidate });
 *
 * // src/routes/(protected)/+layout.ts
 * export const load = guard();
 *
 * // src/routes/(protected)/+layout.svelte
 * guard.watch();
 * // {#if $auth.status === 'signed-in'}{@render children()}{/if}
 */
export function createGuard<User>(
  client: AuthClient<User>,
  { redirect, invalidate, login = '/login', forbidden = login }: GuardOptions,
): Guard {
  /** The session at the last check, and whether it had the roles that were asked for, by their JSON. */
  let checked: Session<User> = client.session;
  const answers = new Map<string, boolean>();
  const has = (roles: string) => hasSomeRole(client, JSON.parse(roles));
  const load: (requiredRole?: string | readonly string[]) => (event: GuardedEvent) => Promise<void> =
    (requiredRole) =>
    async ({ url, depends }) => {
      const { pathname, search } = url;
      depends(DEPENDENCY);
      if (typeof document === 'undefined') return;
      await client.ready;
      checked = client.session;
      const { status } = checked;
      const roles = JSON.stringify(requiredRole);
      if (roles !== undefined) answers.set(roles, has(roles));
      if (status === 'restoring' || isTarget(pathname, checked, login, forbidden)) return;
      if (status === 'signed-in' && (roles === undefined || answers.get(roles))) return;
      const path = status === 'signed-in' ? forbidden : login;
      redirect(307, `${path}?redirect=${encodeURIComponent(pathname + search)}`);
    };
  // Only while the routes are displayed, and only if the answer changes: SvelteKit's `invalidate` cancels a navigation, for example the
  // one after a login, or one that waits for a renewed token.
  const watch = () =>
    onMount(() => {
      const update = () => {
        checked = client.session;
        for (const roles of answers.keys()) answers.set(roles, has(roles));
      };
      const recheck = () => {
        update();
        void invalidate(DEPENDENCY);
      };
      // The load has just checked what this page needs. Former pages may have asked for other roles.
      if (client.session === checked) update();
      const undo = [
        client.subscribe((session) => {
          const hasOtherRoles = [...answers].some(([roles, had]) => has(roles) !== had);
          if (session.status !== checked.status || hasOtherRoles) recheck();
          else update();
        }),
        client.on('account-changed', recheck),
      ];
      return () => {
        for (const remove of undo) remove();
      };
    });
  return Object.assign(load, { watch });
}
