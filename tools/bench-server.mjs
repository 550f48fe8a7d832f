// npm run bench:server: measures the demo server on SQLite and on Redis, an Express server that implements the document
// jwt-auth-skill, and oidc-provider with Redis. The servers run on this machine, in turns, under the same load (wrk, 32
// connections). Prints medians. Environment: ROUNDS and SECONDS of the load; SESSIONS, the number of sessions in the store
// at which their size and the time of a refresh are measured.
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { main, output, root, run, say, windows } from './run.mjs';
import { freePort, REDIS_KEYS as KEYS, serverProgram, startRedis, startServer } from './servers.mjs';
import { setUpBuild, systemProgram } from './setup.mjs';
import { buildServer } from './start.mjs';

process.env.SERVER_PROFILE ??= 'release';
const CONNECTIONS = 32;
const ROUNDS = Number(process.env.ROUNDS ?? 5);
const SECONDS = Number(process.env.SECONDS ?? 4);
const SESSIONS = Number(process.env.SESSIONS ?? 1_000_000);
/** SQLite writes each of them to the disk, so that a million would take ten minutes. */
const IN_FILE = Math.min(SESSIONS, 100_000);
const bench = path.join(root, 'benches/server');
const SETTINGS = { ...KEYS, LOG: 'off', REFRESH_LIMIT: '1000000', LOGIN_LIMIT: '1000000', MAX_SESSIONS: '1000000' };
/** The server that the others are compared with. */
const PEER = 'Express, Redis';

/** Starts a server of benches/server. */
async function startPeer(file, redis) {
  const child = spawn(process.execPath, [file], {
    cwd: bench,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production', PORT: `${await freePort()}`, REDIS_URL: redis.url },
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
    const { accessToken, refreshToken } = await response.json();
    sessions.push({ accessToken, refresh: refreshToken ?? response.headers.get('set-cookie').split(';')[0] });
  }
  return sessions;
}

/** Runs wrk; returns requests per second, two percentiles in milliseconds, and the number of failed requests. */
function load(wrk, args) {
  const text = output(wrk, ['-c', `${CONNECTIONS}`, '-d', `${SECONDS}s`, '--latency', ...args]);
  const percentile = (percent) => {
    const [, time, unit] = text.match(new RegExp(`${percent}%\\s+([\\d.]+)(us|ms|s)`));
    return Number(time) * { us: 0.001, ms: 1, s: 1000 }[unit];
  };
  return {
    rate: Number(text.match(/Requests\/sec:\s+([\d.]+)/)[1]),
    p50: percentile(50),
    p99: percentile(99),
    failed: Number(text.match(/Non-2xx or 3xx responses: (\d+)/)?.[1] ?? 0),
  };
}

const protectedRoute = (wrk, { url, sessions, protectedPath = '/api/me' }) =>
  load(wrk, ['-t', '2', '-H', `Authorization: Bearer ${sessions[0].accessToken}`, `${url}${protectedPath}`]);

const login = (wrk, { url }) => load(wrk, ['-t', '2', '-s', path.join(bench, 'login.lua'), `${url}/auth/login`]);

/** Each connection refreshes one session. It needs one thread, because variables of wrk belong to a thread. */
function refresh(wrk, server, folder) {
  const tokens = path.join(folder, 'tokens');
  writeFileSync(tokens, server.sessions.map((session) => session.refresh).join('\n'));
  const script = path.join(bench, server.refreshScript ?? 'refresh.lua');
  return load(wrk, ['-t', `${CONNECTIONS}`, '-s', script, server.url, '--', tokens]);
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
    const of = (what) => median(all.map((one) => one[what]));
    return {
      name,
      rate: of('rate'),
      p50: of('p50'),
      p99: of('p99'),
      failed: all.reduce((sum, one) => sum + one.failed, 0),
    };
  });
  const peer = rows.find(({ name }) => name === PEER)?.rate;
  console.log(`\n| ${what} | requests/s | p50 | p99 | × Express | failed |\n| --- | --- | --- | --- | --- | --- |`);
  for (const { name, rate, p50, p99, failed } of rows) {
    const times = peer ? (rate / peer).toFixed(1) : '';
    console.log(
      `| ${name} | ${Math.round(rate)} | ${p50.toFixed(1)} ms | ${p99.toFixed(1)} ms | ${times} | ${failed} |`,
    );
  }
  console.log('');
}

/** The size of a session, and refreshes in a Redis that has so many sessions. */
async function measureSize(redisServer, wrk) {
  say(`size of a session: ${SESSIONS} sessions in Redis, ${IN_FILE} in SQLite`);
  const program = path.join(root, 'target/release/examples', windows ? 'fill_store.exe' : 'fill_store');
  const fill = (what, count, env) => run(program, [what, `${count}`], { env });
  const bytesIn = (folder) =>
    readdirSync(folder).reduce((sum, name) => sum + statSync(path.join(folder, name)).size, 0);
  const redis = await startRedis(redisServer);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tokenward-'));
  try {
    const inRedis = { ...KEYS, REDIS_URL: redis.url };
    await fill('users', SESSIONS, inRedis);
    const before = await redis.memory();
    await fill('sessions', SESSIONS, inRedis);
    const perSession = Math.round(((await redis.memory()) - before) / SESSIONS);
    const server = { name: 'tokenward, Redis', ...(await startServer({ ...SETTINGS, ...inRedis })) };
    await measure([server], `refresh with ${SESSIONS} sessions`, (one) => refresh(wrk, one, folder));
    await server.stop();
    const inFile = { ...KEYS, DATABASE: path.join(folder, 't.db') };
    await fill('users', IN_FILE, inFile);
    const ofUsers = bytesIn(folder);
    await fill('sessions', IN_FILE, inFile);
    const onDisk = Math.round((bytesIn(folder) - ofUsers) / IN_FILE);
    console.log('\n| store | sessions | bytes per session |\n| --- | --- | --- |');
    console.log(`| Redis (memory, session and index of the user) | ${SESSIONS} | ${perSession} |`);
    console.log(`| SQLite (file) | ${IN_FILE} | ${onDisk} |\n`);
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
  say('npm ci in benches/server: Express, jsonwebtoken, ioredis, oidc-provider');
  await run('npm', ['ci', '--prefix', bench, '--no-fund', '--no-audit']);
  await buildServer();
  await run('cargo', ['build', '--locked', '--release', '--quiet', '--package', 'tokenward-server', '--examples']);
  say(`${serverProgram()}, ${os.cpus().length} × ${os.cpus()[0].model}`);
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tokenward-bench-'));
  const redises = [await startRedis(redisServer), await startRedis(redisServer), await startRedis(redisServer)];
  const servers = [
    { name: 'tokenward, SQLite', ...(await startServer(SETTINGS)) },
    { name: 'tokenward, Redis', ...(await startServer({ ...SETTINGS, REDIS_URL: redises[0].url })) },
    { name: PEER, ...(await startPeer('express.mjs', redises[1])) },
    {
      name: 'oidc-provider, Redis',
      protectedPath: '/me',
      refreshScript: 'refresh_oidc.lua',
      ...(await startPeer('oidc-provider.mjs', redises[2])),
    },
  ];
  try {
    await measure(servers, 'protected route (HS256)', (server) => protectedRoute(wrk, server));
    await measure(servers, 'refresh', (server) => refresh(wrk, server, folder));
    // The peers check no password.
    const own = servers.filter(({ name }) => name.startsWith('tokenward'));
    await measure(own, 'login with a password (argon2id)', (server) => login(wrk, server));
  } finally {
    for (const one of [...servers, ...redises]) await one.stop();
    rmSync(folder, { recursive: true, force: true });
  }
  await measureSize(redisServer, wrk);
});
