// Performance budgets: the measurements of `npm run bench`, with few rounds and generous limits. The build checks the size of the
// package (size-budget.json).
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { makeSite, runOn } from '../../benches/site.mjs';

let site;
before(() => {
  site = makeSite(mkdtempSync(path.join(os.tmpdir(), 'tokenward-budget-')));
});
after(() => rmSync(site, { recursive: true, force: true }));

/** Chromium with windows, as in the benches. */
const chrome = process.env.CHROME_WITH_WINDOWS ?? process.env.CHROME;
const run = (settings, options) => runOn(site, chrome, settings, options);

test('a call takes less time than a hand-written one that builds a Request', async () => {
  const result = await run({ bench: 'stubbed', url: '/api/me', rounds: 60, count: 300, peers: {} });
  // The minimum of many short rounds: other programs on the machine can only lengthen a round.
  const [tokenward, handWritten] = [result.tokenward.min, result['hand-written, with a Request'].min];
  assert.ok(
    tokenward < handWritten * 1.1 + 3,
    `tokenward: ${tokenward.toFixed(1)} µs, hand-written: ${handWritten.toFixed(1)} µs`,
  );
});

test('10,000 calls at once cause one refresh and no failure, whether the token is expired or rejected', async () => {
  const rows = await run({ bench: 'storm', client: 'tokenward', counts: [10_000], rounds: 3 });
  // The minimum: other programs on the machine can only lengthen a round.
  const minimumOf = (wanted) => Math.min(...rows.filter(({ state }) => state === wanted).map(({ took }) => took));
  const fresh = minimumOf('fresh');
  for (const { state, refreshes, failed } of rows)
    assert.deepEqual([state, refreshes, failed], [state, state === 'fresh' ? 0 : 1, 0]);
  // The client sends each rejected call twice.
  for (const [state, ratio] of [
    ['expired', 3],
    ['rejected by the server', 6],
  ]) {
    const took = minimumOf(state);
    assert.ok(took < ratio * fresh + 500, `${state}: ${took.toFixed(0)} ms, with a fresh token ${fresh.toFixed(0)} ms`);
  }
});

test('20,000 calls do not increase the memory', async () => {
  const flags = ['--enable-precise-memory-info', '--js-flags=--expose-gc'];
  const { before, after } = await run({ bench: 'memory', count: 20_000 }, { flags });
  assert.equal(after.wasm, before.wasm);
  assert.ok(after.heap - before.heap < 1_000_000, `${before.heap} bytes before, ${after.heap} after`);
});

test('only the renewal sets a timer, and none runs while the page is hidden', async () => {
  const { signedIn, idle, hidden, cleared } = await run({ bench: 'idle', milliseconds: 1500 });
  assert.match(signedIn.at(-1), /^setTimeout (7|8)\d\d s$/, 'a token of 900 s is renewed in its last minutes');
  assert.deepEqual({ idle, hidden, cleared }, { idle: [], hidden: [], cleared: 1 });
});
