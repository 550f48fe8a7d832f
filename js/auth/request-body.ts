// The body of an auth request: JSON, or the form of an OAuth 2 token endpoint.
import * as captured from '../browser/captured-globals.js';

export interface BodySettings {
  readonly oauth2: boolean;
  readonly clientId: string | undefined;
  /** The name of the field for the refresh token in a response; its last part is the name in a request. */
  readonly refreshTokenField: string;
}

export interface BodyContent {
  /** JSON of a login's credentials. */
  readonly credentials: string | undefined;
  /** Empty if it is in a cookie. */
  readonly refreshToken: string;
  readonly isRevocation: boolean;
}

/** Null if there is nothing to send. */
export function encodeBody(settings: BodySettings, content: BodyContent): string | URLSearchParams | null {
  const { credentials, refreshToken } = content;
  if (settings.oauth2) return encodeForm(settings.clientId, content);
  const name = settings.refreshTokenField.replace(/.*\./, '');
  return credentials ?? (refreshToken ? captured.stringify({ __proto__: null, [name]: refreshToken }) : null);
}

/** RFC 6749 §4.3 and §6, RFC 7009 §2.1. */
function encodeForm(clientId: string | undefined, { credentials, refreshToken, isRevocation }: BodyContent) {
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
