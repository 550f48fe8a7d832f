// Sends the app's calls: each carries the access token, waits while it is renewed, and is sent once more after a 401. While
// the token is fresh, a call does not enter wasm: one `then` on the promise of `fetch` settles it.
import type { Client } from '#glue';
import type { AuthorizedFetch } from '../auth/authorized-fetch.js';
import { copyRequest, type Replayable, replayBodyOf } from '../auth/replay.js';
import { authUrls, type Server } from '../auth/server.js';
import { type SimpleRequest, simpleRequest } from '../auth/simple-request.js';
import type { TokenStore } from '../auth/token-store.js';
import * as captured from '../browser/captured-globals.js';
import type { AuthErrorCode } from '../client/errors.js';
import type { ApiRequestInit } from '../client/options.js';
import { abortable } from '../util/abortable.js';
import { limitConcurrency } from '../util/limit-concurrency.js';
import { ownMembers } from '../util/own-members.js';
import type { CreateError } from './auth-errors.js';
import type { Log } from './diagnostics.js';
import { warnDeveloper } from './effects.js';

/**
 * How many calls are sent again at once. Chromium looks at each waiting request whenever one ends, so a thousand calls that are sent
 * again while a thousand others still wait take longer than one thousand after the other.
 */
const MAX_REPLAYS = 128;

/** What the app decides about a response. */
export interface ResponseHandler {
  /** Whether the response means that the token is no longer valid. */
  isRejected(response: Response): boolean | Promise<boolean>;
  /** The API requires more than the token has. */
  onStepUp(response: Response): void;
}

export interface ApiFetchDependencies {
  readonly client: Pick<Client, 'requestToken' | 'tokenRejected' | 'retryRejected'>;
  readonly tokens: TokenStore;
  readonly sender: AuthorizedFetch;
  /** Calls to the auth endpoints are sent as they are. */
  readonly settings: { readonly server: Pick<Server, 'calls'> };
  readonly handler: ResponseHandler;
  readonly log: Log;
  readonly createError: CreateError;
}

/** One call of the app, with what is needed to send it again and to settle it. */
interface Call {
  /** One of the two is undefined. */
  readonly simple: SimpleRequest | undefined;
  readonly replayable: Replayable | undefined;
  readonly handler: ResponseHandler;
  /** Ends the waits of this call. Undefined if the caller gave none. */
  readonly signal: AbortSignal | undefined;
  readonly resolve: (response: Response) => void;
  readonly reject: (reason: unknown) => void;
}

/**
 * The calls that are not settled, each as the function that rejects it. A script that replaces `Set.prototype.add` receives no request,
 * whose header will hold the token.
 */
type InFlight = Set<Call['reject']>;

export interface ApiFetch {
  fetch(input: RequestInfo | URL, init?: ApiRequestInit, handler?: ResponseHandler): Promise<Response>;
  getAccessToken(minValidityMs: number): Promise<string>;
  /** Rejects the calls in flight: their responses must not reach the caller. */
  rejectAll(code: AuthErrorCode): void;
}

export function createApiFetch(dependencies: ApiFetchDependencies): ApiFetch {
  const { client, tokens, sender, createError } = dependencies;
  const authEndpoints = new Set(authUrls(dependencies.settings.server));
  const inFlight: InFlight = new Set();
  const sendAgain = createReplay(dependencies, inFlight, tokenNow);
  let disposed = false;

  /** The number of the access token; throws if there is none. */
  function tokenNow(): number {
    const token = tokens.currentId();
    if (token === 0) throw createError(disposed ? 'DISPOSED' : 'SESSION_ENDED');
    return token;
  }

  /** Sends a call. A response that the API accepted settles it in one step. */
  function send(call: Call) {
    const token = tokenNow();
    sendNow(call).then((response) => {
      try {
        const rejected = !requiresStepUp(call, response) && call.handler.isRejected(response);
        if (rejected === false) call.resolve(response);
        else sendAgain(call, token, response, rejected).then(call.resolve, call.reject);
      } catch (reason) {
        call.reject(reason);
      }
    }, call.reject);
  }

  function sendNow({ simple, replayable }: Call): Promise<Response> {
    if (simple) return sender.sendSimple(simple);
    return sender.send((replayable as Replayable).request, replayable as Replayable);
  }

  /** Sends a call when there is a token for it. */
  function sendWithToken(call: Call) {
    inFlight.add(call.reject);
    if (tokens.isFresh()) return send(call);
    abortable(client.requestToken(0), call.signal)
      .then(() => send(call))
      .catch(call.reject);
  }

  /** Sends one of the two, and settles with the response. */
  function start(
    simple: SimpleRequest | undefined,
    replayable: Replayable | undefined,
    handler: ResponseHandler,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    return new Promise((resolve, reject) => {
      const call: Call = {
        simple,
        replayable,
        handler,
        signal,
        resolve(response) {
          inFlight.delete(call.reject);
          resolve(response);
        },
        reject(reason) {
          inFlight.delete(call.reject);
          reject(reason);
        },
      };
      sendWithToken(call);
    });
  }

  const carriesToken = (url: string) => tokens.allows(url) && !authEndpoints.has(url);

  return {
    fetch(input, init, handler = dependencies.handler) {
      // (If it has to wait for a token, `Request` checks it first.)
      const simple = sender.isSimple() && tokens.isFresh() ? simpleRequest(input, init) : undefined;
      if (simple && carriesToken(simple.url)) return start(simple, undefined, handler, undefined);
      let request: Request;
      try {
        request = new captured.Request(input, init);
      } catch (error) {
        return Promise.reject(error); // as `fetch` does
      }
      const hasAuthorization = captured.hasHeader(captured.headersOf(request), 'authorization');
      if (hasAuthorization || !carriesToken(captured.urlOf(request))) return captured.fetch(request);
      const responses = mayRetry(init) ? handler : { ...handler, isRejected: () => false };
      const replayable = { request, replayBody: replayBodyOf(request, init?.body) };
      return start(undefined, replayable, responses, givenSignal(request, input, init));
    },
    async getAccessToken(minValidityMs) {
      await client.requestToken(minValidityMs);
      tokenNow();
      const token = tokens.accessToken();
      if (!token) throw createError('TOKEN_IN_COOKIE');
      return token;
    },
    rejectAll(code) {
      disposed ||= code === 'DISPOSED';
      for (const reject of inFlight) reject(createError(code)); // each removes itself
    },
  };
}

/** Returns the function that sends a call once more, with a renewed token, if the API rejected the token of the first response. */
function createReplay(dependencies: ApiFetchDependencies, inFlight: InFlight, tokenNow: () => number) {
  const { client, tokens, sender, log, createError } = dependencies;
  const limitReplays = limitConcurrency(MAX_REPLAYS);
  /** The token of the last entry about a rejected call. */
  let loggedToken = 0;

  return async (call: Call, token: number, response: Response, rejected: true | Promise<boolean>) => {
    if (rejected !== true && !(await rejected)) return response;
    const url = urlOf(call);
    const place = placeOf(url);
    // Of a thousand calls at once that are rejected, the log has one entry.
    if (token !== loggedToken) log('info', 'call-rejected', { status: response.status, token });
    loggedToken = token;
    const again = await abortable(client.tokenRejected(token, place), call.signal);
    const sendCall = again ? replayOf(call, sender) : undefined;
    if (!sendCall) return response;
    response.body?.cancel().catch(() => {});
    const generation = tokens.generation();
    let renewed = 0;
    const sendCopy = () => {
      // While it waits, the call may be aborted or the session may end, and the next session must not send it.
      if (!inFlight.has(call.reject) || tokens.generation() !== generation) throw createError('SESSION_ENDED');
      renewed = tokenNow();
      return sendCall();
    };
    const second = await abortable(limitReplays(sendCopy), call.signal);
    if (!requiresStepUp(call, second) && (await call.handler.isRejected(second))) {
      warnDeveloper(
        `${methodOf(call)} ${url}: status ${second.status} with a new token too. If it is not about the token, pass auth: {retry: false}`,
      );
      await client.retryRejected(renewed, place);
    }
    return second;
  };
}

/** Returns what sends the call as it is now, or undefined if its body can be sent only once. */
function replayOf({ simple, replayable }: Call, sender: AuthorizedFetch): (() => Promise<Response>) | undefined {
  if (simple) return () => sender.sendSimple(simple);
  const request = copyRequest(replayable as Replayable);
  return request && (() => sender.send(request, replayable as Replayable));
}

const urlOf = ({ simple, replayable }: Call): string =>
  simple?.url ?? captured.urlOf((replayable as Replayable).request);

const methodOf = ({ simple, replayable }: Call): string =>
  simple ? (simple.init.method ?? 'GET') : captured.methodOf((replayable as Replayable).request);

/** Each request has a signal, but nothing aborts that of a request whose caller gave none. */
const givenSignal = (request: Request, input: RequestInfo | URL, init: RequestInit | undefined) =>
  init?.signal || typeof input === 'object' ? captured.signalOf(request) : undefined;

/** Whether the caller allows a second attempt: `auth: {retry: false}` in the init forbids it. */
const mayRetry = (init: RequestInit | undefined) =>
  !init || ownMembers((ownMembers(init) as ApiRequestInit).auth).retry !== false;

/** A number of the URL without its query (FNV-1a). */
function placeOf(url: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < url.length && url[at] !== '?'; at += 1) hash = Math.imul(hash ^ url.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** Whether an API requires another kind of token than this session has (RFC 6750 §3.1, RFC 9470 §3). If so, notifies the app. */
function requiresStepUp({ handler }: Call, response: Response): boolean {
  if (response.status !== 401 && response.status !== 403) return false;
  const challenge = response.headers.get('www-authenticate') ?? '';
  const required = /error="?insufficient_(scope|user_authentication)\b/i.test(challenge);
  if (required) handler.onStepUp(response.clone());
  return required;
}
