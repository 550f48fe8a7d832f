// The server that the document jwt-auth-skill describes: Express, jsonwebtoken (HS256) and ioredis, unchanged.
// It has no user database and checks no password: the benchmark does not measure logins.
import crypto from 'node:crypto';
import cookieParser from 'cookie-parser';
import express from 'express';
import { Redis } from 'ioredis';
import jwt from 'jsonwebtoken';

const config = {
  accessTokenSecret: 'access-secret-of-at-least-256-bits-for-a-benchmark',
  refreshTokenSecret: 'refresh-secret-of-at-least-256-bits-for-a-benchmark',
  accessTokenExpiry: '15m',
  refreshTokenExpiry: '7d',
};
const redis = new Redis(process.env.REDIS_URL);
const key = (userId) => `refresh_tokens:${userId}`;

async function generateTokenPair(payload) {
  const accessToken = jwt.sign(payload, config.accessTokenSecret, { expiresIn: config.accessTokenExpiry });
  const tokenId = crypto.randomUUID();
  const refreshToken = jwt.sign({ ...payload, tokenId }, config.refreshTokenSecret, {
    expiresIn: config.refreshTokenExpiry,
  });
  await redis.sadd(key(payload.userId), tokenId);
  await redis.expire(key(payload.userId), 7 * 24 * 60 * 60);
  const decoded = jwt.decode(accessToken);
  return { accessToken, refreshToken, expiresIn: decoded.exp - Math.floor(Date.now() / 1000) };
}

async function refreshTokens(refreshToken) {
  try {
    const { userId, email, role, tokenId } = jwt.verify(refreshToken, config.refreshTokenSecret);
    if ((await redis.sismember(key(userId), tokenId)) !== 1) {
      await redis.del(key(userId));
      return null;
    }
    await redis.srem(key(userId), tokenId);
    return generateTokenPair({ userId, email, role });
  } catch {
    return null;
  }
}

const COOKIE = { httpOnly: true, secure: false, sameSite: 'strict', path: '/auth', maxAge: 7 * 24 * 60 * 60 * 1000 };

const app = express();
app.use(express.json());
app.use(cookieParser());

app.post('/auth/login', async (req, res) => {
  const user = { userId: crypto.randomUUID(), email: req.body.email, role: 'user' };
  const tokens = await generateTokenPair(user);
  res.cookie('refresh_token', tokens.refreshToken, COOKIE);
  res.json({ accessToken: tokens.accessToken, expiresIn: tokens.expiresIn, user });
});

app.post('/auth/refresh', async (req, res) => {
  const refreshToken = req.cookies.refresh_token;
  if (!refreshToken) return res.status(401).json({ error: 'No refresh token' });
  const tokens = await refreshTokens(refreshToken);
  if (!tokens) {
    res.clearCookie('refresh_token', { path: '/auth' });
    return res.status(401).json({ error: 'Invalid refresh token' });
  }
  res.cookie('refresh_token', tokens.refreshToken, COOKIE);
  res.json({ accessToken: tokens.accessToken, expiresIn: tokens.expiresIn });
});

app.get('/api/me', (req, res) => {
  const header = req.headers.authorization;
  if (!header?.startsWith('Bearer ')) return res.status(401).json({ error: 'Missing authorization header' });
  try {
    const { userId, email, role } = jwt.verify(header.slice(7), config.accessTokenSecret);
    res.json({ id: userId, email, role });
  } catch {
    res.status(401).json({ error: 'Invalid or expired token' });
  }
});

const server = app.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
