import { UserManager } from 'oidc-client-ts';

const auth = new UserManager({ authority: location.origin, client_id: 'app', redirect_uri: location.origin });
auth.events.addUserLoaded(() => console.log('signed in'));
auth.events.addUserUnloaded(() => console.log('signed out'));
globalThis.app = {
  signIn: () => auth.signinRedirect(),
  signedIn: () => auth.signinRedirectCallback(),
  call: async (url) => fetch(url, { headers: { authorization: `Bearer ${(await auth.getUser()).access_token}` } }),
  refresh: () => auth.signinSilent(),
  signOut: () => auth.signoutRedirect(),
};
