// The server's half of tokenward in Express: three endpoints, rotation, reuse detection, and one call that wants a token.
// Sessions are in memory and passwords in the source: put a database and a password hash (argon2id) in their place.
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import express from 'express';
import { jwtVerify, SignJWT } from 'jose';

const LIFE = Number(process.env.ACCESS_TTL ?? 900); // seconds
const KEY = randomBytes(32);
const USERS = { 'ada@example.com': { id: '1', email: 'ada@example.com', name: 'Ada', password: 'analytical engine' } };
/** By session id: who, and the hashes of the present refresh token and the one before, with the key that rotated it. */
const sessions = new Map();

const hash = (text) => createHash('sha256').update(text).digest();
const same = (one, other) => Boolean(other) && timingSafeEqual(one, other);
const refuse = (response, status, code, message) => response.status(status).json({ error: { code, message } });

const app = express();
app.use(express.json());

// The cookie is SameSite=Strict; browsers also say themselves where a request comes from.
app.use('/auth', (request, response, next) => {
  const site = request.get('sec-fetch-site') ?? 'same-origin';
  if (site === 'same-origin' || site === 'none') return next();
  refuse(response, 403, 'CSRF_REJECTED', `expected a call from this origin, came from ${site}`);
});

async function grant(response, session, secret) {
  const { id, email, name } = session.user;
  const accessToken = await new SignJWT({ name })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(id)
    .setIssuedAt()
    .setExpirationTime(`${LIFE} s`)
    .sign(KEY);
  response.cookie('refresh_token', `${session.id}.${secret}`, {
    httpOnly: true,
    sameSite: 'strict',
    secure: process.env.COOKIE_SECURE !== 'false',
    path: '/auth',
    maxAge: 7 * 86_400_000,
  });
  response.set('cache-control', 'no-store').json({ accessToken, expiresIn: LIFE, user: { id, email, name } });
}

app.post('/auth/login', async (request, response) => {
  const { email, password } = request.body ?? {};
  const user = USERS[email];
  if (!user || user.password !== password)
    return refuse(response, 401, 'INVALID_CREDENTIALS', 'wrong email or password');
  const session = { id: randomBytes(16).toString('base64url'), user };
  const secret = randomBytes(32).toString('base64url');
  session.present = hash(secret);
  sessions.set(session.id, session);
  await grant(response, session, secret);
});

function presented(request) {
  const cookie = /(?:^|;\s*)refresh_token=([\w-]+)\.([\w-]+)/.exec(request.get('cookie') ?? '');
  return { session: cookie && sessions.get(cookie[1]), secret: cookie?.[2] };
}

app.post('/auth/refresh', async (request, response) => {
  const { session, secret } = presented(request);
  if (!session) return refuse(response, 401, 'INVALID_REFRESH_TOKEN', 'no such session');
  const key = request.get('idempotency-key');
  if (same(hash(secret), session.present)) {
    const next = randomBytes(32).toString('base64url');
    // The successor is kept for as long as its predecessor may be repeated.
    Object.assign(session, { before: session.present, present: hash(next), key, successor: next });
    return grant(response, session, next);
  }
  // A lost answer, a reload, two tabs: the same key asks for the same successor.
  if (key && key === session.key && same(hash(secret), session.before))
    return grant(response, session, session.successor);
  // Anything else is a second use: somebody has a stolen token.
  sessions.delete(session.id);
  refuse(response, 401, 'REFRESH_TOKEN_REUSED', 'this refresh token was used before; the session is over');
});

app.post('/auth/logout', (request, response) => {
  const { session } = presented(request);
  if (session) sessions.delete(session.id);
  response.clearCookie('refresh_token', { path: '/auth' }).status(204).end();
});

app.get('/api/me', async (request, response) => {
  const [, token = ''] = /^Bearer (.+)$/.exec(request.get('authorization') ?? '') ?? [];
  try {
    const { payload } = await jwtVerify(token, KEY, { algorithms: ['HS256'] });
    const user = Object.values(USERS).find(({ id }) => id === payload.sub);
    response.json({ id: user.id, email: user.email, name: user.name });
  } catch {
    response.set('www-authenticate', 'Bearer error="invalid_token"');
    refuse(response, 401, 'INVALID_TOKEN', 'expected a token that is good');
  }
});

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
