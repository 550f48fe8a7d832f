// The closed set of errors. What JavaScript may see of a failure, and who can do what about it.

/**
 * Why a call could not be done, and what to do:
 *
 * | code | when | what to do |
 * | --- | --- | --- |
 * | `INVALID_OPTIONS` | an option has the wrong type or value, or `authHeaders` threw, or a worker keeps the token; the message names it | mend the code |
 * | `INVALID_CREDENTIALS` | the server refused what was handed to `login` | ask the user again |
 * | `SIGNED_OUT` | nobody is signed in | show the login |
 * | `SESSION_ENDED` | the session ended while the call was under way | show the login |
 * | `REFRESH_UNAVAILABLE` | no token could be had for now; the session lives on | try again later |
 * | `RATE_LIMITED` | the server asked to wait before the next login | wait `retryAfter` seconds |
 * | `TIMEOUT` | the auth server took longer than `options.timeout` | try again |
 * | `OFFLINE` | no answer: offline, the server is down, or CORS refused | try again; look at the browser's console |
 * | `MALFORMED_RESPONSE` | a success without an access token in it | mend the server, or set `options.fields` |
 * | `SERVER_ERROR` | the auth server failed, or there is no such endpoint | try again; check `options.endpoints` |
 * | `WASM_UNAVAILABLE` | the wasm module could not be loaded, or the worker not be started; the message says why | mend the deployment |
 * | `DISPOSED` | the client was disposed of | use the new client |
 */
export type AuthErrorCode =
  | 'INVALID_OPTIONS'
  | 'INVALID_CREDENTIALS'
  | 'SIGNED_OUT'
  | 'SESSION_ENDED'
  | 'REFRESH_UNAVAILABLE'
  | 'RATE_LIMITED'
  | 'TIMEOUT'
  | 'OFFLINE'
  | 'MALFORMED_RESPONSE'
  | 'SERVER_ERROR'
  | 'WASM_UNAVAILABLE'
  | 'DISPOSED';

/**
 * The one error class of tokenward. Tell errors apart by `code`; the message is for people.
 *
 * @example
 * try {
 *   await auth.login({ email, password });
 * } catch (error) {
 *   if (error instanceof AuthError && error.code === 'INVALID_CREDENTIALS') showWrongPassword();
 *   else throw error;
 * }
 */
export class AuthError extends Error {
  override readonly name = 'AuthError';
  readonly code: AuthErrorCode;
  /** The HTTP status, where a server answered. */
  readonly status: number | null;
  /** Whether the same call may succeed later without the user doing anything. */
  readonly retryable: boolean;
  /** Seconds to wait, where they are known (the server's `Retry-After`, or our own next try). */
  readonly retryAfter: number | null;

  constructor(
    code: AuthErrorCode,
    message: string,
    details: {
      status?: number | undefined;
      retryable?: boolean;
      retryAfter?: number | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(`${code}: ${message}`, 'cause' in details ? { cause: details.cause } : undefined);
    this.code = code;
    this.status = details.status ?? null;
    this.retryable = details.retryable ?? false;
    this.retryAfter = details.retryAfter ?? null;
  }
}
