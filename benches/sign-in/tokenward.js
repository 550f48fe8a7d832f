// A page that signs in through its server.
import { AuthClient } from '../../pkg/index.js';

const auth = new AuthClient();
const again = localStorage.getItem('strict') ? new AuthClient() : undefined;
globalThis.driver = {
  signIn: (returnTo) => auth.signIn({ returnTo }),
  popup: () => auth.signIn({ display: 'popup' }),
  isSignedIn: async () => auth.session.status === 'signed-in',
  refresh: () => auth.refresh(),
  call: () => auth.fetch('/api/me'),
};
globalThis.settled = Promise.all([auth.ready, again?.ready]);
