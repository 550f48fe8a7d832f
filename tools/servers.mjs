// Real servers for the tests: each on a free port, with a store of its own, gone when the test is over.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { root, windows } from './run.mjs';

export const serverProgram = path.join(root, 'target/release', windows ? 'tokenward-server.exe' : 'tokenward-server');

/** A port that was free a moment ago. */
export function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}

/** Starts the server; resolves when it listens. `stop` ends it and takes its store away. */
export async function startServer(env = {}) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tokenward-'));
  const server = await startProgram(serverProgram, [], {
    env: {
      PORT: '0',
      COOKIE_SECURE: 'false',
      DEMO: 'true',
      LOGIN_LIMIT: '10000',
      LEEWAY: '0',
      DATABASE: path.join(folder, 't.db'),
      ...env,
    },
  });
  return {
    ...server,
    /** One of the server's own counters. */
    async counted(event) {
      const text = await (await fetch(`${server.url}/metrics`)).text();
      return Number(text.match(new RegExp(`event="${event}"} (\\d+)`))[1]);
    },
    async stop() {
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Starts a server that says `listening on <address>`; resolves when it has. */
export async function startProgram(program, args, { env = {}, cwd = root } = {}) {
  const server = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let said = '';
  const ended = new Promise((resolve) => server.on('exit', resolve));
  const url = await new Promise((resolve, reject) => {
    const listen = (data) => {
      said += data;
      const address = said.match(/listening on (\S+)/)?.[1];
      if (address) resolve(address);
    };
    server.stdout.on('data', listen);
    server.stderr.on('data', listen);
    server.on('error', reject);
    ended.then((code) => reject(new Error(`${program} ended with ${code}:\n${said}`)));
  });
  return {
    url,
    log: () => said,
    async stop() {
      server.kill('SIGTERM');
      await ended;
    },
  };
}

/** What a server on Redis cannot make itself. */
export const REDIS_KEYS = {
  ALGORITHM: 'HS256',
  SIGNING_KEY: 'k'.repeat(43),
  REFRESH_KEY: 'cmVmcmVzaC1rZXktZm9yLXRlc3RzLW9ubHktMDAwMDE',
};

/** Starts a Redis with nothing in it. `pause` makes it answer nobody, with its connections open. */
export async function startRedis(program = process.env.REDIS_SERVER || 'redis-server') {
  const port = await freePort();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tokenward-redis-'));
  const args = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'yes'];
  const child = spawn(program, args, { stdio: 'ignore' });
  const ask = (command) =>
    new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => socket.write(`${command}\r\n`));
      socket.once('data', (data) => resolve(socket.destroy() && String(data)));
      socket.once('error', reject);
    });
  for (let tries = 0; tries < 100; tries += 1) {
    const answer = await ask('PING').catch(() => '');
    if (answer.includes('PONG')) break;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    memory: async () => Number((await ask('INFO memory')).match(/used_memory:(\d+)/)[1]),
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    async stop() {
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
