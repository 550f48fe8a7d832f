// Checks the claims of an ID token before the client uses the tokens that came with it (OpenID Connect Core 1.0 §3.1.3.7 and §12.2).
// The signature is not checked: the ID token came from the token endpoint over TLS, which item 6 of §3.1.3.7 accepts in its place.
import { toLowerCase } from '../browser/captured-globals.js';
import type { AuthRequestSettings } from './auth-requests.js';
import { readPath } from './json.js';

/** Who issues the ID tokens, and for whom. */
export interface IdTokenIssuer {
  readonly issuer: string;
  readonly clientId: string;
}

/** What the ID token of one sign-in must say. */
export interface ExpectedIdToken {
  readonly nonce: string;
  /** Seconds between the authentication of the user and the ID token, if the app asked for it. */
  readonly maxAge?: number | undefined;
}

/** Seconds by which the clocks of the provider and of this computer may differ. */
const CLOCK_SKEW = 300;

/** Which claim is wrong; undefined if none is. `now` is in seconds since the epoch, and `expected` undefined after a refresh. */
export function wrongClaim(
  claims: unknown,
  { issuer, clientId }: IdTokenIssuer,
  expected: ExpectedIdToken | undefined,
  now: number,
): string | undefined {
  const claim = (name: string) => readPath(claims, name);
  const seconds = (name: string) => {
    const value = claim(name);
    return typeof value === 'number' ? value : Number.NaN;
  };
  const azp = claim('azp');
  const subject = claim('sub');
  if (claim('iss') !== issuer) return 'iss';
  if (typeof subject !== 'string' || subject === '') return 'sub';
  if (!isFor(claim('aud'), clientId, azp)) return 'aud';
  if (azp !== undefined && azp !== clientId) return 'azp';
  if (!(seconds('exp') > now - CLOCK_SKEW)) return 'exp';
  if (!(seconds('iat') < now + CLOCK_SKEW)) return 'iat';
  if (!expected) return undefined;
  if (claim('nonce') !== expected.nonce) return 'nonce';
  const { maxAge } = expected;
  return maxAge === undefined || seconds('auth_time') >= seconds('iat') - maxAge - CLOCK_SKEW ? undefined : 'auth_time';
}

/** Whether the client is the audience. Of several audiences, `azp` must name the client. */
function isFor(audience: unknown, clientId: string, azp: unknown): boolean {
  if (typeof audience !== 'object' || audience === null) return audience === clientId;
  const count = Number(readPath(audience, 'length'));
  for (let at = 0; at < count; at += 1)
    if (readPath(audience, `${at}`) === clientId) return count === 1 || azp === clientId;
  return false;
}

/** RFC 6749 §7.1: a client must not use an access token whose type it does not understand. */
const isBearer = (type: unknown) => typeof type === 'string' && toLowerCase(type) === 'bearer';

/**
 * The check for `AuthRequestSettings.refusesUser`. A login needs an ID token; a refresh may return none, or one of the same `sub`
 * (OpenID Connect Core 1.0 §12.2).
 */
export const idTokenCheck =
  (issuer: IdTokenIssuer): NonNullable<AuthRequestSettings['refusesUser']> =>
  (claims, { endpoint, login }, tokenType, present) => {
    if (!isBearer(tokenType)) return true;
    const isRefresh = endpoint === 'refresh';
    if (isRefresh && claims === null) return false;
    const expected = login?.expected;
    const subject = readPath(present, 'sub');
    if (isRefresh && subject !== undefined && readPath(claims, 'sub') !== subject) return true;
    return (!isRefresh && !expected) || wrongClaim(claims, issuer, expected, Date.now() / 1000) !== undefined;
  };
