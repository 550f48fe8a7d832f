// What stands between the facade and the wasm client: loads the module, gives the core its hands, and sends the calls.
// While the token is fresh, a call never enters wasm: it is `fetch`'s own promise with one `then`.
import { Client } from '#glue';
import { loadModule } from '#load';
import { abortable } from './abort.js';
import type { Prover } from './dpop.js';
import type { AuthError, AuthErrorCode } from './errors.js';
import { createHands, type Hands, type MakeError, type Notify } from './host.js';
import * as safe from './intrinsics.js';
import { createLog, type Log } from './log.js';
import { createMark, PAGE_SHELF, type Shelf } from './mark.js';
import { MESSAGES, RESTORES } from './names.js';
import type { AuthClientOptions, LogEntry } from './options.js';
import { type Settings, settingsOf } from './settings.js';
import { createTabs } from './tabs.js';
import { createVault, type Vault } from './vault.js';
import { onWaking } from './waking.js';

export interface Engine {
  /** Of the two that take a signal, an abort ends the wait with its reason. */
  readonly client: {
    login(credentials: string, signal?: AbortSignal | null): Promise<unknown>;
    refresh(signal?: AbortSignal | null): Promise<unknown>;
    logout(everywhere: boolean): Promise<boolean>;
  };
  /** Resolves when the first restore is settled. */
  readonly restored: Promise<unknown>;
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  getAccessToken(minValidity: number): Promise<string>;
  diagnostics(): readonly LogEntry[];
  dispose(): void;
}

/** The engine where the tokens are. */
export interface Core extends Engine {
  /** One call of the app; `ask`, where given, is asked instead of `options.shouldRefresh`. */
  fetch(input: RequestInfo | URL, init?: RequestInit, ask?: Ask): Promise<Response>;
  /** The page is seen again, shown again from the back-forward cache, or online again. */
  woke(by: string): void;
  /** Nobody sees the page any more. */
  hid(): void;
}

/** What an app may be asked about a response. */
export interface Ask {
  /** Whether it means that the token is no longer good. */
  refused(response: Response): boolean | Promise<boolean>;
  /** It asks for more than the token has. */
  stepUp(response: Response): void;
}

/** Where an engine runs. */
export interface World {
  readonly shelf: Shelf;
  /** Whether it is one for all tabs. */
  readonly ofAllTabs: boolean;
  /** Runs something once the shelf is known to be as the other tabs left it, one after another. */
  current(then: () => void): void;
}

const PAGE: World = { shelf: PAGE_SHELF, ofAllTabs: false, current: (then) => then() };

/** The class as the app knows it: a module of its own would have another. */
export type AuthErrors = typeof AuthError;

let loaded: Promise<unknown> | undefined;

/** Loads the wasm module, once for all clients of the page; a failure is tried again by the next caller. */
function load(AuthError: AuthErrors, file?: Promise<Response>): Promise<unknown> {
  const loading =
    loaded ??
    loadModule(file).catch((cause: unknown) => {
      loaded = undefined;
      const why = String((cause as Error)?.message ?? cause);
      const mend = /unsafe-eval|CSP|Content.Sec/.test(why)
        ? "the CSP's script-src needs 'wasm-unsafe-eval'"
        : 'serve tokenward_bg.wasm beside engine.js as application/wasm, or import tokenward/inline';
      throw new AuthError('WASM_UNAVAILABLE', `${why}: ${mend}`, { cause });
    });
  loaded = loading;
  return loading;
}

/** The engine of a page. */
export const openEngine = (
  options: AuthClientOptions,
  notify: Notify,
  AuthError: AuthErrors,
  file?: Promise<Response>,
): Promise<Core> => createEngine(settingsOf(options), notify, AuthError, PAGE, file);

export async function createEngine(
  settings: Settings,
  notify: Notify,
  AuthError: AuthErrors,
  world = PAGE,
  file?: Promise<Response>,
): Promise<Core> {
  await load(AuthError, file);
  const error = errorMaker(AuthError);
  const slot = `tokenward:${settings.name}`;
  // A refresh token in the body is this page's alone, and so is its session.
  const shared = settings.transport === 'cookie';
  const log = createLog(settings.onLog);
  const mark = createMark(slot, shared ? world.shelf : undefined);
  const prover = settings.dpop ? await provers(settings, world, AuthError) : undefined;
  const vault = createVault(settings, mark, prover);
  let started = false;
  const tabs = createTabs(slot, shared && settings.crossTab, mark, {
    granted: (flight) => client.locked(flight),
    heard: (...news) => hands.heard(...news),
    current: world.current,
  });
  const hands = createHands({
    client: () => client,
    vault,
    // Out of step with the other tabs, a client looks once, at its start, whether somebody was signed in.
    mark: { ...mark, memory: () => (settings.crossTab || !started ? mark.memory() : mark.memory() & 4) },
    tabs,
    log,
    notify,
    error,
    abandon: (code) => calls.reject(code),
  });
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] as number;
  const restore = RESTORES.indexOf(settings.restore);
  const client = new Client(hands.host, settings.renewBefore, settings.timeout, restore, seed);
  const restored = hands.ask((asked) => asked.start()).catch(() => {});
  started = true;
  const listening = new AbortController();
  const hid = () => client.hid();
  const woke = (by: string) => {
    log('debug', 'woke', { by });
    client.woke();
  };
  onWaking(woke, hid, listening.signal);
  const calls = sender(settings, vault, hands.ask, notify, log, error);
  return {
    client: {
      async login(credentials, signal) {
        if (settings.oauth2 && !(credentials[0] === '{' && Object.values(JSON.parse(credentials)).every(isText)))
          throw new AuthError('INVALID_OPTIONS', 'login.credentials: expected strings, such as {username, password}');
        return abortable(hands.login(credentials, signal), signal);
      },
      refresh: (signal) =>
        abortable(
          hands.ask((asked) => asked.refresh()),
          signal,
        ),
      logout: hands.logout,
    },
    restored,
    fetch: calls.send,
    getAccessToken: calls.getAccessToken,
    diagnostics: log.entries,
    woke,
    hid,
    dispose() {
      listening.abort();
      client.dispose();
      tabs.close();
      calls.reject('DISPOSED');
    },
  };
}

const isText = (value: unknown) => typeof value === 'string';

/** The key of this client: in memory where nobody else needs it, in IndexedDB where other tabs have the same session. */
async function provers(settings: Settings, world: World, AuthError: AuthErrors): Promise<Prover> {
  const alone = settings.dpop === 'memory' || settings.transport === 'body' || world.ofAllTabs;
  try {
    const { createProver } = await import('./dpop.js');
    return await createProver(alone ? undefined : settings.name);
  } catch (cause) {
    throw new AuthError('INVALID_OPTIONS', 'options.dpop: expected a page that is a secure context (https)', { cause });
  }
}

/** One call of the app: what is needed to send it a second time. */
interface Call {
  readonly request: Request;
  /** The body as the caller gave it in `init`; a stream can be sent only once. */
  readonly body: BodyInit | null | undefined;
  /** A copy, where the body came inside a `Request` and cannot be got at otherwise. */
  readonly spare: Request | undefined;
  readonly ask: Ask;
}

function sender(settings: Settings, vault: Vault, question: Hands['ask'], notify: Notify, log: Log, error: MakeError) {
  const authEndpoints = new Set(Object.values(settings.endpoints));
  const app: Ask = {
    refused: settings.shouldRefresh ?? ((response) => response.status === 401),
    stepUp: (response) => notify('step-up-required', { response }),
  };
  /** How to end the calls under way before their answers come. */
  const underWay = new Set<(reason: AuthError) => void>();
  let disposed = false;

  function send(input: RequestInfo | URL, init?: RequestInit, ask = app): Promise<Response> {
    let request: Request;
    try {
      request = new safe.Request(input, init);
    } catch (error) {
      return Promise.reject(error); // as `fetch` does
    }
    const url = safe.urlOf(request);
    if (!vault.mayReceive(url) || authEndpoints.has(url) || safe.hasHeader(safe.headersOf(request), 'authorization')) {
      return safe.fetch(request);
    }
    const body = init?.body;
    const inside = body == null && safe.bodyOf(request) !== null && !/^(GET|HEAD)$/.test(safe.methodOf(request));
    const call = { request, body, spare: inside ? safe.clone(request) : undefined, ask };
    return new Promise((resolve, reject) => {
      underWay.add(reject);
      const answer = vault.fresh()
        ? first(call)
        : abortable(
            question((client) => client.admit(0)),
            safe.signalOf(request),
          ).then(() => first(call));
      answer.then(resolve, reject).then(() => underWay.delete(reject));
    });
  }

  function first(call: Call): Promise<Response> {
    const token = tokenNow();
    return vault
      .send(call.request, () => copy(call))
      .then((response) => {
        if (asksForMore(call, response)) return response;
        const again = call.ask.refused(response);
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
    log('info', 'call-refused', { status: response.status, token });
    const replay = await abortable(
      question((client) => client.rejected(token, false)),
      safe.signalOf(call.request),
    );
    const request = replay ? copy(call) : undefined;
    if (!request) return response;
    response.body?.cancel().catch(() => {});
    const renewed = tokenNow();
    const answer = await vault.send(request, () => copy(call));
    if (!asksForMore(call, answer) && (await call.ask.refused(answer)))
      await question((client) => client.rejected(renewed, true));
    return answer;
  }

  /** Whether an API asks for another kind of token than this session has (RFC 6750 §3.1, RFC 9470 §3). */
  function asksForMore({ ask }: Call, response: Response): boolean {
    if (response.status !== 401 && response.status !== 403) return false;
    const asks = /error="?insufficient_(scope|user_authentication)\b/i.test(
      response.headers.get('www-authenticate') ?? '',
    );
    if (asks) ask.stepUp(response.clone());
    return asks;
  }

  function tokenNow(): number {
    const token = vault.present();
    if (token === 0) throw error(disposed ? 'DISPOSED' : 'SESSION_ENDED');
    return token;
  }

  return {
    send,
    async getAccessToken(minValidity: number) {
      await question((client) => client.admit(minValidity));
      tokenNow();
      const token = vault.reveal();
      if (!token) throw error('MALFORMED_RESPONSE', false, undefined, undefined, 'the access token is in a cookie');
      return token;
    },
    /** Ends the calls under way: whoever made them shall not see what comes. */
    reject(code: AuthErrorCode) {
      disposed ||= code === 'DISPOSED';
      for (const end of underWay) end(error(code));
      underWay.clear();
    },
  };
}

/** The same request once more, or undefined where its body has gone for good. */
function copy({ request, body, spare }: Call): Request | undefined {
  if (spare) return safe.clone(spare);
  if (body == null) return new safe.Request(request);
  if (body instanceof ReadableStream || Symbol.asyncIterator in Object(body)) return undefined;
  // A form gets a new boundary, so the old content type must not stay.
  if (body instanceof FormData) safe.deleteHeader(safe.headersOf(request), 'content-type');
  // A Request made with an init forgets its referrer unless told.
  const referrer = safe.referrerOf(request);
  return new safe.Request(request, { body, referrer, referrerPolicy: safe.referrerPolicyOf(request) });
}

const errorMaker =
  (AuthError: AuthErrors): MakeError =>
  (code, retryable = false, status, retryAfter, said) => {
    const details = [
      status && `status ${status}`,
      retryAfter && `retry after ${retryAfter} s`,
      said && `the server says: ${said}`,
    ];
    const message = [MESSAGES[code], ...details].filter(Boolean).join('; ');
    return new AuthError(code, message, { retryable, status, retryAfter });
  };
