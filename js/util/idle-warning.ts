// The idle warning of a client, for the framework adapters.
import type { AuthClient } from '../client/auth-client.js';

/**
 * Calls the listener when `client.idleSignOutAt` has changed; on a server no user is idle. Returns the function that removes the
 * listener.
 */
export function onIdleWarning<User>(client: AuthClient<User>, listener: () => void): () => void {
  if (typeof document === 'undefined') return () => {};
  const undo = [client.on('idle-warning', listener), client.on('idle-warning-ended', listener)];
  return () => {
    for (const remove of undo) remove();
  };
}
