// The fetch wrapper of @badgateway/oauth2-client, with the demo server's JSON endpoints instead of a token endpoint.
import { OAuth2Client, OAuth2Fetch } from '@badgateway/oauth2-client';

export async function open() {
  const post = async (path, body) => {
    const headers = { 'content-type': 'application/json' };
    const { accessToken, expiresIn } = await (await fetch(path, { method: 'POST', headers, body })).json();
    return { accessToken, expiresAt: Date.now() + expiresIn * 1000, refreshToken: null };
  };
  let token = null;
  const client = new OAuth2Client({ server: location.origin, clientId: 'app' });
  const auth = new OAuth2Fetch({
    client,
    getNewToken: () => post('/auth/refresh'),
    storeToken: (next) => {
      token = next;
    },
    getStoredToken: () => token,
    scheduleRefresh: false,
  });
  return {
    client: auth,
    async login(credentials) {
      auth.token = await post('/auth/login', JSON.stringify(credentials));
    },
    fetch: (input, init) => auth.fetch(input, init),
    refresh: () => auth.refreshToken(),
  };
}
