import { AuthClient } from '@supabase/auth-js';

const auth = new AuthClient({ url: location.origin });
auth.onAuthStateChange((event) => console.log(event));
globalThis.app = {
  signIn: (credentials) => auth.signInWithPassword(credentials),
  call: async (url) => {
    const { data } = await auth.getSession();
    return fetch(url, { headers: { authorization: `Bearer ${data.session.access_token}` } });
  },
  refresh: () => auth.refreshSession(),
  signOut: () => auth.signOut(),
};
