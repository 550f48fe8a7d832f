// Sends the auth requests: login, refresh and logout. Their tokens come from the token store and go to it.
import * as captured from '../browser/captured-globals.js';
import { abortable } from '../util/abortable.js';
import { setAuthorization } from './authorization.js';
import type { DpopProver } from './dpop.js';
import { encodeBody } from './request-body.js';
import { parseRetryAfter } from './retry-after.js';
import { parseTokenResponse, type TokenFields } from './token-response.js';
import type { TokenStore } from './token-store.js';
import { sendTokenXhr } from './token-xhr.js';

export type Endpoint = 'login' | 'refresh' | 'logout' | 'logoutAll';

export interface AuthRequestSettings {
  readonly endpoints: Readonly<Record<Endpoint, string>>;
  readonly transport: 'cookie' | 'body';
  readonly oauth2: boolean;
  readonly clientId: string | undefined;
  readonly fields: TokenFields;
  readonly tokenScheme: string;
  readonly idempotencyKey: boolean;
  readonly authHeaders: (() => HeadersInit | Promise<HeadersInit>) | undefined;
}

/** The response of an auth endpoint, without its tokens. */
export interface AuthResponse {
  readonly status: number;
  /** The error code of the body. */
  readonly code: string | undefined;
  /** The error's message for people. */
  readonly message: string | undefined;
  /** 0 if the response does not ask to wait. */
  readonly retryAfterMs: number;
  /** The number of the access token; 0 if the response grants none. */
  readonly token: number;
  /** Seconds; NaN if the response does not say. */
  readonly expiresIn: number;
  /** The JWT's `exp − iat` in seconds; NaN if it has none. */
  readonly jwtLifetime: number;
  /** The id of the user (`user.id`, or the claim `sub`); undefined if the server names none. */
  readonly subject: string | undefined;
}

/** `options.authHeaders` failed, so the request was not sent; `cause` is the app's own error. */
export class RequestNotSent extends Error {}

type ReadHeader = (name: string) => string | null;

const isPromise = <T>(value: unknown): value is Promise<T> => typeof (value as Promise<T>)?.then === 'function';

export class AuthRequests {
  readonly #settings: AuthRequestSettings;
  readonly #tokens: TokenStore;
  readonly #idempotencyKey: () => string | undefined;
  readonly #prover: DpopProver | undefined;
  #abort = () => {};

  constructor(
    settings: AuthRequestSettings,
    tokens: TokenStore,
    idempotencyKey: () => string | undefined,
    prover?: DpopProver,
  ) {
    this.#settings = settings;
    this.#tokens = tokens;
    this.#idempotencyKey = idempotencyKey;
    this.#prover = prover;
  }

  /** Rejects as `fetch` does, and throws or rejects with `RequestNotSent` if `authHeaders` fails. */
  send(endpoint: Endpoint, credentials: string | undefined, caller?: AbortSignal): Promise<AuthResponse> {
    const aborting = new AbortController();
    this.#abort = () => aborting.abort();
    const signal = caller ? AbortSignal.any([aborting.signal, caller]) : aborting.signal;
    const headers = this.#extraHeaders();
    const isRevocation = endpoint === 'logout' || endpoint === 'logoutAll';
    // The token store may be cleared before the request is sent.
    const accessToken = this.#tokens.accessToken();
    const refreshToken = this.#tokens.refreshToken(isRevocation);
    const sendWith = (ready: Headers) => {
      const send = () => {
        const content = { credentials, refreshToken, isRevocation };
        return isRevocation
          ? this.#sendRevocation(endpoint, ready, content, signal, accessToken)
          : this.#sendGrant(endpoint, ready, content, signal);
      };
      // A logout needs no proof and cannot wait for one: its page may be unloading.
      if (!this.#prover || endpoint === 'logout') return send();
      const proven = endpoint === 'logoutAll' ? accessToken : '';
      return this.#prover.sendAuthRequest(ready, this.#settings.endpoints[endpoint], proven, send);
    };
    return isPromise<Headers>(headers) ? abortable(headers, signal).then(sendWith) : sendWith(headers);
  }

  /** Aborts the auth request that is in flight. */
  abort() {
    this.#abort();
  }

  #extraHeaders(): Headers | Promise<Headers> {
    const failed = (cause: unknown) => {
      throw new RequestNotSent('', { cause });
    };
    try {
      const extra = this.#settings.authHeaders?.();
      // Not `instanceof Promise`: zone.js replaces the page's `Promise`, and an async function returns the native one.
      return isPromise<HeadersInit>(extra)
        ? Promise.resolve(extra)
            .then((all) => new Headers(all))
            .catch(failed)
        : new Headers(extra);
    } catch (cause) {
      return failed(cause);
    }
  }

  #body(headers: Headers, content: Parameters<typeof encodeBody>[1]) {
    const { oauth2, clientId, fields } = this.#settings;
    const body = encodeBody({ oauth2, clientId, refreshTokenField: fields.refreshToken }, content);
    if (body && !oauth2) headers.set('content-type', 'application/json');
    return body;
  }

  /** A login or a refresh, whose response holds tokens. */
  #sendGrant(
    endpoint: Endpoint,
    headers: Headers,
    content: Parameters<typeof encodeBody>[1],
    signal: AbortSignal,
  ): Promise<AuthResponse> {
    const { transport, endpoints, idempotencyKey } = this.#settings;
    const inBody = transport === 'body';
    // Without a refresh token the response is known.
    if (inBody && endpoint === 'refresh' && !content.refreshToken)
      return Promise.resolve(this.#readResponse(endpoint, 401, () => null, ''));
    const body = this.#body(headers, content);
    const key = endpoint === 'refresh' && idempotencyKey && this.#idempotencyKey();
    if (key) headers.set('idempotency-key', key);
    return sendTokenXhr({
      url: endpoints[endpoint],
      headers,
      body,
      withCredentials: !inBody,
      signal,
      parse: (status, header, text) => this.#readResponse(endpoint, status, header, text),
    });
  }

  /** A logout, whose response holds no secret. It must reach the server even if the page is unloaded. */
  #sendRevocation(
    endpoint: Endpoint,
    headers: Headers,
    content: Parameters<typeof encodeBody>[1],
    signal: AbortSignal,
    accessToken: string,
  ): Promise<AuthResponse> {
    const { endpoints, transport, tokenScheme } = this.#settings;
    const request = new captured.Request(endpoints[endpoint], {
      __proto__: null,
      method: 'POST',
      body: this.#body(headers, content),
      headers,
      credentials: transport === 'body' ? 'omit' : 'include',
      cache: 'no-store',
      redirect: 'error',
      keepalive: true,
      signal,
    } as RequestInit);
    if (endpoint === 'logoutAll' && accessToken) setAuthorization(request, tokenScheme, accessToken);
    return captured.fetch(request).then(async (response) => {
      const text = await response.text();
      return this.#readResponse(endpoint, response.status, (name) => response.headers.get(name), text);
    });
  }

  #readResponse(endpoint: Endpoint, status: number, header: ReadHeader, text: string): AuthResponse {
    const { endpoints, fields, transport } = this.#settings;
    this.#prover?.learnNonce(endpoints[endpoint], header('dpop-nonce'));
    const ok = status >= 200 && status < 300;
    const { code, message, expiresIn, jwtLifetime, issued } = parseTokenResponse(ok, text, fields);
    const kept = issued && transport === 'cookie' ? { ...issued, refreshToken: '' } : issued;
    return {
      status,
      code,
      message,
      retryAfterMs: parseRetryAfter(header('retry-after'), header('date')),
      token: kept ? this.#tokens.receive(kept, endpoint === 'refresh') : 0,
      expiresIn,
      jwtLifetime,
      subject: issued?.subject,
    };
  }
}
