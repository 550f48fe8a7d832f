// @node-oauth/oauth2-server with Express: https://node-oauthoauth2-server.readthedocs.io (a public client, password grant).
import OAuth2Server from '@node-oauth/oauth2-server';
import express from 'express';

const PORT = Number(process.env.PORT);
const ACCESS_SECONDS = Number(process.env.ACCESS_SECONDS ?? 300);
const USER = { id: '1', email: 'ada@example.com' };
const tokens = new Map();
const refreshTokens = new Map();

/** The storage, which the product leaves to the app. */
const model = {
  getClient: async (id) => (id === 'spa' ? { id, grants: ['password', 'refresh_token'] } : null),
  getUser: async (name, password) => (name === USER.email && password === 'analytical engine' ? USER : null),
  async saveToken(token, client, user) {
    const saved = { ...token, client, user };
    tokens.set(token.accessToken, saved);
    refreshTokens.set(token.refreshToken, saved);
    return saved;
  },
  getAccessToken: async (token) => tokens.get(token),
  getRefreshToken: async (token) => refreshTokens.get(token),
  revokeToken: async ({ refreshToken }) => refreshTokens.delete(refreshToken),
  verifyScope: async () => true,
};

const { Request, Response } = OAuth2Server;
const oauth = new OAuth2Server({
  model,
  accessTokenLifetime: ACCESS_SECONDS,
  requireClientAuthentication: { password: false, refresh_token: false },
});

const app = express();
app.use(express.json(), express.urlencoded({ extended: false }));

app.post('/oauth/token', async (request, response) => {
  const result = new Response(response);
  await oauth.token(new Request(request), result).catch(() => {});
  response
    .status(result.status ?? 500)
    .set(result.headers)
    .json(result.body);
});

async function authenticate(request, response, next) {
  const result = new Response(response);
  try {
    const { user } = await oauth.authenticate(new Request(request), result);
    request.user = user;
    next();
  } catch (error) {
    response.status(error.code ?? 500).json({ error: error.name, error_description: error.message });
  }
}
app.get('/api/me', authenticate, (request, response) => response.json({ email: request.user.email }));
app.post('/api/echo', authenticate, (request, response) => response.json(request.body));

app.listen(PORT, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${PORT}`));
