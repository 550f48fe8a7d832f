// The parts of the engine that the tests of the bindings use, connected as `js/engine/engine.ts` connects them.
import { createAuthRequests } from '../../js/auth/auth-requests.ts';
import { authorizedFetch } from '../../js/auth/authorized-fetch.ts';
import { completeServer } from '../../js/auth/server.ts';
import { createTokenStore } from '../../js/auth/token-store.ts';
import { createUsers } from '../../js/auth/users.ts';
import { idempotencyKey, openPersistedState } from '../../js/browser/persisted-state.ts';
import { connectWasm } from '../../js/engine/wasm-host.ts';

const ENDPOINTS = { login: 'login', refresh: 'refresh', logout: 'logout', logoutAll: 'logout-all' };

/** A storage of the test's own, as the `localStorage` of an origin. */
function memoryStorage() {
  const entries = new Map();
  return {
    entries,
    read: (key) => entries.get(key) ?? null,
    write: (key, value) => (value ? entries.set(key, value) : entries.delete(key)),
  };
}

/** Connects the parts. `events` holds the events for the app, `messages` the messages to the other tabs. */
export function connect(baseUrl) {
  const endpoints = Object.fromEntries(
    Object.entries(ENDPOINTS).map(([name, path]) => [name, `${baseUrl}/auth/${path}`]),
  );
  const fields = { accessToken: 'accessToken', refreshToken: 'refreshToken', expiresIn: 'expiresIn', user: 'user' };
  const settings = {
    endpoints,
    server: completeServer(
      {},
      { endpoints, inBody: false, oauth2: false, tokenScheme: 'Bearer', fields },
      (url) => url,
    ),
    transport: 'cookie',
    idempotencyKey: true,
    timeoutMs: 10_000,
  };
  const test = { client: undefined, events: [], messages: [], releases: 0, lockIsTaken: false };
  const store = memoryStorage();
  const state = openPersistedState('test', store);
  const users = createUsers();
  const tokens = createTokenStore([`${baseUrl}/`], users);
  const lock = {
    request(steal, _delayMs, onGranted) {
      if (steal || !test.lockIsTaken) queueMicrotask(onGranted);
    },
    release() {
      test.releases += 1;
    },
  };
  const { host, core } = connectWasm({
    client: () => test.client,
    settings,
    tokens,
    users,
    requests: createAuthRequests({ settings, tokens, idempotencyKey: () => idempotencyKey(state), cookies: () => '' }),
    state,
    lock,
    crossTab: { broadcast: (event) => test.messages.push(event) },
    log: () => {},
    notify: (event, detail, session) => test.events.push({ event, session, ...(session ? {} : detail) }),
    rejectCalls: () => {},
    createError: (code, retryable, status, retryAfterSeconds, details) =>
      Object.assign(new Error(code), { code, retryable, status, retryAfterSeconds, details }),
  });
  return Object.assign(test, {
    host,
    // The engine calls these functions of the client itself.
    core: {
      ...core,
      login: (json) => core.login({ json }),
      start: () => test.client.start(),
      requestToken: (minValidityMs) => test.client.requestToken(minValidityMs),
      refresh: () => test.client.refresh(),
      resumed: () => test.client.resumed(),
      dispose: () => test.client.dispose(),
    },
    store,
    hasToken: () => tokens.currentId() !== 0,
    send: authorizedFetch(tokens, settings.server.api, undefined, () => '').send,
  });
}
