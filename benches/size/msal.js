import { PublicClientApplication } from '@azure/msal-browser';

const auth = new PublicClientApplication({ auth: { clientId: 'app', redirectUri: location.origin } });
await auth.initialize();
auth.addEventCallback(({ eventType }) => console.log(eventType));
const request = { scopes: ['api'] };
globalThis.app = {
  signIn: () => auth.loginRedirect(request),
  signedIn: () => auth.handleRedirectPromise(),
  call: async (url) => {
    const { accessToken } = await auth.acquireTokenSilent(request);
    return fetch(url, { headers: { authorization: `Bearer ${accessToken}` } });
  },
  refresh: () => auth.acquireTokenSilent({ ...request, forceRefresh: true }),
  signOut: () => auth.logoutRedirect(),
};
