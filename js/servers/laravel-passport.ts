// The preset for Laravel Passport: `options.server` as data.
import type { ServerOptions } from '../client/server-options.js';

const headers = { accept: 'application/json' };

/**
 * Laravel 12 with Passport 13: a public client with the password grant. Needs `options.clientId`.
 * Log in with `{ username, password }`. The server has no revocation endpoint.
 * Source: https://laravel.com/docs/12.x/passport#password-grant-tokens
 */
export const laravelPassport = {
  login: {
    path: '/oauth/token',
    as: 'form',
    headers,
    body: { grant_type: 'password', client_id: '{clientId}', '...': '{credentials}' },
  },
  refresh: {
    path: '/oauth/token',
    as: 'form',
    headers,
    body: { grant_type: 'refresh_token', client_id: '{clientId}', refresh_token: '{refresh}' },
  },
  logout: null,
  answer: { access: 'access_token', refresh: 'refresh_token', expiresIn: 'expires_in' },
} as const satisfies ServerOptions;
