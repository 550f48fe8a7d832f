// How the framework adapters follow the idle warning of a client.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { onIdleWarning } = await load('util/idle-warning');

/** A client that has only events. */
function createClient() {
  const listeners = new Set();
  return {
    listeners,
    on(event, listener) {
      const entry = { event, listener };
      listeners.add(entry);
      return () => listeners.delete(entry);
    },
  };
}

test('the listener is called when a warning begins and when it ends, until it is removed', () => {
  globalThis.document = {};
  try {
    const client = createClient();
    const listener = () => {};
    const remove = onIdleWarning(client, listener);
    assert.deepEqual(
      [...client.listeners],
      ['idle-warning', 'idle-warning-ended'].map((event) => ({ event, listener })),
    );
    remove();
    assert.equal(client.listeners.size, 0);
  } finally {
    delete globalThis.document;
  }
});

test('a server adds no listener to the client', () => {
  const client = createClient();
  onIdleWarning(client, () => {})();
  assert.equal(client.listeners.size, 0);
});
