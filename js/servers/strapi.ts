// The presets for Strapi: `options.server` as data. Log in with `{ identifier, password }`.
import type { ServerOptions } from '../client/server-options.js';

const login = { path: '/api/auth/local' } as const;
/** (The claims of Strapi's tokens name the user in `userId`, and each answer has such a token.) */
const answer = { access: 'jwt', user: 'user', subject: 'userId' } as const;
const user = '/api/users/me';

/**
 * Strapi 5, users-permissions with `jwtManagement: 'refresh'` and `sessions.httpOnly: true`: the refresh token is in a cookie.
 * Source: https://docs.strapi.io/cms/features/users-permissions#jwt-configuration
 */
export const strapi = {
  login,
  refresh: { path: '/api/auth/refresh', body: {} },
  logout: { path: '/api/auth/logout', body: {}, headers: { authorization: 'Bearer {access}' } },
  answer,
  user,
} as const satisfies ServerOptions;

/** Strapi 5, users-permissions with `jwtManagement: 'refresh'`: the refresh token is in the body. */
export const strapiBody = {
  login,
  refresh: { path: '/api/auth/refresh', body: { refreshToken: '{refresh}' } },
  logout: {
    path: '/api/auth/logout',
    body: { refreshToken: '{refresh}' },
    headers: { authorization: 'Bearer {access}' },
  },
  answer: { ...answer, refresh: 'refreshToken' },
  user,
} as const satisfies ServerOptions;

/** Strapi 5, users-permissions as it is without `jwtManagement`: a JWT that the server neither renews nor revokes. */
export const strapiLegacy = {
  login,
  refresh: null,
  logout: null,
  answer: { ...answer, subject: 'id' },
  user,
} as const satisfies ServerOptions;
