// What the error codes of servers state about the session: the contract of the demo server, and RFC 6749 §5.2.
import type { Endpoint, SessionErrorCode } from '#glue';
import { hasOwn } from '../browser/captured-globals.js';

const CODES: Readonly<Record<string, SessionErrorCode>> = {
  NO_REFRESH_TOKEN: 'ended',
  INVALID_REFRESH_TOKEN: 'ended',
  invalid_grant: 'ended',
  REFRESH_TOKEN_REUSED: 'token-reused',
  TOKEN_REVOKED: 'revoked',
};

/** Codes about the request itself, which say nothing about the session or the credentials. */
const REQUEST_FAULT = /^(invalid|unauthorized)_client$|csrf|xsrf/i;
const BAD_CREDENTIALS = /credential|password|invalid.(grant|login|user|email)|(user|email|account).not.found/i;

/** What the error of a response states; undefined if nothing. */
export function statedError(
  endpoint: Endpoint,
  { code = '', message = '' }: StatedError,
): SessionErrorCode | undefined {
  if (hasOwn(CODES, code)) return CODES[code];
  if (REQUEST_FAULT.test(code)) return 'request-fault';
  return endpoint === 'login' && BAD_CREDENTIALS.test(`${code} ${message}`) ? 'bad-credentials' : undefined;
}

interface StatedError {
  readonly code?: string | undefined;
  readonly message?: string | undefined;
}
