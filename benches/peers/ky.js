// ky with the refresh that its documentation shows: a hook that sets the header, and one retry after a 401.
import ky from 'ky';

export async function open() {
  let token = '';
  let refreshing;
  const take = ({ accessToken }) => {
    token = accessToken;
  };
  const refresh = () => {
    refreshing ??= ky
      .post('/auth/refresh')
      .json()
      .then(take)
      .finally(() => {
        refreshing = undefined;
      });
    return refreshing;
  };
  const authorise = (request) => request.headers.set('authorization', `Bearer ${token}`);
  const client = ky.create({
    retry: { limit: 1, statusCodes: [401], methods: ['get', 'post'] },
    hooks: {
      beforeRequest: [({ request }) => authorise(request)],
      beforeRetry: [({ request }) => refresh().then(() => authorise(request))],
    },
  });
  return {
    client,
    login: (json) => ky.post('/auth/login', { json }).json().then(take),
    fetch: (input, init) => client(input, init),
    refresh,
    logout: () => ky.post('/auth/logout'),
  };
}
