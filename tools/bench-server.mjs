// npm run bench:server: measures the demo server on SQLite and on Redis, and an Express server that implements the
// document jwt-auth-skill. The servers run on this machine, in turns, under the same load (wrk, 32 connections). Prints medians.
// Environment: ROUNDS and SECONDS of the load; SESSIONS, the number at which the size of a session is measured.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { main, output, root, run, say, windows } from './run.mjs';
import { REDIS_KEYS as KEYS, serverProgram, startRedis, startServer } from './servers.mjs';
import { setUpBuild, systemProgram } from './setup.mjs';
import { buildServer } from './start.mjs';

process.env.SERVER_PROFILE ??= 'release';
const CONNECTIONS = 32;
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const SECONDS = Number(process.env.SECONDS ?? 4);
const SESSIONS = Number(process.env.SESSIONS ?? 100_000);
const bench = path.join(root, 'benches/server');
const SETTINGS = { ...KEYS, LOG: 'off', REFRESH_LIMIT: '1000000' };

async function startExpress(redis) {
  const child = spawn(process.execPath, ['express.mjs'], {
    cwd: bench,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production', REDIS_URL: redis.url },
  });
  const url = await new Promise((resolve) => {
    child.stdout.on('data', (data) => resolve(String(data).match(/listening on (\S+)/)?.[1]));
  });
  return {
    url,
    async stop() {
      child.kill('SIGTERM');
      await new Promise((resolve) => child.once('exit', resolve));
    },
  };
}

/** Signs in once per connection; returns the access tokens and refresh cookies. */
async function signIn(url) {
  const sessions = [];
  for (let n = 0; n < CONNECTIONS; n += 1) {
    const response = await fetch(`${url}/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: 'ada@example.com', password: 'analytical engine' }),
    });
    const { accessToken } = await response.json();
    sessions.push({ accessToken, cookie: response.headers.get('set-cookie').split(';')[0] });
  }
  return sessions;
}

/** Runs wrk; returns requests per second, the 99th percentile in milliseconds, and the number of failed requests. */
function load(wrk, args) {
  const text = output(wrk, ['-c', `${CONNECTIONS}`, '-d', `${SECONDS}s`, '--latency', ...args]);
  const [, p99, unit] = text.match(/99%\s+([\d.]+)(us|ms|s)/);
  const scale = { us: 0.001, ms: 1, s: 1000 }[unit];
  return {
    rate: Number(text.match(/Requests\/sec:\s+([\d.]+)/)[1]),
    p99: Number(p99) * scale,
    failed: Number(text.match(/Non-2xx or 3xx responses: (\d+)/)?.[1] ?? 0),
  };
}

const protectedRoute = (wrk, { url, sessions }) =>
  load(wrk, ['-t', '2', '-H', `Authorization: Bearer ${sessions[0].accessToken}`, `${url}/api/me`]);

/** Each connection refreshes one session. It needs one thread, because variables of wrk belong to a thread. */
function refresh(wrk, server, folder) {
  const cookies = path.join(folder, 'cookies');
  writeFileSync(cookies, server.sessions.map(({ cookie }) => cookie).join('\n'));
  return load(wrk, ['-t', `${CONNECTIONS}`, '-s', path.join(bench, 'refresh.lua'), server.url, '--', cookies]);
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function measure(servers, what, work) {
  say(`${what}: ${ROUNDS} rounds of ${SECONDS} s for each server, in turns`);
  const results = new Map(servers.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const server of servers) {
      // The end of the load loses the last responses, so each round begins with new sessions.
      server.sessions = await signIn(server.url);
      results.get(server.name).push(work(server));
    }
  }
  const rows = servers.map(({ name }) => {
    const all = results.get(name);
    const rate = median(all.map((one) => one.rate));
    return {
      name,
      rate,
      p99: median(all.map((one) => one.p99)),
      failed: all.reduce((sum, one) => sum + one.failed, 0),
    };
  });
  const peer = rows.at(-1).rate;
  console.log(`\n| ${what} | requests/s | p99 | × Express | failed |\n| --- | --- | --- | --- | --- |`);
  for (const { name, rate, p99, failed } of rows)
    console.log(`| ${name} | ${Math.round(rate)} | ${p99.toFixed(1)} ms | ${(rate / peer).toFixed(1)} | ${failed} |`);
  console.log('');
}

async function measureSize(redisServer) {
  say(`size of a session: ${SESSIONS} sessions in each store`);
  const fill = (what, env) =>
    run(path.join(root, 'target/release/examples', windows ? 'fill_store.exe' : 'fill_store'), [what, `${SESSIONS}`], {
      env,
    });
  const bytesIn = (folder) =>
    readdirSync(folder).reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0);
  const redis = await startRedis(redisServer);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tokenward-'));
  try {
    const inRedis = { ...KEYS, REDIS_URL: redis.url };
    await fill('users', inRedis);
    const before = await redis.memory();
    await fill('sessions', inRedis);
    const perSession = Math.round(((await redis.memory()) - before) / SESSIONS);
    const inFile = { ...KEYS, DATABASE: path.join(folder, 't.db') };
    await fill('users', inFile);
    const ofUsers = bytesIn(folder);
    await fill('sessions', inFile);
    const onDisk = Math.round((bytesIn(folder) - ofUsers) / SESSIONS);
    console.log(`\n| store | bytes per session, at ${SESSIONS} |\n| --- | --- |`);
    console.log(`| Redis (memory, session and index of the user) | ${perSession} |\n| SQLite (file) | ${onDisk} |\n`);
  } finally {
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

await main(async () => {
  await setUpBuild();
  const wrk = await systemProgram('wrk', process.env.WRK, {
    why: 'it sends the load',
    fix: 'macOS: brew install wrk.',
  });
  const redisServer = await systemProgram('redis-server', process.env.REDIS_SERVER, {
    why: 'it is one of the stores',
    fix: 'macOS: brew install redis.',
  });
  say('npm ci in benches/server: Express, jsonwebtoken, ioredis');
  await run('npm', ['ci', '--prefix', bench, '--no-fund', '--no-audit']);
  await buildServer();
  await run('cargo', ['build', '--locked', '--release', '--quiet', '--package', 'tokenward-server', '--examples']);
  say(`${serverProgram()}, ${os.cpus().length} × ${os.cpus()[0].model}`);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tokenward-bench-'));
  const redises = [await startRedis(redisServer), await startRedis(redisServer)];
  const servers = [
    { name: 'tokenward, SQLite', ...(await startServer(SETTINGS)) },
    { name: 'tokenward, Redis', ...(await startServer({ ...SETTINGS, REDIS_URL: redises[0].url })) },
    { name: 'Express, Redis', ...(await startExpress(redises[1])) },
  ];
  try {
    await measure(servers, 'protected route (HS256)', (server) => protectedRoute(wrk, server));
    await measure(servers, 'refresh', (server) => refresh(wrk, server, folder));
  } finally {
    for (const one of [...servers, ...redises]) await one.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  await measureSize(redisServer);
});
