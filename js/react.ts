// The package `tokenward/react` (React 18 and 19): the client in a context, its session by `useSyncExternalStore`.
'use client'; // components rendered on a server may import this

import { createContext, createElement, type ReactNode, useContext, useSyncExternalStore } from 'react';
import { RESTORING } from './client/session.js';
import type { AuthClient, AuthError, RestoringSession, Session } from './index.js';

const Context = createContext<AuthClient | null>(null);

/**
 * Provides the client to the components inside it. Make the client once, outside of components; unmounting does not dispose it.
 *
 * @example
 * const auth = new AuthClient<User>();
 * createRoot(root).render(<AuthProvider client={auth}><App /></AuthProvider>);
 */
export function AuthProvider<User>({ client, children }: { client: AuthClient<User>; children?: ReactNode }) {
  return createElement(Context.Provider, { value: client as AuthClient }, children);
}

/**
 * The client: `login`, `logout`, `fetch` and the rest. It never changes, so it causes no rendering.
 * @throws {Error} outside of an `AuthProvider`.
 */
export function useAuth<User = unknown>(): AuthClient<User> {
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
 * const session = useSession<User>();
 * return session.status === 'signed-in' ? session.user.name : 'signed out';
 */
export function useSession<User = unknown>(options: { suspend?: boolean } = {}): Session<User> {
  const client = useAuth<User>();
  const session = useSyncExternalStore<Session<User>>(
    subscriber(client),
    () => client.session,
    () => RESTORING,
  );
  if (options.suspend && session.status === 'restoring' && !ready.has(client)) throw readyPromise(client);
  return session;
}

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
