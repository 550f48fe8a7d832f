// The same page with @axa-fr/oidc-client, without its service worker. It has no popup.
import { OidcClient } from '@axa-fr/oidc-client';

const { issuer, page } = globalThis.settings;
const client = OidcClient.getOrCreate(() => fetch)({
  client_id: 'spa',
  authority: issuer,
  redirect_uri: `${page}/callback`,
  silent_redirect_uri: `${page}/silent`,
  scope: 'openid email profile offline_access',
  storage: sessionStorage,
});
globalThis.driver = {
  signIn: (returnTo) => client.loginAsync(returnTo),
  isSignedIn: async () => Boolean(client.tokens),
  refresh: () => client.renewTokensAsync(),
};
async function start() {
  if (!location.pathname.endsWith('/callback')) return client.tryKeepExistingSessionAsync();
  const { callbackPath } = await client.loginCallbackAsync();
  history.replaceState(null, '', callbackPath || page);
}
globalThis.settled = Promise.all(localStorage.getItem('strict') ? [start(), start()] : [start()]);
