// What the shell's tests stand on: a host with the real vault, and a `fetch` whose answers a test scripts.

/** A host as `js/engine.ts` makes it, on the real vault; what the app would be told is kept in `told`. */
export function makeHost(createVault, baseUrl) {
  let marked = false;
  const told = [];
  const mark = {
    key: () => (marked ? 'key-of-this-sign-in' : undefined),
    set(on) {
      marked = on;
    },
  };
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
      fields: { accessToken: 'accessToken', expiresIn: 'expiresIn', user: 'user' },
      origins: [`${baseUrl}/`],
      tokenScheme: 'Bearer',
      authHeaders: () => undefined,
      idempotencyKey: true,
    },
    mark,
  );
  return {
    ...vault,
    vault,
    marked: () => marked,
    mark: mark.set,
    told,
    notify: (event, detail, snapshot) => told.push({ event, detail, snapshot }),
    error: (code, retryable, status, retryAfter, answer) =>
      Object.assign(new Error(code), { code, retryable, status, retryAfter, said: answer?.message }),
  };
}

/** Calls that carry the vault's token, as the engine sends them. */
export const sendWithToken = (host, url) => host.vault.send(new Request(url));

export const eventsOf = (host) => host.told.map(({ event }) => event).join(' ');

let answers = [];
let sent = [];
const native = globalThis.fetch;

/** From now on `fetch` gives these answers, in order, the last one for ever: `{status, body, headers, hang, fail, after}`. */
export function script(json) {
  answers = JSON.parse(json);
  sent = [];
  globalThis.fetch = async (input, init = {}) => {
    const answer = answers.length > 1 ? answers.shift() : answers[0];
    const headers = Object.fromEntries(new Headers(init.headers ?? input.headers));
    sent.push({ url: String(input.url ?? input), headers, credentials: init.credentials });
    const { signal } = init;
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
  globalThis.fetch = native;
}

/** How often this endpoint was called, and with which header. */
export const sentTo = (path) => sent.filter(({ url }) => url.endsWith(path)).length;
export const headerOf = (path, name) => sent.findLast(({ url }) => url.endsWith(path))?.headers[name] ?? '';
