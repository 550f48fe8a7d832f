// The body of an auth request: JSON, or the form of an OAuth 2 token endpoint.
import * as captured from '../browser/captured-globals.js';

export interface BodySettings {
  readonly oauth2: boolean;
  readonly clientId: string | undefined;
  /** The last part of the name of a response's field is its name in a request. */
  readonly fields: { readonly refreshToken: string };
}

/**
 * Null if there is nothing to send; else sets the content type. `credentials` is JSON, and the refresh token is empty if it is
 * in a cookie.
 */
export function encodeBody(
  { oauth2, clientId, fields }: BodySettings,
  headers: Headers,
  credentials: string | undefined,
  refreshToken: string,
  isRevocation: boolean,
): string | URLSearchParams | null {
  if (oauth2) {
    // RFC 6749 §4.3 and §6, RFC 7009 §2.1.
    return new captured.URLSearchParams({
      __proto__: null,
      ...(credentials
        ? { grant_type: 'password', ...JSON.parse(credentials) }
        : isRevocation
          ? { token: refreshToken, token_type_hint: 'refresh_token' }
          : { grant_type: 'refresh_token', ...(refreshToken && { refresh_token: refreshToken }) }),
      ...(clientId && { client_id: clientId }),
    });
  }
  const name = fields.refreshToken.replace(/.*\./, '');
  const body = credentials ?? (refreshToken ? captured.stringify({ __proto__: null, [name]: refreshToken }) : null);
  if (body) headers.set('content-type', 'application/json');
  return body;
}
