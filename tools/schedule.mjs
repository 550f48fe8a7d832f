// Runs steps side by side, in the order of their dependencies: a fixed number of lanes, locks for what two steps must not
// share, and steps that run alone because they measure time.
import { captured } from './run.mjs';

/**
 * A step is `{name, needs, locks, alone, run}`: `needs` are names of steps that must succeed before it starts, `locks` are
 * names that one running step holds at a time, `alone` steps start when all others have ended and run one at a time.
 * The first startable step in the list starts first. `onStart` receives each step when it starts, `onEnd`
 * its result when it ends.
 * Resolves to the results, in the order of their ends: `{name, error, text, milliseconds, waited}`.
 */
export async function runSteps(steps, { lanes, onStart = () => {}, onEnd = () => {} }) {
  checkNeeds(steps);
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
  }
  return results;
}

/** The step did not start, because a step that it needs failed. */
export class NotRun extends Error {
  constructor(need) {
    super(`not run: it needs "${need}", which failed`);
  }
}

function checkNeeds(steps) {
  const before = new Set();
  for (const { name, needs = [] } of steps) {
    const missing = needs.find((need) => !before.has(need));
    if (missing) throw new Error(`schedule: step "${name}" needs "${missing}", which is not listed before it`);
    before.add(name);
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
