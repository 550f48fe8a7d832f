// The same page with oidc-client-ts, which exchanges the code itself.
import { UserManager } from 'oidc-client-ts';

const { issuer, page } = globalThis.settings;
const manager = new UserManager({
  authority: issuer,
  client_id: 'spa',
  redirect_uri: `${page}/callback`,
  popup_redirect_uri: `${page}/popup`,
  scope: 'openid email profile',
});
let user;
globalThis.driver = {
  signIn: (returnTo) => manager.signinRedirect({ state: returnTo }),
  popup: async () => {
    user = await manager.signinPopup();
  },
  isSignedIn: async () => Boolean(user && !user.expired),
  refresh: async () => {
    user = await manager.signinSilent();
  },
};
async function start() {
  if (location.pathname.endsWith('/popup')) return manager.signinPopupCallback();
  if (!/[?&]state=/.test(location.search)) {
    user = await manager.getUser();
    return;
  }
  user = await manager.signinRedirectCallback();
  history.replaceState(null, '', user.state);
}
globalThis.settled = Promise.all(localStorage.getItem('strict') ? [start(), start()] : [start()]);
