// axios with axios-auth-refresh as its README shows, but with the token in memory instead of localStorage.
import axios from 'axios';
import { createAuthRefresh } from 'axios-auth-refresh';

export async function open() {
  let token = '';
  const api = axios.create({ withCredentials: true });
  api.interceptors.request.use((config) => {
    if (token && !config.url.startsWith('/auth/')) config.headers.set('Authorization', `Bearer ${token}`);
    return config;
  });
  const take = ({ data }) => {
    token = data.accessToken;
  };
  const quiet = { skipAuthRefresh: true };
  const refresh = () => api.post('/auth/refresh', null, quiet).then(take);
  createAuthRefresh(api, refresh);
  return {
    client: api,
    login: (credentials) => api.post('/auth/login', credentials, quiet).then(take),
    async fetch(input, { method = input.method ?? 'GET', headers, body } = {}) {
      const data = input instanceof Request ? await input.text() : body;
      const url = input instanceof Request ? input.url : input;
      const answer = await api.request({ url, method, headers, data, responseType: 'text' });
      return new Response(answer.data || null, { status: answer.status });
    },
    refresh,
    async logout() {
      await api.post('/auth/logout', null, quiet);
      token = '';
    },
  };
}
