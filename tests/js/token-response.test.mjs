// The response of an auth endpoint: tokens, user, lifetime and error codes in each dialect.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { parseTokenResponse } = await load('auth/token-response');

const FIELDS = { accessToken: 'accessToken', refreshToken: 'refreshToken', expiresIn: 'expiresIn', user: 'user' };
const parse = (body, fields = FIELDS, ok = true) => parseTokenResponse(ok, JSON.stringify(body), fields);

test('tokens, user and lifetime come from the named fields', () => {
  const { issued, expiresIn } = parse({ accessToken: 'a', refreshToken: 'r', expiresIn: 900, user: { id: 7 } });
  assert.deepEqual(issued, {
    accessToken: 'a',
    refreshToken: 'r',
    user: { id: 7 },
    claims: null,
    identity: { userId: '7', sub: undefined },
  });
  assert.equal(expiresIn, 900);
});

test('a dot in a field name selects a nested field', () => {
  const { issued } = parse({ data: { token: 'a' } }, { ...FIELDS, accessToken: 'data.token' });
  assert.equal(issued.accessToken, 'a');
});

test('the lifetime may be a text, and is NaN if it is absent or empty', () => {
  assert.equal(parse({ accessToken: 'a', expiresIn: ' 900 ' }).expiresIn, 900);
  for (const expiresIn of [undefined, '', 'soon'])
    assert.equal(parse({ accessToken: 'a', expiresIn }).expiresIn, Number.NaN);
});

test('success without a field for a token means that the tokens are in cookies', () => {
  assert.equal(parse({ success: true }).issued.accessToken, '');
  for (const body of [{ success: false }, {}, { success: true, jwtToken: 'elsewhere' }, { token: 'elsewhere' }])
    assert.equal(parse(body).issued, undefined, JSON.stringify(body));
});

test('a response that is not OK issues no token', () => {
  assert.equal(parse({ accessToken: 'a' }, FIELDS, false).issued, undefined);
});

for (const [body, code, message] of [
  [{ error: { code: 'INVALID_CREDENTIALS', message: 'wrong' } }, 'INVALID_CREDENTIALS', 'wrong'],
  [{ code: 'TOKEN_EXPIRED', error: 'expired' }, 'TOKEN_EXPIRED', 'expired'],
  [{ error: 'invalid_grant', error_description: 'expired' }, 'invalid_grant', 'expired'],
  [{ error: 'Invalid credentials' }, 'Invalid credentials', 'Invalid credentials'],
  [{ error: 5 }, undefined, undefined],
  [null, undefined, undefined],
])
  test(`the error of ${JSON.stringify(body)} is ${code}`, () => {
    const response = parse(body, FIELDS, false);
    assert.deepEqual([response.code, response.message], [code, message]);
  });

test('a long message is truncated', () => {
  assert.equal(parse({ error: 'x'.repeat(1_000) }, FIELDS, false).message.length, 200);
});
