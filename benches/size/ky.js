import { open } from '../peers/ky.js';

const auth = await open();
globalThis.app = {
  signIn: (credentials) => auth.login(credentials),
  call: (url) => auth.fetch(url),
  refresh: () => auth.refresh(),
  signOut: () => auth.logout(),
};
