// Runs steps side by side, in the order of their dependencies: a fixed number of lanes, locks for what two steps must not
// share, and steps that run alone because they measure time.
import { captured, UserError } from './run.mjs';

/**
 * A step is `{name, needs, locks, alone, run}`: `needs` are names of steps that must succeed before it starts, `locks` are
 * names that one running step holds at a time, `alone` steps start when all others have ended and run one at a time.
 * The first startable step in the list starts first. `onStart` receives each step when it starts, `onEnd`
 * its result when it ends.
 * Resolves to the results, in the order of their ends: `{name, error, text, milliseconds, waited}`. Rejects if the steps or `lanes`
 * are not valid.
 */
export async function runSteps(steps, { lanes, onStart = () => {}, onEnd = () => {} }) {
  checkLanes(lanes);
  checkSteps(steps);
  const results = [];
  const state = { waiting: [...steps], running: new Map(), ended: new Map(), lanes };
  const end = (result) => {
    state.ended.set(result.name, result.error);
    results.push(result);
    onEnd(result);
  };
  const begin = Date.now();
  while (state.waiting.length > 0 || state.running.size > 0) {
    for (let step = nextStep(state); step; step = nextStep(state)) {
      state.waiting.splice(state.waiting.indexOf(step), 1);
      const failedNeed = step.needs?.find((name) => state.ended.get(name));
      if (failedNeed) {
        end({ name: step.name, error: new NotRun(failedNeed), text: '', milliseconds: 0, waited: Date.now() - begin });
        continue;
      }
      onStart(step);
      const promise = runStep(step, begin).then((result) => {
        state.running.delete(step);
        end(result);
      });
      state.running.set(step, promise);
    }
    if (state.running.size > 0) await Promise.race(state.running.values());
    else if (state.waiting.length > 0) {
      const names = state.waiting.map(({ name }) => `"${name}"`).join(', ');
      throw new Error(`schedule: no step runs, and none of these can start: ${names}`);
    }
  }
  return results;
}

/** The step did not start, because a step that it needs failed. */
export class NotRun extends Error {
  constructor(need) {
    super(`not run: it needs "${need}", which failed`);
  }
}

/** The number of lanes that the environment variable LANES names. */
export function parseLanes(text) {
  if (!/^[1-9]\d*$/.test(text)) throw new UserError(`LANES: expected a positive integer, got "${text}"`);
  return Number(text);
}

function checkLanes(lanes) {
  if (!Number.isInteger(lanes) || lanes < 1)
    throw new Error(`schedule: lanes: expected a positive integer, got ${lanes}`);
}

function checkSteps(steps) {
  const before = new Map();
  for (const step of steps) {
    const { name, needs = [] } = step;
    if (before.has(name)) throw new Error(`schedule: two steps are named "${name}"`);
    for (const need of needs) {
      if (!before.has(need)) throw new Error(`schedule: step "${name}" needs "${need}", which is not listed before it`);
      if (before.get(need).alone && !step.alone)
        throw new Error(`schedule: step "${name}" needs "${need}", which runs alone after it`);
    }
    before.set(name, step);
  }
}

function nextStep({ waiting, running, ended, lanes }) {
  const busy = [...running.keys()];
  if (busy.length >= lanes || busy.some(({ alone }) => alone)) return undefined;
  const held = new Set(busy.flatMap(({ locks = [] }) => locks));
  const startable = ({ needs = [], locks = [] }) =>
    needs.some((name) => ended.get(name)) ||
    (needs.every((name) => ended.has(name)) && !locks.some((lock) => held.has(lock)));
  const shared = waiting.filter(({ alone }) => !alone);
  if (shared.length > 0) return shared.find(startable);
  return busy.length === 0 ? waiting.find(startable) : undefined;
}

async function runStep({ name, run }, begin) {
  const started = Date.now();
  const { error, text } = await captured(run);
  return { name, error, text, milliseconds: Date.now() - started, waited: started - begin };
}
