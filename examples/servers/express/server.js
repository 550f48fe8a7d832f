// An auth server for tokenward in Express: login, refresh with rotation and reuse detection, logout, a protected API.
// Sessions are in memory and passwords in the source: replace them by a database and a password hash (argon2id).
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import express from 'express';
import { jwtVerify, SignJWT } from 'jose';
import { addSignIn } from './sign-in.js';

const ACCESS_TTL = Number(process.env.ACCESS_TTL ?? 900); // seconds
const SIGNING_KEY = randomBytes(32);
const USERS = { 'ada@example.com': { id: '1', email: 'ada@example.com', name: 'Ada', password: 'analytical engine' } };
/**
 * By session id: the user, the hashes of the current and the previous refresh token, and the Idempotency-Key and the
 * successor of the rotation between them.
 */
const sessions = new Map();

const hash = (text) => createHash('sha256').update(text).digest();
const isEqual = (one, other) => Boolean(other) && timingSafeEqual(one, other);
const reject = (response, status, code, message) => response.status(status).json({ error: { code, message } });

const app = express();
app.use(express.json());
if (process.env.OIDC_ISSUER) addSignIn(app, { sessions, begin, setCookie, provenSession, clearCookie });

// The cookie is SameSite=Strict. Browsers also send the source of a request in Sec-Fetch-Site.
app.use('/auth', (request, response, next) => {
  const site = request.get('sec-fetch-site') ?? 'same-origin';
  if (site === 'same-origin' || site === 'none') return next();
  reject(response, 403, 'CSRF_REJECTED', `expected a request from this origin, got one from ${site}`);
});

function setCookie(response, session, secret) {
  response.cookie('refresh_token', `${session.id}.${secret}`, {
    httpOnly: true,
    sameSite: 'strict',
    secure: process.env.COOKIE_SECURE !== 'false',
    path: '/auth',
    maxAge: 7 * 86_400_000,
  });
}

function clearCookie(response) {
  response.clearCookie('refresh_token', { path: '/auth' });
}

/** Begins a session; `more` is what the server has to know about it later. */
function begin(user, more) {
  const secret = randomBytes(32).toString('base64url');
  const session = { id: randomBytes(16).toString('base64url'), user, current: hash(secret), ...more };
  sessions.set(session.id, session);
  return { session, secret };
}

async function sendTokens(response, session, secret) {
  const { id, email, name } = session.user;
  const accessToken = await new SignJWT({ name, sid: session.id })
    .setProtectedHeader({ alg: 'HS256' })
    .setSubject(id)
    .setIssuedAt()
    .setExpirationTime(`${ACCESS_TTL} s`)
    .sign(SIGNING_KEY);
  setCookie(response, session, secret);
  response.set('cache-control', 'no-store').json({ accessToken, expiresIn: ACCESS_TTL, user: { id, email, name } });
}

app.post('/auth/login', async (request, response) => {
  const { email, password } = request.body ?? {};
  const user = USERS[email];
  if (!user || user.password !== password)
    return reject(response, 401, 'INVALID_CREDENTIALS', 'wrong email or password');
  const { session, secret } = begin(user);
  await sendTokens(response, session, secret);
});

function readCookie(request) {
  const cookie = /(?:^|;\s*)refresh_token=([\w-]+)\.([\w-]+)/.exec(request.get('cookie') ?? '');
  return { session: cookie && sessions.get(cookie[1]), secret: cookie?.[2] };
}

/** The session of a cookie whose secret is the current or the previous one: an id alone proves nothing. */
function provenSession(request) {
  const { session, secret } = readCookie(request);
  const isProven = session && [session.current, session.previous].some((one) => isEqual(hash(secret), one));
  return isProven ? session : undefined;
}

app.post('/auth/refresh', async (request, response) => {
  const { session, secret } = readCookie(request);
  if (!session) return reject(response, 401, 'INVALID_REFRESH_TOKEN', 'no such session');
  const key = request.get('idempotency-key');
  if (isEqual(hash(secret), session.current)) {
    const next = randomBytes(32).toString('base64url');
    // The browser has the new session now. Before, another tab may have sent the cookie of the one that it replaces.
    sessions.delete(session.replaces);
    // The successor is stored, because a request with its predecessor may be repeated.
    Object.assign(session, { previous: session.current, current: hash(next), key, successor: next });
    return sendTokens(response, session, next);
  }
  // A repeated request (a lost response, a reload, two tabs) has the same key and gets the same successor.
  if (key && key === session.key && isEqual(hash(secret), session.previous))
    return sendTokens(response, session, session.successor);
  // Every other second use counts as theft.
  sessions.delete(session.id);
  reject(response, 401, 'REFRESH_TOKEN_REUSED', 'this refresh token was used before; the session has ended');
});

app.post('/auth/logout', (request, response) => {
  const { session } = readCookie(request);
  if (session) sessions.delete(session.id);
  clearCookie(response);
  response.status(204).end();
});

app.get('/api/me', async (request, response) => {
  const [, token = ''] = /^Bearer (.+)$/.exec(request.get('authorization') ?? '') ?? [];
  try {
    const { payload } = await jwtVerify(token, SIGNING_KEY, { algorithms: ['HS256'] });
    // The session may have ended since the token was issued.
    const { id, email, name } = sessions.get(payload.sid).user;
    response.json({ id, email, name });
  } catch {
    response.set('www-authenticate', 'Bearer error="invalid_token"');
    reject(response, 401, 'INVALID_TOKEN', 'expected a valid access token');
  }
});

const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
