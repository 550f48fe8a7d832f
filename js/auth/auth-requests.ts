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
type ReadResponse = (status: number, header: ReadHeader, text: string) => AuthResponse;

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
  let abort = () => {};
  return {
    send(endpoint, credentials, caller) {
      const aborting = new AbortController();
      abort = () => aborting.abort();
      const signal = caller ? AbortSignal.any([aborting.signal, caller]) : aborting.signal;
      const headers = extraHeaders(settings);
      const isRevocation = endpoint === 'logout' || endpoint === 'logoutAll';
      // The token store may be cleared before the request is sent.
      const accessToken = tokens.accessToken();
      const refreshToken = tokens.refreshToken(isRevocation);
      const url = settings.endpoints[endpoint];
      const read: ReadResponse = (status, header, text) => {
        prover?.learnNonce(url, header('dpop-nonce'));
        return readResponse(settings, tokens, endpoint === 'refresh', status, header, text);
      };
      const sendWith = (ready: Headers) => {
        const send = () => {
          const body = encodeBody(settings, ready, credentials, refreshToken, isRevocation);
          if (isRevocation) {
            const authorization = endpoint === 'logoutAll' ? accessToken : '';
            return sendRevocation(settings, url, ready, body, signal, authorization, read);
          }
          const key = endpoint === 'refresh' && settings.idempotencyKey && idempotencyKey();
          if (key) ready.set('idempotency-key', key);
          const inBody = settings.transport === 'body';
          // Without a refresh token the response is known.
          return inBody && endpoint === 'refresh' && !refreshToken
            ? Promise.resolve(read(401, () => null, ''))
            : sendTokenXhr(url, ready, body, !inBody, signal, read);
        };
        // A logout needs no proof and cannot wait for one: its page may be unloading.
        return !prover || endpoint === 'logout'
          ? send()
          : prover.sendAuthRequest(ready, url, isRevocation ? accessToken : '', send);
      };
      return isPromise<Headers>(headers) ? abortable(headers, signal).then(sendWith) : sendWith(headers);
    },
    abort: () => abort(),
  };
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

/** A logout, whose response holds no secret. It must reach the server even if the page is unloaded. */
function sendRevocation(
  { transport, tokenScheme }: AuthRequestSettings,
  url: string,
  headers: Headers,
  body: BodyInit | null,
  signal: AbortSignal,
  accessToken: string,
  read: ReadResponse,
): Promise<AuthResponse> {
  const request = new captured.Request(url, {
    __proto__: null,
    method: 'POST',
    headers,
    body,
    credentials: transport === 'body' ? 'omit' : 'include',
    cache: 'no-store',
    redirect: 'error',
    keepalive: true,
    signal,
  } as RequestInit);
  if (accessToken) setAuthorization(request, tokenScheme, accessToken);
  return captured.fetch(request).then(async (response) => {
    const text = await response.text();
    return read(response.status, (name) => response.headers.get(name), text);
  });
}

function readResponse(
  { fields, transport }: AuthRequestSettings,
  tokens: TokenStore,
  isRefresh: boolean,
  status: number,
  header: ReadHeader,
  text: string,
): AuthResponse {
  const isOk = status >= 200 && status < 300;
  const { issued, ...rest } = parseTokenResponse(isOk, text, fields);
  if (issued && transport === 'cookie') issued.refreshToken = '';
  return {
    ...rest,
    status,
    retryAfterMs: parseRetryAfter(header('retry-after'), header('date')),
    token: issued ? tokens.receive(issued, isRefresh) : 0,
    subject: issued?.subject,
  };
}
