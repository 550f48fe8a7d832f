// The scheduler of `npm test`: dependencies, lanes, locks, steps that run alone, captured output.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UserError } from '../../tools/run.mjs';
import { parseLanes, runSteps } from '../../tools/schedule.mjs';

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

test('two steps of one name are rejected', async () => {
  const run = async () => {};
  const steps = [
    { name: 'a', run },
    { name: 'a', run },
  ];
  await assert.rejects(runSteps(steps, { lanes: 2 }), /two steps are named "a"/);
});

test('a step that needs one that runs alone must run alone', async () => {
  const run = async () => {};
  const steps = [
    { name: 'a', alone: true, run },
    { name: 'b', needs: ['a'], run },
  ];
  await assert.rejects(runSteps(steps, { lanes: 2 }), /step "b" needs "a", which runs alone after it/);
  const results = await runSteps([steps[0], { ...steps[1], alone: true }], { lanes: 2 });
  assert.deepEqual(
    results.map(({ name }) => name),
    ['a', 'b'],
  );
});

test('lanes that are no positive integer are rejected', async () => {
  for (const lanes of [0, -1, 1.5, Number.NaN, undefined, '2'])
    await assert.rejects(runSteps([{ name: 'a', run: async () => {} }], { lanes }), {
      message: `schedule: lanes: expected a positive integer, got ${lanes}`,
    });
});

test('steps that can never start are named', async () => {
  const b = { name: 'b', run: async () => {} };
  const run = async () => {
    b.needs = ['b'];
  };
  const steps = [{ name: 'a', run }, b, { name: 'c', alone: true, run }];
  await assert.rejects(runSteps(steps, { lanes: 1 }), /schedule: no step runs, and none of these can start: "b", "c"/);
});

test('LANES is a positive integer', () => {
  assert.equal(parseLanes('12'), 12);
  for (const text of ['', '0', '-1', '1.5', '2 ', 'abc', '1e3'])
    assert.throws(
      () => parseLanes(text),
      (error) => error instanceof UserError && error.message === `LANES: expected a positive integer, got "${text}"`,
    );
});
