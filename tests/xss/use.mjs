// Shared by the browsers: the steps of an app that uses a client, and the tokens that the server issued to it.

/** The steps of an app: calls, uploads, rejected tokens, refreshes, another sign-in, logouts. Runs in the page. */
export async function useIt(credentials) {
  const quietly = (promise) => promise.catch(() => {});
  const echo = (body) => quietly(auth.fetch('/api/echo', { method: 'POST', body }).then((response) => response.text()));
  const expire = () => quietly(auth.fetch('/demo/expire-token', { method: 'POST' }));
  await quietly(auth.fetch('/api/me').then((response) => response.json()));
  await expire();
  const form = new FormData();
  form.set('a', 'b');
  await Promise.all([echo('text'), echo(form), echo(new URLSearchParams({ a: 'b' })), quietly(auth.fetch('/api/me'))]);
  await expire();
  await quietly(auth.fetch(new Request('/api/echo', { method: 'POST', body: 'inside', headers: { 'x-test': '1' } })));
  await quietly(auth.fetch('/api/me', { headers: { authorization: 'Bearer mine' } }));
  await quietly(auth.fetch('http://127.0.0.1:1/'));
  await quietly(auth.refresh());
  await quietly(auth.fetch('/nowhere'));
  await quietly(auth.login({ ...credentials, password: 'wrong' }));
  await quietly(auth.login(credentials));
  await quietly(auth.fetch('/api/admin'));
  await quietly(auth.logout({ scope: 'global' }));
  await quietly(auth.login(credentials));
  await quietly(auth.logout());
}

/** All tokens that the server has issued to the client whose calls have this `x-page` header. */
export function tokensOf(record, id) {
  const found = new Set();
  for (const { more, answer, status } of record) {
    if (more?.['x-page'] !== id || status !== 200 || !answer) continue;
    const { accessToken, refreshToken } = JSON.parse(answer);
    // The signature alone is enough: with the payload it is the token.
    found.add(accessToken.split('.')[2]);
    if (refreshToken) found.add(refreshToken);
  }
  return [...found];
}

/** Tokens are passed to a page in this form, so that a probe does not find them in the argument. */
export const reversed = (token) => [...token].reverse().join('');
