// Requests over a port: results, errors, aborts, unknown methods and the end of the port.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { Rpc } = await load('worker/rpc');
const { AuthError } = await load('client/errors');

function connect(handlers) {
  const { port1, port2 } = new MessageChannel();
  const client = new Rpc(port1, {}, AuthError);
  const server = new Rpc(port2, handlers, AuthError);
  return { client, server };
}
async function withPorts(handlers, body) {
  const { client, server } = connect(handlers);
  try {
    await body(client, server);
  } finally {
    client.close(new Error('closed'));
    server.close(undefined);
  }
}

test('a request resolves with the result of its handler', () =>
  withPorts({ double: (number) => number * 2, later: async (text) => text }, async (client) => {
    assert.deepEqual(await Promise.all([client.request('double', 2), client.request('later', 'x')]), [4, 'x']);
    assert.equal(client.hasPending(), false);
  }));

for (const [name, thrown] of [
  ['an AuthError', new AuthError('RATE_LIMITED', 'wait', { status: 429, retryable: true, retryAfterSeconds: 5 })],
  ['a TypeError', new TypeError('Failed to fetch')],
  ['a DOMException', new DOMException('aborted', 'AbortError')],
  ['another error', new RangeError('too far')],
  ['a value', { text: 'x' }],
])
  test(`${name} arrives with its type`, () =>
    withPorts({ fail: () => Promise.reject(thrown) }, async (client) => {
      const error = await client.request('fail').then(
        () => assert.fail('resolved'),
        (reason) => reason,
      );
      for (const member of ['name', 'message', 'code', 'status', 'retryable', 'retryAfterSeconds', 'text'])
        assert.equal(error[member], thrown[member], member);
      if (thrown instanceof AuthError || thrown instanceof TypeError || thrown instanceof DOMException)
        assert.equal(error.constructor, thrown.constructor);
    }));

test('an abort rejects at once, and reaches the handler with its reason', () => {
  let reason;
  const wait = (_, signal) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        reason = signal.reason;
        resolve();
      });
    });
  return withPorts({ wait, ping: () => true }, async (client) => {
    const controller = new AbortController();
    const request = client.request('wait', undefined, { signal: controller.signal });
    controller.abort(new TypeError('left'));
    await assert.rejects(request, { message: 'left' });
    await client.request('ping');
    assert.equal(reason.message, 'left');
    await assert.rejects(client.request('ping', undefined, { signal: controller.signal }), { message: 'left' });
  });
});

test('an unknown method, and one of Object.prototype, does nothing', () =>
  withPorts({ ping: () => true }, async (client) => {
    for (const method of ['nothing', 'toString', 'constructor', '__proto__'])
      assert.equal(await client.request(method), undefined);
  }));

test('a value that cannot be cloned rejects, and leaves no request pending', () =>
  withPorts({ ping: () => true }, async (client) => {
    await assert.rejects(
      client.request('ping', () => {}),
      { name: 'DataCloneError' },
    );
    assert.equal(client.hasPending(), false);
  }));

test('closing rejects the pending requests', () =>
  withPorts({ wait: () => new Promise(() => {}) }, async (client) => {
    const request = client.request('wait');
    client.close(new Error('the worker has ended'));
    await assert.rejects(request, { message: 'the worker has ended' });
  }));
