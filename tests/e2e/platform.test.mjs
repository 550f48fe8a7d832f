// The client where the platform has less than a page of a current browser: service workers, frames without an origin, browsers that
// lack functions, and pages whose zone.js observes all timers.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { build } from 'esbuild';
import { ADA, closeBrowser, ISOLATION, openBrowser, withTabs } from './harness.mjs';
import { packageDir } from './proxy.mjs';

before(openBrowser);
after(closeBrowser);

const onPage = { skip: ISOLATION !== 'page' && 'does not depend on the isolation mode' };

async function openEmpty({ context, proxy }, init) {
  const page = await context.newPage();
  page.setDefaultTimeout(60_000);
  if (init) await page.addInitScript(init);
  await page.goto(`${proxy.url}/blank`);
  return page;
}

/** Runs in a service worker: the main flow. The result goes to the page that asked for it. */
const SERVICE_WORKER = `
  const main = async (credentials) => {
    const auth = new AuthClient({ baseUrl: location.origin });
    await auth.ready;
    const refused = await auth.login({ ...credentials, password: 'wrong' }).catch(({ code }) => code);
    const { status } = await auth.login(credentials);
    const first = await auth.fetch('/api/me');
    await auth.fetch('/demo/expire-token', { method: 'POST' });
    const replayed = await auth.fetch('/api/me');
    const { revoked } = await auth.logout();
    return [refused, status, first.status, replayed.status, revoked, typeof XMLHttpRequest];
  };
  self.onmessage = ({ data, ports }) =>
    main(data).then((value) => ports[0].postMessage(value), (error) => ports[0].postMessage([error.code, error.message, error.retryable]));
`;

/** Runs the flow in a service worker with this script, and returns its result. */
async function inServiceWorker({ context, proxy }, script, type) {
  const page = await openEmpty({ context, proxy });
  proxy.pages.set('/sw.js', () => script);
  return page.evaluate(
    async ([credentials, kind]) => {
      const { installing, waiting, active } = await navigator.serviceWorker.register('/sw.js', { type: kind });
      const { port1, port2 } = new MessageChannel();
      (installing ?? waiting ?? active).postMessage(credentials, [port2]);
      return new Promise((resolve) => {
        port1.onmessage = ({ data }) => resolve(data);
      });
    },
    [ADA, type],
  );
}

const WORKED = ['INVALID_CREDENTIALS', 'signed-in', 200, 200, true, 'undefined'];

test('a service worker signs in, calls and signs out with tokenward/static', onPage, () =>
  withTabs({}, async ({ context, proxy }) => {
    const script = `import { AuthClient } from '/pkg/static.js'; ${SERVICE_WORKER}`;
    assert.deepEqual(await inServiceWorker({ context, proxy }, script, 'module'), WORKED);
  }),
);

test('a service worker works with tokenward if a bundler makes one file of it', onPage, () =>
  withTabs({}, async ({ context, proxy }) => {
    const contents = `import { AuthClient } from './index.js'; ${SERVICE_WORKER}`;
    const stdin = { contents, resolveDir: packageDir };
    const options = { bundle: true, write: false, format: 'esm', logLevel: 'error' };
    const { outputFiles } = await build({ ...options, stdin });
    assert.deepEqual(await inServiceWorker({ context, proxy }, outputFiles[0].text, 'module'), WORKED);
  }),
);

test('a service worker that imports tokenward receives an error that names tokenward/static', onPage, () =>
  withTabs({}, async ({ context, proxy }) => {
    const script = `import { AuthClient } from '/pkg/index.js'; ${SERVICE_WORKER.replace('await auth.ready;', 'await auth.login({});')}`;
    const [code, message, retryable] = await inServiceWorker({ context, proxy }, script, 'module');
    assert.equal(code, 'ENGINE_UNAVAILABLE', message);
    assert.match(message, /tokenward\/static/);
    assert.equal(retryable, false);
  }),
);

test('in a service worker, a redirect of an auth request is no response', onPage, () =>
  withTabs({}, async ({ context, proxy }) => {
    proxy.fault = ({ path }) =>
      path === '/auth/login' ? { answer: { status: 307, headers: { location: '/elsewhere' } } } : undefined;
    const script = `import { AuthClient } from '/pkg/static.js'; ${SERVICE_WORKER.replace('await auth.ready;', `await auth.login({});`)}`;
    const [code] = await inServiceWorker({ context, proxy }, script, 'module');
    assert.equal(code, 'OFFLINE');
    assert.equal(proxy.to('/elsewhere').length, 0);
  }),
);

test('tokenward/static rejects an isolation that needs a worker', onPage, () =>
  withTabs({}, async ({ context, proxy }) => {
    const page = await openEmpty({ context, proxy });
    const messages = await page.evaluate(async () => {
      const { AuthClient } = await import('/pkg/static.js');
      return [{ isolation: 'worker' }, { isolation: 'shared-worker' }, 5].map((options) => {
        try {
          return String(new AuthClient(options));
        } catch ({ message }) {
          return message;
        }
      });
    });
    assert.match(messages[0], /INVALID_OPTIONS: options\.isolation: expected "page" or "auto".*got "worker"/);
    assert.match(messages[1], /got "shared-worker"/);
    assert.match(messages[2], /INVALID_OPTIONS: options: expected an object, got 5/);
  }),
);

for (const [what, frame] of [
  ['a sandboxed frame', (url) => `<iframe sandbox="allow-scripts" src="${url}/frame"></iframe>`],
  ['a sandboxed srcdoc frame', () => `<iframe sandbox="allow-scripts" srcdoc="<!doctype html>"></iframe>`],
  ['a data: page', () => `<iframe src="data:text/html,<!doctype html>"></iframe>`],
])
  for (const crossTab of [true, false])
    test(`${what} (crossTab: ${crossTab}): works with baseUrl, and names baseUrl without it`, onPage, () =>
      withTabs({}, async ({ context, proxy }) => {
        const cors = {
          'access-control-allow-origin': 'null',
          'access-control-allow-credentials': 'true',
          'access-control-allow-headers': 'content-type, authorization',
          'content-type': 'application/json',
        };
        proxy.headers = { 'access-control-allow-origin': '*' };
        proxy.pages.set('/frame', () => '<!doctype html>');
        proxy.pages.set('/outer', () => frame(proxy.url));
        const body = JSON.stringify({ accessToken: 'opaque', expiresIn: 900, user: { id: '1' } });
        proxy.fault = () => ({ answer: { status: 200, headers: cors, body } });
        const page = await context.newPage();
        await page.goto(`${proxy.url}/outer`);
        const inner = page.frames()[1];
        await inner.waitForLoadState();
        const result = await inner.evaluate(
          async ([url, crossTab]) => {
            const { AuthClient } = await import(`${url}/pkg/index.js`);
            let message;
            try {
              new AuthClient();
            } catch (error) {
              ({ message } = error);
            }
            const auth = new AuthClient({ baseUrl: url, crossTab });
            const { status } = await auth.ready;
            const login = await auth.login({});
            const call = await auth.fetch(`${url}/api/me`);
            const refreshed = await auth.refresh();
            const { revoked } = await auth.logout();
            return [globalThis.origin, message, status, login.status, call.status, refreshed.status, revoked];
          },
          [proxy.url, crossTab],
        );
        const [origin, message, ...rest] = result;
        assert.equal(origin, 'null');
        assert.match(message, /^INVALID_OPTIONS: options\.baseUrl: expected an absolute URL, because this page has no/);
        assert.deepEqual(rest, ['signed-out', 'signed-in', 200, 'signed-in', true]);
        assert.equal(proxy.to('/api/me').at(-1).authorization, 'Bearer opaque');
        assert.equal(proxy.to('/auth/refresh').at(-1).key, undefined);
      }),
    );

/** Functions that older browsers or insecure contexts lack: the object that has each, and its name. */
const MISSING = {
  'AbortSignal.any': 'delete AbortSignal.any',
  'AbortSignal.timeout': 'delete AbortSignal.timeout',
  'AbortSignal.prototype.throwIfAborted': 'delete AbortSignal.prototype.throwIfAborted',
  'AbortSignal.prototype.reason': 'delete AbortSignal.prototype.reason',
  'Object.hasOwn': 'delete Object.hasOwn',
  'Array.prototype.at': 'delete Array.prototype.at',
  'String.prototype.replaceAll': 'delete String.prototype.replaceAll',
  'crypto.randomUUID': 'delete Crypto.prototype.randomUUID',
  structuredClone: 'delete globalThis.structuredClone',
  queueMicrotask: 'delete globalThis.queueMicrotask',
  requestIdleCallback: 'delete globalThis.requestIdleCallback',
  'navigator.locks': 'delete (globalThis.Navigator ?? globalThis.WorkerNavigator).prototype.locks',
  BroadcastChannel: 'delete globalThis.BroadcastChannel',
  performance: 'delete globalThis.performance',
  'byte streams': 'delete globalThis.ReadableByteStreamController',
  'Request.prototype.body': 'delete Request.prototype.body',
};

/** On an empty page: the main flow, with each kind of call. */
async function fullFlow({ credentials, ...options }) {
  const { AuthClient } = await import('/pkg/index.js');
  const { signal } = new AbortController();
  const entries = [];
  const auth = new AuthClient({
    ...options,
    onLog: (entry) => entries.push(entry),
    authHeaders: () => ({ 'x-app': '1' }),
  });
  const early = await auth.ready;
  const login = await auth.login(credentials, { signal });
  const first = await auth.fetch('/api/me', { signal });
  const posted = await auth.fetch(new Request('/api/me', { method: 'POST', body: 'text' }));
  const refreshed = await auth.refresh({ signal });
  await auth.fetch('/demo/expire-token', { method: 'POST' });
  const replayed = await auth
    .fetch('/api/me')
    .then(async (response) => [response.status, (await response.text()) !== '']);
  const aborting = new AbortController();
  const aborted = auth.fetch('/api/me', { signal: aborting.signal }).catch(({ name }) => name);
  aborting.abort();
  const name = await aborted;
  const { revoked } = await auth.logout();
  const ended = await auth.fetch('/api/me').catch(({ code }) => code);
  auth.dispose();
  return {
    statuses: [early.status, login.status, first.status, posted.status < 500, refreshed.status, ...replayed],
    rest: [name, revoked, ended, entries.length > 0],
  };
}

for (const [name, code] of [...Object.entries(MISSING), ['all of these', Object.values(MISSING).join(';')]])
  for (const dpop of ISOLATION === 'page' && /randomUUID|replaceAll|all of/.test(name) ? [false, true] : [false])
    test(`${name}${dpop ? ' (DPoP)' : ''}: the client works without it`, () =>
      withTabs({}, async ({ context, proxy }) => {
        proxy.prelude = `${code};`;
        const page = await openEmpty({ context, proxy }, code);
        const { statuses, rest } = await page.evaluate(fullFlow, { isolation: ISOLATION, credentials: ADA, dpop });
        assert.deepEqual(statuses, ['signed-out', 'signed-in', 200, true, 'signed-in', 200, true]);
        assert.deepEqual(rest, ['AbortError', true, 'SIGNED_OUT', true]);
      }));

/**
 * As zone.js does: a zone counts the timers, requests and messages that its code waits for, and continuations and listeners
 * run in the zone in which they were registered.
 */
function installZone() {
  class Zone {
    static root = new Zone('root');
    static current = Zone.root;
    pending = new Set();
    constructor(name) {
      this.name = name;
    }
    run(work, self, given = []) {
      const before = Zone.current;
      Zone.current = this;
      try {
        return work.apply(self, given);
      } finally {
        Zone.current = before;
      }
    }
    wrap(callback) {
      const zone = this;
      return function (...given) {
        return zone.run(callback, this, given);
      };
    }
  }
  globalThis.Zone = Zone;
  const wrapped = (callback) => (typeof callback === 'function' ? Zone.current.wrap(callback) : callback);
  const { setTimeout, clearTimeout, setInterval, queueMicrotask } = globalThis;
  const timers = new Map();
  globalThis.setTimeout = (callback, ...rest) => {
    const zone = Zone.current;
    const id = setTimeout(
      () => {
        clear(id);
        zone.run(callback);
      },
      ...rest,
    );
    zone.pending.add(`setTimeout ${id}`);
    timers.set(id, zone);
    return id;
  };
  const clear = (id) => timers.get(id)?.pending.delete(`setTimeout ${id}`) && timers.delete(id);
  globalThis.clearTimeout = (id) => {
    clear(id);
    clearTimeout(id);
  };
  globalThis.setInterval = (...given) => {
    const id = setInterval(...given);
    Zone.current.pending.add(`setInterval ${id}`);
    return id;
  };
  globalThis.queueMicrotask = (callback) => queueMicrotask(wrapped(callback));
  const { then } = Promise.prototype;
  // biome-ignore lint/suspicious/noThenProperty: zone.js replaces it
  Promise.prototype.then = function (...callbacks) {
    return then.apply(this, callbacks.map(wrapped));
  };
  const { addEventListener, removeEventListener } = EventTarget.prototype;
  const listeners = new WeakMap();
  EventTarget.prototype.addEventListener = function (type, listener, options) {
    if (typeof listener === 'function' && !listeners.has(listener)) listeners.set(listener, wrapped(listener));
    return addEventListener.call(this, type, listeners.get(listener) ?? listener, options);
  };
  EventTarget.prototype.removeEventListener = function (type, listener, options) {
    return removeEventListener.call(this, type, listeners.get(listener) ?? listener, options);
  };
  for (const { prototype } of [MessagePort, BroadcastChannel, Worker]) {
    const { set } = Object.getOwnPropertyDescriptor(prototype, 'onmessage');
    Object.defineProperty(prototype, 'onmessage', {
      set(listener) {
        set.call(this, wrapped(listener));
      },
    });
  }
  const { send } = XMLHttpRequest.prototype;
  XMLHttpRequest.prototype.send = function (...given) {
    const zone = Zone.current;
    zone.pending.add(this);
    addEventListener.call(this, 'loadend', () => zone.pending.delete(this));
    return send.apply(this, given);
  };
}

/** With `ZONE_JS`, a path, the tests use that zone.js instead. */
const ZONE = process.env.ZONE_JS ? readFileSync(process.env.ZONE_JS, 'utf8') : installZone;

/** On a page with zone.js: what of a client is pending in the zone of the app, and in which zone its listeners run. */
async function observeZone({ credentials, ...options }) {
  const app = Zone.current.fork ? forkReal() : new Zone('app');
  function forkReal() {
    const tasks = new Set();
    const zone = Zone.current.fork({
      name: 'app',
      onHasTask: (_, __, ___, state) => (state.macroTask ? tasks.add('macrotask') : tasks.delete('macrotask')),
    });
    return Object.assign(zone, { pending: tasks });
  }
  const { AuthClient } = await import('/pkg/index.js');
  const inApp = (work) => app.run(work);
  const zones = new Set();
  const pending = [];
  const look = (when) => app.pending.size > 0 && pending.push([when, ...app.pending].map(String));
  const observe = (value) => {
    zones.add(Zone.current.name);
    return value;
  };
  const auth = inApp(() => {
    const client = new AuthClient(options);
    client.subscribe(observe);
    for (const event of ['signed-in', 'refreshed', 'signed-out']) client.on(event, observe);
    return client;
  });
  look('constructor');
  const call = (name, work) =>
    new Promise((resolve, reject) => {
      inApp(() => void work().then(observe).then(resolve, reject));
    }).then((value) => {
      look(name);
      return value;
    });
  await call('ready', () => auth.ready);
  const login = await call('login', () => auth.login(credentials));
  const first = await call('fetch', () => auth.fetch('/api/me'));
  const refreshed = await call('refresh', () => auth.refresh());
  await call('expire', () => auth.fetch('/demo/expire-token', { method: 'POST' }));
  const replayed = await call('replay', () => auth.fetch('/api/me'));
  look('end');
  await call('logout', () => auth.logout());
  return { pending, zones: [...zones], statuses: [login.status, first.status, refreshed.status, replayed.status] };
}

for (const options of ISOLATION === 'page' ? [{}, { crossTab: false }, { transport: 'body' }] : [{}])
  test(`zone.js, ${JSON.stringify(options)}: the app's zone waits for nothing, and listeners run in it`, () =>
    withTabs({}, async ({ context, proxy }) => {
      const page = await openEmpty({ context, proxy }, ZONE);
      const { pending, zones, statuses } = await page.evaluate(observeZone, {
        isolation: ISOLATION,
        credentials: { ...ADA, ...(options.transport && { transport: 'body' }) },
        ...options,
      });
      assert.deepEqual(statuses, ['signed-in', 200, 'signed-in', 200]);
      assert.deepEqual(pending, []);
      assert.deepEqual(zones, ['app']);
    }));
