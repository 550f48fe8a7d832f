// The preset for Strapi: `options.server` as data.
import type { ServerOptions } from '../client/server-options.js';

/**
 * Strapi 5, users-permissions with `jwtManagement: 'refresh'` and `sessions.httpOnly: true`. Log in with `{ identifier, password }`.
 * Source: https://docs.strapi.io/cms/features/users-permissions#jwt-configuration
 */
export const strapi = {
  login: { path: '/api/auth/local' },
  refresh: { path: '/api/auth/refresh', body: {} },
  logout: { path: '/api/auth/logout', body: {}, headers: { authorization: 'Bearer {access}' } },
  answer: { access: 'jwt', user: 'user' },
  user: '/api/users/me',
} as const satisfies ServerOptions;
