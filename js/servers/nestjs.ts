// The preset for NestJS: `options.server` as data.
import type { ServerOptions } from '../client/server-options.js';

/**
 * NestJS with @nestjs/jwt 12, with the refresh that its tutorials add: the refresh token as Bearer. The routes are the app's own.
 * Source: https://docs.nestjs.com/security/authentication
 */
export const nestjs = {
  login: { path: '/auth/login' },
  refresh: { path: '/auth/refresh', body: null, headers: { authorization: 'Bearer {refresh}' } },
  logout: { path: '/auth/logout', body: null, headers: { authorization: 'Bearer {access}' } },
  answer: { access: ['access_token', 'accessToken'], refresh: ['refresh_token', 'refreshToken'], user: 'user' },
} as const satisfies ServerOptions;
