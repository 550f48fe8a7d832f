// The idle warning of a client, which the framework adapters follow.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { idleWarningOf } = await load('util/idle-warning');

/** A client that has only events, and how many listeners it has. */
function createClient() {
  const listeners = new Map();
  return {
    on: (event, listener) => void listeners.set(event, [...(listeners.get(event) ?? []), listener]),
    emit: (event, detail) => listeners.get(event)?.forEach((listener) => void listener(detail)),
    count: () => [...listeners.values()].flat().length,
  };
}

test('the warning is followed with two listeners in all, and a removed listener is not called', () => {
  globalThis.document = {};
  try {
    const client = createClient();
    const warning = idleWarningOf(client);
    assert.equal(idleWarningOf(client), warning);
    assert.notEqual(idleWarningOf(createClient()), warning);
    assert.equal(client.count(), 2);
    const seen = [];
    const undo = warning.subscribe(() => seen.push(warning.signOutAt()));
    client.emit('idle-warning', { signOutAt: 5 });
    client.emit('idle-warning-ended', {});
    undo();
    client.emit('idle-warning', { signOutAt: 7 });
    assert.deepEqual(seen, [5, null]);
    assert.equal(warning.signOutAt(), 7);
  } finally {
    delete globalThis.document;
  }
});

test('a server adds no listener to the client', () => {
  const client = createClient();
  const warning = idleWarningOf(client);
  assert.equal(warning.signOutAt(), null);
  warning.subscribe(() => {})();
  assert.equal(client.count(), 0);
});
