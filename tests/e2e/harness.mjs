// A browser and a real server for the end-to-end tests.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { CHROME_ARGS } from '../../tools/chrome.mjs';
import { root } from '../../tools/run.mjs';
import { startServer, until } from '../../tools/servers.mjs';
import { packageDir, startProxy } from './proxy.mjs';

/** Waits until a condition holds; `until(() => proxy.to('/auth/refresh').length >= 1, () => 'the client sent no refresh')`. */
export { until };

export const demoDir = path.join(root, 'www/demo/dist');

let browser;

/** `WASM=off`: the browser has no JIT compiler and therefore no WebAssembly, so every client uses the JavaScript build of the core. */
const WITHOUT_WASM = ['--js-flags=--jitless'];

/**
 * One browser for all tests of a file; each test gets a context of its own. `npm test` names the headless shell of Chromium in
 * `CHROME`, and in `CHROME_WITH_WINDOWS` the browser that can also block popups and keep pages for Back.
 */
export async function openBrowser({ wasm = process.env.WASM !== 'off', windows = false, blocksPopups = false } = {}) {
  const executablePath = ((windows || blocksPopups) && process.env.CHROME_WITH_WINDOWS) || process.env.CHROME;
  // Playwright turns the back-forward cache off; users have it on. And it allows windows that no user asked for.
  const ignoreDefaultArgs = ['--disable-back-forward-cache', ...(blocksPopups ? ['--disable-popup-blocking'] : [])];
  const args = wasm ? CHROME_ARGS : [...CHROME_ARGS, ...WITHOUT_WASM];
  browser = await chromium.launch({ executablePath, args, ignoreDefaultArgs });
}

export async function closeBrowser() {
  await browser?.close();
}

/** Runs a test in another browser than the one of the file. */
export async function withBrowser(settings, work) {
  const former = browser;
  try {
    await openBrowser(settings);
    await work();
  } finally {
    if (browser !== former) await browser.close();
    browser = former;
  }
}

/** Runs a test in a browser that keeps pages for Back. */
export const withBackForwardCache = (work) => withBrowser({ windows: true }, work);

/**
 * Runs a test with its own server and page. An error that the page does not catch fails the test.
 * `page.lines` holds every console line. With reduced motion, the demo page draws its timeline twice a second instead of 30 times.
 */
export async function withPage(env, test, { reducedMotion = 'reduce' } = {}) {
  const direct = await startServer({ DEMO_DIR: demoDir, ...env });
  // Playwright's routes do not apply to requests of a SharedWorker, so the proxy handles them.
  const proxy = ISOLATION === 'shared-worker' ? await startProxy(direct.url) : undefined;
  const server = proxy ? { ...direct, url: proxy.url, proxy } : direct;
  const context = await browser.newContext({ viewport: { width: 1200, height: 1000 }, reducedMotion });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    if (proxy) routeByProxy(page, proxy);
    const errors = [];
    page.lines = [];
    page.on('pageerror', (error) => errors.push(error));
    page.on('console', (message) => page.lines.push(message.text()));
    await withTimeout(test({ page, context, server }));
    if (errors.length > 0) throw errors[0];
  } finally {
    await context.close();
    await proxy?.stop();
    await direct.stop();
  }
}

/** Makes the proxy implement `page.route` for paths of the page's own origin (`**` and a path, with `{a,b}`). */
function routeByProxy(page, proxy) {
  const { route: routeByPlaywright, unroute } = page;
  const routes = [];
  page.route = async (pattern, handler, { times = Infinity } = {}) => {
    if (typeof pattern !== 'string' || !/^\*\*\/(auth|api)\//.test(pattern))
      return routeByPlaywright.call(page, pattern, handler);
    const paths = pattern.slice(2).replace(/\{([^}]*)\}/, (_, names) => `(${names.replaceAll(',', '|')})`);
    routes.unshift({ pattern, handler, times, matches: new RegExp(`^${paths}$`) });
  };
  page.unroute = async (pattern) => {
    const at = routes.findIndex((one) => one.pattern === pattern);
    if (at < 0) return unroute.call(page, pattern);
    routes.splice(at, 1);
  };
  proxy.fault = (entry) => {
    const found = routes.find(({ matches, times }) => times > 0 && matches.test(entry.path));
    if (!found) return undefined;
    found.times -= 1;
    return new Promise((resolve, reject) => {
      const route = {
        request: () => ({ url: () => `${proxy.url}${entry.path}`, method: () => entry.method }),
        continue: async () => resolve(undefined),
        abort: async () => resolve({ lose: 'request' }),
        fetch: () => proxy.forward(entry),
        async fulfill({ response, status = response?.status() ?? 200, contentType, headers, json, body = '' }) {
          const type = contentType ?? (json ? 'application/json' : 'text/plain');
          const all = { ...response?.headers(), 'content-type': type, ...headers };
          resolve({ answer: { status, headers: all, body: json ? JSON.stringify(json) : body } });
        },
      };
      found.handler(route).catch(reject);
    });
  };
}

/** A context that the caller closes. */
export const newContext = () => browser.newContext();

/**
 * Runs a test with its own server behind a proxy. `open(options)` opens a tab with a client on an empty page, which restores the
 * session if there is one. `start` may start another server.
 */
export async function withTabs(env, test, start = startServer) {
  const server = await start(env);
  const proxy = await startProxy(server.url);
  const context = await browser.newContext();
  const open = async (options = {}, { init, module } = {}) => {
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    if (init) await page.addInitScript(init);
    if (init && ISOLATION !== 'page') proxy.prelude = `(${init})();`;
    await page.goto(`${proxy.url}/blank`);
    await makeClient(page, options, { signIn: false, module });
    return page;
  };
  try {
    await withTimeout(test({ server, proxy, context, open }));
  } finally {
    await context.close();
    await proxy.stop();
    await server.stop();
  }
}

/**
 * The page or the worker that holds the tokens of a page's client. Playwright cannot evaluate code in a SharedWorker; a test that
 * must do so passes the options `INSPECTABLE`, which select a worker instead.
 */
export const inside = (page) => page.workers()[0] ?? page;
export const INSPECTABLE = process.env.ISOLATION === 'shared-worker' ? { isolation: 'worker' } : {};

/** The longest time that a test may take, on a busy machine. */
const LIMIT_SECONDS = 600;

/** Rejects if the test takes too long. */
function withTimeout(test) {
  let timer;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the test took longer than ${LIMIT_SECONDS} s`)), LIMIT_SECONDS * 1000);
  });
  return Promise.race([test, timeout]).finally(() => clearTimeout(timer));
}

/** Signs in on a tab. A client with a short timeout tries again if a busy machine needs longer to check the password. */
export const signIn = (page, credentials = ADA) =>
  page.evaluate(async (given) => {
    for (;;) {
      const error = await auth.login(given).then(
        () => undefined,
        (reason) => reason,
      );
      if (!error) return;
      if (error.code !== 'TIMEOUT') throw error;
    }
  }, credentials);

/** Waits until the client of a tab has this status. */
export const hasStatus = (page, status) =>
  page.waitForFunction((wanted) => auth.session.status === wanted, status, { polling: 20 });

/** Goes back, after the call has returned: a page that leaves at once may do so before Playwright has received the result. */
export const goBack = (page) => page.evaluate(() => void setTimeout(() => history.back()));

/** An empty page of the server's origin on which `import('/pkg/index.js')` is the built package. */
export async function openBlank(page, server) {
  if (server.proxy) return page.goto(`${server.url}/blank`);
  await page.route('**/pkg/*', (route) => {
    const name = new URL(route.request().url()).pathname.slice('/pkg/'.length);
    return route.fulfill({ body: readFileSync(path.join(packageDir, name)), contentType: 'text/javascript' });
  });
  await page.route('**/blank', (route) =>
    route.fulfill({ body: '<!doctype html><title>blank</title>', contentType: 'text/html' }),
  );
  await page.goto(`${server.url}/blank`);
}

const encoded = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
/** A token with these claims, and a signature that no test verifies. */
export const jwt = (claims) => `${encoded({ alg: 'none' })}.${encoded(claims)}.c2ln`;

export const GRACE = { email: 'grace@example.com', password: 'nanoseconds' };
export const ADA = { email: 'ada@example.com', password: 'analytical engine' };

/** The isolation mode of the clients in this run: `npm test` runs some files once with each mode. */
export const ISOLATION = process.env.ISOLATION ?? 'page';

/** The options of a test about what only the npm package has. */
export const NPM_ONLY = { skip: ISOLATION === 'rust' && 'only the npm package has this' };

/** On a blank page: `auth` and `AuthError` as globals. Signs in, unless `signIn` is false. */
export async function makeClient(page, options = {}, { signIn: signsIn = true, module = '/pkg/index.js' } = {}) {
  await page.evaluate(
    async ([module, settings]) => {
      const { AuthClient, AuthError } = await import(module);
      Object.assign(globalThis, { AuthClient, AuthError, auth: new AuthClient(settings) });
      await auth.ready;
      // A failed call as data: the properties that an app can read.
      globalThis.failure = (promise) =>
        promise.then(
          () => 'no failure',
          (error) => {
            const { name, code, message, status, retryable, retryAfterSeconds } = error;
            const ours = name !== 'AuthError' || error instanceof AuthError;
            return { name: ours ? name : 'another AuthError', code, message, status, retryable, retryAfterSeconds };
          },
        );
    },
    // ('auto' asks the server once per browser; tests/e2e/field.test.mjs tests that.)
    [module, { isolation: ISOLATION, exposeToken: ISOLATION !== 'page', restore: 'hint', ...options }],
  );
  if (signsIn) await signIn(page);
}

/** In a page: counts the listeners on the window and the document that are added from here on, as `listeners`. */
export function countListeners() {
  globalThis.listeners = 0;
  const { addEventListener: add } = EventTarget.prototype;
  EventTarget.prototype.addEventListener = function (name, listener, options) {
    if (this === globalThis || this === document) {
      listeners += 1;
      options?.signal?.addEventListener('abort', () => {
        listeners -= 1;
      });
    }
    return add.call(this, name, listener, options);
  };
  const { removeEventListener: remove } = EventTarget.prototype;
  EventTarget.prototype.removeEventListener = function (...args) {
    if (this === globalThis || this === document) listeners -= 1;
    return remove.apply(this, args);
  };
}
