// The functions of the tests of the bindings: they script the network's responses, and read requests and events.

export const sleepFor = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Sends a request with the access token, as the engine sends the calls of the app. */
export const sendWithToken = (test, url) => test.send(new Request(url), () => undefined);

/** The names of the events that the app received, in order. */
export const eventsOf = (test) => test.events.map(({ event }) => event).join(' ');

export const latestSession = (test) => test.events.findLast(({ session }) => session)?.session;

/** Stores an entry as another tab or an earlier page left it. */
export const store = (test, key, value) => test.store.write(`tokenward:v1:test:${key}`, value);
export const stored = (test, key) => test.store.read(`tokenward:v1:test:${key}`) ?? undefined;

let responses = [];
let requests = [];

/**
 * From now on `fetch` returns these responses in order, and then repeats the last one:
 * `{status, body, headers, hang, fail, after}`.
 */
export function script(json) {
  responses = JSON.parse(json);
  requests = [];
  globalThis.tokenwardNetwork.respond = respond;
}

async function respond(input, init = {}) {
  const response = responses.length > 1 ? responses.shift() : responses[0];
  const headers = Object.fromEntries(new Headers(init.headers ?? input.headers));
  requests.push({ url: String(input.url ?? input), headers });
  const signal = init.signal ?? input.signal;
  if (response.hang) {
    return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
  }
  if (response.after) await sleepFor(response.after);
  if (response.fail) throw new TypeError('Failed to fetch');
  const body = typeof response.body === 'string' ? response.body : JSON.stringify(response.body);
  const { status, headers: sent = {} } = response;
  return new Response(status === 204 ? null : body, { status, headers: sent });
}

/** Restores the browser's own `fetch`. */
export function unscript() {
  globalThis.tokenwardNetwork.respond = undefined;
}

/** How many requests went to this endpoint, and a header of the last one. */
export const sentTo = (path) => requests.filter(({ url }) => url.endsWith(path)).length;
export const headerOf = (path, name) => requests.findLast(({ url }) => url.endsWith(path))?.headers[name] ?? '';
