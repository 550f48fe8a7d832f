// The preset for Firebase Authentication: `options.server` as data.
import type { ServerOptions } from '../client/server-options.js';

/**
 * Firebase Authentication by REST. `options.clientId` is the web API key. The server has no logout for one session.
 * Source: https://firebase.google.com/docs/reference/rest/auth
 */
export const firebase = {
  login: {
    path: 'https://identitytoolkit.googleapis.com/v1/accounts:signInWithPassword?key={clientId}',
    body: { returnSecureToken: true, '...': '{credentials}' },
  },
  refresh: {
    path: 'https://securetoken.googleapis.com/v1/token?key={clientId}',
    as: 'form',
    body: { grant_type: 'refresh_token', refresh_token: '{refresh}' },
  },
  logout: null,
  answer: {
    access: ['idToken', 'id_token'],
    refresh: ['refreshToken', 'refresh_token'],
    expiresIn: ['expiresIn', 'expires_in'],
    subject: ['localId', 'user_id'],
  },
} as const satisfies ServerOptions;
