// Holds the tokens. They come in with the response of an auth request and leave in a header or to an auth endpoint; everything
// else sees only the access token's number, its lifetime and its claims.
import { indexOf } from '../browser/captured-globals.js';

/** The user of the session, as far as the server's response and the JWT's payload name one. */
export interface Profile {
  readonly user: unknown;
  readonly claims: Record<string, unknown> | null;
}

/** What an auth endpoint issued. */
export interface IssuedTokens extends Profile {
  /** Empty if the server keeps the access token in a cookie. */
  readonly accessToken: string;
  /** Empty if the server keeps the refresh token in a cookie, or issued none. */
  readonly refreshToken: string;
  /** The user's id; undefined if the server names none. */
  readonly subject: string | undefined;
}

interface ReceivedTokens extends IssuedTokens {
  /** Whether a refresh issued them: some servers then repeat neither the user nor the refresh token. */
  readonly isRefresh: boolean;
}

const NO_TOKENS: ReceivedTokens = {
  accessToken: '',
  refreshToken: '',
  user: null,
  claims: null,
  subject: undefined,
  isRefresh: false,
};

/** An object without a prototype: no setter of the page sees what is stored in it. */
const emptyRecord = (): Record<number, ReceivedTokens> => ({ __proto__: null }) as never;

export class TokenStore {
  readonly #allowedOrigins: readonly string[];
  /** Tokens that have arrived; the core decides whether they are used. */
  #received = emptyRecord();
  #lastId = 0;
  #currentId = 0;
  #current = NO_TOKENS;
  #generation = 0;
  /** The refresh token of a session that ended here, until the server confirms that it is revoked. */
  #unrevoked = '';
  // Both clocks must say that the token is fresh: the monotonic clock may stand still while the device sleeps, and the wall
  // clock may be set back.
  #freshMonotonic = 0;
  #freshWall = 0;

  /** `allowedOrigins` are URL prefixes that end with a slash. */
  constructor(allowedOrigins: readonly string[]) {
    this.#allowedOrigins = allowedOrigins;
  }

  /** Keeps tokens until `set` or `discard`, and returns the number of the access token. */
  receive(issued: IssuedTokens, isRefresh: boolean): number {
    this.#lastId += 1;
    this.#received[this.#lastId] = { ...issued, isRefresh };
    return this.#lastId;
  }

  /** Calls now carry this token, for so many milliseconds without asking the core. */
  set(id: number, freshForMs: number) {
    const next = this.#received[id];
    if (next) {
      this.#received = emptyRecord(); // tokens that arrived before this one are superseded
      const { refreshToken, user, subject } = this.#current;
      const sameSession = next.isRefresh && (next.subject ?? subject) === (subject ?? next.subject);
      if (sameSession)
        this.#current = { ...next, refreshToken: next.refreshToken || refreshToken, user: next.user ?? user };
      else {
        this.#current = next;
        this.#generation += 1;
      }
      this.#currentId = id;
    }
    this.#freshMonotonic = performance.now() + freshForMs;
    this.#freshWall = Date.now() + freshForMs;
  }

  /** Every call asks the core first, until the next `set`. */
  block() {
    this.#freshMonotonic = 0;
  }

  /** Forgets the tokens of the session. */
  clear() {
    this.#unrevoked = this.#current.refreshToken || this.#unrevoked;
    this.#currentId = 0;
    this.#generation += 1;
    this.#current = NO_TOKENS;
    this.#freshMonotonic = 0;
    this.#received = emptyRecord();
  }

  /** Forgets received tokens that were never used. */
  discard(id: number) {
    delete this.#received[id];
  }

  /** The revocation is confirmed or given up: the refresh token that was kept for it is forgotten. */
  forgetRevoked() {
    this.#unrevoked = '';
  }

  /** The number of the token that calls carry; 0 if there is none. */
  currentId(): number {
    return this.#currentId;
  }

  profile(): Profile {
    return { user: this.#current.user, claims: this.#current.claims };
  }

  /** Whether a call may be sent without asking the core. */
  isFresh(): boolean {
    return performance.now() < this.#freshMonotonic && Date.now() < this.#freshWall;
  }

  /** Whether the token may be sent to this URL. */
  allows(url: string): boolean {
    const origins = this.#allowedOrigins;
    for (let at = 0; at < origins.length; at += 1) if (indexOf(url, origins[at] as string) === 0) return true;
    return false;
  }

  /** How often the session changed: equal numbers mean the same session. */
  generation(): number {
    return this.#generation;
  }

  /** The access token; empty if there is none, or if it is in a cookie. */
  accessToken(): string {
    return this.#current.accessToken;
  }

  /** The refresh token of the session; empty if it is in a cookie. For a revocation also that of the session before. */
  refreshToken(forRevocation: boolean): string {
    return this.#current.refreshToken || (forRevocation ? this.#unrevoked : '');
  }
}
