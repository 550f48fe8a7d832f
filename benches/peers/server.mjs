// A server for all peers: tokens in JSON with a cookie, an OpenID provider, and Supabase. It checks only what the clients need
// to continue, and records each token that it issues.
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { root } from '../../tools/run.mjs';

const encoded = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const random = () => randomBytes(24).toString('base64url');
const LIFE = 900;

/** Starts the server on a free port, and so with its own origin. `issued` are the tokens that the page received. */
export async function startPeerServer({ files, page, headers = {} }) {
  const issued = new Set();
  const live = new Set();
  const refreshing = new Set();
  const codes = new Map();
  let origin = '';

  const jwt = (claims) => {
    const iat = Math.floor(Date.now() / 1000);
    const payload = { iss: `${origin}/`, sub: '1', iat, exp: iat + LIFE, ...claims };
    return `${encoded({ alg: 'RS256', typ: 'JWT', kid: '1' })}.${encoded(payload)}.${randomBytes(64).toString('base64url')}`;
  };
  const grant = (visible) => {
    const access = jwt({ aud: 'api', session_id: '1' });
    const refresh = random();
    live.add(access);
    refreshing.add(refresh);
    // The signature alone is enough: with the payload it is the token.
    issued.add(access.split('.')[2]);
    if (visible) issued.add(refresh);
    return { access, refresh };
  };
  const spend = (refresh) => refreshing.delete(refresh);

  const server = http.createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, origin);
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const answer = (status, body, more = {}) =>
      response
        .writeHead(status, { 'content-type': 'application/json', ...more })
        .end(body === undefined ? '' : JSON.stringify(body));
    if (pathname === '/') return response.writeHead(200, { 'content-type': 'text/html', ...headers }).end(page());
    if (pathname.startsWith('/peers/') || pathname.startsWith('/pkg/')) {
      const folder = pathname.startsWith('/pkg/') ? path.join(root, 'pkg') : files;
      return response
        .writeHead(200, { 'content-type': 'text/javascript', ...headers })
        .end(readFileSync(path.join(folder, path.basename(pathname))));
    }
    const read = () => {
      try {
        return JSON.parse(text);
      } catch {
        return Object.fromEntries(new URLSearchParams(text));
      }
    };
    const refused = ({ password }) => password !== undefined && password === 'wrong';

    // Tokens in JSON, the refresh token in a cookie.
    const cookie = /refresh=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1];
    const withCookie = ({ access, refresh }) =>
      answer(
        200,
        { accessToken: access, expiresIn: LIFE, user: { id: '1' } },
        { 'set-cookie': `refresh=${refresh}; HttpOnly; SameSite=Strict; Path=/` },
      );
    if (pathname === '/auth/login') return refused(read()) ? answer(401, {}) : withCookie(grant(false));
    if (pathname === '/auth/refresh') return spend(cookie) ? withCookie(grant(false)) : answer(401, {});
    if (pathname === '/auth/logout') return answer(204);

    // OpenID Connect.
    if (pathname === '/.well-known/openid-configuration')
      return answer(200, {
        issuer: `${origin}/`,
        authorization_endpoint: `${origin}/authorize`,
        token_endpoint: `${origin}/oauth/token`,
        revocation_endpoint: `${origin}/oauth/revoke`,
        jwks_uri: `${origin}/jwks`,
      });
    if (pathname === '/authorize') {
      const [code, state] = [random(), searchParams.get('state')];
      codes.set(code, { nonce: searchParams.get('nonce'), challenge: searchParams.get('code_challenge') });
      const refusal = refused(Object.fromEntries(searchParams)) ? '&error=access_denied' : '';
      return response.end(`${origin}/callback?code=${code}&state=${encodeURIComponent(state)}${refusal}`);
    }
    if (pathname === '/oauth/token') {
      const form = read();
      const code = codes.get(form.code);
      codes.delete(form.code);
      const allowed =
        form.grant_type === 'password'
          ? !refused(form)
          : form.grant_type === 'refresh_token'
            ? spend(form.refresh_token)
            : code && createHash('sha256').update(form.code_verifier).digest('base64url') === code.challenge;
      if (!allowed) return answer(400, { error: 'invalid_grant', error_description: 'no' });
      const { access, refresh } = grant(true);
      const id = jwt({ aud: 'app', sid: '1', ...(code?.nonce && { nonce: code.nonce }) });
      return answer(200, {
        access_token: access,
        refresh_token: refresh,
        id_token: id,
        token_type: 'Bearer',
        expires_in: LIFE,
        scope: 'openid offline_access',
      });
    }
    if (pathname === '/oauth/revoke') return answer(200);

    // Supabase.
    if (pathname === '/supabase/token') {
      const given = read();
      const allowed = searchParams.get('grant_type') === 'password' ? !refused(given) : spend(given.refresh_token);
      if (!allowed) return answer(400, { error_code: 'invalid_credentials', msg: 'no' });
      const { access, refresh } = grant(true);
      const user = { id: '1', aud: 'authenticated', email: given.email ?? 'ada@example.com' };
      return answer(200, {
        access_token: access,
        refresh_token: refresh,
        token_type: 'bearer',
        expires_in: LIFE,
        expires_at: Math.floor(Date.now() / 1000) + LIFE,
        user,
      });
    }
    if (pathname === '/supabase/logout') return answer(204);

    // The API.
    const token = request.headers.authorization?.replace(/^Bearer /, '');
    if (!live.has(token)) return answer(401, { error: 'unauthorized' });
    if (pathname === '/demo/expire-token') return live.delete(token) && answer(204);
    return pathname.startsWith('/api/') ? answer(200, { ok: true }) : answer(404, {});
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${server.address().port}`;
  return {
    origin,
    issued,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
