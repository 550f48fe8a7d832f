// What a tab stores about its sign-ins at an identity provider (docs/reference/wire-formats.md). If the storage is blocked, the
// values are in memory, and lost with the page.
import { PAGE_STORAGE, TAB_STORAGE } from '../browser/key-value-store.js';
import { storagePrefix } from '../browser/persisted-state.js';
import { BEGUN, forgetBegun, type SignInMark } from './sign-in-mark.js';

const SILENT = 'tokenward:v1:silent-sign-ins';
/** A little longer than the server's limit of 10 minutes. */
const LONGEST_SIGN_IN_MS = 15 * 60_000;
const LOOP_MS = 60_000;
/** So many sign-ins without a question to the user may follow each other within a minute. */
const MOST_SILENT = 2;

let silentInMemory = '';

const asked = (clientName: string) => `${storagePrefix(clientName)}:asked`;

/**
 * This tab begins a sign-in of the client with this name. The next page asks the server for a session, also if it is loaded again
 * before it has understood the mark.
 */
export function storeBegun(clientName: string) {
  TAB_STORAGE.write(BEGUN, `${Date.now()} ${clientName}`);
  PAGE_STORAGE.write(asked(clientName), undefined);
}

/** The sign-in that this tab began. */
export interface Begun {
  readonly clientName: string;
  /** Whether a revocation was pending, of a session that the user has ended. */
  readonly wasRevoked: boolean;
}

let taken: { readonly mark: SignInMark; readonly begun: Begun | undefined } | undefined;

/**
 * The sign-in that ends with this mark; undefined if this tab began none. A mark in an address proves nothing: a link of another
 * site may have it. Every client that receives the mark learns the same.
 */
export function takeBegun(mark: SignInMark): Begun | undefined {
  if (taken?.mark === mark) return taken.begun;
  const [, at, clientName] = /^(\d+) (.+)$/s.exec(TAB_STORAGE.read(BEGUN) ?? '') ?? [];
  forgetBegun();
  const ageMs = Date.now() - Number(at);
  const isValid = clientName !== undefined && ageMs >= 0 && ageMs < LONGEST_SIGN_IN_MS;
  const isSignedIn = mark[0] === 'signed-in';
  const begun = isValid ? { clientName, wasRevoked: isSignedIn && expectNewSession(clientName) } : undefined;
  taken = { mark, begun };
  return begun;
}

/** Whether a sign-in without a question to the user would be one of a loop of redirects. If not, it is counted. */
export function isSilentLoop(isSilent: boolean): boolean {
  const now = Date.now();
  const stored = TAB_STORAGE.read(SILENT) ?? silentInMemory;
  const recent = isSilent
    ? stored.split(' ').filter((at) => /^\d+$/.test(at) && Math.abs(now - Number(at)) < LOOP_MS)
    : [];
  const isLoop = recent.length >= MOST_SILENT;
  if (isSilent && !isLoop) recent.push(`${now}`);
  silentInMemory = recent.join(' ');
  TAB_STORAGE.write(SILENT, silentInMemory);
  return isLoop;
}

const pendingRevocation = (clientName: string) => `${storagePrefix(clientName)}:pending-revocation`;

export const isRevocationPending = (clientName: string): boolean =>
  PAGE_STORAGE.read(pendingRevocation(clientName)) === '1';

/**
 * The cookie is that of a new session. A pending revocation has lost its target, and must not end this session; and a page that
 * loads before the server has answered asks it again. Returns whether a revocation was pending.
 */
export function expectNewSession(clientName: string): boolean {
  const wasPending = isRevocationPending(clientName);
  PAGE_STORAGE.write(pendingRevocation(clientName), undefined);
  PAGE_STORAGE.write(asked(clientName), undefined);
  return wasPending;
}
