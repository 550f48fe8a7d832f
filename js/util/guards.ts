// What the guards of the framework adapters share.
import type { AuthClient } from '../client/auth-client.js';
import type { Session } from '../client/session.js';

/** Whether the user has the role, or one of the roles. */
export function hasSomeRole<User>(client: AuthClient<User>, role: string | readonly string[]): boolean {
  return [role].flat().some(client.hasRole);
}

/**
 * Whether the address is the page to which a guard redirects in this state: `login`, or for a signed-in user also `forbidden`. The page
 * may be inside a guarded layout, and the redirects would not end.
 */
export function isTarget(address: string, { status }: Session<unknown>, login: string, forbidden: string): boolean {
  const path = address.split(/[?#]/, 1)[0];
  return path === login || (status === 'signed-in' && path === forbidden);
}
