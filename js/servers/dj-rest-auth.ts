// The preset for dj-rest-auth: `options.server` as data.
import type { ServerOptions } from '../client/server-options.js';

const csrf = { 'x-csrftoken': '{cookie:csrftoken}' };

/**
 * dj-rest-auth 7.2 with JWTs in cookies (`USE_JWT`, `JWT_AUTH_COOKIE`, `JWT_AUTH_REFRESH_COOKIE`) and CSRF protection.
 * The app's page sets the CSRF cookie (`ensure_csrf_cookie`).
 * With `JWT_AUTH_RETURN_EXPIRATION` the client renews before the token expires, else after the first 401.
 * Source: https://dj-rest-auth.readthedocs.io/en/latest/configuration.html
 */
export const djRestAuth = {
  login: { path: '/api/auth/login/', headers: csrf },
  refresh: { path: '/api/auth/token/refresh/', headers: csrf, body: {} },
  logout: { path: '/api/auth/logout/', headers: csrf, body: {} },
  api: csrf,
  answer: { access: null, expiresIn: 'access_expiration at', user: 'user', subject: 'pk' },
  user: '/api/auth/user/',
} as const satisfies ServerOptions;
