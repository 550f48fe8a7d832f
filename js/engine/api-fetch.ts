// Sends the app's calls: each carries the access token, waits while it is renewed, and is sent once more after a 401. While
// the token is fresh, a call does not enter wasm: it is `fetch`'s own promise with one `then`.
import type { Client } from '#glue';
import type { SendAuthorized } from '../auth/authorized-fetch.js';
import { authUrls, type Server } from '../auth/server.js';
import type { TokenStore } from '../auth/token-store.js';
import * as captured from '../browser/captured-globals.js';
import type { AuthError, AuthErrorCode } from '../client/errors.js';
import type { ApiRequestInit } from '../client/options.js';
import { abortable } from '../util/abortable.js';
import { brandOf } from '../util/brand.js';
import { ownMembers } from '../util/own-members.js';
import type { CreateError } from './auth-errors.js';
import type { Log } from './diagnostics.js';

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
  readonly sendAuthorized: SendAuthorized;
  /** Calls to the auth endpoints are sent as they are. */
  readonly settings: { readonly server: Pick<Server, 'calls'> };
  readonly handler: ResponseHandler;
  readonly log: Log;
  readonly createError: CreateError;
}

/** One call of the app, with what is needed to send it again. */
interface Call {
  readonly request: Request;
  /** Returns the same request once more, or undefined if its body can be sent only once. */
  readonly copyRequest: () => Request | undefined;
  readonly handler: ResponseHandler;
}

export interface ApiFetch {
  fetch(input: RequestInfo | URL, init?: ApiRequestInit, handler?: ResponseHandler): Promise<Response>;
  getAccessToken(minValidityMs: number): Promise<string>;
  /** Rejects the calls in flight: their responses must not reach the caller. */
  rejectAll(code: AuthErrorCode): void;
}

export function createApiFetch(dependencies: ApiFetchDependencies): ApiFetch {
  const { client, tokens, sendAuthorized, log, createError } = dependencies;
  const authEndpoints = new Set(authUrls(dependencies.settings.server));
  /** How to reject each call in flight. */
  const inFlight = new Set<(reason: AuthError) => void>();
  let disposed = false;

  /** The number of the access token; throws if there is none. */
  function tokenNow(): number {
    const token = tokens.currentId();
    if (token === 0) throw createError(disposed ? 'DISPOSED' : 'SESSION_ENDED');
    return token;
  }

  function send(call: Call): Promise<Response> {
    const token = tokenNow();
    return sendAuthorized(call.request, call.copyRequest).then((response) => {
      if (requiresStepUp(call, response)) return response;
      const rejected = call.handler.isRejected(response);
      return rejected === false ? response : sendAgain(call, token, response, rejected);
    });
  }

  /** Sends a call once more, with a renewed token, if the API rejected the token of the first response. */
  async function sendAgain(call: Call, token: number, response: Response, rejected: true | Promise<boolean>) {
    if (!(await rejected)) return response;
    log('info', 'call-rejected', { status: response.status, token });
    const place = placeOf(captured.urlOf(call.request));
    const again = await abortable(client.tokenRejected(token, place), captured.signalOf(call.request));
    const request = again ? call.copyRequest() : undefined;
    if (!request) return response;
    response.body?.cancel().catch(() => {});
    const renewed = tokenNow();
    const second = await sendAuthorized(request, call.copyRequest);
    if (!requiresStepUp(call, second) && (await call.handler.isRejected(second)))
      await client.retryRejected(renewed, place);
    return second;
  }

  return {
    fetch(input, init, handler = dependencies.handler) {
      let request: Request;
      try {
        request = new captured.Request(input, init);
      } catch (error) {
        return Promise.reject(error); // as `fetch` does
      }
      const url = captured.urlOf(request);
      const hasAuthorization = captured.hasHeader(captured.headersOf(request), 'authorization');
      if (!tokens.allows(url) || authEndpoints.has(url) || hasAuthorization) return captured.fetch(request);
      const call = describeCall(
        request,
        init?.body,
        mayRetry(init) ? handler : { ...handler, isRejected: () => false },
      );
      return new Promise((resolve, reject) => {
        inFlight.add(reject);
        const response = tokens.isFresh()
          ? send(call)
          : abortable(client.requestToken(0), captured.signalOf(request)).then(() => send(call));
        response.then(resolve, reject).then(() => inFlight.delete(reject));
      });
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
      for (const reject of inFlight) reject(createError(code));
      inFlight.clear();
    },
  };
}

/** Whether the caller allows a second attempt: `auth: {retry: false}` in the init forbids it. */
const mayRetry = (init: RequestInit | undefined) =>
  !init || ownMembers((ownMembers(init) as ApiRequestInit).auth).retry !== false;

/** A number of the URL without its query (FNV-1a). */
function placeOf(url: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < url.length && url[at] !== '?'; at += 1) hash = Math.imul(hash ^ url.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

function describeCall(request: Request, body: BodyInit | null | undefined, handler: ResponseHandler): Call {
  // A text is sent again from here: the copy of a request with a body costs 0.3 ms.
  const text = typeof body === 'string' ? body : undefined;
  // The copy has the bytes at the time of the call, whatever the caller changes later. (Firefox does not show whether there is a body.)
  const hasBody = captured.bodyOf(request) !== null && !/^(GET|HEAD)$/.test(captured.methodOf(request));
  const copy = hasBody && text === undefined ? copyWithBytes(request, body) : undefined;
  return {
    request,
    handler,
    copyRequest() {
      if (hasBody && text === undefined) return copy && captured.clone(copy);
      if (text === undefined) return new captured.Request(request);
      // A Request that is made with an init loses its referrer unless it is passed.
      const referrer = captured.referrerOf(request);
      const referrerPolicy = captured.referrerPolicyOf(request);
      return new captured.Request(request, { __proto__: null, body: text, referrer, referrerPolicy } as RequestInit);
    },
  };
}

/** A copy of the request, or undefined if its body is a stream: the copy of a stream would hold in memory all that passes. */
function copyWithBytes(request: Request, body: BodyInit | null | undefined): Request | undefined {
  if (brandOf(body) === 'ReadableStream' || Symbol.asyncIterator in Object(body)) return undefined;
  const copy = captured.clone(request);
  if (body != null) return copy;
  try {
    // The body is inside the request. The constructor refuses this mode if the body is a stream (Fetch, "new Request", step 39).
    new captured.Request(captured.clone(copy), NO_CORS);
    return copy;
  } catch {
    captured
      .bodyOf(copy)
      ?.cancel()
      .catch(() => {});
    return undefined;
  }
}
const NO_CORS = { __proto__: null, method: 'POST', mode: 'no-cors', cache: 'default', integrity: '' } as RequestInit;

/** Whether an API requires another kind of token than this session has (RFC 6750 §3.1, RFC 9470 §3). If so, notifies the app. */
function requiresStepUp({ handler }: Call, response: Response): boolean {
  if (response.status !== 401 && response.status !== 403) return false;
  const challenge = response.headers.get('www-authenticate') ?? '';
  const required = /error="?insufficient_(scope|user_authentication)\b/i.test(challenge);
  if (required) handler.onStepUp(response.clone());
  return required;
}
