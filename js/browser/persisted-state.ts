// What a client stores in the origin's storage, shared by its tabs. No entry is a credential.
//
// The sign-in key: one random key per sign-in and client name. It is never sent. Its presence is the session hint: a new page
// then knows that a session may be resumed. Messages between tabs name the sign-in by it.
//
// The idempotency key: one random key per rotation of the refresh token. It is sent as `Idempotency-Key` with each refresh until
// a response has been adopted, so that the server can repeat its response if the first one was lost (network, reload, crash)
// and does not mistake the repetition for theft. A copied request repeats one rotation only. Without the httpOnly cookie the
// key is worthless.
//
// The entries are a wire format between releases and every script of the origin can write them: they are checked on reading.
import type { KeyValueStore } from './key-value-store.js';

/**
 * Whether the stored session hint is the one that this client knows, was removed, or belongs to another sign-in. `'unasked'`: there
 * is none, and this browser has not asked the server yet.
 */
export type HintState = 'same' | 'removed' | 'other' | 'unasked';

/** Which sign-in a key belongs to: the one this client knows, the one in the storage, or one that is over. */
export type SessionRelation = 'same' | 'current' | 'stale';

/** The names of the entries, after the prefix. */
export const STORAGE_KEYS = [
  'sign-in-key',
  'probe-key',
  'idempotency-key',
  'pending-revocation',
  'not-before',
  'asked',
  'tokens',
] as const;
type StorageKey = (typeof STORAGE_KEYS)[number];

/** What an HTTP header can carry (RFC 9110 §5.5), without blanks. */
const VALID_KEY = /^[\x21-\x7e]{1,128}$/;
/** How long the storage may lag behind the messages and the locks of another process. */
export const STORAGE_LAG_MS = 250;
/** The client neither obeys nor stores a longer wait. */
export const MAX_WAIT_MS = 24 * 60 * 60 * 1000;

/** The start of every storage key, and the name of the lock and the channel. */
export const storagePrefix = (clientName: string) => `tokenward:v1:${clientName}`;

export const isValidKey = (key: unknown): key is string => typeof key === 'string' && VALID_KEY.test(key);

/** 128 random bits. */
const newKey = () => crypto.getRandomValues(new Uint32Array(4)).join('');

/** The state of one client. Without a store it is in memory only. */
export interface PersistedState {
  readonly prefix: string;
  readonly store: KeyValueStore | undefined;
  /** The key of the sign-in that this client knows. */
  known: string | undefined;
  /** The idempotency key that this client sent last, or will send next. */
  idempotencyKey: string | undefined;
  /** The tokens that were kept when the session ended here, for its revocation. */
  lastTokens: string;
  /** The tokens that could not be stored. */
  unstoredTokens: string;
  /** Whether a revocation is pending that could not be stored. */
  unstoredRevocation: boolean;
}

export const openPersistedState = (clientName: string, store: KeyValueStore | undefined): PersistedState => ({
  prefix: storagePrefix(clientName),
  store,
  known: undefined,
  idempotencyKey: undefined,
  lastTokens: '',
  unstoredTokens: '',
  unstoredRevocation: false,
});

const read = ({ store, prefix }: PersistedState, key: StorageKey) => store?.read(`${prefix}:${key}`);

const write = ({ store, prefix }: PersistedState, key: StorageKey, value?: string) =>
  store?.write(`${prefix}:${key}`, value);

/** For how many milliseconds the server asked all tabs to wait. */
export function notBeforeWait(state: PersistedState): number {
  const waitMs = Number(read(state, 'not-before') ?? 0) - Date.now();
  return waitMs > 0 && waitMs <= MAX_WAIT_MS ? waitMs : 0;
}

export function hintState(state: PersistedState): HintState {
  const stored = read(state, 'sign-in-key');
  const isUnasked = stored === null && !state.known && read(state, 'asked') === null && !isRevocationPending(state);
  if (isUnasked) return 'unasked';
  if (stored === undefined || (stored ?? undefined) === state.known) return 'same';
  return stored === null ? 'removed' : 'other';
}

/** Whether the server has not confirmed a logout yet. */
export const isRevocationPending = (state: PersistedState): boolean =>
  state.unstoredRevocation || read(state, 'pending-revocation') === '1';

export function relationOf(state: PersistedState, key: string | undefined): SessionRelation {
  const stored = read(state, 'sign-in-key');
  return stored === undefined || key === state.known ? 'same' : key === stored ? 'current' : 'stale';
}

/** Whether the storage can be read. */
export const hasStorage = (state: PersistedState): boolean => read(state, 'sign-in-key') !== undefined;

/** Whether the storage holds the sign-in that this client knows. */
export const holdsKey = (state: PersistedState): boolean => !!state.known && read(state, 'sign-in-key') === state.known;

/** Sets the key of the sign-in that this client knows, in the storage too. */
function setKey(state: PersistedState, key: string | undefined, store = true) {
  state.known = key;
  if (store) write(state, 'sign-in-key', key);
  write(state, 'probe-key');
}

/** A user signed in: stores a new key. */
export function storeNewKey(state: PersistedState) {
  setKey(state, newKey());
  setIdempotencyKey(state, newKey());
}

/** The session is over: removes this client's key, and not that of a later sign-in in another tab. Returns whether it did. */
export function removeKey(state: PersistedState): boolean {
  const stored = read(state, 'sign-in-key');
  const isOther = stored && stored !== state.known;
  setKey(state, undefined, !isOther);
  if (isOther) return false;
  setIdempotencyKey(state, undefined);
  state.lastTokens = keptTokens(state) || state.lastTokens;
  keepTokens(state);
  return true;
}

/** The tokens that are kept for the next page (`options.remember`); empty if there are none. */
export const keptTokens = (state: PersistedState): string => state.unstoredTokens || (read(state, 'tokens') ?? '');

/** No text: removes them. If the storage is full, they are in memory, and the storage holds no older ones. */
export function keepTokens(state: PersistedState, text = '') {
  write(state, 'tokens', text);
  const isStored = (read(state, 'tokens') ?? '') === text;
  state.unstoredTokens = isStored ? '' : text;
  if (!isStored) write(state, 'tokens');
}

function setIdempotencyKey(state: PersistedState, key: string | undefined) {
  state.idempotencyKey = key;
  write(state, 'idempotency-key', key);
}

/**
 * The response to a refresh has been adopted: the next rotation gets another key. If the stored key is no longer the one that the
 * refresh was sent with, another tab has begun the next rotation with it, and it stays.
 */
export function replaceIdempotencyKey(state: PersistedState) {
  const stored = read(state, 'idempotency-key');
  if (!stored || stored === state.idempotencyKey) setIdempotencyKey(state, newKey());
}

/** The key of the next rotation. It remains until a response is adopted, so that every repetition of a refresh carries the same key. */
export function idempotencyKey(state: PersistedState): string {
  const stored = read(state, 'idempotency-key');
  const key = isValidKey(stored) ? stored : state.idempotencyKey || newKey();
  // Also if it is what was read: another process may have stored a newer key that this one cannot see yet.
  setIdempotencyKey(state, key);
  return key;
}

/** Uses the stored key; if there is none, or an invalid one, stores this client's key or a new one. */
export function adoptStoredKey(state: PersistedState) {
  const stored = read(state, 'sign-in-key');
  const key = isValidKey(stored) ? stored : state.known || newKey();
  setKey(state, key, stored !== key);
}

/** Uses the probe key: the key of a refresh that asks whether there is a session. It is stored, so that a reload can repeat the refresh, but it is not a session hint. */
export function useProbeKey(state: PersistedState) {
  const stored = read(state, 'probe-key');
  state.known ||= isValidKey(stored) ? stored : newKey();
  write(state, 'probe-key', state.known);
}

export function storePendingRevocation(state: PersistedState) {
  write(state, 'pending-revocation', '1');
  state.unstoredRevocation = read(state, 'pending-revocation') !== '1';
}

export function clearPendingRevocation(state: PersistedState) {
  write(state, 'pending-revocation');
  state.unstoredRevocation = false;
  state.lastTokens = '';
}

/** A page stores the logout that it hands to a worker: the page may be unloaded before the worker receives it. */
export function storeLogout(state: PersistedState) {
  write(state, 'sign-in-key');
  write(state, 'pending-revocation', '1');
}

/** The server has said whether there is a session. */
export function storeAsked(state: PersistedState) {
  if (read(state, 'asked') === null) write(state, 'asked', '1');
}

/** Stores for how long all tabs wait; a longer wait that is stored remains. */
export const storeNotBefore = (state: PersistedState, waitMs: number) =>
  write(state, 'not-before', String(Date.now() + Math.min(Math.max(waitMs, notBeforeWait(state)), MAX_WAIT_MS)));

export const clearNotBefore = (state: PersistedState) => write(state, 'not-before');
