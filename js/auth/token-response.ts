// Reads the response of an auth endpoint: the tokens for the token store, and the rest, which is no secret.
import { exec } from '../browser/captured-globals.js';
import { parseJson, readPath } from './json.js';
import { decodeJwtPayload } from './jwt.js';
import type { IssuedTokens } from './token-store.js';

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
}

/** A member of the JSON that names a token. */
const TOKEN_FIELD = /token[^":]*"\s*:/i;

const textOrUndefined = (value: unknown) => (typeof value === 'string' ? value : undefined);

/** Never pass the result through a promise: it holds tokens (see `captured-globals.ts`). */
export function parseTokenResponse(ok: boolean, text: string, fields: TokenFields): TokenResponse {
  const json = parseJson(text);
  const error = readPath(json, 'error');
  const message =
    readPath(error, 'message') ?? readPath(json, 'error_description') ?? readPath(json, 'message') ?? error;
  const expiresIn = readPath(json, fields.expiresIn);
  const issued = ok ? readTokens(json, text, fields) : undefined;
  return {
    code: textOrUndefined(readPath(error, 'code') ?? readPath(json, 'code') ?? error),
    message: textOrUndefined(message)?.slice(0, 200),
    expiresIn: Number(typeof expiresIn === 'string' ? expiresIn.trim() || Number.NaN : (expiresIn ?? Number.NaN)),
    jwtLifetime: Number(issued?.claims?.exp) - Number(issued?.claims?.iat),
    issued,
  };
}

function readTokens(json: unknown, text: string, fields: TokenFields): IssuedTokens | undefined {
  const accessToken = textOrUndefined(readPath(json, fields.accessToken)) ?? '';
  // `{success: true}` without a field for a token: both tokens are in cookies that no script sees.
  if (!accessToken && (readPath(json, 'success') !== true || exec(TOKEN_FIELD, text))) return undefined;
  const user = readPath(json, fields.user) ?? null;
  const claims = decodeJwtPayload(accessToken);
  const id = readPath(user, 'id') ?? readPath(user, 'sub') ?? claims?.sub;
  return {
    accessToken,
    refreshToken: textOrUndefined(readPath(json, fields.refreshToken)) ?? '',
    user,
    claims,
    subject: id === undefined ? undefined : String(id),
  };
}
