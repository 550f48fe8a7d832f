// Makes the errors of the engine: the message of each code, with the message of the server.
import type { AuthError, AuthErrorCode } from '../client/errors.js';
import { deepFreeze } from '../util/deep-freeze.js';

/** The class that the app imports. (The engine is a separate bundle: a class imported here would be another one.) */
export type AuthErrorClass = typeof AuthError;

/** A status or a wait of 0 is unknown. `details` says which request failed and how. */
export type CreateError = (
  code: AuthErrorCode,
  retryable?: boolean,
  status?: number,
  retryAfterSeconds?: number,
  details?: string,
  body?: unknown,
) => AuthError;

export const MESSAGES: Partial<Record<AuthErrorCode, string>> = {
  REQUEST_NOT_SENT: 'options.authHeaders failed (see the console)',
  INVALID_CREDENTIALS: 'the server rejected the credentials',
  LOGIN_STEP_REQUIRED: 'the login needs a further step',
  SIGNED_OUT: 'no user is signed in',
  SESSION_ENDED: 'the session ended during the call',
  REFRESH_UNAVAILABLE: 'no access token at the moment; the session continues',
  RATE_LIMITED: 'the server asks to wait',
  TIMEOUT: 'no response in time (options.timeoutSeconds)',
  OFFLINE: 'no response: offline, server down, or CORS (see the console)',
  LOGIN_REJECTED: 'the server refused the login, and not because of the credentials',
  MALFORMED_RESPONSE: 'no access token in the response',
  SERVER_ERROR: 'the server failed, or has no such endpoint',
  DISPOSED: 'this client was disposed',
  TOKEN_IN_COOKIE: 'the access token is in a cookie; use auth.fetch',
};

export const errorCreator =
  (AuthError: AuthErrorClass): CreateError =>
  (code, retryable = false, status = 0, retryAfterSeconds = 0, details = '', body = undefined) => {
    const parts = [
      MESSAGES[code],
      details || (status && `status ${status}`),
      retryAfterSeconds && `retry after ${retryAfterSeconds} s`,
    ];
    return new AuthError(code, parts.filter(Boolean).join('; '), {
      retryable,
      status: status || undefined,
      retryAfterSeconds: retryAfterSeconds || undefined,
      body: deepFreeze(body),
    });
  };
