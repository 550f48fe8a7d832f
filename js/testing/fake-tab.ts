// One tab of a fake browser: what a test client does with a fake server. The rules are those of the real client, without its care
// for broken browsers: one refresh for all calls, one auth request of all tabs at a time, no fault ends the session.
import type { AuthError, AuthErrorCode } from '../client/errors.js';
import type { ApiRequestInit } from '../client/options.js';
import type { SignedOutReason } from '../client/session.js';
import {
  type FakeBrowser,
  newKey,
  type SharedByTabs,
  sharedByTabs,
  toFakeRequest,
  toResponse,
} from './fake-browser.js';
import type { FakeRequest, SentResponse } from './fake-server.js';

type Details = { status?: number; retryable?: boolean; retryAfterSeconds?: number | undefined };

/** What a tab needs of its client. */
export interface TabOwner {
  createError(code: AuthErrorCode, message: string, details?: Details): AuthError;
  signedIn(
    how: 'signed-in' | 'refreshed',
    user: unknown,
    claims: Record<string, unknown> | null,
    expiresAt: number,
  ): void;
  signedOut(reason: SignedOutReason): void;
  refreshFailed(error: AuthError): void;
  stepUpRequired(response: Response): void;
}

interface Answer {
  readonly accessToken: string;
  readonly expiresIn: number;
  readonly user: unknown;
}

const REASONS: Record<string, SignedOutReason> = { REFRESH_TOKEN_REUSED: 'token-reused', TOKEN_REVOKED: 'revoked' };

const parsed = ({ body }: SentResponse): Record<string, unknown> => {
  try {
    return (JSON.parse(body) as Record<string, unknown>) ?? {};
  } catch {
    return {};
  }
};
const failureOf = (response: SentResponse | null): AuthErrorCode =>
  !response
    ? 'OFFLINE'
    : response.status === 429
      ? 'RATE_LIMITED'
      : response.status < 300
        ? 'MALFORMED_RESPONSE'
        : 'SERVER_ERROR';

export class FakeTab {
  readonly #browser: FakeBrowser<never>;
  readonly #shared: SharedByTabs;
  readonly #owner: TabOwner;
  #token = '';
  #expiresAt = 0;
  #refreshing: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(browser: FakeBrowser<never>, owner: TabOwner) {
    this.#browser = browser;
    this.#shared = sharedByTabs(browser);
    this.#owner = owner;
    this.#shared.tabs.add(this.#hear);
  }

  get token(): string {
    return this.#token;
  }

  async login(credentials: unknown): Promise<void> {
    await this.#shared.exclusively(async () => {
      const response = await this.#post('login', credentials);
      if (response && this.#adopt(response, 'signed-in')) return;
      throw this.#loginError(response);
    });
    this.#shared.tell(this.#hear, 'signed-in');
  }

  /** Concurrent callers share one refresh. */
  refresh(): Promise<void> {
    if (this.#refreshing) return this.#refreshing;
    const refreshing: Promise<void> = this.#shared
      .exclusively(() => this.#refreshNow())
      .finally(() => {
        if (this.#refreshing === refreshing) this.#refreshing = undefined;
      });
    this.#refreshing = refreshing;
    return refreshing;
  }

  /** Ends the session here and in the other tabs. Resolves with whether the server has confirmed it. */
  async logout(all: boolean): Promise<boolean> {
    this.#end('logout');
    this.#shared.tell(this.#hear, 'signed-out');
    const response = await this.#shared.exclusively(() => this.#post(all ? 'logout-all' : 'logout'));
    return response !== null && response.status < 300;
  }

  async fetch(input: RequestInfo | URL, init?: ApiRequestInit): Promise<Response> {
    const request = await toFakeRequest(input, init);
    await this.freshToken(0);
    const used = this.#token;
    const first = await this.#send(request);
    const needsStepUp = /error="?insufficient_/.test(first.headers['www-authenticate'] ?? '');
    if (needsStepUp) this.#owner.stepUpRequired(toResponse(first));
    if (first.status !== 401 || needsStepUp || init?.auth?.retry === false) return toResponse(first);
    // Another call may have renewed the token meanwhile.
    if (this.#token === used) await this.refresh();
    return toResponse(await this.#send(request));
  }

  /** Refreshes if the token is not valid for this long. */
  async freshToken(minValidityMs: number): Promise<void> {
    if (!this.#token || this.#expiresAt - Date.now() <= minValidityMs) await this.refresh();
  }

  /** The test changed the session itself. */
  forget(): void {
    this.#token = '';
    clearTimeout(this.#timer);
  }

  close(): void {
    this.#shared.tabs.delete(this.#hear);
    this.forget();
  }

  readonly #hear = (news: 'signed-in' | 'signed-out') => {
    if (news === 'signed-out') this.#end('other-tab');
    else this.refresh().catch(() => {});
  };

  async #send(request: FakeRequest): Promise<SentResponse> {
    const headers = { authorization: `Bearer ${this.#token}`, ...request.headers };
    const response = await this.#browser.send({ ...request, headers });
    if (!response) throw new TypeError('Failed to fetch');
    return response;
  }

  #post(name: string, json?: unknown, headers: Record<string, string> = {}) {
    const body = json === undefined ? '' : JSON.stringify(json);
    return this.#browser.send({
      method: 'POST',
      url: `http://localhost${this.#browser.server.authPath}/${name}`,
      headers,
      body,
    });
  }

  async #refreshNow(): Promise<void> {
    const wasSignedIn = this.#token !== '';
    const response = await this.#post('refresh', undefined, { 'idempotency-key': this.#shared.rotationKey });
    if (response && this.#adopt(response, wasSignedIn ? 'refreshed' : 'signed-in')) return;
    if (response && (response.status === 400 || response.status === 401)) {
      const reason = REASONS[String(parsed(response).code)] ?? 'expired';
      this.#end(wasSignedIn ? reason : reason === 'expired' ? 'no-session' : reason);
      throw this.#owner.createError(
        wasSignedIn ? 'SESSION_ENDED' : 'SIGNED_OUT',
        'the fake server rejected the refresh',
      );
    }
    const text = response ? `status ${response.status}` : 'no response';
    const details = { retryable: true, ...(response && { status: response.status }) };
    this.#owner.refreshFailed(this.#owner.createError(failureOf(response), text, details));
    throw this.#owner.createError('REFRESH_UNAVAILABLE', `POST /auth/refresh: ${text}`, { retryable: true });
  }

  #adopt(response: SentResponse, how: 'signed-in' | 'refreshed'): boolean {
    const { accessToken, expiresIn, user } = parsed(response) as unknown as Answer;
    if (response.status >= 300 || !accessToken) return false;
    this.#shared.rotationKey = newKey();
    // Who asks from here on needs a refresh of its own.
    this.#refreshing = undefined;
    this.#token = accessToken;
    this.#expiresAt = Date.now() + expiresIn * 1000;
    this.#renewLater(expiresIn);
    this.#owner.signedIn(how, user, claimsOf(accessToken), this.#expiresAt);
    return true;
  }

  /** Renews a minute before the end, at the earliest after half of the lifetime, by the clock of the test. */
  #renewLater(seconds: number) {
    clearTimeout(this.#timer);
    const renew = () => void this.refresh().catch(() => {});
    this.#timer = setTimeout(renew, Math.min(Math.max(seconds - 60, seconds / 2) * 1000, 2 ** 31 - 1));
    // (A test that ends must not wait for it.)
    (this.#timer as { unref?: () => void }).unref?.();
  }

  #end(reason: SignedOutReason) {
    this.forget();
    this.#owner.signedOut(reason);
  }

  #loginError(response: SentResponse | null): AuthError {
    if (!response) return this.#owner.createError('OFFLINE', 'the fake server lost the request', { retryable: true });
    const { status, headers } = response;
    const isRefusal = status >= 400 && status < 500 && ![404, 405, 408, 410, 429].includes(status);
    const code = status === 401 ? 'INVALID_CREDENTIALS' : isRefusal ? 'LOGIN_REJECTED' : failureOf(response);
    const retryAfterSeconds = Number(headers['retry-after']) || undefined;
    return this.#owner.createError(code, String(parsed(response).message ?? `status ${status}`), {
      status,
      retryable: code === 'RATE_LIMITED' || (code === 'SERVER_ERROR' && status >= 500),
      retryAfterSeconds,
    });
  }
}

/** The payload of a token of a fake server; null for another one. */
function claimsOf(token: string): Record<string, unknown> | null {
  try {
    const payload = (token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/');
    const bytes = atob(payload).replace(/[\s\S]/g, (byte) => `%${byte.charCodeAt(0).toString(16).padStart(2, '0')}`);
    return JSON.parse(decodeURIComponent(bytes)) as Record<string, unknown>;
  } catch {
    return null;
  }
}
