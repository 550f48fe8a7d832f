// The presets for Directus: `options.server` as data.
import type { ServerOptions } from '../client/server-options.js';

const answer = { access: 'data.access_token', refresh: 'data.refresh_token', expiresIn: 'data.expires ms' } as const;

/**
 * Directus 12 in the mode `cookie`: the refresh token is in a cookie.
 * Source: https://directus.io/docs/api/authentication
 */
export const directus = {
  login: { path: '/auth/login', body: { mode: 'cookie', '...': '{credentials}' } },
  refresh: { path: '/auth/refresh', body: { mode: 'cookie' } },
  logout: { path: '/auth/logout', body: { mode: 'cookie' } },
  answer: { ...answer, subject: 'id' },
  user: '/users/me',
} as const satisfies ServerOptions;

/** Directus 12 in the mode `json`: the refresh token is in the body. */
export const directusJson = {
  login: { path: '/auth/login', body: { mode: 'json', '...': '{credentials}' } },
  refresh: { path: '/auth/refresh', body: { mode: 'json', refresh_token: '{refresh}' } },
  logout: { path: '/auth/logout', body: { mode: 'json', refresh_token: '{refresh}' } },
  answer: { ...answer, subject: 'id' },
  user: '/users/me',
} as const satisfies ServerOptions;

/** Directus 12 in the mode `session`: the session is a cookie, which ends with its token (`SESSION_COOKIE_TTL`). */
export const directusSession = {
  login: { path: '/auth/login', body: { mode: 'session', '...': '{credentials}' } },
  refresh: { path: '/auth/refresh', body: { mode: 'session' } },
  logout: { path: '/auth/logout', body: { mode: 'session' } },
  api: {},
  answer: { access: null, expiresIn: 'data.expires ms' },
  user: '/users/me',
} as const satisfies ServerOptions;
