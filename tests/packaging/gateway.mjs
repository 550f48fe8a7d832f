// What the tests of apps in browsers share: the tools of the lockfile, and one origin for an app and the API.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { connect } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { root } from '../../tools/run.mjs';

export const here = path.join(root, 'tests/packaging');
export const bin = (name) => path.join(here, 'node_modules/.bin', name);
const NO_TELEMETRY = { NEXT_TELEMETRY_DISABLED: '1', ASTRO_TELEMETRY_DISABLED: '1', NUXT_TELEMETRY_DISABLED: '1' };
export const env = { ...process.env, NODE_ENV: 'production', FORCE_COLOR: '0', ...NO_TELEMETRY };

const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};

/** Runs a tool in a folder of the packaging tests; an error contains its output. */
export function program(folder, [file, ...args]) {
  const cwd = path.resolve(here, folder);
  return promisify(execFile)(file, args, { cwd, env, maxBuffer: 1 << 26, timeout: 540_000 }).catch((error) => {
    throw new Error(`${error.message}\n${error.stdout}\n${error.stderr}`);
  });
}

/**
 * Serves an app and the API on one origin, as a reverse proxy does: requests to the API go to `apiUrl`, all others to `handle`, and
 * WebSockets to `toolUrl`: a development server reloads its pages through them.
 */
export async function startGateway(apiUrl, handle, toolUrl) {
  const gateway = http.createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://gateway');
    if (/^\/(auth|api|demo)\//.test(pathname)) return forward(request, response, apiUrl);
    return handle(request, response, pathname);
  });
  gateway.on('upgrade', (request, socket, head) => {
    if (toolUrl) forwardSocket(request, socket, head, new URL(toolUrl));
    else socket.destroy();
  });
  await new Promise((resolve) => gateway.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${gateway.address().port}`,
    async stop() {
      gateway.closeAllConnections();
      await new Promise((resolve) => gateway.close(resolve));
    },
  };
}

/** Each request has a connection of its own: a server may close an idle one at the moment in which a request is sent on it. */
export function forward(request, response, target) {
  const { method, headers } = request;
  const outgoing = http.request(new URL(request.url, target), { method, headers, agent: false }, (answer) => {
    response.writeHead(answer.statusCode, answer.rawHeaders);
    answer.pipe(response);
  });
  outgoing.on('error', () => response.destroy());
  request.pipe(outgoing);
}

function forwardSocket({ method, url, rawHeaders }, socket, head, { hostname, port }) {
  const lines = [`${method} ${url} HTTP/1.1`];
  for (let at = 0; at < rawHeaders.length; at += 2) lines.push(`${rawHeaders[at]}: ${rawHeaders[at + 1]}`);
  const outgoing = connect(port, hostname, () => {
    outgoing.write(`${lines.join('\r\n')}\r\n\r\n`);
    outgoing.write(head);
    socket.pipe(outgoing).pipe(socket);
  });
  outgoing.on('error', () => socket.destroy());
  socket.on('error', () => outgoing.destroy());
  socket.on('close', () => outgoing.destroy());
}

export function sendFile(response, file) {
  const type = TYPES[path.extname(file)] ?? 'application/octet-stream';
  response.writeHead(200, { 'content-type': type }).end(readFileSync(file));
}
