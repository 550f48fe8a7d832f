// The scheduler of `npm test`: dependencies, lanes, locks, steps that run alone, captured output.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runSteps } from '../../tools/schedule.mjs';

/** Steps whose `run` waits until the test lets them end; `running` holds the names of those that run. */
function manualSteps(descriptions) {
  const running = new Set();
  const finish = {};
  const steps = descriptions.map((step) => ({
    ...step,
    run: () =>
      new Promise((resolve, reject) => {
        running.add(step.name);
        finish[step.name] = (error) => {
          running.delete(step.name);
          if (error) reject(error);
          else resolve();
        };
      }),
  }));
  return { steps, running, finish };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

test('a step starts when the steps that it needs have succeeded and a lane is free', async () => {
  const { steps, running, finish } = manualSteps([
    { name: 'a' },
    { name: 'b', needs: ['a'] },
    { name: 'c' },
    { name: 'd' },
  ]);
  const results = runSteps(steps, { lanes: 2 });
  await settle();
  assert.deepEqual([...running], ['a', 'c']);
  finish.a();
  await settle();
  assert.deepEqual([...running], ['c', 'b']);
  finish.b();
  await settle();
  finish.c();
  finish.d();
  assert.deepEqual(
    (await results).map(({ name, error }) => [name, error]),
    [
      ['a', null],
      ['b', null],
      ['c', null],
      ['d', null],
    ],
  );
});

test('steps that need a failed step fail without running, and the others run', async () => {
  const broken = new Error('broken');
  const { steps, finish } = manualSteps([{ name: 'a' }, { name: 'b', needs: ['a'] }, { name: 'c', needs: ['b'] }]);
  const other = { name: 'd', run: async () => {} };
  const results = runSteps([...steps, other], { lanes: 2 });
  await settle();
  finish.a(broken);
  const errors = Object.fromEntries((await results).map(({ name, error }) => [name, error]));
  assert.equal(errors.a, broken);
  assert.match(errors.b.message, /needs "a", which failed/);
  assert.match(errors.c.message, /needs "b", which failed/);
  assert.equal(errors.d, null);
});

test('two steps with one lock do not overlap, and a step that runs alone starts last', async () => {
  const { steps, running, finish } = manualSteps([
    { name: 'alone', alone: true },
    { name: 'a', locks: ['x'] },
    { name: 'b', locks: ['x'] },
    { name: 'c' },
  ]);
  const results = runSteps(steps, { lanes: 3 });
  await settle();
  assert.deepEqual([...running], ['a', 'c']);
  finish.a();
  await settle();
  assert.deepEqual([...running], ['c', 'b']);
  finish.b();
  await settle();
  assert.deepEqual([...running], ['c']);
  finish.c();
  await settle();
  assert.deepEqual([...running], ['alone']);
  finish.alone();
  await results;
});

test('the output of steps that run side by side does not mix', async () => {
  const print = (name) => ({
    name,
    run: async () => {
      for (let line = 0; line < 3; line += 1) {
        console.log(`${name} ${line}`);
        await settle();
      }
    },
  });
  const results = await runSteps([print('a'), print('b')], { lanes: 2 });
  assert.deepEqual(
    results.map(({ text }) => text),
    ['a 0\na 1\na 2\n', 'b 0\nb 1\nb 2\n'],
  );
});

test('a step that needs a later or unknown step is rejected', async () => {
  const steps = [{ name: 'a', needs: ['b'], run: async () => {} }];
  await assert.rejects(runSteps(steps, { lanes: 2 }), /step "a" needs "b", which is not listed before it/);
});
