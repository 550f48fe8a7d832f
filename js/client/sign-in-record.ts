// What a tab stores about its sign-ins at an identity provider (docs/reference/wire-formats.md). If the storage is blocked, the
// values are in memory, and lost with the page.
import { PAGE_STORAGE, TAB_STORAGE } from '../browser/key-value-store.js';
import { storagePrefix } from '../browser/persisted-state.js';

const BEGUN = 'tokenward:v1:sign-in-begun';
const SILENT = 'tokenward:v1:silent-sign-ins';
/** A little longer than the server's limit of 10 minutes. */
const LONGEST_SIGN_IN_MS = 15 * 60_000;
const LOOP_MS = 60_000;
/** So many sign-ins without a question to the user may follow each other within a minute. */
const MOST_SILENT = 2;

let silentInMemory = '';

/** This tab begins a sign-in of the client with this name. */
export const storeBegun = (clientName: string) => TAB_STORAGE.write(BEGUN, `${Date.now()} ${clientName}`);

/**
 * The name of the client whose sign-in this tab began; undefined if it began none. A mark in an address proves nothing: a link of
 * another site may have it.
 */
export function takeBegun(): string | undefined {
  const [, at, clientName] = /^(\d+) (.+)$/s.exec(TAB_STORAGE.read(BEGUN) ?? '') ?? [];
  TAB_STORAGE.write(BEGUN, undefined);
  const ageMs = Date.now() - Number(at);
  return ageMs >= 0 && ageMs < LONGEST_SIGN_IN_MS ? clientName : undefined;
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
  PAGE_STORAGE.write(`${storagePrefix(clientName)}:asked`, undefined);
  return wasPending;
}
