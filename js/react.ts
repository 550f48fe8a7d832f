// The package `tokenward/react` (React 18 and 19): the client in a context, its session by `useSyncExternalStore`.
'use client'; // components rendered on a server may import this

import {
  createContext,
  createElement,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useRef,
  useState,
  useSyncExternalStore,
} from 'react';
import { RESTORING } from './client/session.js';
import type { AuthClient, AuthError, RegisteredUser, RestoringSession, Session } from './index.js';
import { hasSomeRole } from './util/guards.js';
import { onIdleWarning } from './util/idle-warning.js';

const Context = createContext<AuthClient<unknown> | null>(null);

/**
 * Provides the client to the components inside it. Make the client once, outside of components; unmounting does not dispose it.
 *
 * @example
 * const auth = new AuthClient();
 * createRoot(root).render(<AuthProvider client={auth}><App /></AuthProvider>);
 */
export function AuthProvider<User>({ client, children }: { client: AuthClient<User>; children?: ReactNode }) {
  return createElement(Context.Provider, { value: client as AuthClient<unknown> }, children);
}

/**
 * The client: `login`, `signIn`, `logout`, `fetch` and the rest. The component renders again only if `AuthProvider` gets another client.
 *
 * @example
 * const { login, logout, fetch } = useAuth();
 * @example
 * const { signIn } = useAuth();
 * return <button onClick={() => signIn()}>Sign in</button>;
 * @throws {Error} outside of an `AuthProvider`.
 */
export function useAuth<User = RegisteredUser>(): AuthClient<User> {
  const client = useContext(Context);
  if (!client) throw new Error('useAuth and useSession: expected an <AuthProvider client={auth}> above, found none');
  return client as AuthClient<User>;
}

/**
 * The session now; the component renders again when it changes. On a server and during hydration the status is
 * `'restoring'`. With `suspend` the component suspends instead (the nearest `<Suspense>` shows its fallback) until
 * `auth.ready` resolves, which is within `options.timeoutSeconds`.
 *
 * @example
 * const session = useSession();
 * return session.status === 'signed-in' ? session.user.name : 'signed out';
 */
export function useSession<User = RegisteredUser>(options: { suspend?: boolean } = {}): Session<User> {
  const client = useAuth<User>();
  const session = useSyncExternalStore<Session<User>>(
    subscriber(client),
    () => client.session,
    () => RESTORING,
  );
  if (options.suspend && session.status === 'restoring' && !ready.has(client)) throw readyPromise(client);
  return session;
}

/**
 * Whether the user has this role, or one of these: `auth.hasRole`, which reads `user` and the claims. The component renders again
 * when the answer changes, also with a change of user. For display only.
 *
 * @example
 * const isAdmin = useRole('admin');
 */
export function useRole(role: string | readonly string[]): boolean {
  const client = useAuth();
  return useSyncExternalStore(
    subscriber(client),
    () => hasSomeRole(client, role),
    () => false,
  );
}

/**
 * When the client signs the idle user out (`options.idleTimeoutSeconds`): milliseconds since the epoch; null while no warning is due.
 *
 * @example
 * const signOutAt = useIdleWarning();
 * const { stayActive } = useAuth();
 * return signOutAt && <dialog open>Signed out soon. <button onClick={stayActive}>Stay signed in</button></dialog>;
 */
export function useIdleWarning(): number | null {
  const client = useAuth();
  const subscribe = useCallback((listener: () => void) => onIdleWarning(client, listener), [client]);
  return useSyncExternalStore(
    subscribe,
    () => client.idleSignOutAt,
    () => null,
  );
}

/** What `RequireAuth` shows. */
export interface RequireAuthProps {
  /** The page of a signed-in user. */
  children?: ReactNode;
  /** Shown while the client restores the session. `session.error` says why that takes long. */
  fallback?: ReactNode;
  /**
   * Shown while no user is signed in: the redirect of the app's router, or a form. A function receives the path to return to:
   * path, query and hash of the page.
   */
  signedOut?: ReactNode | ((returnTo: string) => ReactNode);
  /** Called once when no user is signed in, for a router that redirects by a call. */
  onSignedOut?: ((returnTo: string) => void) | undefined;
  /** The user needs this role, or one of these. */
  requiredRole?: string | readonly string[] | undefined;
  /** Shown to a signed-in user without the role. */
  forbidden?: ReactNode;
}

/**
 * Renders its children while a user is signed in (with `requiredRole`: a user with this role). It also reacts while the page is
 * displayed: to a sign-out here or in another tab, to the end of the session on the server, and to a change of user.
 *
 * @example
 * <RequireAuth fallback={<Spinner />} signedOut={(returnTo) => <Navigate to="/login" replace state={{ returnTo }} />}>
 *   <Outlet />
 * </RequireAuth>
 */
export function RequireAuth(props: RequireAuthProps): ReactNode {
  const { children, fallback, signedOut, onSignedOut, requiredRole, forbidden } = props;
  const { status } = useSession();
  const hasRole = useRole(requiredRole ?? []);
  if (status === 'restoring') return fallback;
  if (status === 'signed-in') return requiredRole === undefined || hasRole ? children : forbidden;
  return createElement(SignedOutView, { signedOut, onSignedOut });
}

/** Keeps the path of its first rendering: a redirect changes the address before the router shows the next page. */
function SignedOutView({ signedOut, onSignedOut }: Pick<RequireAuthProps, 'signedOut' | 'onSignedOut'>): ReactNode {
  const [returnTo] = useState(currentPath);
  const [notify] = useState(() => onSignedOut);
  // StrictMode runs an effect twice, and `Activity` runs it again when it shows the page again, in a later task.
  const isNotified = useRef(false);
  useEffect(() => {
    if (!isNotified.current) notify?.(returnTo);
    isNotified.current = true;
    return () =>
      queueMicrotask(() => {
        isNotified.current = false;
      });
  }, [notify, returnTo]);
  return typeof signedOut === 'function' ? signedOut(returnTo) : signedOut;
}

const currentPath = () => location.pathname + location.search + location.hash;

/** Renders its children while a user is signed in, else `fallback`. */
export function SignedIn({ children, fallback }: { children?: ReactNode; fallback?: ReactNode }): ReactNode {
  return useSession().status === 'signed-in' ? children : fallback;
}

/** Renders its children while the status is `'signed-out'`, else `fallback`; `fallback` also while it is still `'restoring'`. */
export function SignedOut({ children, fallback }: { children?: ReactNode; fallback?: ReactNode }): ReactNode {
  return useSession().status === 'signed-out' ? children : fallback;
}

/**
 * Renders its children while it is not known whether a user is signed in because the server cannot be reached. A function
 * receives the session, with `error` and `retryAt`.
 *
 * @example
 * <SessionUnavailable>{({ error }) => <p>No connection: {error.message}</p>}</SessionUnavailable>
 */
export function SessionUnavailable({
  children,
}: {
  children?: ReactNode | ((session: RestoringSession & { error: AuthError }) => ReactNode);
}): ReactNode {
  const session = useSession();
  if (session.status !== 'restoring' || !session.error) return null;
  return typeof children === 'function' ? children(session as RestoringSession & { error: AuthError }) : children;
}

type Subscribe = (changed: () => void) => () => void;
const subscribers = new WeakMap<object, Subscribe>();

/** The same function for the same client: React would subscribe again for another one. */
function subscriber<User>(client: AuthClient<User>): Subscribe {
  const known = subscribers.get(client) ?? ((changed) => client.subscribe(changed));
  subscribers.set(client, known);
  return known;
}

const ready = new WeakSet<object>();
const readyPromises = new WeakMap<object, Promise<void>>();

/** The same promise for the same client, as Suspense requires. */
function readyPromise<User>(client: AuthClient<User>): Promise<void> {
  const known = readyPromises.get(client) ?? client.ready.then(() => void ready.add(client));
  readyPromises.set(client, known);
  return known;
}
