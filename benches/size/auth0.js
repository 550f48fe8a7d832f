import { createAuth0Client } from '@auth0/auth0-spa-js';

const auth = await createAuth0Client({ domain: 'example.auth0.com', clientId: 'app', useRefreshTokens: true });
globalThis.app = {
  signIn: () => auth.loginWithRedirect(),
  signedIn: () => auth.handleRedirectCallback(),
  call: async (url) => fetch(url, { headers: { authorization: `Bearer ${await auth.getTokenSilently()}` } }),
  refresh: () => auth.getTokenSilently({ cacheMode: 'off' }),
  user: () => auth.getUser(),
  signOut: () => auth.logout(),
};
