// An auth server and an API in memory, for the tests of an app: rotation with reuse detection, and the faults that a test asks for.

/** A request to a fake server. The names of headers are in lower case. */
export interface FakeRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A response of a fake server. `json` is written as the body; the default status is 200. */
export interface FakeResponse {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly body?: string;
}

/** A response as it is sent. */
export interface SentResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What a request asks for. */
export type FakeCall = 'login' | 'refresh' | 'logout' | 'api';

/**
 * What happens to a request: the server gives this response without doing its work, the request gets lost, or the server does its
 * work and the response gets lost.
 */
export type FakeFault = FakeResponse | 'request-lost' | 'response-lost';

export interface FakeServerOptions<User> {
  /** The user of these credentials; null rejects them. Default: `{id: '1', email: credentials.email}`. */
  login?: (credentials: Record<string, unknown>) => User | null | Promise<User | null>;
  /** The claims of a user's access tokens, such as `{roles: ['admin']}`. Default: none but `sub`, `iat` and `exp`. */
  claims?: (user: User) => Record<string, unknown>;
  /** What the API answers to a request with a valid access token. Default: the user, as JSON. */
  api?: (request: FakeRequest, user: User) => FakeResponse | Promise<FakeResponse>;
  /** The lifetime of an access token in seconds. Default 900. */
  accessTokenSeconds?: number;
  /** Whether each refresh issues a new refresh token and an old one ends the session. Default true. */
  rotates?: boolean;
  /** The path of the auth endpoints `login`, `refresh`, `logout` and `logout-all`. Default `'/auth'`. */
  authPath?: string;
  /** The clock of the server, in epoch milliseconds. Default: `Date.now`, also while a test replaces it. */
  now?: () => number;
}

/** How often something happened on a fake server. */
export interface FakeCounts {
  readonly logins: number;
  /** Refreshes that issued a new token. */
  readonly refreshes: number;
  /** Refreshes that the server answered once more, because the client repeated them with the same `Idempotency-Key`. */
  readonly repeats: number;
  /** Refreshes with an old token. Each ended a session. */
  readonly reuseAlarms: number;
  /** API requests that were answered with 401. */
  readonly rejectedCalls: number;
}

export interface FakeServer<User> {
  /** The path of the auth endpoints. */
  readonly authPath: string;
  /** Every request so far; `status` is null if its response or the request itself got lost. */
  readonly requests: readonly { readonly call: FakeCall; readonly url: string; readonly status: number | null }[];
  readonly counts: FakeCounts;
  /** Answers a request; null if the request or its response gets lost. */
  handle(request: FakeRequest): Promise<SentResponse | null>;
  /** Whether a request goes to an auth endpoint, by its URL. */
  callOf(url: string): FakeCall;
  /** Begins a session without a login. Returns its refresh token, as a cookie. */
  signIn(user: User): string;
  /** The next request of this kind meets this fault. */
  failNext(call: FakeCall, fault: FakeFault): void;
  /** The API rejects every access token that was issued so far. */
  expireAccessTokens(): void;
  /** Ends every session. Default code: `'TOKEN_REVOKED'`, for which the reason in the client is `'revoked'`. */
  endSessions(code?: 'TOKEN_REVOKED' | 'INVALID_REFRESH_TOKEN'): void;
  /** Moves the clock of the server. A test whose clock is not that of the server moves both. */
  advanceSeconds(seconds: number): void;
}

interface ServerSession<User> {
  readonly user: User;
  current: string;
  previous: string;
  /** The `Idempotency-Key` of the last rotation. */
  key: string;
  /** The code of the error that ended it. */
  ended: string;
}

interface IssuedToken {
  readonly session: ServerSession<unknown>;
  readonly expiresAt: number;
}

const COOKIE = 'refresh_token';
/** (jsdom has no TextEncoder.) */
const utf8 = (text: string) =>
  encodeURIComponent(text).replace(/%(..)/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
const base64Url = (value: unknown) =>
  btoa(utf8(JSON.stringify(value)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
const problem = (status: number, code: string, message: string): FakeResponse => ({ status, json: { code, message } });

/** The same response with its body as text. */
function sent({ status = 200, headers = {}, json, body = '' }: FakeResponse): SentResponse {
  const isJson = json !== undefined;
  return {
    status,
    headers: { 'cache-control': 'no-store', ...(isJson && { 'content-type': 'application/json' }), ...headers },
    body: isJson ? JSON.stringify(json) : body,
  };
}

/**
 * An auth server and an API in memory. It rotates refresh tokens and ends a session whose old refresh token comes back, as a strict
 * server does; a repetition with the same `Idempotency-Key` gets the same token.
 *
 * @example
 * const server = createFakeServer({ login: ({ email }) => (email === 'ada@example.com' ? ada : null) });
 * const auth = createTestAuth({ browser: createFakeBrowser(server) });
 * await auth.login({ email: 'ada@example.com', password: 'any' });
 * server.expireAccessTokens();
 * await Promise.all([auth.fetch('/api/a'), auth.fetch('/api/b')]);
 * expect(server.counts).toMatchObject({ refreshes: 1, reuseAlarms: 0 });
 */
export function createFakeServer<User = { id: string; email: string }>(
  options: FakeServerOptions<User> = {},
): FakeServer<User> {
  return new MemoryServer(options);
}

class MemoryServer<User> implements FakeServer<User> {
  readonly requests: { call: FakeCall; url: string; status: number | null }[] = [];
  readonly counts = { logins: 0, refreshes: 0, repeats: 0, reuseAlarms: 0, rejectedCalls: 0 };
  readonly authPath: string;
  readonly #options: FakeServerOptions<User>;
  readonly #sessions: ServerSession<User>[] = [];
  /** The session of each refresh token that was ever issued. */
  readonly #families = new Map<string, ServerSession<User>>();
  readonly #tokens = new Map<string, IssuedToken>();
  readonly #faults: { call: FakeCall; fault: FakeFault }[] = [];
  #offset = 0;
  #issued = 0;

  constructor(options: FakeServerOptions<User>) {
    this.#options = options;
    this.authPath = options.authPath ?? '/auth';
  }

  callOf(url: string): FakeCall {
    const { authPath } = this;
    const { pathname } = new URL(url, 'http://localhost');
    const name = pathname.startsWith(`${authPath}/`) ? pathname.slice(authPath.length + 1) : '';
    if (name === 'logout-all') return 'logout';
    return name === 'login' || name === 'refresh' || name === 'logout' ? name : 'api';
  }

  async handle(request: FakeRequest): Promise<SentResponse | null> {
    const call = this.callOf(request.url);
    const entry: (typeof this.requests)[number] = { call, url: request.url, status: null };
    this.requests.push(entry);
    const at = this.#faults.findIndex((one) => one.call === call);
    const fault = at < 0 ? undefined : this.#faults.splice(at, 1)[0]?.fault;
    if (fault === 'request-lost') return null;
    const isReplaced = fault !== undefined && fault !== 'response-lost';
    const response = sent(isReplaced ? fault : await this.#answer(call, request));
    if (fault === 'response-lost') return null;
    entry.status = response.status;
    return response;
  }

  signIn(user: User): string {
    const session: ServerSession<User> = { user, current: this.#newToken(), previous: '', key: '', ended: '' };
    this.#sessions.push(session);
    this.#families.set(session.current, session);
    return this.#cookie(session.current);
  }

  failNext(call: FakeCall, fault: FakeFault): void {
    this.#faults.push({ call, fault });
  }

  expireAccessTokens(): void {
    this.#tokens.clear();
  }

  endSessions(code = 'TOKEN_REVOKED'): void {
    for (const session of this.#sessions) session.ended ||= code;
  }

  advanceSeconds(seconds: number): void {
    this.#offset += seconds * 1000;
  }

  #now(): number {
    return (this.#options.now ?? Date.now)() + this.#offset;
  }

  #newToken(): string {
    this.#issued += 1;
    return `refresh-${this.#issued}-${Math.random().toString(36).slice(2)}`;
  }

  #cookie(token: string): string {
    return `${COOKIE}=${token}; Path=${this.authPath}; HttpOnly; SameSite=Strict${token ? '' : '; Max-Age=0'}`;
  }

  #answer(call: FakeCall, request: FakeRequest): FakeResponse | Promise<FakeResponse> {
    if (call === 'api') return this.#api(request);
    if (request.method !== 'POST') return problem(405, 'METHOD_NOT_ALLOWED', 'the auth endpoints take POST');
    if (call === 'login') return this.#login(request);
    const token = new RegExp(`(?:^|; )${COOKIE}=([^;]+)`).exec(request.headers.cookie ?? '')?.[1] ?? '';
    if (call === 'refresh') return this.#refresh(token, request.headers['idempotency-key'] ?? '');
    return this.#logout(token, request.url.includes('logout-all'));
  }

  async #login({ body }: FakeRequest): Promise<FakeResponse> {
    const credentials = JSON.parse(body) as Record<string, unknown>;
    const { login = ({ email }) => ({ id: '1', email }) as User } = this.#options;
    const user = await login(credentials);
    if (user === null) return problem(401, 'INVALID_CREDENTIALS', 'wrong email or password');
    this.counts.logins += 1;
    const cookie = this.signIn(user);
    return this.#issue(this.#sessions.at(-1) as ServerSession<User>, cookie);
  }

  #refresh(token: string, key: string): FakeResponse {
    const session = this.#families.get(token);
    if (!session) return problem(401, token ? 'INVALID_REFRESH_TOKEN' : 'NO_REFRESH_TOKEN', 'no session');
    if (session.ended) return problem(401, session.ended, 'the session has ended');
    if (this.#options.rotates === false) {
      this.counts.refreshes += 1;
      return this.#issue(session, this.#cookie(session.current));
    }
    if (token === session.current) {
      this.counts.refreshes += 1;
      Object.assign(session, { previous: token, current: this.#newToken(), key });
      this.#families.set(session.current, session);
      return this.#issue(session, this.#cookie(session.current));
    }
    if (token === session.previous && key !== '' && key === session.key) {
      this.counts.repeats += 1;
      return this.#issue(session, this.#cookie(session.current));
    }
    this.counts.reuseAlarms += 1;
    session.ended = 'REFRESH_TOKEN_REUSED';
    return problem(401, session.ended, 'an old refresh token came back');
  }

  #logout(token: string, all: boolean): FakeResponse {
    const session = this.#families.get(token);
    for (const one of all ? this.#sessions : []) if (one.user === session?.user) one.ended ||= 'TOKEN_REVOKED';
    if (session) session.ended ||= 'INVALID_REFRESH_TOKEN';
    return { status: 204, headers: { 'set-cookie': this.#cookie('') } };
  }

  #issue(session: ServerSession<User>, cookie: string): FakeResponse {
    const { accessTokenSeconds = 900, claims = () => ({}) } = this.#options;
    const issuedAt = this.#now();
    this.#issued += 1;
    const payload = {
      sub: (session.user as { id?: unknown } | null)?.id,
      ...claims(session.user),
      iat: Math.floor(issuedAt / 1000),
      exp: Math.floor(issuedAt / 1000 + accessTokenSeconds),
      jti: this.#issued,
    };
    const accessToken = `${base64Url({ alg: 'none' })}.${base64Url(payload)}.fake`;
    this.#tokens.set(accessToken, { session, expiresAt: issuedAt + accessTokenSeconds * 1000 });
    return {
      headers: { 'set-cookie': cookie },
      json: { accessToken, expiresIn: accessTokenSeconds, user: session.user },
    };
  }

  async #api(request: FakeRequest): Promise<FakeResponse> {
    const token = this.#tokens.get(request.headers.authorization?.replace(/^Bearer /, '') ?? '');
    if (!token || token.session.ended || token.expiresAt <= this.#now()) {
      this.counts.rejectedCalls += 1;
      return problem(401, 'TOKEN_EXPIRED', 'the access token is not valid');
    }
    const { api = (_, user) => ({ json: user }) } = this.#options;
    return api(request, token.session.user as User);
  }
}
