// The payload of a JWT (RFC 7519 §3), for display and for the token's lifetime. It is neither verified nor trusted.
import { indexOf, slice } from '../browser/captured-globals.js';
import { parseJson } from './json.js';

/** The second of the three segments, base64url. It is no credential without the signature; empty for an opaque token. */
export function jwtPayload(token: string): string {
  const first = indexOf(token, '.');
  const second = indexOf(token, '.', first + 1);
  return second > first && first > 0 ? slice(token, first + 1, second) : '';
}

/** The claims, or null for an opaque token. */
export function decodeJwtPayload(token: string): Record<string, unknown> | null {
  try {
    // From here on the code handles the payload alone, which is no credential: any function may see it.
    const bytes = atob(jwtPayload(token).split('-').join('+').split('_').join('/'));
    const claims = parseJson(new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))));
    return typeof claims === 'object' ? (claims as Record<string, unknown> | null) : null;
  } catch {
    return null;
  }
}
