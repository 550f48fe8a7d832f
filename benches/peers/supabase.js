// @supabase/auth-js with its default configuration: both tokens in localStorage.
import { AuthClient } from '@supabase/auth-js';

export async function open() {
  const client = new AuthClient({ url: `${location.origin}/supabase`, headers: { apikey: 'anon' } });
  const settled = ({ data, error }) => {
    if (error) throw error;
    return data;
  };
  const withToken = async (input, init = {}) => {
    const { session } = settled(await client.getSession());
    const request = new Request(input, init);
    request.headers.set('authorization', `Bearer ${session.access_token}`);
    return fetch(request);
  };
  return {
    client,
    login: async (credentials) => settled(await client.signInWithPassword(credentials)),
    async fetch(input, init) {
      const retryCopy = input instanceof Request ? input.clone() : input;
      const response = await withToken(input, init);
      if (response.status !== 401) return response;
      settled(await client.refreshSession());
      return withToken(retryCopy, init);
    },
    refresh: async () => settled(await client.refreshSession()),
    logout: ({ scope } = {}) => client.signOut({ scope: scope === 'global' ? 'global' : 'local' }),
  };
}
