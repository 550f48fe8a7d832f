// The package `tokenward/solid` (SolidJS 1.9): the client in a context, its session as signals, and a guard for routes.
import {
  type Accessor,
  createComponent,
  createContext,
  createEffect,
  createMemo,
  createSignal,
  type JSX,
  onCleanup,
  onMount,
  sharedConfig,
  untrack,
  useContext,
} from 'solid-js';
import { RESTORING } from './client/session.js';
import type { AuthClient, RegisteredUser, Session } from './index.js';
import { hasSomeRole } from './util/guards.js';
import { onIdleWarning } from './util/idle-warning.js';

interface Provided {
  readonly client: AuthClient<unknown>;
  readonly session: Accessor<Session<unknown>>;
}

const Context = createContext<Provided>();

/**
 * Provides the client to the components inside it. Make the client once, outside of components; unmounting does not dispose it.
 *
 * @example
 * const auth = new AuthClient();
 * render(() => <AuthProvider client={auth}><App /></AuthProvider>, root);
 */
export function AuthProvider<User>(props: { client: AuthClient<User>; children?: JSX.Element }): JSX.Element {
  const client = untrack(() => props.client) as AuthClient<unknown>;
  // The server renders the restoring state. Hydration needs the same one.
  const [session, setSession] = createSignal<Session<unknown>>(sharedConfig.context ? RESTORING : client.session);
  onMount(() => onCleanup(client.subscribe((next) => void setSession(() => next))));
  return createComponent(Context.Provider, {
    value: { client, session },
    get children() {
      return props.children;
    },
  });
}

function useProvided(): Provided {
  const found = useContext(Context);
  if (!found) throw new Error('useAuth and useSession: expected an <AuthProvider client={auth}> above, found none');
  return found;
}

/**
 * The client: `login`, `signIn`, `logout`, `fetch` and the rest.
 *
 * @example
 * const { login, logout, fetch } = useAuth();
 * @throws {Error} outside of an `AuthProvider`.
 */
export function useAuth<User = RegisteredUser>(): AuthClient<User> {
  return useProvided().client as AuthClient<User>;
}

/** The session and each of its members, as accessors. */
export interface SessionAccessors<User = RegisteredUser> {
  readonly session: Accessor<Session<User>>;
  readonly status: Accessor<Session<User>['status']>;
  readonly user: Accessor<User | null>;
  readonly claims: Accessor<Session<User>['claims']>;
  readonly expiresAt: Accessor<number | null>;
  readonly reason: Accessor<Session<User>['reason']>;
  readonly error: Accessor<Session<User>['error']>;
  readonly retryAt: Accessor<Session<User>['retryAt']>;
}

/**
 * The session as accessors. On a server and during hydration the status is `'restoring'`.
 *
 * @example
 * const { status, user } = useSession();
 * return <Show when={user()} fallback="signed out">{(user) => user().name}</Show>;
 */
export function useSession<User = RegisteredUser>(): SessionAccessors<User> {
  const session = useProvided().session as Accessor<Session<User>>;
  const member =
    <K extends keyof Session<User>>(name: K) =>
    () =>
      session()[name];
  return {
    session,
    // A component that depends on the status stays as it is while a new token arrives.
    status: createMemo(member('status')),
    user: createMemo(member('user')),
    claims: member('claims'),
    expiresAt: member('expiresAt'),
    reason: member('reason'),
    error: member('error'),
    retryAt: member('retryAt'),
  };
}

/**
 * Whether the user has this role, or one of these: `auth.hasRole`, which reads `user` and the claims. For display only.
 *
 * @example
 * const isAdmin = useRole('admin');
 * return <Show when={isAdmin()}><A href="/admin">Administration</A></Show>;
 */
export function useRole(role: string | readonly string[] | Accessor<string | readonly string[]>): Accessor<boolean> {
  const { client, session } = useProvided();
  return createMemo(() => {
    const asked = typeof role === 'function' ? role() : role;
    return session().status === 'signed-in' && hasSomeRole(client, asked);
  });
}

/**
 * When the client signs the idle user out (`options.idleTimeoutSeconds`): milliseconds since the epoch; null while no warning is due.
 *
 * @example
 * const signOutAt = useIdleWarning();
 * const { stayActive } = useAuth();
 * return <Show when={signOutAt()}><dialog open>Signed out soon. <button onClick={stayActive}>Stay signed in</button></dialog></Show>;
 */
export function useIdleWarning(): Accessor<number | null> {
  const { client } = useProvided();
  const [signOutAt, setSignOutAt] = createSignal(sharedConfig.context ? null : client.idleSignOutAt);
  onMount(() => {
    const update = () => void setSignOutAt(client.idleSignOutAt);
    onCleanup(onIdleWarning(client, update));
    update();
  });
  return signOutAt;
}

/** What `RequireAuth` shows. */
export interface RequireAuthProps {
  /** The page of a signed-in user. */
  children?: JSX.Element;
  /** Shown while the client restores the session. `session().error` says why that takes long. */
  fallback?: JSX.Element;
  /**
   * Shown while no user is signed in: the redirect of the app's router, or a form. A function receives the path to return to:
   * path, query and hash of the page.
   */
  signedOut?: JSX.Element | ((returnTo: string) => JSX.Element);
  /** Called once when no user is signed in, for a router that redirects by a call. */
  onSignedOut?: ((returnTo: string) => void) | undefined;
  /** The user needs this role, or one of these. */
  requiredRole?: string | readonly string[] | undefined;
  /** Shown to a signed-in user without the role. */
  forbidden?: JSX.Element;
}

/**
 * Renders its children while a user is signed in (with `requiredRole`: a user with this role). It also reacts while the page is
 * displayed: to a sign-out here or in another tab, to the end of the session on the server, and to a change of user.
 *
 * @example
 * <RequireAuth fallback={<Spinner />} signedOut={(returnTo) => <Navigate href="/login" state={{ returnTo }} />}>
 *   {props.children}
 * </RequireAuth>
 */
export function RequireAuth(props: RequireAuthProps): JSX.Element {
  const { status } = useSession();
  const hasRole = useRole(() => props.requiredRole ?? []);
  const isAllowed = createMemo(() => props.requiredRole === undefined || hasRole());
  const view = createMemo(() => {
    if (status() === 'restoring') return props.fallback;
    if (status() === 'signed-in') return isAllowed() ? props.children : props.forbidden;
    return createComponent(SignedOutView, props);
  });
  return view as unknown as JSX.Element;
}

/** Keeps the path of the page before the redirect, also when `signedOut` changes what it shows. */
function SignedOutView(props: RequireAuthProps): JSX.Element {
  const returnTo = location.pathname + location.search + location.hash;
  createEffect(() => untrack(() => props.onSignedOut?.(returnTo)));
  const view = createMemo(() => {
    const { signedOut } = props;
    return typeof signedOut === 'function' ? (signedOut as (returnTo: string) => JSX.Element)(returnTo) : signedOut;
  });
  return view as unknown as JSX.Element;
}
