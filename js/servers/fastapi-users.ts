// The presets for fastapi-users: `options.server` as data.
import type { ServerOptions } from '../client/server-options.js';

/**
 * fastapi-users 15 with its Bearer transport: no refresh, so the session ends with the token. Log in with `{ username, password }`.
 * Source: https://fastapi-users.github.io/fastapi-users/latest/usage/routes/
 */
export const fastapiUsers = {
  login: { path: '/auth/jwt/login', as: 'form' },
  refresh: null,
  logout: { path: '/auth/jwt/logout', body: null, headers: { authorization: 'Bearer {access}' } },
  answer: { access: 'access_token' },
  user: '/users/me',
} as const satisfies ServerOptions;

/**
 * fastapi-users 15 with its cookie transport. The client asks for the user in place of a refresh: a 401 ends the session.
 * Source: https://fastapi-users.github.io/fastapi-users/latest/configuration/authentication/transports/cookie/
 */
export const fastapiUsersCookie = {
  login: { path: '/auth/cookie/login', as: 'form', answer: { access: null } },
  refresh: { path: '/users/me', method: 'GET', body: null },
  logout: { path: '/auth/cookie/logout', body: null },
  api: {},
  answer: { access: null, user: '.' },
  user: '/users/me',
} as const satisfies ServerOptions;
