// The preset for better-auth: `options.server` as data.
import type { ServerOptions } from '../client/server-options.js';

/**
 * better-auth 1.7 with e-mail and password: the session is a cookie, and `GET /get-session` renews it.
 * Set `trustedOrigins` if the page has another origin than the server.
 * Source: https://www.better-auth.com/docs/concepts/session-management
 */
export const betterAuth = {
  login: { path: '/api/auth/sign-in/email' },
  refresh: { path: '/api/auth/get-session', method: 'GET', body: null },
  logout: { path: '/api/auth/sign-out', body: {} },
  api: {},
  answer: { access: null, expiresIn: 'session.expiresAt at', user: 'user' },
} as const satisfies ServerOptions;
