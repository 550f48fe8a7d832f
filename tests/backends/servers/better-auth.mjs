// better-auth, with a memory database: https://www.better-auth.com/docs (the session is a cookie; GET /get-session renews it).
import http from 'node:http';
import { betterAuth } from 'better-auth';
import { memoryAdapter } from 'better-auth/adapters/memory';
import { fromNodeHeaders, toNodeHandler } from 'better-auth/node';

const PORT = Number(process.env.PORT);
const ACCESS_SECONDS = Number(process.env.ACCESS_SECONDS ?? 300);

const auth = betterAuth({
  baseURL: `http://127.0.0.1:${PORT}`,
  // (The tests reach the server through a proxy on another port.)
  trustedOrigins: ['http://127.0.0.1:*'],
  secret: 'k'.repeat(50),
  database: memoryAdapter({ user: [], session: [], account: [], verification: [] }),
  emailAndPassword: { enabled: true },
  session: { expiresIn: ACCESS_SECONDS, updateAge: 0 },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
});
await auth.api.signUpEmail({ body: { email: 'ada@example.com', password: 'analytical engine', name: 'Ada' } });

const handle = toNodeHandler(auth);
http
  .createServer(async (request, response) => {
    if (request.url.startsWith('/api/auth/')) return handle(request, response);
    const session = await auth.api.getSession({ headers: fromNodeHeaders(request.headers) });
    response.setHeader('content-type', 'application/json');
    if (!session) return response.writeHead(401).end('{"message":"Unauthorized"}');
    if (request.url === '/api/me') return response.end(JSON.stringify({ email: session.user.email }));
    request.pipe(response);
  })
  .listen(PORT, '127.0.0.1', () => console.log(`listening on http://127.0.0.1:${PORT}`));
