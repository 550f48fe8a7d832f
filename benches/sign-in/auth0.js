// The same page with auth0-spa-js, with rotating refresh tokens and its default storage.
import { Auth0Client } from '@auth0/auth0-spa-js';

const { tenant, page } = globalThis.settings;
const client = new Auth0Client({
  domain: tenant,
  clientId: 'spa',
  useRefreshTokens: true,
  authorizationParams: { redirect_uri: `${page}/callback`, scope: 'openid email profile offline_access' },
});
globalThis.driver = {
  signIn: (returnTo) => client.loginWithRedirect({ appState: { returnTo } }),
  popup: () => client.loginWithPopup(),
  isSignedIn: () => client.isAuthenticated(),
  refresh: () => client.getTokenSilently({ cacheMode: 'off' }),
};
async function start() {
  if (!/[?&]state=/.test(location.search)) return client.checkSession();
  const { appState } = await client.handleRedirectCallback();
  history.replaceState(null, '', appState?.returnTo ?? page);
}
globalThis.settled = Promise.all(localStorage.getItem('strict') ? [start(), start()] : [start()]);
