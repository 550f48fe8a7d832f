// What a client stores in the origin's storage, shared by its tabs. No entry is a credential.
//
// The idempotency key: one random key per sign-in and client name. It is sent as `Idempotency-Key` with each refresh, so
// that the server can repeat its response if the first one was lost (network, reload, crash) and does not mistake the
// repetition for theft. Its presence is also the session hint: a new page then knows that a session may be resumed. Without
// the httpOnly cookie the key opens nothing.
//
// The entries are a wire format between releases and every script of the origin can write them: they are checked on reading.
import type { KeyValueStore } from './key-value-store.js';

/** The stored state compared with what this client knows. */
export interface StorageSnapshot {
  /** Whether the stored session hint is the one this client knows, was removed, or belongs to another sign-in. */
  readonly hint: 'same' | 'removed' | 'other';
  /** Whether the server has still to confirm a logout. */
  readonly pendingRevocation: boolean;
  /** For how many milliseconds the server asked all tabs to wait. */
  readonly waitMs: number;
}

/** Which sign-in a key belongs to: the one this client knows, the one in the storage, or one that is over. */
export type SessionRelation = 'same' | 'current' | 'stale';

export type StorageKey = 'idempotency-key' | 'probe-key' | 'pending-revocation' | 'not-before';

/** What an HTTP header can carry (RFC 9110 §5.5), without blanks. */
const VALID_KEY = /^[\x21-\x7e]{1,128}$/;
/** A longer wait is not believed, and not stored. */
export const MAX_WAIT_MS = 24 * 60 * 60 * 1000;

/** The start of every storage key, and the name of the lock and the channel. */
export const storagePrefix = (clientName: string) => `tokenward:v1:${clientName}`;

/** The names of all entries of a client. */
export const storageKeys = (clientName: string): string[] =>
  ['idempotency-key', 'probe-key', 'pending-revocation', 'not-before'].map(
    (key) => `${storagePrefix(clientName)}:${key}`,
  );

export const isValidKey = (key: unknown): key is string => typeof key === 'string' && VALID_KEY.test(key);

/** 128 random bits. */
const newKey = () => crypto.getRandomValues(new Uint32Array(4)).join('');

export class PersistedState {
  readonly #prefix: string;
  readonly #store: KeyValueStore | undefined;
  #known: string | undefined;

  /** Without a store the state is in memory only. */
  constructor(clientName: string, store: KeyValueStore | undefined) {
    this.#prefix = storagePrefix(clientName);
    this.#store = store;
  }

  /** The key of the sign-in that this client knows. */
  idempotencyKey(): string | undefined {
    return this.#known;
  }

  readSnapshot(): StorageSnapshot {
    const stored = this.#read('idempotency-key');
    const same = stored === undefined || (stored ?? undefined) === this.#known;
    return {
      hint: same ? 'same' : stored === null ? 'removed' : 'other',
      pendingRevocation: this.#read('pending-revocation') === '1',
      waitMs: this.#waitMs(),
    };
  }

  relationOf(key: string | undefined): SessionRelation {
    const stored = this.#read('idempotency-key');
    return stored === undefined || key === this.#known ? 'same' : key === stored ? 'current' : 'stale';
  }

  /** A user signed in: stores a new key. */
  storeNewKey() {
    this.#known = newKey();
    this.#write('idempotency-key', this.#known);
    this.#write('probe-key');
  }

  /** The session is over: removes this client's key, and not that of a later sign-in in another tab. */
  removeKey() {
    if (this.#read('idempotency-key') === this.#known) this.#write('idempotency-key');
    this.#known = undefined;
    this.#write('probe-key');
  }

  /** Uses the stored key; if there is none, or an invalid one, stores this client's key or a new one. */
  adoptStoredKey() {
    const stored = this.#read('idempotency-key');
    this.#known = isValidKey(stored) ? stored : this.#known || newKey();
    if (stored !== this.#known) this.#write('idempotency-key', this.#known);
    this.#write('probe-key');
  }

  /** Has a key for a refresh that finds out whether there is a session: stored, so that a reload can repeat it, but no session hint. */
  useProbeKey() {
    const stored = this.#read('probe-key');
    this.#known ||= isValidKey(stored) ? stored : newKey();
    this.#write('probe-key', this.#known);
  }

  storePendingRevocation() {
    this.#write('pending-revocation', '1');
  }

  clearPendingRevocation() {
    this.#write('pending-revocation');
  }

  /** Stores for how long all tabs wait; a longer wait that is stored remains. */
  storeNotBefore(waitMs: number) {
    this.#write('not-before', String(Date.now() + Math.min(Math.max(waitMs, this.#waitMs()), MAX_WAIT_MS)));
  }

  clearNotBefore() {
    this.#write('not-before');
  }

  #waitMs(): number {
    const waitMs = Number(this.#read('not-before') ?? 0) - Date.now();
    return waitMs > 0 && waitMs <= MAX_WAIT_MS ? waitMs : 0;
  }

  #read(key: StorageKey) {
    return this.#store?.read(`${this.#prefix}:${key}`);
  }

  #write(key: StorageKey, value?: string) {
    this.#store?.write(`${this.#prefix}:${key}`, value);
  }
}
