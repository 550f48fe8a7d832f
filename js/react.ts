// React 18 and 19: the client in a context, its session by `useSyncExternalStore`. Nothing else is kept here.
'use client'; // components rendered on a server may import this

import { createContext, createElement, type ReactNode, useContext, useSyncExternalStore } from 'react';
import type { AuthClient, Session } from './index.js';
import { RESTORING } from './session.js';

const Context = createContext<AuthClient | null>(null);

/**
 * Gives the client to everything below. Make the client once, outside of components; nothing is disposed of on unmount.
 *
 * @example
 * const auth = new AuthClient<User>();
 * createRoot(root).render(<AuthProvider client={auth}><App /></AuthProvider>);
 */
export function AuthProvider<User>({ client, children }: { client: AuthClient<User>; children?: ReactNode }) {
  return createElement(Context.Provider, { value: client as AuthClient }, children);
}

/**
 * The client: `login`, `logout`, `fetch` and the rest. It never changes, so it renders nothing again.
 * @throws {Error} outside of an `AuthProvider`.
 */
export function useAuth<User = unknown>(): AuthClient<User> {
  const client = useContext(Context);
  if (!client) throw new Error('useAuth and useSession: expected an <AuthProvider client={auth}> above, found none');
  return client as AuthClient<User>;
}

/**
 * The session as it is now; renders again when it changes. On a server, and while its page is taken over, the status is
 * `'restoring'`. With `suspend` it suspends instead (`<Suspense>` above shows its fallback) until `auth.ready`, which
 * comes within `options.timeout`.
 *
 * @example
 * const { status, user } = useSession<User>();
 */
export function useSession<User = unknown>(options: { suspend?: boolean } = {}): Session<User> {
  const client = useAuth<User>();
  const session = useSyncExternalStore<Session<User>>(
    subscriber(client),
    () => client.session,
    () => RESTORING,
  );
  if (options.suspend && session.status === 'restoring' && !settled.has(client)) throw waited(client);
  return session;
}

/** Renders its children while somebody is signed in, else `fallback`. */
export function SignedIn({ children, fallback }: { children?: ReactNode; fallback?: ReactNode }): ReactNode {
  return useSession().status === 'signed-in' ? children : fallback;
}

/** Renders its children while nobody is signed in; not while that is still unknown. */
export function SignedOut({ children, fallback }: { children?: ReactNode; fallback?: ReactNode }): ReactNode {
  return useSession().status === 'signed-out' ? children : fallback;
}

type Subscribe = (changed: () => void) => () => void;
const subscribers = new WeakMap<object, Subscribe>();

/** The same function for the same client: React would subscribe anew for another one. */
function subscriber<User>(client: AuthClient<User>): Subscribe {
  const known = subscribers.get(client) ?? ((changed) => client.subscribe(changed));
  subscribers.set(client, known);
  return known;
}

const settled = new WeakSet<object>();
const waits = new WeakMap<object, Promise<void>>();

/** Suspense wants the same promise each time. */
function waited<User>(client: AuthClient<User>): Promise<void> {
  const known = waits.get(client) ?? client.ready.then(() => void settled.add(client));
  waits.set(client, known);
  return known;
}
