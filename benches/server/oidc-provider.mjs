// panva's oidc-provider with Redis: opaque access tokens, refresh tokens that rotate, ES256. `/auth/login` stands for the
// sign-in, which takes several pages: it stores what a sign-in stores, and checks no password.
import crypto from 'node:crypto';
import { Redis } from 'ioredis';
import { Provider } from 'oidc-provider';

const PORT = Number(process.env.PORT);
const redis = new Redis(process.env.REDIS_URL);
const CONSUMABLE = new Set(['AuthorizationCode', 'RefreshToken', 'DeviceCode', 'BackchannelAuthenticationRequest']);

/** As the adapter in the examples of oidc-provider. */
class RedisAdapter {
  constructor(name) {
    this.name = name;
  }

  key(id) {
    return `oidc:${this.name}:${id}`;
  }

  async upsert(id, payload, expiresIn) {
    const key = this.key(id);
    const multi = redis.multi();
    if (CONSUMABLE.has(this.name)) multi.hset(key, { payload: JSON.stringify(payload) });
    else multi.set(key, JSON.stringify(payload));
    if (expiresIn) multi.expire(key, expiresIn);
    if (payload.grantId && CONSUMABLE.has(this.name)) {
      const list = `oidc:grant:${payload.grantId}`;
      multi.rpush(list, key);
      if (expiresIn) multi.expire(list, expiresIn);
    }
    await multi.exec();
  }

  async find(id) {
    if (!CONSUMABLE.has(this.name)) {
      const text = await redis.get(this.key(id));
      return text ? JSON.parse(text) : undefined;
    }
    const { payload, ...rest } = await redis.hgetall(this.key(id));
    return payload ? { ...rest, ...JSON.parse(payload) } : undefined;
  }

  async consume(id) {
    await redis.hset(this.key(id), 'consumed', Math.floor(Date.now() / 1000));
  }

  async destroy(id) {
    await redis.del(this.key(id));
  }

  async revokeByGrantId(grantId) {
    const list = `oidc:grant:${grantId}`;
    const keys = await redis.lrange(list, 0, -1);
    await redis.del(list, ...keys);
  }
}

const { privateKey } = crypto.generateKeyPairSync('ec', { namedCurve: 'P-256' });
const provider = new Provider(`http://127.0.0.1:${PORT}`, {
  adapter: RedisAdapter,
  clients: [
    {
      client_id: 'app',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['http://127.0.0.1/callback'],
      grant_types: ['authorization_code', 'refresh_token'],
      application_type: 'native',
      id_token_signed_response_alg: 'ES256',
    },
  ],
  jwks: { keys: [{ ...privateKey.export({ format: 'jwk' }), alg: 'ES256', use: 'sig', kid: 'bench' }] },
  scopes: ['openid', 'offline_access'],
  ttl: { AccessToken: 900, RefreshToken: 604_800, Grant: 604_800, IdToken: 900 },
  features: { devInteractions: { enabled: false } },
  cookies: { keys: ['k'.repeat(32)] },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
});

provider.use(async (context, next) => {
  if (context.path !== '/auth/login') return next();
  const scope = 'openid offline_access';
  const client = await provider.Client.find('app');
  const grant = new provider.Grant({ accountId: 'ada', clientId: 'app' });
  grant.addOIDCScope(scope);
  const common = { accountId: 'ada', client, grantId: await grant.save(), gty: 'authorization_code', scope };
  const access = new provider.AccessToken(common);
  const refresh = new provider.RefreshToken({ ...common, rotations: 0, iiat: Math.floor(Date.now() / 1000) });
  context.body = { accessToken: await access.save(), refreshToken: await refresh.save() };
});

provider.listen(PORT, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${PORT}`));
