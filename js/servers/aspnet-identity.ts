// The preset for ASP.NET Core Identity: `options.server` as data.
import type { ServerOptions } from '../client/server-options.js';

/**
 * ASP.NET Core Identity 9, `MapIdentityApi` with tokens. The server has no logout for tokens.
 * Source: https://learn.microsoft.com/aspnet/core/security/authentication/identity-api-authorization
 */
export const aspnetIdentity = {
  login: { path: '/login' },
  refresh: { path: '/refresh', body: { refreshToken: '{refresh}' } },
  logout: null,
  answer: { access: 'accessToken', refresh: 'refreshToken', expiresIn: 'expiresIn', subject: 'email' },
  user: '/manage/info',
} as const satisfies ServerOptions;
