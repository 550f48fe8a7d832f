// The preset for Flask-JWT-Extended with headers: `options.server` as data.
import type { ServerOptions } from '../client/server-options.js';

/**
 * Flask-JWT-Extended 4.7 with `JWT_TOKEN_LOCATION = ["headers"]`: the refresh token travels as Bearer. The routes are the app's own.
 * Source: https://flask-jwt-extended.readthedocs.io/en/stable/refreshing_tokens.html and blocklist_and_token_revoking.html
 */
export const flaskJwtExtendedHeaders = {
  login: { path: '/login' },
  refresh: { path: '/refresh', body: null, headers: { authorization: 'Bearer {refresh}' } },
  logout: { path: '/logout', method: 'DELETE', body: null, headers: { authorization: 'Bearer {refresh}' } },
  answer: { access: 'access_token', refresh: 'refresh_token' },
} as const satisfies ServerOptions;
