// Holds the tokens. They arrive with the response of an auth request and leave in a header or to an auth endpoint; all other code
// receives only the access token's number, its lifetime and its claims.

import { indexOf } from '../browser/captured-globals.js';
import { now } from '../util/clock.js';
import { parseJson } from './json.js';
import type { Answer } from './server.js';
import { holds, identityAt, userIn } from './token-response.js';
import type { UserIdentity, Users } from './users.js';

/** The user of the session, as far as the server's response and the JWT's payload name one. */
export interface Profile {
  user: unknown;
  readonly claims: Record<string, unknown> | null;
}

/** What an auth endpoint issued. */
export interface IssuedTokens extends Profile {
  /** Empty if the server keeps the access token in a cookie. */
  readonly accessToken: string;
  /** Empty if the server keeps the refresh token in a cookie, or issued none. */
  refreshToken: string;
  /** What the answer calls `token_type`. */
  readonly type?: unknown;
  identity: UserIdentity;
}

interface ReceivedTokens extends IssuedTokens {
  /** The number of the user; 0 if the server names none. */
  subject: number;
  /** Whether a refresh issued them: some servers then repeat neither the user nor the refresh token. */
  readonly isRefresh: boolean;
}

const NO_TOKENS: ReceivedTokens = {
  accessToken: '',
  refreshToken: '',
  user: null,
  claims: null,
  identity: {},
  subject: 0,
  isRefresh: false,
};

/** An object without a prototype: no setter of the page receives what is stored in it. */
const emptyRecord = (): Record<number, ReceivedTokens> => ({ __proto__: null }) as never;

export interface TokenStore {
  /** Keeps tokens until `set` or `discard`, and returns the number of the access token and that of the user. */
  receive(issued: IssuedTokens, isRefresh: boolean): { readonly token: number; readonly subject: number };
  /** Whether the user of received tokens is not known, and not that of the session by the tokens' claims. */
  needsUser(id: number): boolean;
  /** The access token that was received under this number. */
  received(id: number): string;
  /** The user of received tokens. */
  userOf(id: number): unknown;
  /** Adds the user, as JSON, to received tokens, and returns the user's number. */
  describe(id: number, json: string, answer: Answer): number;
  /** Calls now carry this token, for so many milliseconds without an admission. */
  set(id: number, freshForMs: number): void;
  /** Every call needs an admission, until the next `set`. */
  block(): void;
  /** Forgets the tokens of the session. */
  clear(): void;
  /** Forgets received tokens that were never used. */
  discard(id: number): void;
  /** The revocation is confirmed or given up: the refresh token that was kept for it is forgotten. */
  forgetRevoked(): void;
  /** The number of the token that calls carry; 0 if there is none. */
  currentId(): number;
  /** The number of the user who is or was signed in; 0 if unknown. */
  subject(): number;
  profile(): Profile;
  /** Whether a call may be sent without an admission. */
  isFresh(): boolean;
  /** Whether the token may be sent to this URL. */
  allows(url: string): boolean;
  /** How often the session changed: equal numbers mean the same session. */
  generation(): number;
  /** The access token; empty if there is none, or if it is in a cookie. */
  accessToken(): string;
  /** The refresh token of the session; empty if it is in a cookie. For a revocation also that of the session before. */
  refreshToken(forRevocation: boolean): string;
}

/** `allowedOrigins` are URL prefixes that end with a slash. */
export function createTokenStore(allowedOrigins: readonly string[], users: Users): TokenStore {
  /** Tokens that have arrived; the core decides whether they are used. */
  let received = emptyRecord();
  let lastId = 0;
  let currentId = 0;
  let current = NO_TOKENS;
  /** The number of the user of the session, also after `clear`. */
  let lastSubject = 0;
  let generation = 0;
  /** The refresh token of a session that ended here, until the server confirms that it is revoked. */
  let unrevoked = '';
  // Both clocks must say that the token is fresh: the monotonic clock may stand still while the device sleeps, and the wall
  // clock may be set back.
  let freshMonotonic = 0;
  let freshWall = 0;

  return {
    receive(issued, isRefresh) {
      lastId += 1;
      const subject = users.numberOf(issued.identity, isRefresh ? lastSubject : 0);
      received[lastId] = { ...issued, isRefresh, subject };
      return { token: lastId, subject };
    },
    needsUser(id) {
      const next = received[id];
      const isKnown = next?.isRefresh && next.subject > 0 && next.subject === current.subject;
      return !!next && next.user === null && !(isKnown && current.user !== null);
    },
    received: (id) => received[id]?.accessToken ?? '',
    userOf: (id) => received[id]?.user ?? null,
    describe(id, json, answer) {
      const next = received[id];
      if (!next) return 0;
      const body = parseJson(json);
      const user = userIn(body, answer);
      next.user = holds(user, next.accessToken, next.refreshToken, 6) ? null : user;
      const { userId, sub } = identityAt(answer.subject, next.user, body, next.claims);
      next.identity = { userId: userId ?? next.identity.userId, sub: sub ?? next.identity.sub };
      next.subject = users.numberOf(next.identity, next.isRefresh ? lastSubject : 0);
      return next.subject;
    },
    set(id, freshForMs) {
      const next = received[id];
      if (next) {
        received = emptyRecord(); // tokens that arrived before this one are superseded
        const { refreshToken, user, subject } = current;
        const sameSession = next.isRefresh && (next.subject || subject) === (subject || next.subject);
        current = sameSession
          ? {
              ...next,
              refreshToken: next.refreshToken || refreshToken,
              user: next.user ?? user,
              subject: next.subject || subject,
            }
          : next;
        lastSubject = current.subject;
        if (!sameSession) generation += 1;
        currentId = id;
      }
      freshMonotonic = now() + freshForMs;
      freshWall = Date.now() + freshForMs;
    },
    block() {
      freshMonotonic = 0;
    },
    clear() {
      unrevoked = current.refreshToken || unrevoked;
      currentId = 0;
      generation += 1;
      current = NO_TOKENS;
      freshMonotonic = 0;
      received = emptyRecord();
    },
    discard(id) {
      delete received[id];
    },
    forgetRevoked() {
      unrevoked = '';
    },
    currentId: () => currentId,
    subject: () => lastSubject,
    profile: () => ({ user: current.user, claims: current.claims }),
    isFresh: () => now() < freshMonotonic && Date.now() < freshWall,
    allows(url) {
      for (let at = 0; at < allowedOrigins.length; at += 1)
        if (indexOf(url, allowedOrigins[at] as string) === 0) return true;
      return false;
    },
    generation: () => generation,
    accessToken: () => current.accessToken,
    refreshToken: (forRevocation) => current.refreshToken || (forRevocation ? unrevoked : ''),
  };
}
