// Bodies that cross a port in chunks: order, window, acknowledgement, errors, cancellation and the end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { BodyStreams, WINDOW } = await load('worker/body-stream');

const errors = { serialize: ({ message }) => ({ message }), deserialize: ({ message }) => new Error(message) };
const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Two ends of a port. `sent` keeps the messages of the sender, `answers` those of the receiver. */
function connect() {
  const sent = [];
  const answers = [];
  const deliver = (end, messages) => (message) => {
    messages.push(message);
    const copy = structuredClone(message);
    setImmediate(() => end().handle(copy));
  };
  const sender = new BodyStreams(
    deliver(() => receiver, sent),
    errors,
  );
  const receiver = new BodyStreams(
    deliver(() => sender, answers),
    errors,
  );
  return { sender, receiver, sent, answers };
}

const streamOf = (chunks, { error, onCancel, onPull } = {}) => {
  const rest = [...chunks];
  return new ReadableStream(
    {
      pull(controller) {
        onPull?.();
        const chunk = rest.shift();
        if (chunk) controller.enqueue(chunk);
        else if (error) controller.error(error);
        else controller.close();
      },
      cancel: onCancel,
    },
    { highWaterMark: 0 },
  );
};

test('a body arrives complete and in order', async () => {
  const { sender, receiver } = connect();
  const id = sender.send(streamOf([Uint8Array.of(1, 2), Uint8Array.of(3), Uint8Array.of(4, 5)]).getReader());
  const bytes = await new Response(receiver.receive(id)).arrayBuffer();
  assert.deepEqual([...new Uint8Array(bytes)], [1, 2, 3, 4, 5]);
});

test('the reader receives the chunks that came with the head first', async () => {
  const { sender, receiver } = connect();
  const id = sender.send(streamOf([Uint8Array.of(2)]).getReader());
  const body = receiver.receive(id, null, [Uint8Array.of(1)]);
  assert.deepEqual([...new Uint8Array(await new Response(body).arrayBuffer())], [1, 2]);
});

test('the sender sends at most the window of unread bytes, and then waits for the receiver', async () => {
  const { sender, receiver, sent, answers } = connect();
  const size = WINDOW / 4;
  const id = sender.send(streamOf(Array.from({ length: 12 }, () => new Uint8Array(size))).getReader());
  await turn();
  assert.equal(sent.length, 0, 'the receiver has not granted a window yet');
  const reader = receiver.receive(id).getReader();
  for (let turns = 0; turns < 40; turns += 1) await turn();
  assert.equal(sent.length, 4, 'a full window');
  assert.deepEqual(answers, [{ grant: 1, bytes: WINDOW }]);
  assert.equal((await reader.read()).value.byteLength, size);
  for (let turns = 0; turns < 40; turns += 1) await turn();
  assert.deepEqual(answers.at(-1), { grant: 1, bytes: size });
  assert.equal(sent.length, 5, 'the sender may send one more chunk for the one that was read');
  let total = size;
  for (let next = await reader.read(); !next.done; next = await reader.read()) total += next.value.byteLength;
  assert.equal(total, 12 * size);
});

test('the receiver acknowledges small reads together', async () => {
  const { sender, receiver, answers } = connect();
  const id = sender.send(streamOf(Array.from({ length: 300 }, () => new Uint8Array(1024))).getReader());
  await new Response(receiver.receive(id)).arrayBuffer();
  assert.deepEqual(
    answers.map(({ bytes }) => bytes),
    [WINDOW, 128 * 1024, 128 * 1024],
  );
});

test('an error of the source becomes the error of the copy', async () => {
  const { sender, receiver } = connect();
  const id = sender.send(streamOf([Uint8Array.of(1)], { error: new Error('broken') }).getReader());
  const reader = receiver.receive(id).getReader();
  assert.deepEqual([...(await reader.read()).value], [1]);
  await assert.rejects(reader.read(), { message: 'broken' });
});

test('cancelling the copy cancels the source', async () => {
  const { sender, receiver, answers } = connect();
  let cancelled = false;
  const source = streamOf(
    Array.from({ length: 5 }, () => new Uint8Array(WINDOW)),
    {
      onCancel() {
        cancelled = true;
      },
    },
  );
  const id = sender.send(source.getReader());
  const reader = receiver.receive(id).getReader();
  await reader.read();
  await reader.cancel();
  await turn();
  assert.deepEqual([cancelled, answers.at(-1)], [true, { cancel: 1 }]);
});

test('an abort ends the copy and the source with its reason', async () => {
  const { sender, receiver, answers } = connect();
  const controller = new AbortController();
  const id = sender.send(streamOf([new Uint8Array(8)]).getReader());
  const reader = receiver.receive(id, controller.signal).getReader();
  const reading = reader.closed;
  controller.abort(new Error('left'));
  await assert.rejects(Promise.all([reading, reader.read()]), { message: 'left' });
  assert.deepEqual(answers.at(-1), { cancel: 1 });
});

test('a reader with its own buffer receives the end', async () => {
  const { sender, receiver } = connect();
  const id = sender.send(streamOf([Uint8Array.of(1, 2, 3)]).getReader());
  const reader = receiver.receive(id).getReader({ mode: 'byob' });
  const first = await reader.read(new Uint8Array(8));
  assert.deepEqual([...first.value], [1, 2, 3]);
  assert.equal((await reader.read(new Uint8Array(8))).done, true);
});

test('closing ends every stream with the reason', async () => {
  const { sender, receiver } = connect();
  const id = sender.send(streamOf([Uint8Array.of(1)]).getReader());
  const reader = receiver.receive(id).getReader();
  receiver.close(new Error('the worker has ended'));
  await assert.rejects(reader.read(), { message: 'the worker has ended' });
});

test('the end of a body arrives with its last chunk', async () => {
  const { sender, receiver } = connect();
  const id = sender.send(streamOf([Uint8Array.of(1)]).getReader());
  const reader = receiver.receive(id).getReader();
  assert.deepEqual([...(await reader.read()).value], [1]);
  await reader.closed; // without another read
});

test('an error reaches a reader that waits for the end without reading on', async () => {
  const { sender, receiver } = connect();
  const id = sender.send(streamOf([], { error: new Error('the connection broke') }).getReader());
  const reader = receiver.receive(id).getReader();
  await assert.rejects(reader.closed, { message: 'the connection broke' });
});
