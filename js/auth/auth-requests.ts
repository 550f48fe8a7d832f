// Sends the auth requests: login, refresh and logout. Their tokens come from the token store and go to it.

import * as captured from '../browser/captured-globals.js';
import { abortable } from '../util/abortable.js';
import { abortReason } from '../util/compat.js';
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
  /** As `TokenResponse.found`. */
  readonly found: string;
  /** 0 if the response does not ask to wait. */
  readonly retryAfterMs: number;
  /** The number of the access token; 0 if the response grants none. */
  readonly token: number;
  /** Seconds; NaN if the response does not say. */
  readonly expiresIn: number;
  /** The JWT's `exp − iat` in seconds; NaN if it has none. */
  readonly jwtLifetime: number;
  /** The number of the user; 0 if the response names none. */
  readonly subject: number;
}

/** `options.authHeaders` failed, so the request was not sent; `cause` is the app's own error. */
export class RequestNotSent extends Error {}

type ReadHeader = (name: string) => string | null;

const isPromise = <T>(value: unknown): value is Promise<T> => typeof (value as Promise<T>)?.then === 'function';

export interface AuthRequests {
  /** Rejects as `fetch` does, and throws or rejects with `RequestNotSent` if `authHeaders` fails. */
  send(endpoint: Endpoint, credentials: string | undefined, caller?: AbortSignal): Promise<AuthResponse>;
  /** Aborts the auth request that is in flight. */
  abort(): void;
}

export function createAuthRequests(
  settings: AuthRequestSettings,
  tokens: TokenStore,
  idempotencyKey: () => string | undefined,
  prover?: DpopProver,
): AuthRequests {
  const inBody = settings.transport === 'body';
  let abort = () => {};

  function readResponse(endpoint: Endpoint, status: number, header: ReadHeader, text: string): AuthResponse {
    prover?.learnNonce(settings.endpoints[endpoint], header('dpop-nonce'));
    const isOk = status >= 200 && status < 300;
    const { issued, ...rest } = parseTokenResponse(isOk, text, settings.fields);
    if (issued && !inBody) issued.refreshToken = '';
    return {
      ...rest,
      status,
      retryAfterMs: parseRetryAfter(header('retry-after'), header('date')),
      ...(issued ? tokens.receive(issued, endpoint === 'refresh') : { token: 0, subject: 0 }),
    };
  }

  /** A logout, whose response holds no secret. It must reach the server even if the page is unloaded. */
  async function sendRevocation(request: Request, endpoint: Endpoint): Promise<AuthResponse> {
    const response = await captured.fetch(request);
    const text = await response.text();
    return readResponse(endpoint, response.status, (name) => response.headers.get(name), text);
  }

  return {
    send(endpoint, credentials, caller) {
      const aborting = new AbortController();
      abort = () => aborting.abort();
      const { signal } = aborting;
      if (caller?.aborted) aborting.abort(abortReason(caller));
      caller?.addEventListener('abort', () => aborting.abort(abortReason(caller)), { signal });
      const headers = extraHeaders(settings);
      const url = settings.endpoints[endpoint];
      const isRefresh = endpoint === 'refresh';
      const isRevocation = endpoint === 'logout' || endpoint === 'logoutAll';
      // The token store may be cleared before the request is sent.
      const accessToken = isRevocation ? tokens.accessToken() : '';
      const refreshToken = tokens.refreshToken(isRevocation);
      const sendWith = (ready: Headers) => {
        const send = () => {
          // Without a refresh token the server would answer 401, so no request is sent.
          if (inBody && isRefresh && !refreshToken) return Promise.resolve(readResponse(endpoint, 401, () => null, ''));
          const body = encodeBody(settings, ready, credentials, refreshToken, isRevocation);
          const key = isRefresh && settings.idempotencyKey && idempotencyKey();
          if (key) ready.set('idempotency-key', key);
          if (!isRevocation)
            return sendTokenXhr(url, ready, body, !inBody, signal, (status, header, text) =>
              readResponse(endpoint, status, header, text),
            );
          const revoke = (withToken: boolean) => {
            const request = revocationRequest(url, ready, body, inBody, signal);
            if (withToken) setAuthorization(request, settings.tokenScheme, accessToken);
            return sendRevocation(request, endpoint);
          };
          if (endpoint === 'logoutAll') return revoke(accessToken !== '');
          // (RFC 7009 knows no access token in a revocation.)
          return revoke(false).then((response) =>
            response.status === 401 && accessToken && !settings.oauth2 ? revoke(true) : response,
          );
        };
        // A logout needs no proof and cannot wait for one: its page may be unloading.
        return !prover || endpoint === 'logout' ? send() : prover.sendAuthRequest(ready, url, accessToken, send);
      };
      return isPromise<Headers>(headers) ? abortable(headers, signal).then(sendWith) : sendWith(headers);
    },
    abort: () => abort(),
  };
}

function revocationRequest(
  url: string,
  headers: Headers,
  body: BodyInit | null,
  inBody: boolean,
  signal: AbortSignal,
): Request {
  return new captured.Request(url, {
    __proto__: null,
    method: 'POST',
    headers,
    body,
    credentials: inBody ? 'omit' : 'include',
    cache: 'no-store',
    redirect: 'error',
    keepalive: true,
    signal,
  } as RequestInit);
}

/** Copies of the headers of `options.authHeaders`. */
function extraHeaders({ authHeaders }: AuthRequestSettings): Headers | Promise<Headers> {
  const failed = (cause: unknown) => {
    throw new RequestNotSent('', { cause });
  };
  try {
    const extra = authHeaders?.();
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
