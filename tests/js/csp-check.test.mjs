// Which policies stop a script from starting a worker from `blob:` or `data:`.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { restrictsWorkers } = await load('browser/csp-check');

for (const [policies, expected] of [
  [[], false],
  [[''], false],
  [["worker-src 'self'"], true],
  [["worker-src 'none'"], true],
  [['WORKER-SRC https://a.example.com'], true],
  [['worker-src'], true],
  [["worker-src 'self' blob:"], false],
  [['worker-src *'], false],
  [['worker-src https:'], false],
  [['worker-src data:'], false],
  [["img-src 'self'"], false],
  [["default-src 'self'"], true],
  [["script-src 'self' blob:"], false],
  [["default-src 'none'; script-src 'self' blob:"], false],
  [["script-src 'self' blob:; child-src 'self'"], true],
  [["script-src 'self'; worker-src blob:"], false],
  [["img-src 'self'", "worker-src 'self'"], true],
  [["worker-src 'self' blob:", "default-src 'self'"], true],
])
  test(`${JSON.stringify(policies)} ${expected ? 'restricts' : 'does not restrict'} workers`, () => {
    assert.equal(restrictsWorkers(policies), expected);
  });
