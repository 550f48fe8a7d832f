// What the error codes of servers state about the session: the contract of the demo server, and RFC 6749 §5.2.
import type { SessionErrorCode } from '#glue';
import { hasOwn } from '../browser/captured-globals.js';

const CODES: Readonly<Record<string, SessionErrorCode>> = {
  NO_REFRESH_TOKEN: 'ended',
  INVALID_REFRESH_TOKEN: 'ended',
  invalid_grant: 'ended',
  REFRESH_TOKEN_REUSED: 'token-reused',
  TOKEN_REVOKED: 'revoked',
};

/** Undefined for a code that states nothing about the session. */
export const sessionErrorCode = (code: string): SessionErrorCode | undefined =>
  hasOwn(CODES, code) ? CODES[code] : undefined;
