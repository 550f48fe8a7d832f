// The events of a client: their names and what a listener receives.
import type { AuthError } from './errors.js';
import type { RegisteredUser, SignedInSession, SignedOutReason } from './session.js';

/** The events of `AuthClient.on`, with what each listener receives. */
export interface AuthEvents<User = RegisteredUser> {
  /** A user is signed in: by login, by restore, or because another tab signed in. */
  'signed-in': SignedInSession<User>;
  /** The session continues with a new access token. */
  refreshed: SignedInSession<User>;
  /** The session is over. */
  'signed-out': { readonly reason: SignedOutReason };
  /**
   * Another user is signed in now: by login here or in another tab, or because a refresh returned another user.
   * `from` is the user before. Calls made for that user reject with `SESSION_ENDED`. `signed-in` comes first.
   */
  'account-changed': { readonly from: User | null; readonly to: SignedInSession<User> };
  /**
   * An API requires more than this token has (`insufficient_scope`, RFC 6750; `insufficient_user_authentication`,
   * RFC 9470). The caller receives the response; no refresh is attempted. `response` is a copy. (From another origin,
   * CORS must expose the `WWW-Authenticate` header.)
   */
  'step-up-required': { readonly response: Response };
  /**
   * The browser returned from the identity provider without a session. `returnTo` is the address to which the user wanted to
   * return: path, query and fragment of this page. A user who was signed in before still is. (A popup rejects the promise of
   * `signIn` instead.) It comes once, after `auth.ready`.
   */
  'sign-in-failed': { readonly error: AuthError; readonly returnTo: string };
  /**
   * The user is idle, and the client signs out at `signOutAt` (epoch milliseconds): `options.idleWarningSeconds` before, or as soon as
   * the page is visible again. Any activity, in any tab, and `auth.stayActive()` prevent it. It can come again with a later time: for
   * a page that was frozen while the user was active in another tab.
   */
  'idle-warning': { readonly signOutAt: number };
  /** The user was active during the warning, the session has ended, or the client was disposed: the app hides what it shows. */
  'idle-warning-ended': Readonly<Record<string, never>>;
  /** A refresh failed without ending the session, or the client's own files could not be loaded; the next attempt is at `retryAt` (epoch milliseconds; null: none is scheduled). */
  'refresh-failed': { readonly error: AuthError; readonly retryAt: number | null };
}

/** Every name of an event. */
export const EVENTS: readonly string[] = [
  'signed-in',
  'refreshed',
  'signed-out',
  'account-changed',
  'step-up-required',
  'sign-in-failed',
  'idle-warning',
  'idle-warning-ended',
  'refresh-failed',
] satisfies (keyof AuthEvents)[];
