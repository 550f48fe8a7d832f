// The page's copy of the session that a worker holds, also while one worker replaces another.
import { identityOf } from '../auth/token-response.js';
import { isSameUser } from '../auth/users.js';
import type { Session } from '../client/session.js';
import type { AuthErrorClass } from '../engine/auth-errors.js';
import type { Notify } from '../engine/engine.js';
import { deepFreeze } from '../util/deep-freeze.js';
import type { SessionEvent } from './protocol.js';
import { deserializeError, deserializeSession, type SerializedSession } from './serialize-error.js';

export class SessionEvents {
  readonly #notify: Notify;
  readonly #AuthError: AuthErrorClass;
  #session: Session | undefined;
  #mustStoreLogout = false;
  /** Whether a new worker is finding out what the ended one knew. */
  #resuming = false;

  constructor(notify: Notify, AuthError: AuthErrorClass) {
    this.#notify = notify;
    this.#AuthError = AuthError;
  }

  /** Whether the page must store a logout before it hands the logout to the worker. */
  mustStoreLogout(): boolean {
    return this.#mustStoreLogout;
  }

  isSignedIn(): boolean {
    return this.#session?.status === 'signed-in';
  }

  isResuming(): boolean {
    return this.#resuming;
  }

  /** The worker ended: its successor restores the session, and the app receives only what changed. */
  workerEnded() {
    this.#resuming = this.isSignedIn();
  }

  /** The session of a worker that other tabs use already. */
  connected(session: SerializedSession, mustStoreLogout: boolean) {
    const event = session.status === 'restoring' ? 'session-updated' : session.status;
    this.receive({ event, detail: session, session, mustStoreLogout });
  }

  receive({ event, detail, session: received, mustStoreLogout }: SessionEvent) {
    const session = received && Object.freeze(deserializeSession(deepFreeze(received), this.#AuthError));
    this.#mustStoreLogout = mustStoreLogout;
    if (event === 'refresh-failed') {
      const { error, retryAt } = detail as { error: unknown; retryAt: number | null };
      return this.#notify(event, { error: deserializeError(error, this.#AuthError), retryAt });
    }
    // For the app the user was signed in all the time.
    if (this.#resuming && this.#session && event === 'signed-in') {
      const sameUser =
        isSameUser(identityOf(session?.user, session?.claims), identityOf(this.#session.user, this.#session.claims)) !==
        false;
      this.#notify(sameUser ? 'refreshed' : event, session, session);
      if (!sameUser) this.#notify('account-changed', session, session);
    } else if (!this.#resuming || session?.status !== 'restoring') this.#notify(event, session ?? detail, session);
    this.#resuming &&= session?.status === 'restoring';
    this.#session = session ?? this.#session;
  }
}
