// Sends the app's calls: each carries the access token, waits while it is renewed, and is sent once more after a 401. While
// the token is fresh, a call does not enter wasm: it is `fetch`'s own promise with one `then`.
import type { AuthorizedFetch } from '../auth/authorized-fetch.js';
import type { TokenStore } from '../auth/token-store.js';
import * as captured from '../browser/captured-globals.js';
import type { AuthError, AuthErrorCode } from '../client/errors.js';
import { abortable } from '../util/abortable.js';
import type { CreateError } from './auth-errors.js';
import type { DiagnosticLog } from './diagnostics.js';
import type { SessionCore } from './wasm-host.js';

/** What the app decides about a response. */
export interface ResponseHandler {
  /** Whether the response means that the token is no longer valid. */
  isTokenRejected(response: Response): boolean | Promise<boolean>;
  /** The API requires more than the token has. */
  onStepUpRequired(response: Response): void;
}

export interface ApiFetchDependencies {
  readonly core: Pick<SessionCore, 'requestToken' | 'reportRejection'>;
  readonly tokens: TokenStore;
  readonly authorized: AuthorizedFetch;
  /** Calls to these URLs are sent as they are. */
  readonly authEndpoints: readonly string[];
  readonly handler: ResponseHandler;
  readonly log: DiagnosticLog;
  readonly createError: CreateError;
}

/** One call of the app, with what is needed to send it again. */
interface Call {
  readonly request: Request;
  /** The body as the caller passed it in `init`; a stream can be sent only once. */
  readonly body: BodyInit | null | undefined;
  /** A copy, if the body came inside a `Request` and cannot be read in another way. */
  readonly copy: Request | undefined;
  readonly handler: ResponseHandler;
}

export class ApiFetch {
  readonly #with: ApiFetchDependencies;
  readonly #authEndpoints: Set<string>;
  /** How to reject each call in flight. */
  readonly #inFlight = new Set<(reason: AuthError) => void>();
  #disposed = false;

  constructor(dependencies: ApiFetchDependencies) {
    this.#with = dependencies;
    this.#authEndpoints = new Set(dependencies.authEndpoints);
  }

  fetch(input: RequestInfo | URL, init?: RequestInit, handler = this.#with.handler): Promise<Response> {
    let request: Request;
    try {
      request = new captured.Request(input, init);
    } catch (error) {
      return Promise.reject(error); // as `fetch` does
    }
    const { tokens, core } = this.#with;
    const url = captured.urlOf(request);
    const hasAuthorization = captured.hasHeader(captured.headersOf(request), 'authorization');
    if (!tokens.isAllowedUrl(url) || this.#authEndpoints.has(url) || hasAuthorization) return captured.fetch(request);
    const call = describeCall(request, init?.body, handler);
    return new Promise((resolve, reject) => {
      this.#inFlight.add(reject);
      const response = tokens.isFresh()
        ? this.#send(call)
        : abortable(core.requestToken(0), captured.signalOf(request)).then(() => this.#send(call));
      response.then(resolve, reject).then(() => this.#inFlight.delete(reject));
    });
  }

  async getAccessToken(minValidityMs: number): Promise<string> {
    await this.#with.core.requestToken(minValidityMs);
    this.#tokenNow();
    const token = this.#with.tokens.accessToken();
    if (!token) throw this.#with.createError('TOKEN_IN_COOKIE');
    return token;
  }

  /** Rejects the calls in flight: their responses must not reach the caller. */
  rejectAll(code: AuthErrorCode) {
    this.#disposed ||= code === 'DISPOSED';
    for (const reject of this.#inFlight) reject(this.#with.createError(code));
    this.#inFlight.clear();
  }

  #send(call: Call): Promise<Response> {
    const token = this.#tokenNow();
    return this.#with.authorized
      .send(call.request, () => copyRequest(call))
      .then((response) => {
        if (requiresStepUp(call, response)) return response;
        const rejected = call.handler.isTokenRejected(response);
        return rejected === false ? response : this.#replay(call, token, response, rejected);
      });
  }

  async #replay(call: Call, token: number, response: Response, rejected: true | Promise<boolean>): Promise<Response> {
    const { core, log, authorized } = this.#with;
    if (!(await rejected)) return response;
    log.write('info', 'call-rejected', { status: response.status, token });
    const replay = await abortable(core.reportRejection(token, false), captured.signalOf(call.request));
    const request = replay ? copyRequest(call) : undefined;
    if (!request) return response;
    response.body?.cancel().catch(() => {});
    const renewed = this.#tokenNow();
    const second = await authorized.send(request, () => copyRequest(call));
    if (!requiresStepUp(call, second) && (await call.handler.isTokenRejected(second)))
      await core.reportRejection(renewed, true);
    return second;
  }

  #tokenNow(): number {
    const token = this.#with.tokens.currentTokenId();
    if (token === 0) throw this.#with.createError(this.#disposed ? 'DISPOSED' : 'SESSION_ENDED');
    return token;
  }
}

function describeCall(request: Request, body: BodyInit | null | undefined, handler: ResponseHandler): Call {
  const bodyInside =
    body == null && captured.bodyOf(request) !== null && !/^(GET|HEAD)$/.test(captured.methodOf(request));
  return { request, body, copy: bodyInside ? captured.clone(request) : undefined, handler };
}

/** Whether an API requires another kind of token than this session has (RFC 6750 §3.1, RFC 9470 §3); tells the app. */
function requiresStepUp({ handler }: Call, response: Response): boolean {
  if (response.status !== 401 && response.status !== 403) return false;
  const challenge = response.headers.get('www-authenticate') ?? '';
  const required = /error="?insufficient_(scope|user_authentication)\b/i.test(challenge);
  if (required) handler.onStepUpRequired(response.clone());
  return required;
}

/** The same request once more, or undefined if its body can be sent only once. */
function copyRequest({ request, body, copy }: Call): Request | undefined {
  if (copy) return captured.clone(copy);
  if (body == null) return new captured.Request(request);
  if (body instanceof ReadableStream || Symbol.asyncIterator in Object(body)) return undefined;
  // A form gets a new boundary, so the old content type must not remain.
  if (body instanceof FormData) captured.deleteHeader(captured.headersOf(request), 'content-type');
  // A Request that is made with an init loses its referrer unless it is passed.
  const referrer = captured.referrerOf(request);
  return new captured.Request(request, { body, referrer, referrerPolicy: captured.referrerPolicyOf(request) });
}
