// Reads the response of an auth endpoint: the tokens for the token store, and the rest, which is no secret.
import { indexOf, keys, slice, toLowerCase } from '../browser/captured-globals.js';
import { parseJson, readPath } from './json.js';
import { decodeJwtPayload } from './jwt.js';
import type { IssuedTokens } from './token-store.js';
import type { UserIdentity } from './users.js';

/** The names of the fields of a token response. */
export interface TokenFields {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly expiresIn: string;
  readonly user: string;
}

export interface TokenResponse {
  /** The error code of the body: `{error: {code}}`, `{code}` or `{error: "text"}`. */
  readonly code: string | undefined;
  /** The error's message for people. */
  readonly message: string | undefined;
  /** Lifetime of the access token in seconds; NaN if the response does not say. */
  readonly expiresIn: number;
  /** The JWT's `exp − iat` in seconds; NaN if it has none. */
  readonly jwtLifetime: number;
  /** Undefined if the response grants no access token. */
  readonly issued: IssuedTokens | undefined;
  /** The names of the members of a response that should grant an access token and does not, without their values. */
  readonly found: string;
}

const idOrUndefined = (value: unknown) => (value === undefined ? undefined : String(value));
const textOrUndefined = (value: unknown) => (typeof value === 'string' ? value : undefined);

/** What a user and the claims of a token say about who it is. */
export const identityOf = (user: unknown, claims: unknown): UserIdentity => ({
  userId: idOrUndefined(readPath(user, 'id')),
  sub: idOrUndefined(readPath(user, 'sub') ?? readPath(claims, 'sub')),
});

/** Never pass the result through a promise: it holds tokens (see `captured-globals.ts`). */
export function parseTokenResponse(ok: boolean, text: string, fields: TokenFields): TokenResponse {
  const json = parseJson(text);
  const error = readPath(json, 'error');
  const message =
    readPath(error, 'message') ??
    readPath(json, 'error_description') ??
    readPath(json, 'message') ??
    readPath(json, 'detail') ??
    readPath(json, 'msg') ??
    error;
  const expiresIn = readPath(json, fields.expiresIn);
  const issued = ok ? readTokens(json, fields) : undefined;
  return {
    code: textOrUndefined(readPath(error, 'code') ?? readPath(json, 'code') ?? error),
    message: textOrUndefined(message)?.slice(0, 200),
    expiresIn: Number(typeof expiresIn === 'string' ? expiresIn.trim() || Number.NaN : (expiresIn ?? Number.NaN)),
    jwtLifetime: Number(readPath(issued?.claims, 'exp')) - Number(readPath(issued?.claims, 'iat')),
    issued,
    found: ok && !issued ? memberNames(json) || 'no JSON object' : '',
  };
}

function readTokens(json: unknown, fields: TokenFields): IssuedTokens | undefined {
  const accessToken = textOrUndefined(readPath(json, fields.accessToken)) ?? '';
  // `{success: true}` without a field for a token: both tokens are in cookies that no script sees.
  if (!accessToken && (readPath(json, 'success') !== true || namesToken(json, 8))) return undefined;
  const user = readPath(json, fields.user) ?? null;
  const claims = decodeJwtPayload(accessToken);
  return {
    accessToken,
    refreshToken: textOrUndefined(readPath(json, fields.refreshToken)) ?? '',
    user,
    claims,
    identity: identityOf(user, claims),
  };
}

/** The names of the members and of those inside them, such as `success, data.token`. */
function memberNames(value: unknown, prefix = ''): string {
  if (typeof value !== 'object' || value === null) return '';
  let names = '';
  const all = keys(value);
  for (let at = 0; at < all.length && at < 20; at += 1) {
    const name = slice(all[at] as string, 0, 40);
    const inner = prefix ? '' : memberNames((value as Record<string, unknown>)[name], `${name}.`);
    names += `${names && ', '}${inner || prefix + name}`;
  }
  return names;
}

/**
 * Whether a member of the JSON, at most `depth` levels deep, is named like a token. (No regular expression reads a text that holds
 * tokens: `RegExp.input` would show the text to every later script.)
 */
function namesToken(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null || depth === 0) return false;
  const names = keys(value);
  for (let at = 0; at < names.length; at += 1) {
    const name = toLowerCase(names[at] as string);
    const isToken = indexOf(name, 'token') >= 0 && indexOf(name, 'csrf') < 0 && indexOf(name, 'xsrf') < 0;
    if (isToken || namesToken((value as Record<string, unknown>)[names[at] as string], depth - 1)) return true;
  }
  return false;
}
