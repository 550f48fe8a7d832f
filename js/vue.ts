// The package `tokenward/vue` (Vue 3.4 and later): a plugin that provides the client, the session as refs, and a guard for vue-router.
import { type App, type ComputedRef, computed, type InjectionKey, inject, type ShallowRef, shallowRef } from 'vue';
import type { AuthClient, Session } from './index.js';

interface Provided {
  readonly client: AuthClient;
  readonly session: ShallowRef<Session>;
}

const KEY: InjectionKey<Provided> = Symbol('tokenward');

/**
 * The plugin. Make the client once; unmounting the app unsubscribes the plugin and does not dispose the client.
 *
 * @example
 * const auth = new AuthClient<User>();
 * createApp(App).use(createAuth(auth)).mount('#app');
 */
export function createAuth<User>(client: AuthClient<User>): { install(app: App): void } {
  return {
    install(app) {
      const session = shallowRef<Session>(client.session);
      app.provide(KEY, { client: client as AuthClient, session });
      // A server makes an app for each page and never unmounts it; the session does not change there.
      if (typeof document === 'undefined') return;
      const stop = client.subscribe((next) => {
        session.value = next;
      });
      const { unmount } = app;
      app.unmount = () => {
        stop();
        unmount();
      };
    },
  };
}

function provided(): Provided {
  const found = inject(KEY, undefined);
  if (!found) throw new Error('useAuth and useSession: expected app.use(createAuth(auth)), found none');
  return found;
}

/**
 * The client: `login`, `logout`, `fetch` and the rest.
 * @throws {Error} if the plugin is not installed, or outside of `setup`.
 */
export function useAuth<User = unknown>(): AuthClient<User> {
  return provided().client as AuthClient<User>;
}

/** The session and each of its members, as read-only refs. */
export interface SessionRefs<User> {
  readonly session: Readonly<ShallowRef<Session<User>>>;
  readonly status: ComputedRef<Session<User>['status']>;
  readonly user: ComputedRef<User | null>;
  readonly claims: ComputedRef<Session<User>['claims']>;
  readonly expiresAt: ComputedRef<number | null>;
  readonly reason: ComputedRef<Session<User>['reason']>;
  readonly error: ComputedRef<Session<User>['error']>;
  readonly retryAt: ComputedRef<Session<User>['retryAt']>;
}

/**
 * The session as refs.
 *
 * @example
 * const { status, user } = useSession<User>();
 */
export function useSession<User = unknown>(): SessionRefs<User> {
  const session = provided().session as ShallowRef<Session<User>>;
  const member = <K extends keyof Session<User>>(name: K) => computed(() => session.value[name]);
  return {
    session,
    status: member('status'),
    user: member('user'),
    claims: member('claims'),
    expiresAt: member('expiresAt'),
    reason: member('reason'),
    error: member('error'),
    retryAt: member('retryAt'),
  };
}

/** The part of vue-router's route that the guard reads. */
export interface GuardedRoute {
  readonly fullPath: string;
  readonly meta: { readonly requiresAuth?: unknown } & Readonly<Record<PropertyKey, unknown>>;
}

/**
 * A guard for `router.beforeEach`. It waits until the restore is settled, then redirects a signed-out user from a route with
 * `meta.requiresAuth` to the login, with the requested path as `?redirect=`. `meta.requiresAuth: 'admin'` (or several:
 * `['admin', 'editor']`) requires one of these roles; a signed-in user without it is redirected to `forbidden`. While the
 * server cannot be reached, no user counts as signed out: the page is shown, and its calls fail as they do offline.
 *
 * @example
 * router.beforeEach(createAuthGuard(auth, { login: '/login', forbidden: '/forbidden' }));
 */
export function createAuthGuard<User>(
  client: AuthClient<User>,
  { login = '/login', forbidden = login }: { login?: string; forbidden?: string } = {},
): (to: GuardedRoute) => Promise<true | { path: string; query: { redirect: string } }> {
  return async ({ fullPath, meta: { requiresAuth } }) => {
    if (!requiresAuth) return true;
    await client.ready;
    const { status } = client.session;
    const query = { redirect: fullPath };
    if (status === 'signed-out') return { path: login, query };
    if (requiresAuth === true || status === 'restoring') return true;
    const roles = (Array.isArray(requiresAuth) ? requiresAuth : [requiresAuth]) as string[];
    return roles.some((role) => client.hasRole(role)) || { path: forbidden, query };
  };
}
