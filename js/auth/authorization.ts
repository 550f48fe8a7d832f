// The `Authorization` header of a request that carries the access token (RFC 6750, RFC 9449).
import { headersOf, setHeader } from '../browser/captured-globals.js';

export function setAuthorization(request: Request, scheme: string, accessToken: string) {
  setHeader(headersOf(request), 'authorization', `${scheme} ${accessToken}`);
}
