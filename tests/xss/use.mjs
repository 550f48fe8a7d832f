// What is the same in every browser: what an app does with a client, and the tokens that came of it.

/** Everything that an app does with a client: calls, uploads, refused tokens, refreshes, another sign-in, a sign-out. */
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

/** All tokens that a client was ever given: a header of its own (`x-page`) tells its calls from others'. */
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

/** As tokens are handed to a page, so that handing them over is no leak. */
export const reversed = (token) => [...token].reverse().join('');
