// What the shell's tests stand on: a host with the real vault, and a `fetch` whose answers a test scripts.

const endpointsOf = (baseUrl) =>
  Object.fromEntries(
    Object.entries({ login: 'login', refresh: 'refresh', logout: 'logout', logoutAll: 'logout-all' }).map(
      ([name, path]) => [name, `${baseUrl}/auth/${path}`],
    ),
  );

const settingsFor = (baseUrl) => ({
  endpoints: endpointsOf(baseUrl),
  transport: 'cookie',
  oauth2: false,
  fields: { accessToken: 'accessToken', refreshToken: 'refreshToken', expiresIn: 'expiresIn', user: 'user' },
  origins: [`${baseUrl}/`],
  tokenScheme: 'Bearer',
  authHeaders: () => undefined,
  idempotencyKey: true,
});

const HINTS = ['same', 'removed', 'other'];
const RELATIONS = ['same', 'current', 'stale'];
const MESSAGE_TYPES = ['signed-in', 'signed-out', 'refreshed', 'refresh-failed', 'lock-stolen'];

/**
 * The host of the wasm client, with the real token store and alone in its origin; `told` collects what the app receives.
 * `found` is the number of the session hint that the storage shows, `owed` whether a revocation is pending.
 */
export function makeHands(createVault, createHands, baseUrl) {
  const entries = {};
  const store = {
    read: (key) => entries[key] ?? null,
    write(key, value) {
      if (value === undefined) delete entries[key];
      else entries[key] = key.endsWith(':idempotency-key') ? 'key-of-this-sign-in' : value;
    },
  };
  const state = {
    prefix: 'tokenward:v1:test',
    store,
    // Every key of these tests is the same.
    get known() {
      return entries['tokenward:v1:test:idempotency-key'];
    },
    set known(_) {},
  };
  const vault = createVault(settingsFor(baseUrl), state);
  const told = [];
  const it = {
    vault,
    told,
    get owed() {
      return entries['tokenward:v1:test:pending-revocation'] === '1';
    },
    unlocks: 0,
    client: undefined,
  };
  const lock = {
    // The lock is free unless a test takes it.
    request(steal, onGranted) {
      if (!it.lockIsTaken || steal) queueMicrotask(onGranted);
    },
    release() {
      it.unlocks += 1;
    },
  };
  const { host, core } = createHands({
    client: () => it.client,
    tokens: vault.tokens,
    requests: vault.requests,
    state,
    readSnapshot: () => ({ hint: HINTS[it.found ?? 0], pendingRevocation: it.owed, waitMs: 0 }),
    lock,
    crossTab: { broadcast: ({ type, ...event }) => told.push({ event: `tells-${type}`, ...event }) },
    log: () => {},
    notify: (event, detail, snapshot) => told.push({ event, snapshot, ...(snapshot ? {} : detail) }),
    rejectCalls: () => told.push({ event: 'abandons' }),
    createError: (code, retryable, status, retryAfter, said) =>
      Object.assign(new Error(code), { code, retryable, status, retryAfter, said }),
  });
  return Object.assign(it, {
    host,
    // What the client does when it is asked, and the promise of its answer.
    ask(question) {
      const method = core.start;
      const asked = it.client;
      it.client = new Proxy(asked, { get: (client, name) => (name === 'start' ? question : client[name]) });
      const answer = method();
      it.client = asked;
      return answer;
    },
    login: (credentials) => core.login(credentials),
    logout: (everywhere) => core.logout(everywhere ? 'global' : 'session'),
    heard(relation, kind, text, waitMs, failures) {
      const type = MESSAGE_TYPES[kind];
      core.receiveMessage(
        { v: 1, type, subject: text, reason: kind === 1 ? text : undefined, waitMs, failures },
        RELATIONS[relation],
      );
    },
  });
}

/** The client's callbacks, with `answered` for nine arguments, which a closure of Rust cannot take. */
export const spread = (client) => ({ ...client, answered: (...all) => client.answers(all) });

/** Calls that carry the vault's token, as the engine sends them. */
export const sendWithToken = (hands, url) => hands.vault.send(new Request(url), () => undefined);

/** What the app was told, and (`tells-…`) the other tabs. */
export const eventsOf = (hands) =>
  hands.told
    .map(({ event }) => event)
    .filter((event) => !event.startsWith('tells'))
    .join(' ');

export const sleepFor = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

let answers = [];
let sent = [];

/** From now on `fetch` gives these answers, in order, the last one for ever: `{status, body, headers, hang, fail, after}`. */
export function script(json) {
  answers = JSON.parse(json);
  sent = [];
  globalThis.tokenwardNetwork.answer = async (input, init = {}) => {
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    const headers = Object.fromEntries(new Headers(init.headers ?? input.headers));
    sent.push({ url: String(input.url ?? input), headers, credentials: init.credentials });
    const signal = init.signal ?? input.signal;
    if (answer.hang) {
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
    }
    if (answer.after) await new Promise((resolve) => setTimeout(resolve, answer.after));
    if (answer.fail) throw new TypeError('Failed to fetch');
    const body = typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body);
    return new Response(answer.status === 204 ? null : body, { status: answer.status, headers: answer.headers ?? {} });
  };
}

/** The browser's own `fetch` again. */
export function unscript() {
  globalThis.tokenwardNetwork.answer = undefined;
}

/** How often this endpoint was called, and with which header. */
export const sentTo = (path) => sent.filter(({ url }) => url.endsWith(path)).length;
export const headerOf = (path, name) => sent.findLast(({ url }) => url.endsWith(path))?.headers[name] ?? '';
