// The idle warning of a client, for the framework adapters. They follow it from when an app provides the client, so that a component that
// is mounted during a warning knows of it.
import type { AuthClient } from '../client/auth-client.js';

export interface IdleWarning {
  /** When the client signs the user out, in milliseconds since the epoch; null while no warning is due. */
  signOutAt(): number | null;
  /** Calls the listener after each change. Returns the function that removes it. */
  subscribe(listener: () => void): () => void;
}

/** On a server no user is idle. */
const NONE: IdleWarning = { signOutAt: () => null, subscribe: () => () => {} };

const warnings = new WeakMap<object, IdleWarning>();

/** The warning of this client: the same object for the same client, with two listeners on the client in all. */
export function idleWarningOf<User>(client: AuthClient<User>): IdleWarning {
  if (typeof document === 'undefined') return NONE;
  const known = warnings.get(client) ?? follow(client);
  warnings.set(client, known);
  return known;
}

function follow<User>(client: AuthClient<User>): IdleWarning {
  const listeners = new Set<() => void>();
  let signOutAt: number | null = null;
  const change = (next: number | null) => {
    signOutAt = next;
    for (const listener of [...listeners]) listener();
  };
  client.on('idle-warning', (warning) => change(warning.signOutAt));
  client.on('idle-warning-ended', () => change(null));
  return {
    signOutAt: () => signOutAt,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}
