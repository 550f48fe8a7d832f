// Real servers for the tests: each on a free port, with a store that no other server uses, removed when the test ends.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { root, windows } from './run.mjs';

/** The Cargo profile of the server: `demo` compiles in less time; benchmarks set SERVER_PROFILE to `release`. */
export const serverProfile = () => process.env.SERVER_PROFILE ?? 'demo';

/** Where Cargo puts a program that it compiles with this profile. */
const compiled = (name) => path.join(root, 'target', serverProfile(), windows ? `${name}.exe` : name);

export const serverProgram = () => compiled('tokenward-server');
export const exampleProgram = () => compiled('tokenward-example-axum');

/**
 * Waits until `condition` holds and returns its value. Fails after `seconds` with the text of `describe`: late enough for a
 * machine that is busy with something else.
 */
export async function until(condition, describe, { seconds = 60, every = 20 } = {}) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const value = await condition();
    if (value) return value;
    if (Date.now() > end) throw new Error(`${describe()} (waited ${seconds} s)`);
    await new Promise((resolve) => setTimeout(resolve, every));
  }
}

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

/** Starts the server; resolves when it listens. `stop` ends it and removes its store. */
export async function startServer(env = {}, program = serverProgram()) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tokenward-'));
  const server = await startProgram(program, [], {
    env: {
      PORT: '0',
      COOKIE_SECURE: 'false',
      DEMO: 'true',
      DEMO_PUBLIC: 'true',
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

/** Starts a server that prints `listening on <address>`; resolves when it has printed it. */
export async function startProgram(program, args, { env = {}, cwd = root } = {}) {
  const server = spawn(program, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...env } });
  let output = '';
  const ended = new Promise((resolve) => server.on('exit', resolve));
  const url = await new Promise((resolve, reject) => {
    const listen = (data) => {
      output += data;
      const address = output.match(/listening on (\S+)/)?.[1];
      if (address) resolve(address);
    };
    server.stdout.on('data', listen);
    server.stderr.on('data', listen);
    server.on('error', reject);
    ended.then((code) => reject(new Error(`${program} ended with ${code}:\n${output}`)));
  });
  return {
    url,
    log: () => output,
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

/** Starts an empty Redis. `pause` stops it from answering; its connections stay open. */
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
  await until(
    async () => (await ask('PING').catch(() => '')).includes('PONG'),
    () => `${program} does not answer on port ${port}`,
  );
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
