// A proxy in front of a server that simulates faults of the network: it delays a request, loses it or its response, or answers
// instead of the server. It records each request, and also serves the package and an empty page for the tabs of a test.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { root } from '../../tools/run.mjs';

/** What `/rust/` serves: the Rust client behind the interface of the npm package. */
const rustDir = path.join(root, 'target/rust-client');
/** What `/pkg/` serves. */
export const packageDir = process.env.ISOLATION === 'rust' ? rustDir : path.join(root, 'pkg');

const TYPES = { '.js': 'text/javascript', '.map': 'application/json' };

/** Starts a proxy in front of the server at `target`, which a test may set later; `fault(request)` may return a fault of a request. */
export async function startProxy(target) {
  const record = [];
  const sockets = new Set();
  const proxy = {
    target,
    /**
     * Returns undefined or a fault, or a promise of it. `{delay}`: forward the request after so many ms. `{lose: 'request'}`: do
     * not forward it. `{lose: 'answer'}`: drop the response of the server. `{answer: {status, headers, body, drip}}`: respond
     * instead of the server, with `drip` ms between the characters. `{until: promise}`: hold the response until then.
     */
    fault: () => undefined,
    /** Names of files of the package whose connection breaks. */
    broken: new Set(),
    /** Further pages: functions that return the text, by path. */
    pages: new Map(),
    /** Functions of Node's request and response that answer alone, by path. */
    raw: new Map(),
    /** Code that runs before the engine, on the page or in a worker. */
    prelude: '',
    /** Headers of the empty page and of the package's files. */
    headers: {},
    /**
     * `{path, query, method, authorization, dpop, cookie, type, key, referer, more, body, start, end, status}` of each request to
     * the server, in order, and for auth endpoints the text of the response in `answer`.
     */
    record,
    to: (wanted) => record.filter(({ path }) => path === wanted),
    /** The largest number of requests to this path that were in flight at once. */
    atOnce(wanted) {
      const all = proxy.to(wanted);
      const inFlight = (at) => all.filter(({ start, end }) => start <= at && at < (end ?? Infinity)).length;
      return Math.max(0, ...all.map(({ start }) => inFlight(start)));
    },
    /** Forwards this request to the server, and resolves with its response and its text. */
    async forward({ path: where, query, method, headers, body }) {
      const answer = await new Promise((resolve, reject) => {
        const { hostname, port } = new URL(proxy.target);
        const outgoing = http.request({ hostname, port, path: where + query, method, headers }, resolve);
        outgoing.on('error', reject);
        outgoing.end(body);
      });
      const chunks = [];
      for await (const chunk of answer) chunks.push(chunk);
      const text = Buffer.concat(chunks).toString();
      const { 'content-length': _, 'transfer-encoding': __, ...rest } = answer.headers;
      return { status: () => answer.statusCode, headers: () => rest, json: async () => JSON.parse(text), text };
    },
    async stop() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  const server = http.createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url, 'http://proxy');
    const raw = proxy.raw.get(pathname);
    if (raw) return raw(request, response);
    if (pathname === '/blank')
      return response.writeHead(200, { 'content-type': 'text/html', ...proxy.headers }).end('<!doctype html>');
    const page = proxy.pages.get(pathname);
    if (page) {
      const type = TYPES[path.extname(pathname)] ?? 'text/html';
      return response.writeHead(200, { 'content-type': type, ...proxy.headers }).end(page());
    }
    if (/^\/(pkg|rust)\//.test(pathname)) {
      const folder = pathname.startsWith('/pkg/') ? packageDir : rustDir;
      const file = path.join(folder, path.basename(pathname));
      if (proxy.broken.has(path.basename(pathname))) return request.socket.destroy();
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
    const { hostname, port } = new URL(proxy.target);
    const outgoing = http.request({ hostname, port, path: url, method, headers }, async (answer) => {
      const text = [];
      for await (const chunk of answer) text.push(chunk);
      await fault.until;
      if (pathname.startsWith('/auth/')) entry.answer = Buffer.concat(text).toString();
      done(fault.lose === 'answer' ? 'lost' : answer.statusCode);
      if (fault.lose === 'answer') return request.socket.destroy();
      response.writeHead(answer.statusCode, answer.rawHeaders).end(Buffer.concat(text));
    });
    outgoing.on('error', () => response.destroy());
    outgoing.end(Buffer.concat(body));
  });
  server.on('connection', (socket) => sockets.add(socket).size && socket.on('close', () => sockets.delete(socket)));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  proxy.url = `http://127.0.0.1:${server.address().port}`;
  return proxy;
}
