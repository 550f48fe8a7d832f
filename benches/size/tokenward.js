import { AuthClient } from 'tokenward';

const auth = new AuthClient();
auth.subscribe(({ status }) => console.log(status));
globalThis.app = {
  signIn: (credentials) => auth.login(credentials),
  call: (url) => auth.fetch(url),
  refresh: () => auth.refresh(),
  signOut: () => auth.logout(),
};
