import { OktaAuth } from '@okta/okta-auth-js';

const auth = new OktaAuth({
  issuer: `${location.origin}/oauth2/default`,
  clientId: 'app',
  redirectUri: location.origin,
});
auth.authStateManager.subscribe(({ isAuthenticated }) => console.log(isAuthenticated));
await auth.start();
globalThis.app = {
  signIn: () => auth.signInWithRedirect(),
  signedIn: () => auth.handleRedirect(),
  call: async (url) => fetch(url, { headers: { authorization: `Bearer ${auth.getAccessToken()}` } }),
  refresh: () => auth.tokenManager.renew('accessToken'),
  signOut: () => auth.signOut(),
};
