// `Retry-After` as seconds, as a date, and as an invalid value.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { parseRetryAfter } = await load('auth/retry-after');

for (const [value, date, expected] of [
  ['120', null, 120_000],
  [' 5 ', null, 5_000],
  ['0', null, 0],
  [null, null, 0],
  ['', null, 0],
  ['soon', null, 0],
  ['-5', null, 0],
  ['1.5', null, 0],
  ['Thu, 01 Jan 2099 00:02:00 GMT', 'Thu, 01 Jan 2099 00:00:00 GMT', 120_000],
  ['Thu, 01 Jan 2099 00:00:00 GMT', 'Thu, 01 Jan 2099 00:02:00 GMT', 0],
])
  test(`Retry-After ${JSON.stringify(value)} with Date ${JSON.stringify(date)} is ${expected} ms`, () => {
    assert.equal(parseRetryAfter(value, date), expected);
  });

test('a date without a readable Date header is compared with the local clock', () => {
  const waitMs = parseRetryAfter(new Date(Date.now() + 60_000).toUTCString(), null);
  assert.ok(waitMs > 58_000 && waitMs <= 60_000, String(waitMs));
});
