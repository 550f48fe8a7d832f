// The package `tokenward/vue` (Vue 3.4 and later): a plugin that provides the client, the session as refs, and a guard for vue-router.
import {
  type App,
  type ComputedRef,
  computed,
  type InjectionKey,
  inject,
  type MaybeRefOrGetter,
  onMounted,
  onScopeDispose,
  type ShallowRef,
  shallowRef,
  toValue,
} from 'vue';
import { RESTORING } from './client/session.js';
import type { AuthClient, RegisteredUser, Session, SignInOptions } from './index.js';
import { hasSomeRole, isTarget } from './util/guards.js';
import { onIdleWarning } from './util/idle-warning.js';

interface Provided {
  readonly client: AuthClient<unknown>;
  readonly session: ShallowRef<Session<unknown>>;
  /** Whether the app is being mounted on what a server rendered. */
  isHydrating: boolean;
}

const KEY: InjectionKey<Provided> = Symbol('tokenward');

/** A server makes an app and a router for each page and never unmounts them; the session does not change there. */
const isServer = () => typeof document === 'undefined';

/**
 * The plugin. Make the client once; unmounting the app unsubscribes the plugin and does not dispose the client.
 *
 * @example
 * const auth = new AuthClient();
 * createApp(App).use(createAuth(auth)).mount('#app');
 */
export function createAuth<User>(client: AuthClient<User>): { install(app: App): void } {
  return {
    install(app) {
      const session = shallowRef<Session<unknown>>(client.session);
      const own: Provided = { client: client as AuthClient<unknown>, session, isHydrating: false };
      app.provide(KEY, own);
      if (isServer()) return;
      const stop = client.subscribe((next) => {
        session.value = next;
      });
      const { mount, unmount } = app;
      // Hydration begins with the state that the server rendered. (The content of the element is that, or a placeholder.)
      app.mount = (container, ...rest) => {
        const element = typeof container === 'string' ? document.querySelector(container) : container;
        own.isHydrating = element?.hasChildNodes?.() === true;
        if (own.isHydrating) session.value = RESTORING;
        try {
          return mount(container, ...rest);
        } finally {
          own.isHydrating = false;
          session.value = client.session;
        }
      };
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
 *
 * @example
 * const { login, logout, fetch } = useAuth();
 * @throws {Error} if the plugin is not installed, or outside of `setup`.
 */
export function useAuth<User = RegisteredUser>(): AuthClient<User> {
  return provided().client as AuthClient<User>;
}

/** The session and each of its members, as read-only refs. */
export interface SessionRefs<User = RegisteredUser> {
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
 * The session as refs. On a server and while the app is mounted on what the server rendered, the status is
 * `'restoring'`.
 *
 * @example
 * const { status, user } = useSession();
 */
export function useSession<User = RegisteredUser>(): SessionRefs<User> {
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

/**
 * Whether the user has this role, or one of these, as a ref that follows the session: `auth.hasRole`, which reads `user` and the
 * claims. For display only.
 *
 * @example
 * const isAdmin = useRole('admin');
 */
export function useRole(role: MaybeRefOrGetter<string | readonly string[]>): ComputedRef<boolean> {
  const { client, session } = provided();
  return computed(() => session.value.status === 'signed-in' && hasSomeRole(client, toValue(role)));
}

/**
 * When the client signs the idle user out (`options.idleTimeoutSeconds`): milliseconds since the epoch, as a ref; null while no
 * warning is due.
 *
 * @example
 * const signOutAt = useIdleWarning();
 * const { stayActive } = useAuth();
 * // <dialog v-if="signOutAt" open>Signed out soon. <button @click="stayActive">Stay signed in</button></dialog>
 */
export function useIdleWarning(): Readonly<ShallowRef<number | null>> {
  const { client, isHydrating } = provided();
  const signOutAt = shallowRef<number | null>(null);
  const update = () => {
    signOutAt.value = client.idleSignOutAt;
  };
  if (isHydrating) onMounted(update);
  else update();
  onScopeDispose(onIdleWarning(client, update));
  return signOutAt;
}

/** The part of vue-router's route that the guard reads. */
export interface GuardedRoute {
  readonly fullPath: string;
  readonly meta: { readonly requiresAuth?: unknown } & Readonly<Record<PropertyKey, unknown>>;
}

/** The part of vue-router's router that `guardRoutes` uses. */
export interface GuardedRouter {
  readonly currentRoute: { readonly value: GuardedRoute };
  beforeEach(guard: (to: GuardedRoute) => Promise<boolean | GuardRedirect>): () => void;
  afterEach(hook: (to: GuardedRoute, from: GuardedRoute, failure?: unknown) => void): () => void;
  replace(to: GuardRedirect): Promise<unknown>;
  resolve(to: string): { readonly href: string };
}

/** Where `guardRoutes` redirects to. */
export interface GuardRedirect {
  path: string;
  query: { redirect: string };
}

/** The options of `guardRoutes`. */
export interface GuardOptions {
  /** The path of the page on which the user signs in. Default: `'/login'`. */
  login?: string;
  /** The path of the page for a user without the role. Default: `login`. */
  forbidden?: string;
  /**
   * Sign in at the identity provider at once, with these options, and come back to the route. The guard redirects to `login` instead
   * after a sign-in that failed, after a logout, and when the user comes back from the provider: a user who has no session there
   * would go round in circles.
   */
  signIn?: boolean | Omit<SignInOptions, 'display'>;
}

/**
 * Guards the routes with `meta.requiresAuth`: redirects a signed-out user to `login`, with the path, query and hash of the route as
 * `?redirect=`, or with `signIn: true` to the identity provider. A navigation waits until the restore is settled. The guard also
 * reacts while a route is displayed: to a sign-out here or in another tab, to the end of the session on the server, and to a change of
 * user.
 *
 * `meta.requiresAuth: 'admin'` (or several: `['admin', 'editor']`) requires one of these roles; a signed-in user without it is
 * redirected to `forbidden`. While the server cannot be reached, no user counts as signed out: the page is shown, and its calls
 * fail as they do offline. The route `login` is shown to everybody, and `forbidden` to each signed-in user, also inside a guarded layout.
 *
 * Returns the function that removes the guard. Call `guardRoutes` before `app.use(router)`, which starts the first navigation.
 *
 * @example
 * guardRoutes(router, auth, { login: '/login', forbidden: '/forbidden' });
 */
export function guardRoutes<User>(
  router: GuardedRouter,
  client: AuthClient<User>,
  { login = '/login', forbidden = login, signIn }: GuardOptions = {},
): () => void {
  if (typeof router?.beforeEach !== 'function' || typeof client?.subscribe !== 'function')
    throw new TypeError('guardRoutes: expected (router, auth, options)');
  const provider = signIn ? providerOf(router, client, signIn === true ? {} : signIn, () => recheck()) : undefined;
  const check = (route: GuardedRoute, cause: 'navigation' | 'session'): boolean | GuardRedirect => {
    const { fullPath, meta } = route;
    const { requiresAuth } = meta;
    const { status } = client.session;
    if (!requiresAuth || status === 'restoring' || isTarget(fullPath, client.session, login, forbidden)) return true;
    const query = { redirect: fullPath };
    if (status === 'signed-out') return provider?.signsIn(fullPath, cause) ? false : { path: login, query };
    return requiresAuth === true || hasSomeRole(client, requiresAuth as string) || { path: forbidden, query };
  };
  const recheck = () => {
    const target = check(router.currentRoute.value, 'session');
    if (typeof target === 'object') void router.replace(target);
  };
  const undo = [
    router.beforeEach(async (to) => {
      if (to.meta.requiresAuth) await client.ready;
      if (to.meta.requiresAuth && provider) await provider.ready();
      return check(to, 'navigation');
    }),
    // The session may have changed since the guard ran. (A navigation that another guard of the app stops is not repeated.)
    router.afterEach((_to, _from, failure) => {
      if (!failure) recheck();
    }),
  ];
  if (provider) undo.push(provider.stop);
  if (!isServer()) undo.push(client.subscribe(recheck));
  return () => {
    for (const remove of undo) remove();
  };
}

/** The sign-in at a provider that a guard begins. `onFailed` is called when the guard has to show the login. */
function providerOf<User>(
  router: GuardedRouter,
  client: AuthClient<User>,
  options: Omit<SignInOptions, 'display'>,
  onFailed: () => void,
) {
  let hasFailed = false;
  let leaving: Promise<unknown> | undefined;
  const failed = () => {
    hasFailed = true;
    onFailed();
  };
  const succeeded = () => {
    hasFailed = false;
    leaving = undefined;
  };
  const undo = isServer() ? [] : [client.on('sign-in-failed', failed), client.on('signed-in', succeeded)];
  return {
    /** Resolves when it is known whether the last sign-in failed: `sign-in-failed` comes in a task after `ready`. */
    ready: () => new Promise((resolve) => setTimeout(resolve)),
    /**
     * Whether a sign-in begins. A further navigation begins it again: the user may have stopped the one to the provider, which
     * nothing reports to the page.
     */
    signsIn(fullPath: string, cause: 'navigation' | 'session'): boolean {
      const { reason } = client.session;
      const isByUser = reason === 'logout' || reason === 'other-tab' || reason === 'idle';
      if (hasFailed || isByUser || isServer()) return false;
      if (leaving && cause === 'session') return true;
      const returnTo = router.resolve(fullPath).href;
      const present = client.signIn({ returnTo, ...options, display: 'redirect' });
      leaving = present;
      present.catch(() => {
        // (A later call replaces the one before.)
        if (leaving !== present) return;
        leaving = undefined;
        failed();
      });
      return true;
    },
    stop() {
      for (const remove of undo) remove();
    },
  };
}
