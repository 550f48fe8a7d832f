// Directus with a database of its own in a temporary folder, an administrator, and two users, who may use the app and so read
// themselves. Ends when it is told to, and removes the folder.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const here = import.meta.dirname;
const { PORT, ACCESS_SECONDS = '300', PATH, HOME, TMPDIR = os.tmpdir() } = process.env;
const url = `http://127.0.0.1:${PORT}`;
const folder = mkdtempSync(path.join(os.tmpdir(), 'tokenward-directus-'));
const ADMIN = { email: 'admin@example.com', password: 'difference engine' };
const USERS = [
  { email: 'ada@example.com', password: 'analytical engine' },
  { email: 'grace@example.com', password: 'nanoseconds' },
];

/** All that Directus knows of the environment, which it reads its options from: REDIS_SERVER of the tests would be one. */
const env = {
  PATH,
  HOME,
  TMPDIR,
  PORT,
  HOST: '127.0.0.1',
  PUBLIC_URL: url,
  CONFIG_PATH: path.join(folder, 'none.json'),
  DB_CLIENT: 'sqlite3',
  DB_FILENAME: path.join(folder, 'directus.db'),
  STORAGE_LOCAL_ROOT: path.join(folder, 'uploads'),
  PACKAGE_FILE_LOCATION: here,
  EXTENSIONS_PATH: path.join(here, 'directus'),
  SECRET: 's'.repeat(32),
  ADMIN_EMAIL: ADMIN.email,
  ADMIN_PASSWORD: ADMIN.password,
  ACCESS_TOKEN_TTL: `${ACCESS_SECONDS}s`,
  SESSION_COOKIE_TTL: `${ACCESS_SECONDS}s`,
  SERVE_APP: 'false',
  TELEMETRY: 'false',
  LOG_LEVEL: 'warn',
  // A busy machine is no reason to answer 503.
  PRESSURE_LIMITER_ENABLED: 'false',
};

/** (The program of the package `directus` asks the registry for a newer version, and then runs this one.) */
const CLI = path.join(here, 'node_modules/@directus/api/dist/cli/run.js');
const directus = (command) => spawn(process.execPath, [CLI, command], { env, cwd: folder, stdio: 'inherit' });
const ended = (child) => new Promise((resolve) => child.on('exit', resolve));

/** A request of the administrator: the member `data` of the answer. */
async function ask(method, place, body, token) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(url + place, { method, headers, body: JSON.stringify(body) });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${place}: ${response.status} ${text}`);
  return JSON.parse(text).data;
}

async function createUsers() {
  const { access_token: token } = await ask('POST', '/auth/login', ADMIN);
  const policy = await ask('POST', '/policies', { name: 'Reader', app_access: true }, token);
  const role = await ask('POST', '/roles', { name: 'Reader', policies: [{ policy: policy.id }] }, token);
  for (const user of USERS) await ask('POST', '/users', { ...user, role: role.id }, token);
}

let server = directus('bootstrap');
let stopped = false;
for (const signal of ['SIGTERM', 'SIGINT'])
  process.on(signal, () => {
    stopped = true;
    server.kill('SIGTERM');
  });
try {
  const code = await ended(server);
  if (code !== 0) throw new Error(`directus bootstrap ended with ${code}`);
  if (!stopped) {
    server = directus('start');
    const end = ended(server);
    const listens = async () => {
      while (server.exitCode === null && !(await fetch(`${url}/server/ping`).then(Boolean, () => false)))
        await new Promise((resolve) => setTimeout(resolve, 100));
      await createUsers();
      console.log(`listening on ${url}`);
    };
    await Promise.race([end, listens().then(() => end)]);
  }
} finally {
  server.kill('SIGTERM');
  rmSync(folder, { recursive: true, force: true });
}
