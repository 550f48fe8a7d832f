// The preset for Keycloak: `options.server` as data.
import type { ServerOptions } from '../client/server-options.js';

/**
 * Keycloak 26: the code of a redirect is exchanged, with PKCE. `options.baseUrl` is that of the realm
 * (`https://example.com/realms/NAME`). Log in with `{ code, code_verifier, redirect_uri }`. Needs `options.clientId`.
 * Source: https://www.keycloak.org/securing-apps/oidc-layers
 */
export const keycloak = {
  login: {
    path: '/protocol/openid-connect/token',
    as: 'form',
    body: { grant_type: 'authorization_code', client_id: '{clientId}', '...': '{credentials}' },
  },
  refresh: {
    path: '/protocol/openid-connect/token',
    as: 'form',
    body: { grant_type: 'refresh_token', client_id: '{clientId}', refresh_token: '{refresh}' },
  },
  logout: {
    path: '/protocol/openid-connect/logout',
    as: 'form',
    body: { client_id: '{clientId}', refresh_token: '{refresh}' },
  },
  answer: { access: 'access_token', refresh: 'refresh_token', expiresIn: 'expires_in' },
  user: 'id_token',
} as const satisfies ServerOptions;
