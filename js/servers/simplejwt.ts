// The preset for djangorestframework-simplejwt: `options.server` as data.
import type { ServerOptions } from '../client/server-options.js';

/**
 * Django REST framework with djangorestframework-simplejwt 5.5: tokens in bodies.
 * The app `token_blacklist` must be installed for the logout; `ROTATE_REFRESH_TOKENS` may be on or off.
 * Source: https://django-rest-framework-simplejwt.readthedocs.io/en/latest/getting_started.html
 */
export const simplejwt = {
  login: { path: '/api/token/' },
  refresh: { path: '/api/token/refresh/', body: { refresh: '{refresh}' } },
  logout: { path: '/api/token/blacklist/', body: { refresh: '{refresh}' } },
  answer: { access: 'access', refresh: 'refresh', subject: 'user_id' },
} as const satisfies ServerOptions;
