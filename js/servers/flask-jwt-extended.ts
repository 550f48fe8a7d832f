// The preset for Flask-JWT-Extended with cookies: `options.server` as data.
import type { ServerOptions } from '../client/server-options.js';

/**
 * Flask-JWT-Extended 4.7 with `JWT_TOKEN_LOCATION = ["cookies"]` and its CSRF protection. The routes are the app's own.
 * Source: https://flask-jwt-extended.readthedocs.io/en/stable/token_locations.html#cookies
 */
export const flaskJwtExtended = {
  login: { path: '/login' },
  refresh: { path: '/refresh', body: null, headers: { 'x-csrf-token': '{cookie:csrf_refresh_token}' } },
  logout: { path: '/logout', body: null, headers: { 'x-csrf-token': '{cookie:csrf_access_token}' } },
  api: { 'x-csrf-token': '{cookie:csrf_access_token}' },
  answer: { access: null },
} as const satisfies ServerOptions;
