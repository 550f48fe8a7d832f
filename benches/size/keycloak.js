import Keycloak from 'keycloak-js';

const auth = new Keycloak({ url: location.origin, realm: 'app', clientId: 'app' });
auth.onAuthSuccess = () => console.log('signed in');
auth.onAuthLogout = () => console.log('signed out');
await auth.init({ onLoad: 'check-sso' });
globalThis.app = {
  signIn: () => auth.login(),
  call: async (url) => {
    await auth.updateToken(60);
    return fetch(url, { headers: { authorization: `Bearer ${auth.token}` } });
  },
  refresh: () => auth.updateToken(-1),
  signOut: () => auth.logout(),
};
