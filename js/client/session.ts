// The session as the app sees it: one immutable snapshot per state; `status` discriminates them.
import type { AuthError } from './errors.js';

/**
 * Where an app declares the type of its user, once, for the client, the hooks and the test client.
 *
 * @example
 * declare module 'tokenward' {
 *   interface Register {
 *     user: { id: string; email: string; role: string };
 *   }
 * }
 */
// biome-ignore lint/suspicious/noEmptyInterface: apps add the member `user`.
export interface Register {}

/** The user that the app declares in `Register`; `unknown` if it declares none. A type argument takes precedence. */
export type RegisteredUser = Register extends { user: infer User } ? User : unknown;

/** The server has not said yet whether there is a session to resume. */
export interface RestoringSession {
  readonly status: 'restoring';
  readonly user: null;
  readonly claims: null;
  readonly expiresAt: null;
  readonly reason: null;
  /** Why the last attempt failed; null if none has failed. An app shows it instead of an empty page. */
  readonly error: AuthError | null;
  /** When the next attempt is: milliseconds since the epoch; null if none is scheduled. */
  readonly retryAt: number | null;
}

/** A user is signed in. */
export interface SignedInSession<User = RegisteredUser> {
  readonly status: 'signed-in';
  /** The user as the server's response names it. An app whose server names no user declares `User | null`. */
  readonly user: User;
  /** The JWT's payload; null for an opaque token. Not verified: for display, never for access control. */
  readonly claims: Readonly<Record<string, unknown>> | null;
  /** When the access token expires: milliseconds since the epoch by this browser's clock; null if unknown. */
  readonly expiresAt: number | null;
  readonly reason: null;
  /** Why the last refresh failed without ending the session; null after a success. Calls may work all the same. */
  readonly error: AuthError | null;
  /** When the next attempt is: milliseconds since the epoch; null if none is scheduled. */
  readonly retryAt: number | null;
}

/** No user is signed in. */
export interface SignedOutSession {
  readonly status: 'signed-out';
  readonly user: null;
  readonly claims: null;
  readonly expiresAt: null;
  /** Why there is no session. */
  readonly reason: SignedOutReason;
  /** With the reason `'restore-failed'`: why the last attempt failed. Else null. */
  readonly error: AuthError | null;
  /** With the reason `'restore-failed'`: when the client asks again, milliseconds since the epoch. Else null. */
  readonly retryAt: number | null;
}

/**
 * What the app may know about the session. Immutable, and the same object until something changes. Check `status`, and
 * TypeScript narrows the other members.
 *
 * @example
 * const { session } = auth;
 * if (session.status === 'signed-in') greet(session.user.name);
 */
export type Session<User = RegisteredUser> = RestoringSession | SignedInSession<User> | SignedOutSession;

/**
 * Why there is no session: there was none (`'no-session'`), the app signed out (`'logout'`), the server ended it
 * (`'expired'`, `'revoked'`, or `'token-reused'`: it received an old refresh token and took it for stolen), or another tab
 * signed out or signed in another user (`'other-tab'`), or the user was idle for `options.idleTimeoutSeconds` (`'idle'`), or
 * the server answered four attempts to resume the session, and never about the session (`'restore-failed'`: `error` has the last
 * answer, and the client asks again).
 */
export type SignedOutReason =
  | 'no-session'
  | 'logout'
  | 'expired'
  | 'revoked'
  | 'token-reused'
  | 'other-tab'
  | 'idle'
  | 'restore-failed';

/** The reasons that the engine knows. */
export type EngineReason = Exclude<SignedOutReason, 'idle'>;

/** The snapshot before anything is known. The adapters show it while a server renders the page. */
export const RESTORING: RestoringSession = Object.freeze({
  status: 'restoring',
  user: null,
  claims: null,
  expiresAt: null,
  reason: null,
  error: null,
  retryAt: null,
});
