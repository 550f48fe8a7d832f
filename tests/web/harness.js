// What the shell's tests stand on: a host with the real vault, and a `fetch` whose answers a test scripts.

/** Hands as `js/engine.ts` makes them, on the real vault and alone in its origin; what the app is told is kept in `told`. */
export function makeHands(createVault, createHands, baseUrl) {
  let marked = false;
  const told = [];
  const endpoints = {};
  for (const [name, path] of Object.entries({
    login: 'login',
    refresh: 'refresh',
    logout: 'logout',
    logoutAll: 'logout-all',
  })) {
    endpoints[name] = `${baseUrl}/auth/${path}`;
  }
  const vault = createVault(
    {
      endpoints,
      transport: 'cookie',
      oauth2: false,
      fields: { accessToken: 'accessToken', refreshToken: 'refreshToken', expiresIn: 'expiresIn', user: 'user' },
      origins: [`${baseUrl}/`],
      tokenScheme: 'Bearer',
      authHeaders: () => undefined,
      idempotencyKey: true,
    },
    { key: () => (marked ? 'key-of-this-sign-in' : undefined) },
  );
  const it = {
    vault,
    told,
    owed: false,
    unlocks: 0,
    client: undefined,
  };
  const mark = {
    memory: () => (it.found ?? 0) + (it.owed ? 4 : 0),
    wait: () => 0,
    set(on) {
      marked = on;
    },
    share() {
      marked = true;
    },
    attempt() {
      marked = true;
    },
    owe(on) {
      it.owed = on;
    },
  };
  const tabs = {
    // The lock is free, as long as a test does not say otherwise.
    lock(flight, steal) {
      if (!it.lockIsTaken && !steal) queueMicrotask(() => it.client.locked(flight));
    },
    unlock() {
      it.unlocks += 1;
    },
    tell: (kind, text, wait) => told.push({ event: `tells-${kind}`, text, wait }),
  };
  const hands = createHands({
    client: () => it.client,
    vault,
    mark,
    tabs,
    log: () => {},
    notify: (event, detail, snapshot) => told.push({ event, snapshot, ...(snapshot ? {} : detail) }),
    abandon: () => told.push({ event: 'abandons' }),
    error: (code, retryable, status, retryAfter, said) =>
      Object.assign(new Error(code), { code, retryable, status, retryAfter, said }),
  });
  return Object.assign(it, hands);
}

/** The client's callbacks, with `answered` for nine arguments, which a closure of Rust cannot take. */
export const spread = (client) => ({ ...client, answered: (...all) => client.answers(all) });

/** Calls that carry the vault's token, as the engine sends them. */
export const sendWithToken = (hands, url) => hands.vault.send(new Request(url));

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
