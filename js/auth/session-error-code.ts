// What the errors of servers state about the session: the options, the contract of the demo server, RFC 6749 §5.2, and what back
// ends answer (docs/reference/servers.md). Compared with captured functions: a message may repeat what it was asked with.
import type { Endpoint, SessionErrorCode } from '#glue';
import { hasOwn, indexOf, slice, toLowerCase } from '../browser/captured-globals.js';
import type { Server } from './server.js';

const CODES: Readonly<Record<string, SessionErrorCode>> = {
  NO_REFRESH_TOKEN: 'ended',
  INVALID_REFRESH_TOKEN: 'ended',
  invalid_grant: 'ended',
  REFRESH_TOKEN_REUSED: 'token-reused',
  TOKEN_REVOKED: 'revoked',
};

/** Codes about the request itself, which say nothing about the session or the credentials. */
const REQUEST_CODES = [
  'invalid_client',
  'unauthorized_client',
  'invalid_request',
  'unsupported_',
  'invalid_scope',
  'malformed',
];
/** The same, in codes and messages. */
const REQUEST_WORDS = ['csrf', 'xsrf', 'rate limit', 'rate_limit', 'ratelimit', 'throttle', 'too many', 'too_many'];
const BAD_CREDENTIALS = [
  'credential',
  'password',
  'invalid_grant',
  'invalid grant',
  'invalid_login',
  'invalid login',
  'invalid user',
  'invalid_user',
  'invalid email',
  'invalid_email',
  'user not found',
  'user_not_found',
  'email not found',
  'email_not_found',
  'account not found',
  'account_not_found',
];

function hasAny(text: string, words: readonly string[]): boolean {
  for (let at = 0; at < words.length; at += 1) if (indexOf(text, words[at] as string) >= 0) return true;
  return false;
}

/** Whether one of the patterns names the answer: a status, a part of its code or message, or both (`400 token_not_valid`). */
function matches(patterns: readonly string[], status: number, text: string): boolean {
  for (let at = 0; at < patterns.length; at += 1) {
    const pattern = toLowerCase(patterns[at] as string);
    const end = slice(pattern, 3, 4);
    const number = end === '' || end === ' ' ? Number(slice(pattern, 0, 3)) || 0 : 0;
    const words = slice(pattern, number ? 4 : 0);
    if ((!number || number === status) && indexOf(text, words) >= 0) return true;
  }
  return false;
}

/** What the response states; undefined if nothing. */
export function statedError(
  endpoint: Endpoint,
  { status, code = '', message = '', isPage, isRefusal, isStep }: StatedError,
  { over, notOver }: Pick<Server, 'over' | 'notOver'>,
): SessionErrorCode | undefined {
  const text = toLowerCase(`${code} ${message}`);
  if (endpoint === 'refresh') {
    if (matches(notOver, status, text)) return 'request-fault';
    if (matches(over, status, text)) return 'over';
  }
  if (isStep) return 'step-required';
  if (hasOwn(CODES, code)) return CODES[code];
  if (hasOwn(CODES, message)) return CODES[message];
  const aboutRequest = isPage || hasAny(toLowerCase(code), REQUEST_CODES) || hasAny(text, REQUEST_WORDS);
  if (aboutRequest && !(isPage && endpoint === 'login')) return 'request-fault';
  if (endpoint === 'login') return hasAny(text, BAD_CREDENTIALS) ? 'bad-credentials' : undefined;
  return isRefusal ? 'refused' : undefined;
}

/** What counts of a response. */
export interface StatedError {
  readonly status: number;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly isPage: boolean;
  readonly isRefusal: boolean;
  readonly isStep: boolean;
}
