// The preset for Auth0: `options.server` as data.
import type { ServerOptions } from '../client/server-options.js';

/**
 * Auth0: the code of a redirect is exchanged, with PKCE and rotation of refresh tokens. `options.baseUrl` is the tenant.
 * Log in with `{ code, code_verifier, redirect_uri }`. Needs `options.clientId`.
 * Source: https://auth0.com/docs/api/authentication
 */
export const auth0 = {
  login: {
    path: '/oauth/token',
    as: 'form',
    body: { grant_type: 'authorization_code', client_id: '{clientId}', '...': '{credentials}' },
  },
  refresh: {
    path: '/oauth/token',
    as: 'form',
    body: { grant_type: 'refresh_token', client_id: '{clientId}', refresh_token: '{refresh}' },
  },
  logout: { path: '/oauth/revoke', as: 'form', body: { client_id: '{clientId}', token: '{refresh}' } },
  answer: { access: 'access_token', refresh: 'refresh_token', expiresIn: 'expires_in' },
  user: 'id_token',
} as const satisfies ServerOptions;
