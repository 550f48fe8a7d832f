// oidc-provider: code with PKCE, rotation of refresh tokens. https://github.com/panva/node-oidc-provider/tree/main/docs
// Its own development pages ask for the login and the consent.
import { Provider } from 'oidc-provider';

const PORT = Number(process.env.PORT);
const ACCESS_SECONDS = Number(process.env.ACCESS_SECONDS ?? 300);

const provider = new Provider(`http://127.0.0.1:${PORT}`, {
  clients: [
    {
      client_id: 'spa',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['http://127.0.0.1/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      application_type: 'native',
    },
  ],
  scopes: ['openid', 'offline_access', 'email'],
  claims: { openid: ['sub'], email: ['email'] },
  conformIdTokenClaims: false,
  ttl: {
    AccessToken: ACCESS_SECONDS,
    RefreshToken: 86_400,
    Session: 86_400,
    Grant: 86_400,
    Interaction: 3_600,
    IdToken: 3_600,
  },
  features: { revocation: { enabled: true }, devInteractions: { enabled: true } },
  cookies: { keys: ['k'.repeat(32)] },
  clientBasedCORS: () => true,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@example.com` }) }),
});

/** An API beside the provider, which looks the access token up. */
provider.use(async (context, next) => {
  if (!context.path.startsWith('/api/')) return next();
  const found = await provider.AccessToken.find(context.get('authorization').replace('Bearer ', ''));
  context.type = 'json';
  if (!found) {
    context.status = 401;
    context.body = '{"error":"invalid_token"}';
  } else if (context.path === '/api/me') context.body = { email: `${found.accountId}@example.com` };
  else context.body = context.req;
});

provider.listen(PORT, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${PORT}`));
