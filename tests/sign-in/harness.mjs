// A provider, a server that signs in there, and a browser, for the tests of sign-in.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { root } from '../../tools/run.mjs';
import { freePort, REDIS_KEYS, startProgram, startRedis, startServer, until } from '../../tools/servers.mjs';
import { newContext } from '../e2e/harness.mjs';
import { startProxy } from '../e2e/proxy.mjs';
import { startProvider } from './provider.mjs';

async function startExample(program, args, folder, env) {
  const cwd = path.join(root, 'examples/servers', folder);
  const server = await startProgram(program, args, { cwd, env: { COOKIE_SECURE: 'false', ...env } });
  // (The FastAPI server prints its address before it listens.)
  await until(
    () => fetch(server.url).then(Boolean, () => false),
    () => `${folder} does not listen: ${server.log()}`,
  );
  return server;
}

/**
 * The servers that sign in at a provider: `open` returns a function that starts one with a store that outlives it, and `close`.
 * `keepsSessions`: the sessions are still there after a restart.
 */
export const SERVERS = {
  SQLite: {
    keepsSessions: true,
    async open() {
      const folder = mkdtempSync(path.join(os.tmpdir(), 'tokenward-sign-in-'));
      return {
        start: (env) => startServer({ ...env, PORT: '0', DATABASE: path.join(folder, 't.db') }),
        close: async () => rmSync(folder, { recursive: true, force: true }),
      };
    },
  },
  Redis: {
    keepsSessions: true,
    async open() {
      const redis = await startRedis();
      return {
        start: (env) => startServer({ ...env, ...REDIS_KEYS, PORT: '0', REDIS_URL: redis.url }),
        close: () => redis.stop(),
      };
    },
  },
  Express: {
    open: async () => ({
      start: (env) => startExample(process.execPath, ['server.js'], 'express', env),
      close: async () => {},
    }),
  },
  FastAPI: {
    open: async () => ({
      start: (env) => startExample(process.env.FASTAPI_PYTHON, ['server.py'], 'fastapi', env),
      close: async () => {},
    }),
  },
};

/** `npm test` runs the file once with each server. */
export const SERVER = process.env.SIGN_IN_SERVER ?? 'SQLite';

/**
 * Starts a provider and the server behind a proxy, whose address is the app's. `client` is the provider's client (see
 * `provider.mjs`), and `clients` changes all of them; `env` are further settings of the server. `publicClient(app)` is the
 * metadata of a client that is a page, and `accessTokenLife` the lifetime of the provider's access tokens in seconds.
 */
export async function startSignIn({ client = 'web', env = {}, clients, publicClient, accessTokenLife } = {}) {
  const undo = [];
  const stop = async () => {
    for (const one of undo.reverse()) await one();
  };
  try {
    const proxy = await startProxy('http://127.0.0.1/');
    undo.push(() => proxy.stop());
    const provider = await startProvider({
      app: proxy.url,
      clients,
      publicClient: publicClient?.(proxy.url),
      accessTokenLife,
    });
    undo.push(() => provider.stop().catch(() => {}));
    const store = await SERVERS[SERVER].open();
    undo.push(() => store.close());
    let server;
    const start = async (more) => {
      const settings = { PORT: String(await freePort()), STATE_KEY: 's'.repeat(43), ...provider.settings(client) };
      server = await store.start({ ...settings, ...env, ...more });
      proxy.target = server.url;
    };
    await start();
    undo.push(() => server.stop());
    return {
      app: proxy.url,
      proxy,
      provider,
      log: () => server.log(),
      /** Ends the server, and starts one with the same store. */
      async restart(more) {
        await server.stop();
        await start(more);
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The mark that the server appends to the address, and the address without it. */
export function marked(address) {
  const [, before, mark] = /^(.*?)#?(~(?:signed-in|signed-out|sign-in-error=.*))$/.exec(address) ?? [];
  return { mark, address: before };
}

/** A browser of its own, which ends with the test. */
export async function openUser(world) {
  const context = await newContext();
  const { app, provider } = world;
  const user = {
    context,
    /** A new tab on an empty page of the app. */
    async tab(place = '/blank') {
      const page = await context.newPage();
      page.setDefaultTimeout(60_000);
      await page.goto(`${app}${place}`);
      return page;
    },
    startAddress: (parameters = {}) =>
      `${app}/auth/start?${new URLSearchParams({ returnTo: '/blank', ...parameters })}`,
    /** Navigates to /auth/start. Resolves when the provider's page or the app is shown. */
    begin: (page, parameters) => page.goto(user.startAddress(parameters)),
    /** Enters the user's name on the provider's page. */
    async enter(page, name = 'ada') {
      await page.waitForURL(`${provider.issuer}/interaction/**`);
      await page.fill('[name=login]', name);
      await page.click('[value=yes]', { noWaitAfter: true });
    },
    /** Waits until the server has sent the browser back; resolves with the mark. */
    async returned(page) {
      await page.waitForURL((url) => url.origin === app && Boolean(marked(url.hash).mark));
      return marked(page.url()).mark;
    },
    /** The provider does not know the browser any more. (When another user signs in there, it ends the session of the former.) */
    forgetProvider: () => context.clearCookies({ domain: 'localhost' }),
    /** A whole sign-in, which ends on an empty page. */
    async signIn(page, name = 'ada', parameters = {}) {
      await user.forgetProvider();
      await user.begin(page, { ...parameters, prompt: 'login' });
      await user.enter(page, name);
      return user.returned(page);
    },
    /** A sign-in of a user who is signed in at the provider, which therefore asks for nothing. */
    async signInAgain(page, parameters) {
      await user.begin(page, parameters);
      return user.returned(page);
    },
    /** Refreshes without the client: the user's e-mail address, or the status of the answer. */
    async refresh(page, key = crypto.randomUUID()) {
      // (What a server shows at / may forbid requests.)
      if (new URL(page.url()).pathname !== '/blank') await page.goto(`${app}/blank`);
      const { status, body } = await page.evaluate(async (key) => {
        const response = await fetch('/auth/refresh', { method: 'POST', headers: { 'idempotency-key': key } });
        return { status: response.status, body: await response.json() };
      }, key);
      user.accessToken = body.accessToken;
      return body.user?.email ?? status;
    },
    /** The status of a call to the API with the token of the last refresh. */
    async call() {
      const headers = { authorization: `Bearer ${user.accessToken}` };
      return (await fetch(`${app}/api/me`, { headers })).status;
    },
    cookies: async (name) => (await context.cookies(`${app}/auth/`)).filter((cookie) => cookie.name === name),
    /** The cookies that tie a sign-in to the browser. */
    loginCookies: async () => (await context.cookies(`${app}/auth/`)).filter(({ name }) => name.startsWith('login-')),
    close: () => context.close(),
  };
  return user;
}

/** Where the callbacks of a page went, as the browser asked for them. */
export function watchCallbacks(page, app) {
  const seen = [];
  page.on('request', (request) => {
    if (request.isNavigationRequest() && request.url().startsWith(`${app}/auth/callback`)) seen.push(request.url());
  });
  return seen;
}
