import { OAuth2Client, OAuth2Fetch } from '@badgateway/oauth2-client';

const client = new OAuth2Client({ server: location.origin, clientId: 'app', tokenEndpoint: '/oauth/token' });
let token = null;
const auth = new OAuth2Fetch({
  client,
  getNewToken: () => null,
  storeToken: (next) => {
    token = next;
    console.log('signed in');
  },
  getStoredToken: () => token,
});
globalThis.app = {
  signIn: async (credentials) => {
    token = await client.password(credentials);
  },
  call: (url) => auth.fetch(url),
  refresh: () => auth.refreshToken(),
  signOut: () => client.revoke(token),
};
