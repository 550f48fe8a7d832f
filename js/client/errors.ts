// The closed set of errors that the app receives, and who can do what about each.
import { ownMembers } from '../util/own-members.js';

/**
 * Why a call failed, and what to do:
 *
 * | code | when | what to do |
 * | --- | --- | --- |
 * | `INVALID_OPTIONS` | an option or an argument has the wrong name, type or value; the message names it | fix the code |
 * | `INVALID_CREDENTIALS` | the server rejected the credentials given to `login` | ask the user again |
 * | `LOGIN_REJECTED` | the server refused the login for another reason (CSRF, a malformed request, an account that must be confirmed); the message has the server's own words | show the message, or fix the request |
 * | `LOGIN_STEP_REQUIRED` | the login needs a further step (`server.answer.step`), such as a code; `body` is the server's answer | ask the user, and call `login` with `{ call }` |
 * | `SIGNED_OUT` | no user is signed in | show the login |
 * | `SESSION_ENDED` | the session ended during the call | show the login |
 * | `REFRESH_UNAVAILABLE` | no access token is available at the moment; the session continues | try again later |
 * | `RATE_LIMITED` | the server asks to wait before the next login | wait `retryAfterSeconds` |
 * | `TIMEOUT` | the auth server took longer than `options.timeoutSeconds` | try again |
 * | `OFFLINE` | no response: offline, the server is down, or CORS rejected the request | try again; see the browser's console |
 * | `MALFORMED_RESPONSE` | a successful response without an access token | fix the server, or set `options.fields` |
 * | `SERVER_ERROR` | the auth server failed, or the endpoint does not exist | try again; check `options.endpoints` |
 * | `TOKEN_NOT_EXPOSED` | `getAccessToken` while a worker holds the token | set `options.exposeToken`, or use `auth.fetch` |
 * | `TOKEN_IN_COOKIE` | `getAccessToken` while the server keeps the access token in a cookie | use `auth.fetch` |
 * | `REQUEST_NOT_SENT` | `options.authHeaders` threw or rejected, so the auth request was not sent | fix `authHeaders`; the console shows its error |
 * | `ENGINE_UNAVAILABLE` | a file of the client could not be loaded; the message names it and says why | try again later; the client tries again itself |
 * | `WASM_UNAVAILABLE` | neither the wasm module nor its JavaScript build could be started; the message says why | report it |
 * | `WORKER_UNAVAILABLE` | the worker could not be started; the message says why | fix the deployment, or use `isolation: 'auto'` |
 * | `ACCESS_DENIED` | the user or the identity provider refused the sign-in | offer the sign-in again |
 * | `INTERACTION_REQUIRED` | `signIn` with `prompt: 'none'`, and the provider has to ask the user; or three such calls within a minute | call `signIn` without `prompt` when the user asks for it |
 * | `PROVIDER_UNAVAILABLE` | the identity provider did not answer, or not as it should | try again later |
 * | `PROVIDER_REFUSED` | the provider answered the server with an error, or with data that is not valid | see the log of the server |
 * | `STALE_SIGN_IN` | the sign-in was begun more than 10 minutes ago or in another browser, or its cookie is blocked | sign in again; allow cookies |
 * | `POPUP_CLOSED` | the window of `signIn` was closed before the sign-in was complete | offer the sign-in again |
 * | `DISPOSED` | the client was disposed | use the new client |
 */
export type AuthErrorCode =
  | 'INVALID_OPTIONS'
  | 'INVALID_CREDENTIALS'
  | 'LOGIN_REJECTED'
  | 'LOGIN_STEP_REQUIRED'
  | 'SIGNED_OUT'
  | 'SESSION_ENDED'
  | 'REFRESH_UNAVAILABLE'
  | 'RATE_LIMITED'
  | 'TIMEOUT'
  | 'OFFLINE'
  | 'MALFORMED_RESPONSE'
  | 'SERVER_ERROR'
  | 'TOKEN_NOT_EXPOSED'
  | 'TOKEN_IN_COOKIE'
  | 'REQUEST_NOT_SENT'
  | 'ENGINE_UNAVAILABLE'
  | 'WASM_UNAVAILABLE'
  | 'WORKER_UNAVAILABLE'
  | 'ACCESS_DENIED'
  | 'INTERACTION_REQUIRED'
  | 'PROVIDER_UNAVAILABLE'
  | 'PROVIDER_REFUSED'
  | 'STALE_SIGN_IN'
  | 'POPUP_CLOSED'
  | 'DISPOSED';

/** Each code has a page there; tests/js/error-pages.test.mjs compares the address with package.json. */
const PAGES = 'https://github.com/tokenward/tokenward/blob/main/docs/reference/errors/';

/**
 * The one error class of tokenward. Distinguish errors by `code`; the message is for people.
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
  /** The HTTP status; null if no server answered. */
  readonly status: number | null;
  /** Whether the same call may succeed later without an action of the user. */
  readonly retryable: boolean;
  /** Seconds to wait (the server's `Retry-After`, or the client's own next attempt); null if unknown. */
  readonly retryAfterSeconds: number | null;
  /** The JSON of the server's answer to a login that it refused or that needs a further step; undefined if it has none, or holds a token. */
  readonly body: unknown;
  /** The address of the page that explains the code, with its causes and what to do. */
  readonly docs: string;

  constructor(
    code: AuthErrorCode,
    message: string,
    details: {
      status?: number | undefined;
      retryable?: boolean;
      retryAfterSeconds?: number | undefined;
      cause?: unknown;
      body?: unknown;
    } = {},
  ) {
    const own = ownMembers(details);
    super(`${code}: ${message}`, own);
    this.code = code;
    this.status = own.status ?? null;
    this.retryable = own.retryable ?? false;
    this.retryAfterSeconds = own.retryAfterSeconds ?? null;
    this.body = own.body;
    this.docs = `${PAGES + code}.md`;
  }
}
