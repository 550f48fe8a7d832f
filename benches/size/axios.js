import { open } from '../peers/axios.js';

const auth = await open();
globalThis.app = {
  signIn: (credentials) => auth.login(credentials),
  call: (url) => auth.client.get(url),
  refresh: () => auth.refresh(),
  signOut: () => auth.logout(),
};
