// A network of the test's own in front of a server: it delays, drops before or after the server has acted, answers in the
// server's place, and keeps a record. It also serves the package and an empty page, so that a test can open many tabs.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { root } from '../../tools/run.mjs';

const TYPES = { '.js': 'text/javascript', '.map': 'application/json' };

/** Starts a proxy before the server at `target`; `fault(request)` may return what shall go wrong with a request. */
export async function startProxy(target) {
  const { hostname, port } = new URL(target);
  const record = [];
  const sockets = new Set();
  const proxy = {
    /**
     * Returns undefined, or: `{delay}` milliseconds before the server is asked, `{lose: 'request'}` or `{lose: 'answer'}`
     * (after the server has acted), `{answer: {status, headers, body, drip}}` in the server's place (`drip` milliseconds
     * between the characters), `{until: promise}` before
     * the answer is handed on. Or a promise of that.
     */
    fault: () => undefined,
    /** Further pages: by path, what gives their text. */
    pages: new Map(),
    /** What runs before the engine, on the page or in a worker. */
    prelude: '',
    /** Headers of the empty page and of the package's files. */
    headers: {},
    /** `{path, query, method, authorization, dpop, cookie, type, key, referer, more, body, start, end, status}`, with `answer` from an auth endpoint, of each request to the server, in order. */
    record,
    to: (wanted) => record.filter(({ path }) => path === wanted),
    /** The most requests to this path that were under way at once. */
    atOnce(wanted) {
      const all = proxy.to(wanted);
      const under = (at) => all.filter(({ start, end }) => start <= at && at < (end ?? Infinity)).length;
      return Math.max(0, ...all.map(({ start }) => under(start)));
    },
    /** Asks the server what this request asks, and tells its answer. */
    async ask({ path: where, query, method, headers, body }) {
      const answer = await new Promise((resolve, reject) => {
        const asking = http.request({ hostname, port, path: where + query, method, headers }, resolve);
        asking.on('error', reject);
        asking.end(body);
      });
      const chunks = [];
      for await (const chunk of answer) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      const { 'content-length': _, 'transfer-encoding': __, ...rest } = answer.headers;
      return { status: () => answer.statusCode, headers: () => rest, json: async () => JSON.parse(text) };
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const server = http.createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url, 'http://proxy');
    if (pathname === '/blank')
      return response.writeHead(200, { 'content-type': 'text/html', ...proxy.headers }).end('<!doctype html>');
    const page = proxy.pages.get(pathname);
    if (page) return response.writeHead(200, { 'content-type': 'text/html', ...proxy.headers }).end(page());
    if (pathname.startsWith('/pkg/')) {
      const file = path.join(root, 'pkg', path.basename(pathname));
      const content = readFileSync(file);
      const type = TYPES[path.extname(file)];
      const text = /\/(engine|worker)\.js$/.test(pathname) ? `${proxy.prelude}\n${content}` : content;
      return response.writeHead(200, { 'content-type': type, ...proxy.headers }).end(text);
    }
    const { authorization, cookie, 'content-type': type, 'idempotency-key': key } = request.headers;
    const entry = { path: pathname, query: search, method: request.method, authorization, cookie, type, key };
    entry.referer = request.headers.referer;
    entry.dpop = request.headers.dpop;
    entry.more = Object.fromEntries(
      Object.entries(request.headers).filter(([name]) => /^(x-|cache-|pragma)/.test(name)),
    );
    entry.start = performance.now();
    record.push(entry);
    const body = [];
    for await (const chunk of request) body.push(chunk);
    entry.body = Buffer.concat(body).toString();
    entry.headers = request.headers;
    const fault = (await proxy.fault(entry)) ?? {};
    if (fault.delay) await new Promise((resolve) => setTimeout(resolve, fault.delay));
    const done = (status) => Object.assign(entry, { end: performance.now(), status });
    if (fault.lose === 'request') return done('lost') && request.socket.destroy();
    if (fault.answer) {
      const { status, headers = {}, body: text = '', drip } = fault.answer;
      response.writeHead(status, headers);
      for (const character of drip ? text : '') {
        response.write(character);
        await new Promise((resolve) => setTimeout(resolve, drip));
      }
      done(status);
      return response.end(drip ? '' : text);
    }
    const { url, method, headers } = request;
    const ask = http.request({ hostname, port, path: url, method, headers }, async (answer) => {
      const text = [];
      for await (const chunk of answer) text.push(chunk);
      await fault.until;
      if (pathname.startsWith('/auth/')) entry.answer = Buffer.concat(text).toString();
      done(fault.lose === 'answer' ? 'lost' : answer.statusCode);
      if (fault.lose === 'answer') return request.socket.destroy();
      response.writeHead(answer.statusCode, answer.rawHeaders).end(Buffer.concat(text));
    });
    ask.on('error', () => response.destroy());
    ask.end(Buffer.concat(body));
  });
  server.on('connection', (socket) => sockets.add(socket).size && socket.on('close', () => sockets.delete(socket)));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.url = `http://127.0.0.1:${server.address().port}`;
  return proxy;
}
