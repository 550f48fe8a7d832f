// The one place where tokens are. They come in with an auth answer and go out in a header or to an auth endpoint; nothing
// else leaves but the access token's number, its lifetime and its claims.
import { abortable } from './abort.js';
import type { Prover } from './dpop.js';
import * as safe from './intrinsics.js';
import type { Mark } from './mark.js';
import type { Endpoint, Settings } from './settings.js';

/** What an auth endpoint answered, without the tokens. */
export interface Answer {
  readonly status: number;
  /** The error code of the body: `{error: {code}}`, `{code}` or `{error: "text"}`. */
  readonly code: string | undefined;
  /** The error's message for people. */
  readonly message: string | undefined;
  /** `Retry-After` in milliseconds; 0 where the answer does not ask to wait. */
  readonly retryAfter: number;
  /** The number of the access token; 0 where there was none. */
  readonly token: number;
  /** Seconds; NaN where the answer does not say. */
  readonly expiresIn: number;
  /** The JWT's `exp − iat` in seconds; NaN where it has none. */
  readonly jwtLife: number;
  /** The number of whom the token was issued for (`user.id`, or the claim `sub`); 0 where nobody said. */
  readonly subject: number;
}

/** Who is signed in, as far as the server's answer and the JWT's payload say. */
export interface Profile {
  readonly user: unknown;
  readonly claims: Record<string, unknown> | null;
}

export interface Vault {
  /** Sends an auth call. Rejects as `fetch` does; throws or rejects with `Unsendable` where `authHeaders` fails. */
  call(endpoint: Endpoint, credentials: string | undefined, caller?: AbortSignal): Promise<Answer>;
  /** Aborts the auth call under way. */
  cancel(): void;
  adopt(token: number, freshFor: number): void;
  hold(): void;
  wipe(): void;
  discard(token: number): void;
  /** The server has heard of the sign-out, or will never: what was kept to tell it is forgotten. */
  farewell(): void;
  /** The number of the token that calls go out with; 0 where there is none. */
  present(): number;
  profile(): Profile;
  /** The number of somebody, the same whenever they come; 0 for nobody. */
  idOf(subject: string | undefined): number;
  nameOf(id: number): string | undefined;
  /** Whether a call may go out without asking. */
  fresh(): boolean;
  /** Whether the token may go to this address. */
  mayReceive(url: string): boolean;
  /** Sends a request with the present token, whatever token it was sent with before; `spare` is it once more. */
  send(request: Request, spare: () => Request | undefined): Promise<Response>;
  /** The token itself, for those who need it as a string. Empty where it is in a cookie. */
  reveal(): string;
}

/** What came with an auth answer. The access token is empty where the server keeps it in a cookie. */
interface Arrived extends Profile {
  readonly access: string;
  readonly refresh: string;
  /** Whom it is for; undefined where nobody said. */
  readonly subject: string | undefined;
  /** Whether it goes on with a session: not every server says all of it again then. */
  readonly goesOn: boolean;
}

/** `authHeaders` has failed; the cause is the app's own error. */
export class Unsendable extends Error {}

const NOBODY: Arrived = { access: '', refresh: '', user: null, claims: null, subject: undefined, goesOn: false };

export function createVault(settings: Settings, mark: Mark, prover?: Prover): Vault {
  const { fields, transport, oauth2, clientId, tokenScheme, origins } = settings;
  /** What came in and waits for the core's word. */
  let arrived = empty();
  let count = 0;
  let present = 0;
  let current = NOBODY;
  /** Everybody who was here or in another tab. */
  const subjects: string[] = [];
  /** How often the session was another one. */
  let era = 0;
  /** The refresh token of a session that is over here, but of whose end the server has not heard. */
  let last = '';
  let cancel = () => {};
  // Both clocks must agree that the token is fresh: the monotonic one may stand still while the device sleeps, the wall
  // clock may be set back.
  let freshMonotonic = 0;
  let freshWall = 0;

  function call(endpoint: Endpoint, credentials: string | undefined, caller?: AbortSignal): Promise<Answer> {
    const aborting = new AbortController();
    cancel = () => aborting.abort();
    const signal = caller ? AbortSignal.any([aborting.signal, caller]) : aborting.signal;
    let headers: Headers | Promise<Headers>;
    const unsendable = (cause: unknown) => {
      throw new Unsendable('', { cause });
    };
    try {
      const extra = settings.authHeaders?.();
      // Not `instanceof Promise`: what an async function returns need not be the `Promise` of the page (zone.js replaces it).
      headers = isPromise(extra) ? Promise.resolve(extra).then((all) => new Headers(all)) : new Headers(extra);
    } catch (cause) {
      return unsendable(cause);
    }
    // What the call is about may be forgotten before it leaves.
    const held = current;
    const go = (ready: Headers) => {
      const send = () => dispatch(endpoint, credentials, ready, signal, held);
      // A sign-out needs no proof and cannot wait for one.
      if (!prover || endpoint === 'logout') return send();
      return prover.call(ready, settings.endpoints[endpoint], endpoint === 'logoutAll' ? held.access : '', send);
    };
    return isPromise(headers) ? abortable(headers.catch(unsendable), signal).then(go) : go(headers);
  }

  function dispatch(
    endpoint: Endpoint,
    credentials: string | undefined,
    headers: Headers,
    signal: AbortSignal,
    held: Arrived,
  ): Promise<Answer> {
    const leaving = endpoint !== 'login' && endpoint !== 'refresh';
    const refresh = held.refresh || (leaving ? last : '');
    // Nothing to ask with: the answer is known.
    if (transport === 'body' && endpoint === 'refresh' && !refresh)
      return Promise.resolve(answered(endpoint, 401, () => null, ''));
    let body: string | URLSearchParams | null = null;
    if (oauth2) {
      // RFC 6749 §4.3 and §6, RFC 7009 §2.1.
      const form = new safe.URLSearchParams({
        __proto__: null,
        ...(credentials
          ? { grant_type: 'password', ...JSON.parse(credentials) }
          : leaving
            ? { token: refresh, token_type_hint: 'refresh_token' }
            : { grant_type: 'refresh_token', ...(refresh && { refresh_token: refresh }) }),
        ...(clientId && { client_id: clientId }),
      });
      body = form;
    } else {
      const name = fields.refreshToken.replace(/.*\./, '');
      body = credentials ?? (refresh ? safe.stringify({ __proto__: null, [name]: refresh }) : null);
      if (body) headers.set('content-type', 'application/json');
    }
    const key = endpoint === 'refresh' && settings.idempotencyKey && mark.key();
    if (key) headers.set('idempotency-key', key);
    return leaving ? leave(endpoint, headers, body, signal, held.access) : ask(endpoint, headers, body, signal);
  }

  /** A sign-out, whose answer holds no secret. It must reach the server even if the page goes away. */
  function leave(
    endpoint: Endpoint,
    headers: Headers,
    body: BodyInit | null,
    signal: AbortSignal,
    access: string,
  ): Promise<Answer> {
    const request = new safe.Request(settings.endpoints[endpoint], {
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
    if (endpoint === 'logoutAll' && access) authorise(request, access);
    return safe.fetch(request).then(async (response) => {
      const text = await response.text();
      return answered(endpoint, response.status, (name) => response.headers.get(name), text);
    });
  }

  /** A login or a refresh, whose answer is secret: `fetch` would show it to a getter `then` on `Object.prototype`. */
  function ask(
    endpoint: Endpoint,
    headers: Headers,
    body: string | URLSearchParams | null,
    signal: AbortSignal,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const url = settings.endpoints[endpoint];
      const xhr = new safe.XMLHttpRequest();
      safe.open(xhr, 'POST', url);
      safe.setCredentials(xhr, transport !== 'body');
      headers.forEach((value, name) => void safe.setRequestHeader(xhr, name, value));
      safe.listen(xhr, 'loadend', () => {
        const status = safe.statusOf(xhr);
        const text = safe.textOf(xhr);
        const moved = safe.addressOf(xhr) !== url;
        const said = {
          __proto__: null,
          'retry-after': safe.getResponseHeader(xhr, 'retry-after'),
          date: safe.getResponseHeader(xhr, 'date'),
          'dpop-nonce': safe.getResponseHeader(xhr, 'dpop-nonce'),
        } as unknown as Record<string, string | null>;
        // `window.event` shows the request to whatever is called from here on: nothing may be left in it. (Firefox leaves
        // the text of a request that is aborted after its end, and no browser that of one that is opened again. In a worker,
        // where nobody else listens, Firefox refuses to open it again.)
        if (safe.onPage) safe.open(xhr, 'POST', url);
        safe.abort(xhr);
        // No answer, or one from somewhere else.
        if (!status || moved) reject(signal.reason ?? new TypeError('no answer'));
        else resolve(answered(endpoint, status, (name) => said[name] ?? null, text));
      });
      const stop = () => safe.abort(xhr);
      signal.addEventListener('abort', stop);
      safe.send(xhr, body);
      if (signal.aborted) stop();
    });
  }

  function authorise(request: Request, access = current.access) {
    safe.setHeader(safe.headersOf(request), 'authorization', `${tokenScheme} ${access}`);
  }

  function answered(endpoint: Endpoint, status: number, header: (name: string) => string | null, text: string): Answer {
    const ok = status >= 200 && status < 300;
    prover?.learn(settings.endpoints[endpoint], header('dpop-nonce'));
    const json = read(text);
    const access = ok ? dig(json, fields.accessToken) : undefined;
    const user = (ok && dig(json, fields.user)) ?? null;
    const claims = typeof access === 'string' ? payload(access) : null;
    const error = dig(json, 'error');
    const code = dig(error, 'code') ?? dig(json, 'code') ?? error;
    const message = dig(error, 'message') ?? dig(json, 'error_description') ?? dig(json, 'message') ?? error;
    const expiresIn = dig(json, fields.expiresIn);
    const id = dig(user, 'id') ?? dig(user, 'sub') ?? claims?.sub;
    const subject = id === undefined ? undefined : String(id);
    let token = 0;
    // `{success: true}` and no field of a token: both are in cookies that no script sees.
    const inCookies = ok && dig(json, 'success') === true && !safe.exec(/token[^":]*"\s*:/i, text);
    if ((typeof access === 'string' && access) || inCookies) {
      token = count += 1;
      const refresh = transport === 'body' && dig(json, fields.refreshToken);
      arrived[token] = {
        access: typeof access === 'string' ? access : '',
        refresh: typeof refresh === 'string' ? refresh : '',
        user,
        claims,
        subject,
        goesOn: endpoint === 'refresh',
      };
    }
    return {
      status,
      code: typeof code === 'string' ? code : undefined,
      message: typeof message === 'string' ? message.slice(0, 200) : undefined,
      retryAfter: retryAfter(header),
      token,
      expiresIn: Number(typeof expiresIn === 'string' ? expiresIn.trim() || Number.NaN : (expiresIn ?? Number.NaN)),
      jwtLife: Number(claims?.exp) - Number(claims?.iat),
      subject: idOf(subject),
    };
  }

  function idOf(subject: string | undefined): number {
    if (subject === undefined) return 0;
    return subjects.indexOf(subject) + 1 || subjects.push(subject);
  }

  const vault: Vault = {
    call,
    idOf,
    nameOf: (id) => subjects[id - 1],
    cancel: () => cancel(),
    adopt(id, freshFor) {
      const next = arrived[id];
      if (next) {
        arrived = empty(); // what came before the adopted one is of no use any more
        const { refresh, user, subject } = current;
        const same = next.goesOn && (next.subject ?? subject) === (subject ?? next.subject);
        current = same ? { ...next, refresh: next.refresh || refresh, user: next.user ?? user } : next;
        if (!same) era += 1;
        present = id;
      }
      freshMonotonic = performance.now() + freshFor;
      freshWall = Date.now() + freshFor;
    },
    hold() {
      freshMonotonic = 0;
    },
    wipe() {
      last = current.refresh || last;
      present = 0;
      era += 1;
      current = NOBODY;
      freshMonotonic = 0;
      arrived = empty();
    },
    discard(id) {
      delete arrived[id];
    },
    farewell() {
      last = '';
    },
    present: () => present,
    profile: () => ({ user: current.user, claims: current.claims }),
    fresh: () => performance.now() < freshMonotonic && Date.now() < freshWall,
    mayReceive(url) {
      for (let at = 0; at < origins.length; at += 1) if (safe.indexOf(url, origins[at] as string) === 0) return true;
      return false;
    },
    send(request, spare) {
      if (prover && current.access)
        return prover.send(
          request,
          spare,
          vault,
          () => current.access,
          () => era,
          authorise,
        );
      if (current.access) authorise(request);
      else if (safe.credentialsOf(request) === 'same-origin')
        return safe.fetch(new safe.Request(request, { credentials: 'include' }));
      return safe.fetch(request);
    },
    reveal: () => current.access,
  };
  return vault;
}

const isPromise = <T>(value: unknown): value is Promise<T> => typeof (value as Promise<T>)?.then === 'function';

/** Inherits nothing: no setter sees what is put into it. */
const empty = (): Record<number, Arrived> => ({ __proto__: null }) as never;

/** The payload of a JWT (RFC 7519 §3), read for display and for its lifetime, never verified and never trusted. */
function payload(token: string): Record<string, unknown> | null {
  try {
    const start = safe.indexOf(token, '.') + 1;
    // From here on it is the payload alone, which opens nothing.
    const segment = safe.slice(token, start, safe.indexOf(token, '.', start));
    const bytes = atob(segment.replace(/-/g, '+').replace(/_/g, '/'));
    const claims = read(new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))));
    return typeof claims === 'object' ? (claims as Record<string, unknown> | null) : null;
  } catch {
    return null; // an opaque token
  }
}

function read(text: string): unknown {
  try {
    return safe.parse(text);
  } catch {
    return null;
  }
}

/** `Retry-After` (RFC 9110 §10.2.3), seconds or a date. A date is compared with the server's own, if it can be read. */
function retryAfter(header: (name: string) => string | null): number {
  const value = header('retry-after') ?? '';
  const span = /^\s*\d+\s*$/.test(value)
    ? Number(value) * 1000
    : Date.parse(value) - (Date.parse(header('date') ?? '') || Date.now());
  return Math.max(span, 0) || 0;
}

/** `dig({data: {token: 1}}, 'data.token')` is 1; what is not there is undefined. */
function dig(value: unknown, path: string): unknown {
  let found = value;
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || !safe.hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found ?? undefined;
}
