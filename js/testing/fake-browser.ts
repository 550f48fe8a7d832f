// A browser in memory: the cookie of a fake server, and the tabs that share it.
import { createDeferred } from '../util/deferred.js';
import type { FakeRequest, FakeServer, SentResponse } from './fake-server.js';

/** What tabs tell each other. */
export type TabNews = 'signed-in' | 'signed-out';

/** A browser for the tests of an app. Test clients with the same browser are its tabs. */
export interface FakeBrowser<User> {
  readonly server: FakeServer<User>;
  /** A `fetch` that sends the browser's cookie to the auth endpoints, and rejects if the request or the response gets lost. */
  fetch: typeof globalThis.fetch;
  /** Sends a request as `fetch` does, without the classes of the platform; null if the request or its response gets lost. */
  send(request: FakeRequest): Promise<SentResponse | null>;
  /** The user has signed in on an earlier page: the next client of this browser restores the session. */
  signIn(user: User): void;
  /** Whether the browser has the cookie of a session. */
  readonly hasSession: boolean;
}

/** What the tabs of a browser share. */
export interface SharedByTabs {
  /** Runs `work` when no other tab talks to the auth server, as the lock of the real client does. */
  exclusively<T>(work: () => Promise<T>): Promise<T>;
  /** Tells the other tabs. */
  tell(from: (news: TabNews) => void, news: TabNews): void;
  readonly tabs: Set<(news: TabNews) => void>;
  /** The `Idempotency-Key` of the next rotation. */
  rotationKey: string;
}

const SHARED = new WeakMap<object, SharedByTabs>();

/** The part of a browser that only its tabs use. */
export function sharedByTabs(browser: FakeBrowser<never>): SharedByTabs {
  const shared = SHARED.get(browser);
  if (!shared) throw new TypeError('browser: expected what createFakeBrowser returned');
  return shared;
}

/**
 * A browser in memory that uses a fake server. Test clients with the same browser are its tabs: they share the cookie, one at a time
 * refreshes, and a sign-in or a sign-out takes effect in all of them.
 *
 * @example
 * const browser = createFakeBrowser(createFakeServer());
 * const [one, two] = [createTestAuth({ browser }), createTestAuth({ browser })];
 * await one.login({ email: 'ada@example.com', password: 'any' });
 * await vi.waitFor(() => expect(two.session.status).toBe('signed-in'));
 */
export function createFakeBrowser<User>(server: FakeServer<User>): FakeBrowser<User> {
  const browser = new MemoryBrowser(server);
  SHARED.set(browser, new Shared());
  return browser;
}

class MemoryBrowser<User> implements FakeBrowser<User> {
  readonly server: FakeServer<User>;
  #cookie = '';

  constructor(server: FakeServer<User>) {
    this.server = server;
  }

  readonly fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const response = await this.send(await toFakeRequest(input, init));
    if (!response) throw new TypeError('fetch failed: the fake server lost the request or its response');
    return toResponse(response);
  };

  async send(request: FakeRequest): Promise<SentResponse | null> {
    const isAuth = this.server.callOf(request.url) !== 'api';
    const headers = isAuth && this.#cookie ? { ...request.headers, cookie: this.#cookie } : request.headers;
    const response = await this.server.handle({ ...request, headers });
    const cookie = response?.headers['set-cookie'];
    if (cookie) this.#store(cookie);
    return response;
  }

  signIn(user: User): void {
    this.#store(this.server.signIn(user));
  }

  get hasSession(): boolean {
    return this.#cookie !== '';
  }

  #store(cookie: string) {
    this.#cookie = /Max-Age=0/.test(cookie) ? '' : (cookie.split(';')[0] ?? '');
  }
}

class Shared implements SharedByTabs {
  readonly tabs = new Set<(news: TabNews) => void>();
  rotationKey = newKey();
  #last: Promise<unknown> = Promise.resolve();

  async exclusively<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const done = createDeferred<void>();
    this.#last = done.promise;
    await before;
    return work().finally(() => done.resolve());
  }

  tell(from: (news: TabNews) => void, news: TabNews): void {
    for (const tab of this.tabs) if (tab !== from) queueMicrotask(() => this.tabs.has(tab) && tab(news));
  }
}

export const newKey = (): string => `key-${Math.random().toString(36).slice(2)}`;

/** The arguments of a `fetch` as data. Relative URLs are those of the page, or of `http://localhost`. */
export async function toFakeRequest(input: RequestInfo | URL, init: RequestInit = {}): Promise<FakeRequest> {
  const given = typeof input === 'object' && 'url' in input ? input : undefined;
  const base = globalThis.location?.href.startsWith('http') ? location.href : 'http://localhost';
  const headers: Record<string, string> = {};
  const add = (value: string, name: string) => {
    headers[name.toLowerCase()] = value;
  };
  for (const some of [given?.headers, init.headers]) {
    if (!some) continue;
    if (typeof (some as Headers).forEach === 'function' && !Array.isArray(some)) (some as Headers).forEach(add);
    else for (const [name, value] of Array.isArray(some) ? some : Object.entries(some)) add(value, name);
  }
  const { method = given?.method ?? 'GET', body } = init;
  const text =
    typeof body === 'string' ? body : body ? await new Response(body).text() : ((await given?.clone().text()) ?? '');
  return { method: method.toUpperCase(), url: new URL(given?.url ?? String(input), base).href, headers, body: text };
}

export function toResponse({ status, headers, body }: SentResponse): Response {
  const { 'set-cookie': _, ...visible } = headers;
  return new Response([101, 204, 205, 304].includes(status) ? null : body, { status, headers: visible });
}
