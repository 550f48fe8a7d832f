// Runs all probes against a client, some at once, and finds those that obtained a token.
import assert from 'node:assert/strict';
import { groups } from './probes.mjs';

const AT_ONCE = 3;

/** Rejects after this time: a page that a probe has broken may never answer. */
function withTimeout(work, milliseconds) {
  let timer;
  const timeout = new Promise((_, reject) => {
    const message = `the page did not answer within ${milliseconds / 1000} s`;
    timer = setTimeout(() => reject(new Error(message)), milliseconds);
  });
  return Promise.race([work, timeout]).finally(() => clearTimeout(timer));
}

/**
 * The probes that obtained a token and, among late ones, those that stopped the client. `attack(probes)` runs the client with some
 * probes, and resolves with the number of tokens that they found, and whether the client worked.
 */
export async function attackAll(attack, early) {
  const leaks = [];
  let worked = 0;
  const queue = groups(process.env.ALONE === '1', early);
  // A page with probes may take five times as long as one without, because a busy machine slows both.
  const start = Date.now();
  assert.ok((await withTimeout(attack([]), 90_000)).works, 'the client works without probes');
  const limit = Math.max(15_000, 5 * (Date.now() - start));
  const once = (probes) => withTimeout(attack(probes), limit).catch(({ message }) => ({ found: 0, failure: message }));
  const collectLeaks = async (probes) => {
    const { found, works, failure } = await once(probes);
    if (works) worked += probes.length;
    if (works && found === 0) return;
    if (probes.length > 1) {
      for (const probe of probes) await collectLeaks([probe]);
      return;
    }
    const [{ name }] = probes;
    if (found > 0) leaks.push(name);
    // An early probe may break the page: it then obtains nothing. After a late probe the client must still work. A second attempt
    // distinguishes a client that the probe has stopped from a slow machine.
    else if (!early && !(await once(probes)).works) leaks.push(`${name}: the client did not work: ${failure ?? ''}`);
  };
  const worker = async () => {
    for (let probes = queue.shift(); probes; probes = queue.shift()) await collectLeaks(probes);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  assert.ok(worked > 0, 'the client worked');
  return leaks;
}
