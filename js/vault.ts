// The one place where tokens are. They come in with an auth answer and go out in a header or to an auth endpoint; nothing
// else leaves but the access token's number, its lifetime and its claims.
import type { Mark } from './mark.js';
import type { Endpoint, Settings } from './options.js';

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
  /** Whom the token was issued for: `user.id`, or the claim `sub`. */
  readonly subject: string | undefined;
}

/** Who is signed in, as far as the server's answer and the JWT's payload say. */
export interface Profile {
  readonly user: unknown;
  readonly claims: Record<string, unknown> | null;
}

export interface Vault {
  /** Sends an auth call. Rejects as `fetch` does; throws what `authHeaders` throws. */
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
  /** Whether a call may go out without asking. */
  fresh(): boolean;
  /** Whether the token may go to this address. */
  mayReceive(url: string): boolean;
  /** Sends a request with the present token, whatever token it was sent with before. */
  send(request: Request): Promise<Response>;
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

const NOBODY: Arrived = { access: '', refresh: '', user: null, claims: null, subject: undefined, goesOn: false };

export function createVault(settings: Settings, mark: Mark): Vault {
  const { fetch } = globalThis;
  const { fields, transport, oauth2, clientId, tokenScheme } = settings;
  /** What came in and waits for the core's word. */
  const arrived = new Map<number, Arrived>();
  let count = 0;
  let present = 0;
  let current = NOBODY;
  /** The refresh token of a session that is over here, but of whose end the server has not heard. */
  let last = '';
  let aborting = new AbortController();
  // Both clocks must agree that the token is fresh: the monotonic one may stand still while the device sleeps, the wall
  // clock may be set back.
  let freshMonotonic = 0;
  let freshWall = 0;

  function call(endpoint: Endpoint, credentials: string | undefined, caller?: AbortSignal): Promise<Answer> {
    const headers = new Headers(settings.authHeaders());
    const leaving = endpoint !== 'login' && endpoint !== 'refresh';
    const refresh = current.refresh || (leaving ? last : '');
    // Nothing to ask with: the answer is known.
    if (transport === 'body' && endpoint === 'refresh' && !refresh)
      return Promise.resolve(answered(endpoint, NO_TOKEN, ''));
    let body: BodyInit | null = null;
    if (oauth2) {
      // RFC 6749 §4.3 and §6, RFC 7009 §2.1.
      const form = new URLSearchParams(
        credentials
          ? { grant_type: 'password', ...JSON.parse(credentials) }
          : leaving
            ? { token: refresh, token_type_hint: 'refresh_token' }
            : { grant_type: 'refresh_token', ...(refresh && { refresh_token: refresh }) },
      );
      if (clientId) form.set('client_id', clientId);
      body = form;
    } else {
      body = credentials ?? (refresh ? JSON.stringify({ [fields.refreshToken.replace(/.*\./, '')]: refresh }) : null);
      if (body) headers.set('content-type', 'application/json');
    }
    const key = endpoint === 'refresh' && settings.idempotencyKey && mark.key();
    if (key) headers.set('idempotency-key', key);
    if (endpoint === 'logoutAll' && current.access) headers.set('authorization', `${tokenScheme} ${current.access}`);
    aborting = new AbortController();
    const { signal } = aborting;
    return fetch(settings.endpoints[endpoint], {
      method: 'POST',
      headers,
      body,
      credentials: transport === 'body' ? 'omit' : 'include',
      cache: 'no-store',
      redirect: 'error',
      // A sign-out must reach the server even if the page goes away.
      keepalive: leaving,
      signal: caller ? AbortSignal.any([signal, caller]) : signal,
    }).then(async (response) => answered(endpoint, response, await response.text()));
  }

  function answered(endpoint: Endpoint, response: Pick<Response, 'ok' | 'status' | 'headers'>, text: string): Answer {
    const { ok, status, headers } = response;
    const json = parse(text);
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
    const inCookies = ok && dig(json, 'success') === true && !/token[^":]*"\s*:/i.test(text);
    if ((typeof access === 'string' && access) || inCookies) {
      token = count += 1;
      const refresh = transport === 'body' ? dig(json, fields.refreshToken) : '';
      const goesOn = endpoint === 'refresh';
      arrived.set(token, {
        access: String(access ?? ''),
        refresh: String(refresh ?? ''),
        user,
        claims,
        subject,
        goesOn,
      });
    }
    return {
      status,
      code: typeof code === 'string' ? code : undefined,
      message: typeof message === 'string' ? message.slice(0, 200) : undefined,
      retryAfter: retryAfter(headers),
      token,
      expiresIn: Number(typeof expiresIn === 'string' ? expiresIn.trim() || Number.NaN : (expiresIn ?? Number.NaN)),
      jwtLife: Number(claims?.exp) - Number(claims?.iat),
      subject,
    };
  }

  return {
    call,
    cancel: () => aborting.abort(),
    adopt(id, freshFor) {
      const next = arrived.get(id);
      if (next) {
        arrived.clear(); // what came before the adopted one is of no use any more
        const { refresh, user, subject } = current;
        const same = next.goesOn && (next.subject ?? subject) === (subject ?? next.subject);
        current = same ? { ...next, refresh: next.refresh || refresh, user: next.user ?? user } : next;
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
      current = NOBODY;
      freshMonotonic = 0;
      arrived.clear();
    },
    discard: (id) => void arrived.delete(id),
    farewell() {
      last = '';
    },
    present: () => present,
    profile: () => ({ user: current.user, claims: current.claims }),
    fresh: () => performance.now() < freshMonotonic && Date.now() < freshWall,
    mayReceive: (url) => settings.origins.some((origin) => url.startsWith(origin)),
    send(request) {
      if (current.access) request.headers.set('authorization', `${tokenScheme} ${current.access}`);
      else if (request.credentials === 'same-origin') return fetch(new Request(request, { credentials: 'include' }));
      return fetch(request);
    },
    reveal: () => current.access,
  };
}

const NO_TOKEN = { ok: false, status: 401, headers: new Headers() };

/** The payload of a JWT (RFC 7519 §3), read for display and for its lifetime, never verified and never trusted. */
function payload(token: string): Record<string, unknown> | null {
  try {
    const bytes = atob((token.split('.')[1] as string).replace(/-/g, '+').replace(/_/g, '/'));
    const claims = parse(new TextDecoder().decode(Uint8Array.from(bytes, (byte) => byte.charCodeAt(0))));
    return typeof claims === 'object' ? (claims as Record<string, unknown> | null) : null;
  } catch {
    return null; // an opaque token
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** `Retry-After` (RFC 9110 §10.2.3), seconds or a date. A date is compared with the server's own, if it can be read. */
function retryAfter(headers: Headers): number {
  const value = headers.get('retry-after') ?? '';
  const span = /^\s*\d+\s*$/.test(value)
    ? Number(value) * 1000
    : Date.parse(value) - (Date.parse(headers.get('date') ?? '') || Date.now());
  return Math.max(span, 0) || 0;
}

/** `dig({data: {token: 1}}, 'data.token')` is 1; what is not there is undefined. */
function dig(value: unknown, path: string): unknown {
  let found = value;
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found ?? undefined;
}
