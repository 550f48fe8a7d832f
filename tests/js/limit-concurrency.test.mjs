// The limit of calls that are sent again at once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { limitConcurrency } = await load('util/limit-concurrency');

/** Tasks that a test settles: `started` are the names in the order in which they began. */
function controlled(limit) {
  const run = limitConcurrency(limit);
  const started = [];
  const settle = {};
  const add = (name) =>
    run(() => {
      started.push(name);
      return new Promise((resolve, reject) => {
        settle[name] = { resolve, reject };
      });
    });
  return { add, started, settle };
}

test('tasks over the limit wait, and start in their order when others settle, also by a rejection', async () => {
  const { add, started, settle } = controlled(2);
  const results = ['a', 'b', 'c', 'd', 'e'].map((name) => add(name).catch((error) => error));
  assert.deepEqual(started, ['a', 'b']);
  settle.b.reject('refused');
  assert.equal(await results[1], 'refused');
  await null;
  assert.deepEqual(started, ['a', 'b', 'c']);
  settle.a.resolve(1);
  assert.equal(await results[0], 1);
  settle.c.resolve(3);
  assert.equal(await results[2], 3);
  await null;
  assert.deepEqual(started, ['a', 'b', 'c', 'd', 'e']);
  settle.d.resolve();
  settle.e.resolve();
  await Promise.all(results);
});

test('a task that throws at once leaves its place to the next', async () => {
  const run = limitConcurrency(1);
  const fail = () => {
    throw new Error('no');
  };
  const results = await Promise.allSettled([run(fail), run(fail), run(async () => 'yes')]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected', 'fulfilled'],
  );
});

test('ten thousand tasks never exceed the limit, also after the queue was empty', async () => {
  const run = limitConcurrency(64);
  let running = 0;
  let most = 0;
  const task = async () => {
    running += 1;
    most = Math.max(most, running);
    await null;
    running -= 1;
  };
  for (let round = 0; round < 2; round += 1) {
    await Promise.all(Array.from({ length: 10_000 }, () => run(task)));
    assert.equal(running, 0);
  }
  assert.equal(most, 64);
});
