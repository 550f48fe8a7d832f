// Sends the auth requests: login, refresh and logout, as the options describe them. Their tokens come from the token store and go
// to it.
import * as captured from '../browser/captured-globals.js';
import { abortable } from '../util/abortable.js';
import { abortReason } from '../util/compat.js';
import type { DpopProver } from './dpop.js';
import { parseJson, readPath } from './json.js';
import { parseRetryAfter } from './retry-after.js';
import type { Call, Server } from './server.js';
import { encodeBody, fillHeaders, mentions, type SetHeader, type Values } from './template.js';
import { parseTokenResponse, type ReadHeader, restoredTokens, type TokenResponse } from './token-response.js';
import type { IssuedTokens, TokenStore } from './token-store.js';
import { sendTokenXhr } from './token-xhr.js';

export type Endpoint = 'login' | 'refresh' | 'logout' | 'logoutAll';

export interface AuthRequestSettings {
  readonly endpoints: Readonly<Record<Endpoint, string>>;
  readonly server: Server;
  readonly transport: 'cookie' | 'body';
  readonly clientId: string | undefined;
  readonly idempotencyKey: boolean;
  readonly authHeaders: (() => HeadersInit | Promise<HeadersInit>) | undefined;
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
}

/** Where the client keeps tokens for the next page. */
export interface RememberedTokens {
  /** Empty if there are none. */
  read(): string | Promise<string>;
  write(text: string): void;
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

/** One auth request, while it is prepared and sent. */
interface Attempt {
  readonly endpoint: Endpoint;
  /** Undefined if the server has no such call. */
  readonly call: Call | undefined;
  readonly signal: AbortSignal;
  readonly login: LoginRequest | undefined;
  /** The tokens when the request was made: the token store may be cleared before it is sent. */
  readonly access: string;
  readonly refresh: string;
}

const isPromise = <T>(value: unknown): value is Promise<T> => typeof (value as Promise<T>)?.then === 'function';
const isRevocation = (endpoint: Endpoint) => endpoint === 'logout' || endpoint === 'logoutAll';
const noHeader: ReadHeader = () => null;

export function createAuthRequests(dependencies: AuthRequestDependencies): AuthRequests {
  const { settings, tokens, prover, remembered } = dependencies;
  const { calls, api, user: userPlace } = settings.server;
  const { refresh: refreshCall } = calls;
  const inBody = settings.transport === 'body';
  const usesCookies = mentions({ ...calls, api }, 'cookie:');
  // A server that renews nothing, or that renews with the access token: the next page needs the access token.
  const keepsAccess = !refreshCall || mentions(refreshCall, 'access}');
  let abort = () => {};

  function readResponse({ endpoint, call }: Attempt, values: Values, status: number, header: ReadHeader, text: string) {
    prover?.learnNonce(call?.url ?? '', header('dpop-nonce'));
    const isOk = status >= 200 && status < 300;
    const answer = (call ?? (calls.login as Call)).answer;
    const { issued, ...rest } = parseTokenResponse(isOk, text, answer, header, userPlace === 'id_token');
    return received(endpoint, values, status, { ...rest, retryAfterMs: retryAfterOf(header) }, issued);
  }

  const retryAfterOf = (header: ReadHeader) => parseRetryAfter(header('retry-after'), header('date'));

  /** Keeps the tokens of a response, and returns the rest. */
  function received(
    endpoint: Endpoint,
    values: Values,
    status: number,
    rest: Omit<TokenResponse, 'issued'> & { retryAfterMs: number },
    issued: IssuedTokens | undefined,
  ): AuthResponse {
    if (!issued) return { ...rest, status, token: 0, subject: 0, renewable: false };
    const isRefresh = endpoint === 'refresh';
    // A server that does not rotate the refresh token does not repeat it.
    issued.refreshToken = inBody ? issued.refreshToken || (isRefresh ? values.refresh : '') : '';
    const needsRefreshToken = inBody && mentions(refreshCall, 'refresh}');
    const renewable = !!refreshCall && (!needsRefreshToken || issued.refreshToken !== '');
    if (isRefresh && remembered && !tokens.currentId()) issued.user ??= rememberedUser(values);
    if (remembered) remember(issued, rest);
    return { ...rest, ...tokens.receive(issued, isRefresh), status, renewable };
  }

  const rememberedUser = ({ kept }: Values) => readPath(kept, 'user') ?? null;

  function remember(issued: IssuedTokens, { expiresIn, jwtLifetime }: { expiresIn: number; jwtLifetime: number }) {
    const { refreshToken: refresh, user } = issued;
    const seconds = expiresIn > 0 ? expiresIn : jwtLifetime;
    const until = seconds > 0 ? Date.now() + seconds * 1000 : null;
    const access = keepsAccess ? issued.accessToken : '';
    remembered?.write(captured.stringify({ __proto__: null, refresh, access, until, user }));
  }

  /** The answer of a server that renews nothing: the access token of the page before, while it is valid. */
  function continueSession(attempt: Attempt, values: Values): AuthResponse {
    const { kept } = values;
    const until = Number(readPath(kept, 'until') ?? Number.POSITIVE_INFINITY);
    const canContinue = attempt.endpoint === 'refresh' && !tokens.currentId() && until > Date.now();
    const issued = canContinue ? restoredTokens(kept, calls.login as Call) : undefined;
    if (!issued) return readResponse(attempt, values, isRevocation(attempt.endpoint) ? 404 : 401, noHeader, NO_TOKEN);
    const expiresIn = until === Number.POSITIVE_INFINITY ? Number.NaN : (until - Date.now()) / 1000;
    const nothing = parseTokenResponse(false, '', (calls.login as Call).answer);
    return received('refresh', values, 200, { ...nothing, expiresIn, retryAfterMs: 0 }, issued);
  }

  /** Asks for the user whom the response does not name. */
  async function describeUser(response: AuthResponse, signal: AbortSignal, cookies: string): Promise<AuthResponse> {
    const { token } = response;
    if (!token || !userPlace || userPlace === 'id_token' || !tokens.needsUser(token)) return response;
    const values = { ...NO_VALUES, __proto__: null, access: tokens.received(token), cookies } as Values;
    const subject = await sendTokenXhr(
      {
        __proto__: null,
        method: 'GET',
        url: userPlace,
        headers: new Headers(),
        setHeaders: (set: SetHeader) => fillHeaders(api, values, set),
        body: null,
        withCredentials: !inBody,
        signal,
      } as never,
      (status, _, text) => tokens.describe(token, status < 300 ? text : '', (calls.login as Call).answer.subject),
    ).catch(() => response.subject);
    return { ...response, subject };
  }

  /** A logout, whose response holds no secret. It must reach the server even if the page is unloaded. */
  async function sendRevocation(request: Request, attempt: Attempt, values: Values): Promise<AuthResponse> {
    const response = await captured.fetch(request);
    const text = await response.text();
    return readResponse(attempt, values, response.status, (name) => response.headers.get(name), text);
  }

  function revoke(attempt: Attempt, call: Call, values: Values, headers: Headers, body: BodyInit | null) {
    const sendWith = (more: Readonly<Record<string, string>>) => {
      const request = revocationRequest(call, headers, body, inBody, attempt.signal);
      const set: SetHeader = (name, value) => captured.setHeader(captured.headersOf(request), name, value);
      fillHeaders(call.headers, values, set, headers);
      fillHeaders(more, values, set);
      return sendRevocation(request, attempt, values);
    };
    const { authorizeOn401: authorization } = call;
    return sendWith({}).then((response) =>
      response.status === 401 && values.access && authorization ? sendWith({ authorization }) : response,
    );
  }

  function send(attempt: Attempt, headers: Headers, values: Values): Promise<AuthResponse> {
    const { endpoint, call, signal } = attempt;
    // Without its token the server would answer 401, so no request is sent.
    if (!call || (inBody && endpoint === 'refresh' && lacksToken(call, values)))
      return Promise.resolve(continueSession(attempt, values));
    const body = encodeBody(call.body, call.isForm, values);
    const key = endpoint === 'refresh' && settings.idempotencyKey && dependencies.idempotencyKey();
    if (key) headers.set('idempotency-key', key);
    if (typeof body === 'string' && !captured.hasHeader(headers, 'content-type') && !call.headers['content-type'])
      headers.set('content-type', 'application/json');
    if (isRevocation(endpoint)) return revoke(attempt, call, values, headers, body);
    const request = {
      __proto__: null,
      method: call.method,
      url: call.url,
      headers,
      // What the app sets in `authHeaders` counts.
      setHeaders: (set: SetHeader) => fillHeaders(call.headers, values, set, headers),
      body,
      withCredentials: !inBody,
      signal,
    };
    return sendTokenXhr(request as never, (status, header, text) =>
      readResponse(attempt, values, status, header, text),
    );
  }

  async function askFirst(url: string, signal: AbortSignal) {
    const request = {
      __proto__: null,
      method: 'GET',
      url,
      headers: new Headers(),
      setHeaders() {},
      body: null,
      signal,
    };
    await sendTokenXhr({ ...request, __proto__: null, withCredentials: !inBody } as never, () => {}).catch(() => {});
  }

  function sendWith(attempt: Attempt, headers: Headers, cookies: string, keptText: string): Promise<AuthResponse> {
    const kept = keptText ? parseJson(keptText) : undefined;
    const values = {
      __proto__: null,
      access: attempt.access || textAt(kept, 'access'),
      refresh: textAt(kept, 'refresh') || attempt.refresh,
      credentials: attempt.login?.json,
      clientId: settings.clientId,
      cookies,
      kept,
    } as unknown as Values;
    const { endpoint, call, login, signal } = attempt;
    const sendNow = () =>
      login?.isAnswer
        ? Promise.resolve(readResponse(attempt, values, 200, noHeader, login.json))
        : send(attempt, headers, values);
    // A logout needs no proof and cannot wait for one: its page may be unloading.
    const sent =
      !prover || endpoint === 'logout' || !call
        ? sendNow()
        : prover.sendAuthRequest(headers, call.url, isRevocation(endpoint) ? values.access : '', sendNow);
    return userPlace ? sent.then((response) => describeUser(response, signal, cookies)) : sent;
  }

  async function prepare(attempt: Attempt, ready: Headers | Promise<Headers>): Promise<AuthResponse> {
    const { endpoint, call, signal } = attempt;
    const headers = await abortable(Promise.resolve(ready), signal);
    if (call?.before) await askFirst(call.before, signal);
    const cookies = usesCookies ? await dependencies.cookies() : '';
    let kept = '';
    if (remembered && endpoint === 'refresh') kept = await remembered.read();
    if (remembered && isRevocation(endpoint)) kept = await remembered.last();
    return sendWith(attempt, headers, cookies, kept);
  }

  return {
    send(endpoint, login, caller) {
      const aborting = new AbortController();
      abort = () => aborting.abort();
      const { signal } = aborting;
      if (caller?.aborted) aborting.abort(abortReason(caller));
      caller?.addEventListener('abort', () => aborting.abort(abortReason(caller)), { signal });
      const call = calls[login?.call ?? endpoint];
      const attempt = {
        __proto__: null,
        endpoint,
        call,
        signal,
        login,
        access: tokens.accessToken(),
        refresh: tokens.refreshToken(isRevocation(endpoint)),
      } as unknown as Attempt;
      const headers = extraHeaders(settings);
      return isPromise<Headers>(headers) || usesCookies || remembered || call?.before
        ? prepare(attempt, headers)
        : sendWith(attempt, headers, '', '');
    },
    abort: () => abort(),
  };
}

/** What the client reads instead of an answer if it has no token to send. */
const NO_TOKEN = '{"code":"NO_REFRESH_TOKEN"}';

const NO_VALUES = {
  access: '',
  refresh: '',
  credentials: undefined,
  clientId: undefined,
  cookies: '',
  kept: undefined,
};

function textAt(value: unknown, name: string): string {
  const text = readPath(value, name);
  return typeof text === 'string' ? text : '';
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
