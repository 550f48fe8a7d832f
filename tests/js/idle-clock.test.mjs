// When an idle user is warned and signed out: cases, and a simulation of tabs that share one storage.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { IdleClock } = await load('client/idle-clock');

const MINUTE = 60_000;
const CONFIG = { timeoutMs: 15 * MINUTE, warningMs: MINUTE };
/** A time since the epoch. */
const START = 1_800_000_000_000;

function signedIn(config = CONFIG, isVisible = true) {
  const clock = new IdleClock(config, isVisible);
  clock.handle('signed-in', START);
  return clock;
}

test('a user without activity is warned, then signed out', () => {
  const clock = new IdleClock(CONFIG, true);
  assert.deepEqual(clock.handle('signed-in', START), { publish: START, timerMs: 14 * MINUTE });
  assert.deepEqual(clock.handle('timer', START + 14 * MINUTE), { warn: START + 15 * MINUTE, timerMs: MINUTE });
  assert.equal(clock.isOver(START + 14 * MINUTE - 1), false);
  assert.deepEqual(clock.handle('timer', START + 15 * MINUTE), { signOut: true });
  assert.equal(clock.isOver(START + 15 * MINUTE), true);
  assert.deepEqual(clock.handle('signed-out', START + 15 * MINUTE), { endWarning: true });
  assert.deepEqual(clock.handle('activity', START + 16 * MINUTE), {}, 'nobody is signed in');
});

test('activity postpones the sign-out, and ends the warning', () => {
  const clock = signedIn();
  assert.equal(clock.handle('activity', START + 13 * MINUTE).timerMs, 14 * MINUTE);
  assert.equal(clock.handle('timer', START + 14 * MINUTE).warn, undefined, 'a timer that was set before');
  assert.equal(clock.handle('timer', START + 27 * MINUTE).warn, START + 28 * MINUTE);
  const output = clock.handle('activity', START + 27.5 * MINUTE);
  assert.deepEqual(output, { publish: START + 27.5 * MINUTE, endWarning: true, timerMs: 14 * MINUTE });
});

test('a frozen page that learns of activity elsewhere only when the next sign-out is near warns of that one', () => {
  const clock = signedIn();
  assert.equal(clock.handle('timer', START + 14 * MINUTE).warn, START + 15 * MINUTE);
  clock.handle('hidden', START + 14 * MINUTE);
  const { intervalMs } = clock;
  const activeAt = START + 14.5 * MINUTE;
  const signOutAt = activeAt + intervalMs + 15 * MINUTE;
  assert.equal(clock.handle({ activeAt }, signOutAt - 10_000).warn, undefined, 'a hidden page does not warn');
  assert.deepEqual(clock.handle('visible', signOutAt - 10_000), { warn: signOutAt, timerMs: 10_000 });
  assert.deepEqual(clock.handle('timer', signOutAt - 5_000), { timerMs: 5_000 }, 'once');
  assert.equal(clock.handle('activity', signOutAt - 4_000).endWarning, true);
});

test('activity after the time is over signs out', () => {
  const clock = signedIn();
  assert.deepEqual(clock.handle('activity', START + 15 * MINUTE), { signOut: true });
  assert.deepEqual(clock.handle('activity', START + 15 * MINUTE + 1), {}, 'once');
});

test('a new sign-in begins a new time, also in a hidden tab and while another user is signed in', () => {
  const clock = signedIn();
  clock.handle('timer', START + 14 * MINUTE);
  const later = START + 14.5 * MINUTE;
  assert.deepEqual(clock.handle('new-sign-in', later), { publish: later, endWarning: true, timerMs: 14 * MINUTE });
  clock.handle('signed-out', START + 20 * MINUTE);
  clock.handle('hidden', START + 21 * MINUTE);
  const much = START + 60 * MINUTE;
  assert.deepEqual(clock.handle('new-sign-in', much), { publish: much });
  assert.equal(clock.isOver(much), false);
});

test('a tab tells the others of activity at most once in an interval', () => {
  const clock = signedIn();
  let published = 0;
  for (let ms = 0; ms < MINUTE; ms += 10)
    if (clock.handle('activity', START + ms).publish !== undefined) published += 1;
  assert.ok(published <= MINUTE / clock.intervalMs, `${published} in a minute`);
});

test('a hidden tab sets no timer, tells its last activity, and decides when it is visible again', () => {
  const clock = signedIn();
  clock.handle('activity', START + 5_000);
  assert.deepEqual(clock.handle('hidden', START + 6_000), { publish: START + 5_000 });
  assert.deepEqual(clock.handle('activity', START + 7_000).timerMs, undefined);
  assert.deepEqual(clock.handle('visible', START + 14.5 * MINUTE), {
    warn: START + 7_000 + 15 * MINUTE,
    timerMs: 30_000 + 7_000,
  });
  assert.deepEqual(clock.handle('hidden', START + 14.6 * MINUTE).timerMs, undefined);
  assert.deepEqual(clock.handle('visible', START + 60 * MINUTE), { signOut: true }, 'also after a sleep');
});

test('activity of another tab counts, for one interval more', () => {
  const clock = signedIn();
  const { intervalMs } = clock;
  clock.handle('timer', START + 14 * MINUTE);
  const output = clock.handle({ activeAt: START + 14 * MINUTE }, START + 14 * MINUTE);
  assert.deepEqual(output, { endWarning: true, timerMs: 14 * MINUTE + intervalMs });
  const future = clock.handle({ activeAt: START + 1_000 * MINUTE }, START + 15 * MINUTE);
  assert.ok(future.timerMs <= 14 * MINUTE + intervalMs, 'an entry of the future does not count');
  for (const activeAt of [Number.NaN, -1, 0]) {
    const { timerMs } = clock.handle({ activeAt }, START + 15 * MINUTE);
    assert.equal(timerMs, future.timerMs, `${activeAt}`);
  }
});

test('a clock that is set back signs nobody out', () => {
  const clock = signedIn();
  const output = clock.handle('timer', START - 60 * MINUTE);
  assert.deepEqual([output.signOut, output.timerMs], [undefined, 14 * MINUTE]);
});

test('without a warning, the sign-out comes alone', () => {
  const clock = signedIn({ timeoutMs: MINUTE, warningMs: 0 });
  assert.deepEqual(clock.handle('timer', START + MINUTE), { signOut: true });
});

/** mulberry32: the same numbers for the same seed. */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Tabs of one user. The user works in the visible tab, changes tabs, pauses, and the machine sleeps; a storage event of another tab
 * may be late or lost while a tab is hidden (a tab that becomes visible reads the storage).
 */
function simulate(seed) {
  const next = random(seed);
  const upTo = (most) => Math.floor(next() * most);
  const config = { timeoutMs: 5 * MINUTE, warningMs: next() < 0.2 ? 0 : MINUTE };
  let now = START;
  let stored = START;
  const tabs = Array.from({ length: 1 + upTo(4) }, (_, index) => ({ clock: new IdleClock(config, index === 0) }));
  const world = { lastActive: START, ended: undefined, warned: undefined, visible: 0, publishes: 0 };
  const inputs = [];

  function handle(tab, input) {
    if (world.ended !== undefined) return;
    inputs.push(`${now - START} ${tabs.indexOf(tab)} ${JSON.stringify(input)}`);
    const output = tab.clock.handle(input, now);
    const isVisible = tabs.indexOf(tab) === world.visible;
    if (!isVisible) assert.equal(output.timerMs, undefined, 'a hidden tab sets no timer');
    tab.due = output.timerMs === undefined ? undefined : now + output.timerMs;
    if (output.publish !== undefined) {
      stored = output.publish;
      world.publishes += 1;
    }
    if (output.endWarning) world.warned = undefined;
    if (output.warn !== undefined) world.warned = now;
    if (output.signOut) world.ended = now;
  }
  for (const tab of tabs) handle(tab, 'signed-in');

  for (let step = 0; step < 400 && world.ended === undefined; step += 1) {
    const tab = tabs[world.visible];
    const choice = next();
    if (choice < 0.55) {
      // The user works: many inputs within seconds.
      for (let inputs = upTo(20); inputs > 0 && world.ended === undefined; inputs -= 1) {
        now += upTo(3_000);
        handle(tab, { activeAt: stored });
        handle(tab, 'activity');
        // (A tab that learned of the last activity from another one may accept it for one interval more.)
        if (world.ended === undefined) world.lastActive = now;
      }
    } else if (choice < 0.75) {
      handle(tab, 'hidden');
      world.visible = -1;
      now += upTo(5_000);
      world.visible = upTo(tabs.length);
      handle(tabs[world.visible], { activeAt: stored });
      handle(tabs[world.visible], 'visible');
    } else if (choice < 0.9) {
      // A pause: the timers of the visible tab elapse.
      const end = now + upTo(7 * MINUTE);
      for (let turns = 0; world.ended === undefined && tab.due !== undefined && tab.due <= end; turns += 1) {
        assert.ok(turns < 100, 'a timer that elapses at once, again and again');
        now = Math.max(now, tab.due);
        handle(tab, 'timer');
      }
      if (world.ended === undefined) now = end;
    } else {
      // A sleep: no timer elapses; then the user moves the mouse, or the page becomes visible first.
      now += upTo(20 * MINUTE);
      handle(tab, { activeAt: stored });
      handle(tab, next() < 0.5 ? 'visible' : 'timer');
    }
    if (world.ended === undefined && tab.due !== undefined && tab.due <= now) handle(tab, 'timer');
    if (world.ended === undefined) {
      const idle = now - world.lastActive;
      assert.ok(idle < config.timeoutMs + tab.clock.intervalMs, `seed ${seed}: still signed in after ${idle} ms`);
    }
  }
  const idle = (world.ended ?? now) - world.lastActive;
  if (world.ended !== undefined)
    assert.ok(idle >= config.timeoutMs, `seed ${seed}: signed out after ${idle} ms\n${inputs.slice(-12).join('\n')}`);
  const possible = (now - START) / tabs[0].clock.intervalMs + 2 * inputs.length;
  assert.ok(world.publishes <= possible);
  return world.ended !== undefined;
}

test('in 2,000 simulated days, a user is signed out after the time and never before', () => {
  let ended = 0;
  for (let seed = 1; seed <= 2_000; seed += 1) if (simulate(seed)) ended += 1;
  assert.ok(ended > 500, `only ${ended} of them ended with a sign-out`);
});
