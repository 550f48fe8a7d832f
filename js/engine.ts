// What stands between the facade and the wasm client: loads the module, gives the core its hands, and sends the calls.
// While the token is fresh, a call never enters wasm: it is `fetch`'s own promise with one `then`.
import init, { Client } from '#glue';
import { abortable } from './abort.js';
import { AuthError, type AuthErrorCode } from './errors.js';
import { createMark } from './mark.js';
import type { Settings } from './options.js';
import { type Answer, createVault, type Vault } from './vault.js';

/** A snapshot as the core gives it. */
export interface Snapshot {
  status: 'restoring' | 'signed-in' | 'signed-out';
  user: unknown;
  claims: Record<string, unknown> | null;
  expiresAt: number | null;
  reason: string | null;
}

export type Notify = (event: string, detail: unknown, snapshot: Snapshot) => void;

export interface Engine {
  readonly client: Client;
  /** Resolves when the first restore is settled. */
  readonly restored: Promise<unknown>;
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  getAccessToken(minValidity: number): Promise<string>;
  dispose(): void;
}

let loaded: Promise<unknown> | undefined;

/** Loads the wasm module, once for all clients of the page; a failure is tried again by the next caller. */
function load(): Promise<unknown> {
  const loading =
    loaded ??
    init().catch((cause: unknown) => {
      loaded = undefined;
      throw new AuthError(
        'WASM_UNAVAILABLE',
        `the module could not be loaded (${cause instanceof Error ? cause.message : cause}). ` +
          'Serve tokenward_bg.wasm beside engine.js as application/wasm; under a Content-Security-Policy, script-src ' +
          "needs 'wasm-unsafe-eval'",
        { cause },
      );
    });
  loaded = loading;
  return loading;
}

export async function createEngine(settings: Settings, notify: Notify): Promise<Engine> {
  await load();
  const mark = createMark(settings.name);
  const vault = createVault(settings, mark);
  const host = {
    call: vault.call,
    adopt: vault.adopt,
    hold: vault.hold,
    wipe: vault.wipe,
    discard: vault.discard,
    marked: () => mark.key() !== undefined,
    mark: mark.set,
    notify,
    error,
  };
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] as number;
  const client = new Client(host, settings.renewBefore, settings.timeout, settings.restore, seed);
  // The moments at which a page that slept, froze or was offline comes back. (A worker knows only `online`.)
  const listening = new AbortController();
  const options = { capture: true, signal: listening.signal };
  for (const event of ['visibilitychange', 'pageshow', 'online']) addEventListener(event, () => client.woke(), options);
  const { send, getAccessToken, stop } = sender(settings, vault, client);
  const dispose = () => {
    listening.abort();
    stop();
  };
  return { client, restored: client.start().catch(() => {}), fetch: send, getAccessToken, dispose };
}

/** One call of the app: what is needed to send it a second time. */
interface Call {
  readonly request: Request;
  /** The body as the caller gave it in `init`; a stream can be sent only once. */
  readonly body: BodyInit | null | undefined;
  /** A copy, where the body came inside a `Request` and cannot be got at otherwise. */
  readonly spare: Request | undefined;
}

function sender(settings: Settings, vault: Vault, client: Client) {
  const native = globalThis.fetch;
  const authEndpoints = new Set(Object.values(settings.endpoints));
  const refused = settings.shouldRefresh ?? ((response: Response) => response.status === 401);
  let disposed = false;

  function send(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    let request: Request;
    try {
      request = new Request(input, init);
    } catch (error) {
      return Promise.reject(error); // as `fetch` does
    }
    if (!vault.mayReceive(request.url) || authEndpoints.has(request.url) || request.headers.has('authorization')) {
      return native(request);
    }
    const body = init?.body;
    const inside = body == null && request.body !== null && !/^(GET|HEAD)$/.test(request.method);
    const call = { request, body, spare: inside ? request.clone() : undefined };
    return vault.fresh() ? first(call) : abortable(client.admit(0), request.signal).then(() => first(call));
  }

  function first(call: Call): Promise<Response> {
    const token = tokenNow();
    return vault.send(call.request).then((response) => {
      if (disposed) throw error('DISPOSED', false);
      const again = refused(response);
      return again === false ? response : second(call, token, response, again);
    });
  }

  async function second(
    call: Call,
    token: number,
    response: Response,
    again: true | Promise<boolean>,
  ): Promise<Response> {
    if (!(await again)) return response;
    const replay = await abortable(client.rejected(token, false), call.request.signal);
    const request = replay ? copy(call) : undefined;
    if (!request) return response;
    response.body?.cancel().catch(() => {});
    const renewed = tokenNow();
    const answer = await vault.send(request);
    if (await refused(answer)) await client.rejected(renewed, true);
    return answer;
  }

  function tokenNow(): number {
    const token = vault.present();
    if (token === 0) throw error(disposed ? 'DISPOSED' : 'SESSION_ENDED', false);
    return token;
  }

  return {
    send,
    async getAccessToken(minValidity: number) {
      await client.admit(minValidity);
      tokenNow();
      return vault.reveal();
    },
    stop() {
      disposed = true;
      client.dispose();
    },
  };
}

/** The same request once more, or undefined where its body has gone for good. */
function copy({ request, body, spare }: Call): Request | undefined {
  if (spare) return spare;
  if (body == null) return new Request(request);
  if (body instanceof ReadableStream || Symbol.asyncIterator in Object(body)) return undefined;
  // A form gets a new boundary, so the old content type must not stay.
  if (body instanceof FormData) request.headers.delete('content-type');
  // A Request made with an init forgets its referrer unless told.
  const { referrer, referrerPolicy } = request;
  return new Request(request, { body, referrer, referrerPolicy });
}

const MESSAGES: Partial<Record<AuthErrorCode, string>> = {
  INVALID_CREDENTIALS: 'the server refused the login',
  SIGNED_OUT: 'nobody is signed in; call login first',
  SESSION_ENDED: 'the session ended while the call was under way; log in again',
  REFRESH_UNAVAILABLE: 'no access token could be had for now; the session lives on, try again later',
  RATE_LIMITED: 'the server asks to wait',
  TIMEOUT: 'the auth server did not answer in time (options.timeout)',
  OFFLINE: 'no answer from the auth server: offline, the server is down, or CORS refused (the console tells)',
  MALFORMED_RESPONSE:
    'the auth server said yes, but its answer holds no access token (options.fields names where it is)',
  SERVER_ERROR: 'the auth server failed, or has no such endpoint (options.baseUrl, options.endpoints)',
  DISPOSED: 'this client was disposed of',
};

export function error(
  code: AuthErrorCode,
  retryable: boolean,
  status?: number,
  retryAfter?: number,
  answer?: Answer,
): AuthError {
  const said = answer?.message;
  const details = [
    status && `status ${status}`,
    retryAfter && `retry after ${retryAfter} s`,
    said && `the server says: ${said}`,
  ];
  const message = [MESSAGES[code], ...details].filter(Boolean).join('; ');
  return new AuthError(code, message, {
    retryable,
    ...(status === undefined ? {} : { status }),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  });
}
