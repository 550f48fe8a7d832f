export const onTokenward = (auth) => ({
  auth,
  /** Resolves with the user of the API, or with null if nobody is signed in. */
  async firstAnswer() {
    globalThis.signIn = (credentials) => auth.login(credentials);
    return auth
      .fetch('/api/me')
      .then((response) => response.json())
      .catch(() => null);
  },
});
