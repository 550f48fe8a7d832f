// Messages of other tabs: what is valid, and what is ignored.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { parseTabMessage } = await load('browser/tab-message');

for (const message of [
  { v: 1, type: 'signed-in' },
  { v: 1, type: 'signed-in', userId: 'ada', key: '123' },
  { v: 1, type: 'refreshed', sub: 'ada', key: '123' },
  { v: 1, type: 'signed-out', reason: 'logout', key: '123' },
  { v: 1, type: 'signed-out', reason: 'token-reused' },
  { v: 1, type: 'refresh-failed' },
  { v: 1, type: 'refresh-failed', waitMs: 0, failures: 1 },
  { v: 1, type: 'refresh-failed', waitMs: 86_400_000, failures: 0 },
  { v: 1, type: 'lock-stolen', ofALaterRelease: true },
])
  test(`${JSON.stringify(message)} is valid`, () => {
    assert.deepEqual({ ...parseTabMessage(message) }, message);
  });

for (const message of [
  null,
  undefined,
  'signed-out',
  5,
  [],
  {},
  { kind: 1, text: 'logout', wait: 0, failures: 0 },
  { type: 'signed-in' },
  { v: 2, type: 'signed-in' },
  { v: '1', type: 'signed-in' },
  { v: 1, type: 'toString' },
  { v: 1, type: 'signed-in', userId: 7 },
  { v: 1, type: 'signed-in', sub: 7 },
  { v: 1, type: 'signed-in', key: 'no header\ncarries this' },
  { v: 1, type: 'signed-in', key: 'x'.repeat(129) },
  { v: 1, type: 'signed-in', key: '' },
  { v: 1, type: 'signed-out' },
  { v: 1, type: 'signed-out', reason: 'bored' },
  { v: 1, type: 'refresh-failed', waitMs: '5', failures: 1 },
  { v: 1, type: 'refresh-failed', waitMs: -1, failures: 1 },
  { v: 1, type: 'refresh-failed', waitMs: Number.NaN, failures: 1 },
  { v: 1, type: 'refresh-failed', waitMs: Date.UTC(2100, 0), failures: 1 },
  { v: 1, type: 'refresh-failed', waitMs: 0, failures: Number.POSITIVE_INFINITY },
])
  test(`${JSON.stringify(message)?.slice(0, 80)} is ignored`, () => {
    assert.equal(parseTabMessage(message), undefined);
  });
