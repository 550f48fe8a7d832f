// The preset for django-oauth-toolkit: `options.server` as data.
import type { ServerOptions } from '../client/server-options.js';

/**
 * django-oauth-toolkit 3.4: a public client with the password grant. Needs `options.clientId`. Log in with `{ username, password }`.
 * Source: https://django-oauth-toolkit.readthedocs.io/en/latest/rest-framework/getting_started.html
 */
export const djangoOauthToolkit = {
  login: {
    path: '/o/token/',
    as: 'form',
    body: { grant_type: 'password', client_id: '{clientId}', '...': '{credentials}' },
  },
  refresh: {
    path: '/o/token/',
    as: 'form',
    body: { grant_type: 'refresh_token', client_id: '{clientId}', refresh_token: '{refresh}' },
  },
  logout: {
    path: '/o/revoke_token/',
    as: 'form',
    body: { client_id: '{clientId}', token: '{refresh}', token_type_hint: 'refresh_token' },
  },
  answer: { access: 'access_token', refresh: 'refresh_token', expiresIn: 'expires_in' },
} as const satisfies ServerOptions;
