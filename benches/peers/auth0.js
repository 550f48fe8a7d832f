// auth0-spa-js with refresh tokens, which it keeps in its own worker (its most secure configuration).
import { createAuth0Client } from '@auth0/auth0-spa-js';

export async function open() {
  const client = await createAuth0Client({
    domain: location.origin,
    clientId: 'app',
    useRefreshTokens: true,
    cacheLocation: 'memory',
    workerUrl: '/peers/auth0-worker.js',
    authorizationParams: { redirect_uri: `${location.origin}/callback` },
  });
  const withToken = async (input, init = {}, settings) => {
    const token = await client.getTokenSilently(settings);
    const request = new Request(input, init);
    request.headers.set('authorization', `Bearer ${token}`);
    return fetch(request);
  };
  return {
    client,
    // The redirect to the sign-in page and back, without leaving the page.
    async login(credentials) {
      let callback;
      const openUrl = async (url) => {
        const who = new URLSearchParams(credentials);
        callback = await (await fetch(`${url}&${who}`)).text();
      };
      await client.loginWithRedirect({ openUrl });
      await client.handleRedirectCallback(callback);
    },
    async fetch(input, init) {
      const retryCopy = input instanceof Request ? input.clone() : input;
      const response = await withToken(input, init);
      return response.status === 401 ? withToken(retryCopy, init, { cacheMode: 'off' }) : response;
    },
    refresh: () => client.getTokenSilently({ cacheMode: 'off' }).then(() => {}),
    logout: () => client.logout({ openUrl: false }),
  };
}
