// What the guards of the framework adapters share.
import type { AuthClient } from '../client/auth-client.js';

/** Whether the user has the role, or one of the roles. */
export function hasSomeRole<User>(client: AuthClient<User>, role: string | readonly string[]): boolean {
  return [role].flat().some(client.hasRole);
}

/**
 * Whether the address is one of these paths. A guard lets the pages through to which it redirects: they may be inside a guarded
 * layout, and the redirects would not end.
 */
export const isAt = (address: string, ...paths: readonly string[]): boolean =>
  paths.includes(address.split(/[?#]/, 1)[0] as string);
