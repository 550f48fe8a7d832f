// The preset for Laravel Sanctum: `options.server` as data.
import type { ServerOptions } from '../client/server-options.js';

const headers = { accept: 'application/json', 'x-xsrf-token': '{cookie:XSRF-TOKEN}' };

/**
 * Laravel 12 with Sanctum for single-page apps: a session cookie and a CSRF cookie.
 * The client asks for the user in place of a refresh: a 401 ends the session.
 * Source: https://laravel.com/docs/12.x/sanctum#spa-authentication
 */
export const laravelSanctum = {
  // (Fortify answers `{ two_factor: true }` if a code is due.)
  login: {
    path: '/login',
    before: '/sanctum/csrf-cookie',
    headers,
    answer: { user: null, step: 'two_factor' },
  },
  refresh: { path: '/api/user', method: 'GET', body: null, headers },
  logout: { path: '/logout', body: {}, headers },
  api: headers,
  answer: { access: null, user: '.' },
  user: '/api/user',
} as const satisfies ServerOptions;
