// The payload of a JWT: what is read, and what counts as opaque.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { decodeJwtPayload, jwtPayload } = await load('auth/jwt');

const base64url = (text) => Buffer.from(text).toString('base64url');
const jwt = (payload) => `${base64url('{"alg":"none"}')}.${base64url(payload)}.signature`;

test('the claims of a JWT are its payload', () => {
  assert.deepEqual(decodeJwtPayload(jwt('{"sub":"7","iat":1000,"exp":1002}')), { sub: '7', iat: 1000, exp: 1002 });
});

test('claims are UTF-8, and base64url needs no padding', () => {
  for (const name of ['Ada', 'Zoë', '李', '😀?>', 'a', 'ab', 'abc'])
    assert.deepEqual(decodeJwtPayload(jwt(JSON.stringify({ name }))), { name });
});

for (const token of ['', 'opaque', 'a.b', '..', 'a.!!.c', jwt('no json'), jwt('"text"'), jwt('null'), jwt('')])
  test(`${JSON.stringify(token)} is opaque`, () => {
    assert.equal(decodeJwtPayload(token), null);
  });

for (const [token, payload] of [
  ['header.payload.signature', 'payload'],
  ['opaque-secret', ''],
  ['session.secret', ''],
  ['.secret.', ''],
  ['', ''],
])
  test(`the payload of ${JSON.stringify(token)} is ${JSON.stringify(payload)}: no part of another token`, () => {
    assert.equal(jwtPayload(token), payload);
  });
