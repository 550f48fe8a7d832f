// oidc-client-ts with its tokens in memory.
import { InMemoryWebStorage, UserManager, WebStorageStateStore } from 'oidc-client-ts';

export async function open() {
  const client = new UserManager({
    authority: location.origin,
    client_id: 'app',
    redirect_uri: `${location.origin}/callback`,
    scope: 'openid offline_access',
    userStore: new WebStorageStateStore({ store: new InMemoryWebStorage() }),
  });
  const withToken = async (input, init = {}) => {
    const user = await client.getUser();
    const request = new Request(input, init);
    request.headers.set('authorization', `Bearer ${user.access_token}`);
    return fetch(request);
  };
  return {
    client,
    login: ({ email, password }) => client.signinResourceOwnerCredentials({ username: email, password }),
    async fetch(input, init) {
      const retryCopy = input instanceof Request ? input.clone() : input;
      const response = await withToken(input, init);
      if (response.status !== 401) return response;
      await client.signinSilent();
      return withToken(retryCopy, init);
    },
    refresh: () => client.signinSilent(),
    async logout() {
      await client.revokeTokens();
      await client.removeUser();
    },
  };
}
