// The entries that a client stores, and the entries of other tabs and invalid ones that it reads.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const persisted = await load('browser/persisted-state');
const { openPersistedState, relationOf } = persisted;

/** The values that the core reads. */
const readSnapshot = (state) => ({
  hint: persisted.hintState(state),
  pendingRevocation: persisted.isRevocationPending(state),
  waitMs: persisted.notBeforeWait(state),
});

const KEY = 'tokenward:v1:app:sign-in-key';
const ROTATION = 'tokenward:v1:app:idempotency-key';
const PROBE = 'tokenward:v1:app:probe-key';
const PENDING = 'tokenward:v1:app:pending-revocation';
const NOT_BEFORE = 'tokenward:v1:app:not-before';
const DAY = 86_400_000;

/** A store, and the state of a client that uses it. */
function open(entries = {}) {
  const store = {
    read: (key) => entries[key] ?? null,
    write(key, value) {
      if (value === undefined) delete entries[key];
      else entries[key] = value;
    },
  };
  return { entries, state: openPersistedState('app', store), other: () => openPersistedState('app', store) };
}

test('a sign-in stores a key, which is a session hint for the next page', () => {
  const { entries, state, other } = open();
  assert.equal(readSnapshot(state).hint, 'unasked');
  persisted.storeAsked(state);
  assert.equal(readSnapshot(state).hint, 'same');
  persisted.storeNewKey(state);
  assert.match(entries[KEY], /^[\x21-\x7e]{1,128}$/);
  assert.equal(readSnapshot(state).hint, 'same');
  const next = other();
  assert.equal(readSnapshot(next).hint, 'other');
  persisted.adoptStoredKey(next);
  assert.deepEqual([next.known, readSnapshot(next).hint], [state.known, 'same']);
});

test('a client detects that its key was removed or replaced, and keeps the key of the other sign-in', () => {
  const { entries, state, other } = open();
  persisted.storeNewKey(state);
  const old = state.known;
  const next = other();
  persisted.storeNewKey(next);
  assert.equal(readSnapshot(state).hint, 'other');
  assert.deepEqual(
    [relationOf(state, old), relationOf(state, next.known), relationOf(state, 'older')],
    ['same', 'current', 'stale'],
  );
  persisted.removeKey(state);
  assert.equal(entries[KEY], next.known);
  persisted.removeKey(next);
  assert.equal(entries[KEY], undefined);
});

test('a probe key is stored and repeated, and is no session hint', () => {
  const { entries, state, other } = open();
  persisted.useProbeKey(state);
  assert.deepEqual([entries[KEY], entries[PROBE]], [undefined, state.known]);
  const reloaded = other();
  persisted.useProbeKey(reloaded);
  assert.equal(reloaded.known, state.known);
  persisted.storeNewKey(reloaded);
  assert.equal(entries[PROBE], undefined);
});

for (const poison of ['', ' ', 'a b', 'line\nbreak', 'schlüssel', 'x'.repeat(129), 'x'.repeat(200_000)])
  test(`an invalid key (${JSON.stringify(poison.slice(0, 12))}, ${poison.length} characters) is a session hint, and is replaced`, () => {
    const { entries, state } = open({ [KEY]: poison, [PROBE]: poison });
    assert.equal(readSnapshot(state).hint, 'other');
    persisted.useProbeKey(state);
    assert.match(state.known, /^[\x21-\x7e]{1,128}$/);
    persisted.adoptStoredKey(state);
    assert.match(entries[KEY], /^[\x21-\x7e]{1,128}$/);
    assert.equal(readSnapshot(state).hint, 'same');
  });

test('a pending revocation is stored as "1", and the client ignores other values', () => {
  const { entries, state } = open();
  persisted.storePendingRevocation(state);
  assert.deepEqual([entries[PENDING], readSnapshot(state).pendingRevocation], ['1', true]);
  persisted.clearPendingRevocation(state);
  assert.deepEqual([entries[PENDING], readSnapshot(state).pendingRevocation], [undefined, false]);
  for (const poison of ['0', 'true', '', 'x'.repeat(200_000)]) {
    entries[PENDING] = poison;
    assert.equal(readSnapshot(state).pendingRevocation, false);
  }
});

test('a wait is shared, and a shorter one does not replace it', () => {
  const { state, other } = open();
  persisted.storeNotBefore(state, 60_000);
  persisted.storeNotBefore(state, 1_000);
  const { waitMs } = readSnapshot(other());
  assert.ok(waitMs > 59_000 && waitMs <= 60_000, String(waitMs));
  persisted.clearNotBefore(state);
  assert.equal(readSnapshot(state).waitMs, 0);
});

test('the client neither stores nor obeys a wait of more than a day', () => {
  const { entries, state } = open();
  persisted.storeNotBefore(state, 30 * DAY);
  assert.ok(readSnapshot(state).waitMs > DAY - 1_000);
  for (const poison of [String(Date.UTC(2100, 0)), 'NaN', 'Infinity', 'soon', '-5', '', '9'.repeat(200_000), '1']) {
    entries[NOT_BEFORE] = poison;
    assert.equal(readSnapshot(state).waitMs, 0, poison.slice(0, 20));
  }
});

test('without a store the state is in memory', () => {
  const state = openPersistedState('app', undefined);
  persisted.storeNewKey(state);
  assert.ok(state.known);
  assert.deepEqual(readSnapshot(state), { hint: 'same', pendingRevocation: false, waitMs: 0 });
  assert.equal(relationOf(state, 'another'), 'same');
});

test('a pending revocation that cannot be stored is kept in memory', () => {
  for (const read of [() => undefined, () => null]) {
    const state = openPersistedState('app', { read, write() {} });
    persisted.storePendingRevocation(state);
    assert.equal(readSnapshot(state).pendingRevocation, true);
    persisted.clearPendingRevocation(state);
    assert.equal(readSnapshot(state).pendingRevocation, false);
  }
});

test('a page that hands its logout to a worker removes the hint and stores the pending revocation', () => {
  const { entries, state } = open();
  persisted.storeNewKey(state);
  persisted.storeLogout(state);
  assert.deepEqual([entries[KEY], entries[PENDING]], [undefined, '1']);
});

test('a refresh and its repetitions carry one idempotency key, in every tab; the next refresh carries another', () => {
  const { entries, state, other } = open();
  persisted.storeNewKey(state);
  const first = persisted.idempotencyKey(state);
  assert.match(first, /^[\x21-\x7e]{1,128}$/);
  assert.notEqual(first, entries[KEY], 'the sign-in key is never sent');
  const next = other();
  persisted.adoptStoredKey(next);
  assert.deepEqual([persisted.idempotencyKey(next), persisted.idempotencyKey(state)], [first, first]);
  persisted.replaceIdempotencyKey(next);
  const second = persisted.idempotencyKey(state);
  assert.notEqual(second, first);
  assert.equal(persisted.idempotencyKey(next), second);
});

test('a late response replaces no key with which another tab has begun the next rotation', () => {
  const { state, other } = open();
  persisted.storeNewKey(state);
  const next = other();
  persisted.idempotencyKey(next);
  persisted.idempotencyKey(state);
  persisted.replaceIdempotencyKey(next);
  const second = persisted.idempotencyKey(next);
  persisted.replaceIdempotencyKey(state);
  assert.equal(persisted.idempotencyKey(next), second);
});

test('an idempotency key that no header can carry is replaced, and one that disappears is stored again', () => {
  const { entries, state } = open({ [ROTATION]: 'line\nbreak' });
  const key = persisted.idempotencyKey(state);
  assert.match(key, /^[\x21-\x7e]{1,128}$/);
  delete entries[ROTATION];
  assert.equal(persisted.idempotencyKey(state), key);
  assert.equal(entries[ROTATION], key);
});

test('a process that read an older key stores what it sends, so that its repetition carries the same key', () => {
  const { entries, state } = open();
  persisted.storeNewKey(state);
  const sent = persisted.idempotencyKey(state);
  // Another process has adopted a response; this one still reads the key before.
  const { read } = state.store;
  entries[ROTATION] = 'newer';
  state.store.read = (key) => (key === ROTATION ? sent : read(key));
  assert.equal(persisted.idempotencyKey(state), sent);
  state.store.read = read;
  assert.equal(persisted.idempotencyKey(state), sent);
});

test('the end of a session removes its idempotency key, and not that of a later sign-in', () => {
  const { entries, state, other } = open();
  persisted.storeNewKey(state);
  const next = other();
  persisted.storeNewKey(next);
  const key = entries[ROTATION];
  persisted.removeKey(state);
  assert.equal(entries[ROTATION], key);
  persisted.removeKey(next);
  assert.equal(entries[ROTATION], undefined);
});

test('without a store, the idempotency key is in memory', () => {
  const state = openPersistedState('app', undefined);
  const key = persisted.idempotencyKey(state);
  assert.equal(persisted.idempotencyKey(state), key);
  persisted.replaceIdempotencyKey(state);
  assert.notEqual(persisted.idempotencyKey(state), key);
});
