// Sends the auth requests: login, refresh and logout, as the options describe them. Their tokens come from the token store and go
// to it.
import * as captured from '../browser/captured-globals.js';
import { abortable } from '../util/abortable.js';
import { now } from '../util/clock.js';
import { abortReason } from '../util/compat.js';
import type { DpopProver } from './dpop.js';
import type { ExpectedIdToken } from './id-token.js';
import { parseJson, readText } from './json.js';
import {
  type Attempt,
  type AuthRequestContext,
  answerWithoutRequest,
  isRevocation,
  keepUser,
  loginAnswer,
  readResponse,
} from './receive-response.js';
import type { Call, Server } from './server.js';
import { apiValues, encodeBody, fillHeaders, mentions, type SetHeader, type Values } from './template.js';
import { noHeader, parseTokenResponse, type TokenResponse } from './token-response.js';
import type { TokenStore } from './token-store.js';
import { sendTokenXhr, type TokenRequest } from './token-xhr.js';

export type Endpoint = 'login' | 'refresh' | 'logout' | 'logoutAll';

export interface AuthRequestSettings {
  readonly endpoints: Readonly<Record<Endpoint, string>>;
  readonly server: Server;
  readonly transport: 'cookie' | 'body';
  readonly clientId: string | undefined;
  readonly idempotencyKey: boolean;
  readonly timeoutMs: number;
  readonly authHeaders: (() => HeadersInit | Promise<HeadersInit>) | undefined;
  /**
   * Whether the client must not use the tokens of an answer that names this user and this type of token (RFC 6749 §7.1): see
   * `js/auth/id-token.ts`. `present` is the user of the tokens that a refresh renews.
   */
  readonly refusesUser?:
    | ((user: unknown, attempt: Pick<Attempt, 'endpoint' | 'login'>, tokenType: unknown, present: unknown) => boolean)
    | undefined;
}

/** The response of an auth endpoint, without its tokens. */
export interface AuthResponse extends Omit<TokenResponse, 'issued'> {
  readonly status: number;
  /** 0 if the response does not ask to wait. */
  readonly retryAfterMs: number;
  /** The number of the access token; 0 if the response grants none. */
  readonly token: number;
  /** The number of the user; 0 if the response names none. */
  readonly subject: number;
  /** Whether a refresh token or a cookie can renew the token. */
  readonly renewable: boolean;
}

/** What the app signs in with. */
export interface LoginRequest {
  /** The credentials, or an answer that the app got elsewhere, as JSON. */
  readonly json: string;
  /** The name of the call; undefined: `login`. */
  readonly call?: string | undefined;
  /** Whether `json` is an answer. */
  readonly isAnswer?: boolean | undefined;
  /** What the ID token of the answer must say. */
  readonly expected?: ExpectedIdToken | undefined;
}

/** Where the client keeps tokens for the next page. */
export interface RememberedTokens {
  /** Empty if there are none. */
  read(): string | Promise<string>;
  /** The other tabs find it when the promise resolves. */
  write(text: string): void | Promise<void>;
  /** What the session had that ended here last. */
  last(): string | Promise<string>;
  /** The session ended. */
  end(): void;
}

/** What auth requests work with. */
export interface AuthRequestDependencies {
  readonly settings: AuthRequestSettings;
  readonly tokens: TokenStore;
  readonly idempotencyKey: () => string | undefined;
  readonly prover: DpopProver | undefined;
  /** The cookies that scripts can read. */
  readonly cookies: () => string | Promise<string>;
  readonly remembered: RememberedTokens | undefined;
}

/** `options.authHeaders` failed, so the request was not sent; `cause` is the app's own error. */
export class RequestNotSent extends Error {}

export interface AuthRequests {
  /** Rejects as `fetch` does, and throws or rejects with `RequestNotSent` if `authHeaders` fails. */
  send(endpoint: Endpoint, login?: LoginRequest, caller?: AbortSignal): Promise<AuthResponse>;
  /** Aborts the auth request that is in flight. */
  abort(): void;
}

const isPromise = <T>(value: unknown): value is Promise<T> => typeof (value as Promise<T>)?.then === 'function';

export function createAuthRequests(dependencies: AuthRequestDependencies): AuthRequests {
  const { settings, tokens, remembered } = dependencies;
  const { calls, api } = settings.server;
  const context: AuthRequestContext = {
    ...dependencies,
    inBody: settings.transport === 'body',
    usesCookies: mentions({ ...calls, api }, 'cookie:'),
    keepsAccess: !calls.refresh || mentions(calls.refresh, 'access}'),
    written: undefined,
  };
  let abort = () => {};
  return {
    send(endpoint, login, caller) {
      const aborting = new AbortController();
      abort = () => aborting.abort();
      const { signal } = aborting;
      if (caller?.aborted) aborting.abort(abortReason(caller));
      caller?.addEventListener('abort', () => aborting.abort(abortReason(caller)), { signal });
      const call = calls[login?.call ?? endpoint];
      const access = tokens.accessToken();
      const refresh = tokens.refreshToken(isRevocation(endpoint));
      const attempt = { __proto__: null, endpoint, call, signal, login, access, refresh } as unknown as Attempt;
      const headers = extraHeaders(settings);
      return isPromise<Headers>(headers) || context.usesCookies || remembered || call?.before
        ? prepare(context, attempt, headers)
        : start(context, attempt, headers, '', '');
    },
    abort: () => abort(),
  };
}

async function prepare(context: AuthRequestContext, attempt: Attempt, ready: Headers | Promise<Headers>) {
  const { endpoint, call, signal } = attempt;
  const { remembered } = context;
  // A request that was aborted meanwhile is not sent.
  const wait = <T>(value: T | Promise<T>): Promise<T> => abortable(Promise.resolve(value), signal);
  const headers = await wait(ready);
  if (call?.before) await wait(askFirst(context, call.before, signal));
  const cookies = context.usesCookies ? await wait(context.cookies()) : '';
  let kept = '';
  if (remembered && endpoint === 'refresh') kept = await wait(remembered.read());
  if (remembered && isRevocation(endpoint)) kept = await wait(remembered.last());
  if (signal.aborted) throw abortReason(signal);
  const response = await start(context, attempt, headers, cookies, kept);
  // The next holder of the lock must find the new token. (A store that does not answer does not stop the client.)
  const { written } = context;
  if (written) await Promise.race([written, new Promise((resolve) => setTimeout(resolve, WRITE_TIMEOUT_MS))]);
  context.written = undefined;
  return response;
}

/** How long the client waits for the store of the app. */
const WRITE_TIMEOUT_MS = 2_000;

/** A request that inherits nothing. By default it has no body and no headers. */
const tokenRequest = (
  { inBody }: AuthRequestContext,
  signal: AbortSignal,
  method: string,
  url: string,
  setHeaders: (set: SetHeader) => void = () => {},
  body: BodyInit | null = null,
  headers = new Headers(),
): TokenRequest =>
  ({ __proto__: null, method, url, headers, setHeaders, body, withCredentials: !inBody, signal }) as TokenRequest;

const askFirst = (context: AuthRequestContext, url: string, signal: AbortSignal) =>
  sendTokenXhr(tokenRequest(context, signal, 'GET', url), () => {}).catch(() => {});

function start(
  context: AuthRequestContext,
  attempt: Attempt,
  headers: Headers,
  cookies: string,
  keptText: string,
): Promise<AuthResponse> {
  const { endpoint, call, login } = attempt;
  const { prover, settings } = context;
  const startedAt = now();
  const kept = keptText ? parseJson(keptText) : undefined;
  const values = {
    __proto__: null,
    // (Another tab may have renewed it.)
    access: readText(kept, 'access') || attempt.access,
    refresh: readText(kept, 'refresh') || attempt.refresh,
    credentials: login?.json,
    clientId: settings.clientId,
    cookies,
    kept,
  } as unknown as Values;
  const sendNow = () =>
    login?.isAnswer
      ? Promise.resolve(readResponse(context, attempt, values, 200, noHeader, login.json))
      : send(context, attempt, headers, values);
  // A logout needs no proof and cannot wait for one: its page may be unloading.
  const sent =
    !prover || endpoint === 'logout' || !call
      ? sendNow()
      : prover.sendAuthRequest(headers, call, isRevocation(endpoint) ? values.access : '', sendNow);
  return settings.server.user ? sent.then((response) => describeUser(context, response, startedAt, cookies)) : sent;
}

function send(context: AuthRequestContext, attempt: Attempt, headers: Headers, values: Values): Promise<AuthResponse> {
  const { endpoint, call, signal } = attempt;
  const { inBody } = context;
  // Without its token the server would refuse it, so no request is sent.
  const lacks = !!call && inBody && lacksToken(call, values);
  if (!call || (lacks && (endpoint === 'refresh' || (isRevocation(endpoint) && mentions(call, 'refresh}')))))
    return Promise.resolve(answerWithoutRequest(context, attempt, values));
  const body = encodeBody(call.body, call.isForm, values);
  const key = endpoint === 'refresh' && context.settings.idempotencyKey && context.idempotencyKey();
  if (key) headers.set('idempotency-key', key);
  setContentType(headers, call, body);
  if (isRevocation(endpoint)) return revoke(context, attempt, call, values, headers, body);
  // What the app sets in `authHeaders` counts.
  const setHeaders = (set: SetHeader) => fillHeaders(call.headers, values, set, headers);
  const request = tokenRequest(context, signal, call.method, call.url, setHeaders, body, headers);
  return sendTokenXhr(request, (status, header, text) => readResponse(context, attempt, values, status, header, text));
}

/**
 * Asks for the user whom the response does not name, while there is time: the tokens have arrived, and a server that answers slowly
 * must not cost them.
 */
async function describeUser(
  context: AuthRequestContext,
  response: AuthResponse,
  startedAt: number,
  cookies: string,
): Promise<AuthResponse> {
  const { token } = response;
  const { tokens, settings, prover } = context;
  const { user: url, api } = settings.server;
  const leftMs = startedAt + settings.timeoutMs * 0.8 - now();
  if (!token || !url || url === 'id_token' || !tokens.needsUser(token) || leftMs <= 0) return response;
  const { signal, abort } = limit(leftMs);
  const values = apiValues(tokens.received(token), cookies);
  const headers = new Headers();
  const request = tokenRequest(context, signal, 'GET', url, (set) => fillHeaders(api, values, set), null, headers);
  let { subject } = response;
  const ask = () =>
    sendTokenXhr(request, (status, _, text) => {
      if (status >= 200 && status < 300) subject = tokens.describe(token, text, loginAnswer(context));
      return response;
    });
  await (prover && values.access ? prover.sendAuthRequest(headers, request, values.access, ask) : ask()).catch(
    () => {},
  );
  abort();
  if (context.remembered && tokens.userOf(token)) await keepUser(context, token);
  return { ...response, subject };
}

/** A signal that aborts after this time, or now. */
function limit(milliseconds: number) {
  const aborting = new AbortController();
  const timer = setTimeout(() => aborting.abort(), milliseconds);
  return {
    signal: aborting.signal,
    abort() {
      clearTimeout(timer);
      aborting.abort();
    },
  };
}

/** A logout, whose response holds no secret. It must reach the server even if the page is unloaded. */
async function revoke(
  context: AuthRequestContext,
  attempt: Attempt,
  call: Call,
  given: Values,
  headers: Headers,
  body: BodyInit | null,
): Promise<AuthResponse> {
  let values = given;
  const sendWith = async (more: Readonly<Record<string, string>>, content: BodyInit | null) => {
    const request = revocationRequest(call, headers, content, context.inBody, attempt.signal);
    const set: SetHeader = (name, value) => captured.setHeader(captured.headersOf(request), name, value);
    fillHeaders(call.headers, values, set, headers);
    fillHeaders(more, values, set);
    const response = await captured.fetch(request);
    const text = await response.text();
    return readResponse(context, attempt, values, response.status, (name) => response.headers.get(name), text);
  };
  const { authorizeOn401: authorization } = call;
  const more: Record<string, string> = authorization ? { authorization } : {};
  let response = await sendWith({}, body);
  if (response.status === 401 && values.access && authorization) response = await sendWith(more, body);
  // The access token has expired or has not arrived yet, and the server ends the session only for its user. (Strapi answers a call
  // without a token with 403.)
  const lacks = !values.access && mentions(call, 'access}');
  if (response.status !== 401 && !(lacks && response.status === 403)) return response;
  await renewFor(context, attempt, values, headers, (renewed) => {
    values = renewed;
  });
  if (values === given) return response;
  if (context.usesCookies) values = { ...values, __proto__: null, cookies: await context.cookies() } as Values;
  return sendWith(more, encodeBody(call.body, call.isForm, values));
}

/** Renews the tokens once more for a logout. (They go to a function: no promise may resolve to them.) */
async function renewFor(
  context: AuthRequestContext,
  { signal }: Attempt,
  values: Values,
  given: Headers,
  use: (renewed: Values) => void,
) {
  const call = context.settings.server.calls.refresh;
  if (!call || (context.inBody && lacksToken(call, values))) return;
  const { answer } = call;
  const headers = new Headers(given);
  headers.delete('content-type');
  const body = encodeBody(call.body, call.isForm, values);
  setContentType(headers, call, body);
  // (The session ends: no key is stored for a repetition.)
  const request = tokenRequest(
    context,
    signal,
    call.method,
    call.url,
    (set) => fillHeaders(call.headers, values, set, given),
    body,
    headers,
  );
  await sendTokenXhr(request, (status, header, text) => {
    const { issued } = parseTokenResponse(status < 300, text, answer, header);
    if (!issued) return;
    const { accessToken: access, refreshToken } = issued;
    use({ ...values, __proto__: null, access, refresh: refreshToken || values.refresh } as Values);
  }).catch(() => {});
}

/** Names JSON, unless the call or the app names another type. (The browser names a form.) */
function setContentType(headers: Headers, call: Call, body: BodyInit | null) {
  const isNamed = captured.hasHeader(headers, 'content-type') || captured.hasOwn(call.headers, 'content-type');
  if (typeof body === 'string' && !isNamed) headers.set('content-type', 'application/json');
}

/** Whether a refresh has not the token that it sends. */
const lacksToken = (call: Call, { refresh, access }: Values) =>
  mentions(call, 'refresh}') ? !refresh : mentions(call, 'access}') && !access;

function revocationRequest(
  { method, url }: Call,
  headers: Headers,
  body: BodyInit | null,
  inBody: boolean,
  signal: AbortSignal,
): Request {
  return new captured.Request(url, {
    __proto__: null,
    method,
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
