// The preset for Supabase: `options.server` as data.
import type { ServerOptions } from '../client/server-options.js';

const headers = { apikey: '{clientId}' };

/**
 * Supabase Auth (GoTrue 2). `options.baseUrl` is the URL of the project, `options.clientId` its publishable key.
 * Source: https://supabase.com/docs/reference/self-hosting-auth
 */
export const supabase = {
  login: { path: '/auth/v1/token?grant_type=password', headers },
  refresh: { path: '/auth/v1/token?grant_type=refresh_token', headers, body: { refresh_token: '{refresh}' } },
  logout: {
    path: '/auth/v1/logout?scope=local',
    body: null,
    headers: { apikey: '{clientId}', authorization: 'Bearer {access}' },
  },
  logoutAll: {
    path: '/auth/v1/logout?scope=global',
    body: null,
    headers: { apikey: '{clientId}', authorization: 'Bearer {access}' },
  },
  api: { apikey: '{clientId}', authorization: 'Bearer {access}' },
  answer: { access: 'access_token', refresh: 'refresh_token', expiresIn: 'expires_in', user: 'user' },
} as const satisfies ServerOptions;
