// The names of what crosses the border as numbers. Codes and reasons are in the order of the core's enums, which
// `tests/core.rs` compares; the others in that of `src/web/client.rs`.
import type { AuthErrorCode } from './errors.js';

/** The codes of the core, and what each says to people. */
export const MESSAGES: Partial<Record<AuthErrorCode, string>> = {
  INVALID_OPTIONS: 'options.authHeaders threw (see the console)',
  INVALID_CREDENTIALS: 'the server refused the login',
  SIGNED_OUT: 'nobody is signed in',
  SESSION_ENDED: 'the session ended during the call',
  REFRESH_UNAVAILABLE: 'no access token for now; the session lives on',
  RATE_LIMITED: 'the server asks to wait',
  TIMEOUT: 'no answer in time (options.timeout)',
  OFFLINE: 'no answer: offline, server down, or CORS (see the console)',
  MALFORMED_RESPONSE: 'no access token in the answer (options.fields)',
  SERVER_ERROR: 'the server failed, or has no such endpoint (options.endpoints)',
  DISPOSED: 'this client was disposed of',
};
export const CODES = Object.keys(MESSAGES) as AuthErrorCode[];
export const REASONS = ['never', 'logout', 'expired', 'revoked', 'reused', 'other-tab'];
export const STATUSES = ['restoring', 'signed-in', 'signed-out'];
export const EVENTS = ['changed', 'signed-in', 'account-changed', 'refreshed', 'signed-out'];
export const ENDPOINTS = ['refresh', 'login', 'logout', 'logoutAll'] as const;
export const RESTORES = ['never', 'always', 'auto'];

/** What an error code of a server says of the session: it is over (1), reused (2), revoked (3). */
export const SESSION_CODES: Readonly<Record<string, number>> = {
  NO_REFRESH_TOKEN: 1,
  INVALID_REFRESH_TOKEN: 1,
  invalid_grant: 1,
  REFRESH_TOKEN_REUSED: 2,
  TOKEN_REVOKED: 3,
};
