// The one place where access tokens are. They come in with an auth answer and go out in a header; nothing else leaves
// but their number, their lifetime and their payload segment, which without its signature is no token.
import type { Mark } from './mark.js';
import type { Endpoint, Settings } from './options.js';

/** What an auth endpoint answered, without the token. */
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
  /** The JWT's middle segment. */
  readonly payload: string | undefined;
  readonly user: unknown;
}

export interface Vault {
  /** Sends an auth call. Rejects as `fetch` does. */
  call(endpoint: Endpoint, body: string | undefined, signal: AbortSignal, caller?: AbortSignal): Promise<Answer>;
  adopt(token: number, freshFor: number): void;
  hold(): void;
  wipe(): void;
  discard(token: number): void;
  /** The number of the token that calls go out with; 0 where there is none. */
  present(): number;
  /** Whether a call may go out without asking. */
  fresh(): boolean;
  /** Whether the token may go to this address. */
  mayReceive(url: string): boolean;
  /** Sends a request with the present token, whatever token it was sent with before. */
  send(request: Request): Promise<Response>;
  /** The token itself, for those who need it as a string. */
  reveal(): string;
}

export function createVault(settings: Settings, mark: Mark): Vault {
  const { fetch } = globalThis;
  /** Tokens that came in and wait for the core's word. */
  const arrived = new Map<number, string>();
  let count = 0;
  let present = 0;
  let token = '';
  // Both clocks must agree that the token is fresh: the monotonic one may stand still while the device sleeps, the wall
  // clock may be set back.
  let freshMonotonic = 0;
  let freshWall = 0;

  function take(value: unknown): number {
    if (typeof value !== 'string' || value === '') return 0;
    count += 1;
    arrived.set(count, value);
    return count;
  }

  async function call(
    endpoint: Endpoint,
    body: string | undefined,
    signal: AbortSignal,
    caller?: AbortSignal,
  ): Promise<Answer> {
    const headers = new Headers(settings.authHeaders());
    if (body !== undefined) headers.set('content-type', 'application/json');
    const key = endpoint === 'refresh' && settings.idempotencyKey ? mark.key() : undefined;
    if (key) headers.set('idempotency-key', key);
    if (endpoint === 'logoutAll' && token) headers.set('authorization', `${settings.tokenScheme} ${token}`);
    const response = await fetch(settings.endpoints[endpoint], {
      method: 'POST',
      headers,
      body: body ?? null,
      credentials: 'include',
      cache: 'no-store',
      redirect: 'error',
      // A sign-out must reach the server even if the page goes away.
      keepalive: endpoint === 'logout' || endpoint === 'logoutAll',
      signal: caller ? AbortSignal.any([signal, caller]) : signal,
    });
    const text = await response.text();
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch {
      // not JSON: the status says enough
    }
    const { fields } = settings;
    const accessToken = response.ok ? dig(json, fields.accessToken) : undefined;
    const error = dig(json, 'error');
    const code = dig(error, 'code') ?? dig(json, 'code') ?? error;
    const message = dig(error, 'message') ?? dig(json, 'error_description') ?? dig(json, 'message') ?? error;
    const expiresIn = dig(json, fields.expiresIn);
    return {
      status: response.status,
      code: typeof code === 'string' ? code : undefined,
      message: typeof message === 'string' ? message.slice(0, 200) : undefined,
      retryAfter: retryAfter(response.headers),
      token: take(accessToken),
      expiresIn:
        typeof expiresIn === 'string' && expiresIn.trim()
          ? Number(expiresIn)
          : typeof expiresIn === 'number'
            ? expiresIn
            : Number.NaN,
      payload: typeof accessToken === 'string' ? accessToken.split('.', 3)[1] : undefined,
      user: response.ok ? (dig(json, fields.user) ?? null) : null,
    };
  }

  return {
    call,
    adopt(id, freshFor) {
      if (id !== present) {
        token = arrived.get(id) ?? '';
        arrived.clear(); // what came before the adopted one is of no use any more
        present = id;
      }
      freshMonotonic = performance.now() + freshFor;
      freshWall = Date.now() + freshFor;
    },
    hold() {
      freshMonotonic = 0;
    },
    wipe() {
      present = 0;
      token = '';
      freshMonotonic = 0;
      arrived.clear();
    },
    discard(id) {
      arrived.delete(id);
    },
    present: () => present,
    fresh: () => performance.now() < freshMonotonic && Date.now() < freshWall,
    mayReceive: (url) => settings.origins.some((origin) => url.startsWith(origin)),
    send(request) {
      request.headers.set('authorization', `${settings.tokenScheme} ${token}`);
      return fetch(request);
    },
    reveal: () => token,
  };
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
