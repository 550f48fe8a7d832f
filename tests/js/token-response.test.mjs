// The response of an auth endpoint: tokens, user, lifetime and error codes in each dialect.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { parseTokenResponse } = await load('auth/token-response');

const ANSWER = {
  access: ['accessToken'],
  refresh: ['refreshToken'],
  expiresIn: ['expiresIn'],
  user: ['user'],
  subject: [],
  step: [],
};
const parse = (body, answer = ANSWER, ok = true, headers = {}) =>
  parseTokenResponse(
    ok,
    typeof body === 'string' ? body : JSON.stringify(body),
    answer,
    (name) => headers[name] ?? null,
  );

test('tokens, user and lifetime come from the named fields', () => {
  const { issued, expiresIn } = parse({ accessToken: 'a', refreshToken: 'r', expiresIn: 900, user: { id: 7 } });
  assert.deepEqual(issued, {
    accessToken: 'a',
    refreshToken: 'r',
    type: undefined,
    user: { id: 7 },
    claims: null,
    identity: { userId: '7', sub: undefined },
  });
  assert.equal(expiresIn, 900);
});

test('a dot in a field name selects a nested field', () => {
  const { issued } = parse({ data: { token: 'a' } }, { ...ANSWER, access: ['data.token'] });
  assert.equal(issued.accessToken, 'a');
});

test('the lifetime may be a string, and is NaN if it is absent or empty', () => {
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
  assert.equal(parse({ accessToken: 'a' }, ANSWER, false).issued, undefined);
});

for (const [body, code, message] of [
  [{ error: { code: 'INVALID_CREDENTIALS', message: 'wrong' } }, 'INVALID_CREDENTIALS', 'wrong'],
  [{ code: 'TOKEN_EXPIRED', error: 'expired' }, 'TOKEN_EXPIRED', 'expired'],
  [{ error: 'invalid_grant', error_description: 'expired' }, 'invalid_grant', 'expired'],
  [{ error: 'Invalid credentials' }, 'Invalid credentials', 'Invalid credentials'],
  [{ error: 5 }, undefined, undefined],
  [{ detail: 'Token is blacklisted', code: 'token_not_valid' }, 'token_not_valid', 'Token is blacklisted'],
  [{ msg: 'Signature verification failed' }, undefined, 'Signature verification failed'],
  [
    { errors: [{ message: 'Invalid user.', extensions: { code: 'INVALID_CREDENTIALS' } }] },
    'INVALID_CREDENTIALS',
    'Invalid user.',
  ],
  [{ non_field_errors: ['Unable to log in.'] }, undefined, 'Unable to log in.'],
  [{ username: ['This field is required.'] }, undefined, 'username: This field is required.'],
  [{ code: 400, error_code: 'refresh_token_not_found', msg: 'no' }, 'refresh_token_not_found', 'no'],
  [{ error: { code: 400, message: 'TOKEN_EXPIRED' } }, '400', 'TOKEN_EXPIRED'],
  [{ code: 40101, message: 'over' }, '40101', 'over'],
  [{ __type: 'NotAuthorizedException', message: 'Expired' }, 'NotAuthorizedException', 'Expired'],
  [{ detail: [{ loc: ['body', 'username'], msg: 'Field required' }] }, undefined, 'Field required'],
  [{ type: 'about:blank', title: 'Unauthorized', status: 401 }, undefined, 'Unauthorized'],
  ['Session expired', undefined, 'Session expired'],
  [null, undefined, undefined],
])
  test(`the error of ${JSON.stringify(body)} is ${code}`, () => {
    const response = parse(body, ANSWER, false);
    assert.deepEqual([response.code, response.message], [code, message]);
  });

test('a long message is truncated', () => {
  assert.equal(parse({ error: 'x'.repeat(1_000) }, ANSWER, false).message.length, 200);
});

test('of several places the first with a value counts, also a header', () => {
  const answer = { ...ANSWER, access: ['session.access', '@authorization', 'token'] };
  assert.equal(parse({ session: { access: 's' }, token: 't' }, answer).issued.accessToken, 's');
  assert.equal(parse({ token: 't' }, answer, true, { authorization: 'Bearer h' }).issued.accessToken, 'h');
  assert.equal(parse({ token: 't' }, answer).issued.accessToken, 't');
});

test('a lifetime has a unit: seconds, milliseconds, or a moment by the clock of the server', () => {
  const lifetime = (place, body, headers) => parse(body, { ...ANSWER, expiresIn: [place] }, true, headers).expiresIn;
  assert.equal(lifetime('data.expires ms', { data: { expires: 900_000 } }), 900);
  const date = 'Fri, 27 Nov 2026 10:00:00 GMT';
  const at = Date.parse(date) / 1000 + 600;
  for (const moment of [at, at * 1000, new Date(at * 1000).toISOString()])
    assert.equal(lifetime('until at', { until: moment }, { date }), 600, String(moment));
  assert.ok(Math.abs(lifetime('until at', { until: Date.now() + 60_000 }) - 60) < 1);
  assert.equal(lifetime('until at', { until: 'soon' }), Number.NaN);
});

test('without an access token, each success is one, except null, {success: false} and a page', () => {
  const answer = { ...ANSWER, access: null, user: ['.'] };
  assert.deepEqual(parse('', answer).issued.user, null);
  assert.deepEqual(parse({ id: 1 }, answer).issued.user, { id: 1 });
  assert.equal(parse({ access: 'a' }, answer).issued.accessToken, '');
  for (const body of ['null', '{"success":false}', '<!doctype html>'])
    assert.equal(parse(body, answer).issued, undefined, body);
  assert.equal(parse('null', answer).isRefusal, true);
});

test('the subject is at the place that the options name: in the user, the answer or the claims', () => {
  const answer = { ...ANSWER, subject: ['user_id'] };
  const subjectOf = (body) => parse(body, answer).issued.identity;
  assert.deepEqual(subjectOf({ accessToken: 'a', user: { id: 1, user_id: 7 } }), { userId: undefined, sub: '7' });
  assert.deepEqual(subjectOf({ accessToken: 'a', user_id: 8 }), { userId: undefined, sub: '8' });
  assert.deepEqual(subjectOf({ accessToken: `a.${btoa('{"user_id":9}')}.c` }), { userId: undefined, sub: '9' });
});

test('an error has the body of a refusal or a step, and never one with a token', () => {
  const answer = { ...ANSWER, step: ['mfaToken'] };
  assert.deepEqual(parse({ mfaToken: 'm' }, answer).body, { mfaToken: 'm' });
  assert.equal(parse({ mfaToken: 'm' }, answer).issued, undefined);
  assert.deepEqual(parse({ error: 'x' }, answer, false).body, { error: 'x' });
  for (const [body, ok] of [
    [{ error: 'x', accessToken: 'a' }, false],
    [{ error: 'x', refreshToken: 'r' }, false],
    [{ mfaToken: 'm', accessToken: 'a' }, true],
    [{ elsewhere: 'a' }, true],
  ])
    assert.equal(parse(body, answer, ok).body, undefined, JSON.stringify(body));
});

test('no text of an answer that issues tokens, or may hold one, is a message', () => {
  const answer = { ...ANSWER, access: ['tokens.0'], refresh: ['tokens.1'] };
  for (const [body, ok] of [
    [{ tokens: ['a', 'r'] }, true],
    [{ message: { refresh_token: 'r' } }, true],
    ['eyJ.opaque.text', true],
    [{ tokens: ['a', 'r'], message: 'no' }, false],
  ]) {
    const { message, code } = parse(body, answer, ok);
    assert.deepEqual([message, code], [undefined, undefined], JSON.stringify(body));
  }
});

test('a user that holds a token is none', () => {
  const answer = { ...ANSWER, access: ['user.token'], user: ['user'] };
  assert.equal(parse({ user: { email: 'e', token: 'secret' } }, answer).issued.user, null);
  assert.equal(parse({ accessToken: 'secret', name: 'n' }, { ...ANSWER, user: ['.'] }).issued.user, null);
});

test('an empty or short answer is no page, whatever its type', () => {
  const html = { 'content-type': 'text/html; charset=utf-8' };
  assert.equal(parse('', ANSWER, false, html).isPage, false);
  assert.equal(parse('Unauthorized', ANSWER, false, html).isPage, false);
  for (const page of ['<!doctype html>', '\n  <html>', 'x'.repeat(2_000)])
    assert.equal(parse(page, ANSWER, false, html).isPage, true);
});

test('null is no session, wherever a token is due; a step that is false is none', () => {
  assert.equal(parse('null\n', { ...ANSWER, access: null }).isRefusal, true);
  assert.equal(parse({ session: null }, { ...ANSWER, access: ['session.access', 'session'] }).isRefusal, true);
  assert.equal(parse({ session: { access: null } }, { ...ANSWER, access: ['session.access'] }).isRefusal, true);
  assert.equal(parse({ accessToken: 'a', mfa: false }, { ...ANSWER, step: ['mfa'] }).isStep, false);
});

test('of two places of the subject, only like is compared with like', () => {
  const answer = { ...ANSWER, subject: ['id', 'sub'] };
  const token = `a.${btoa('{"sub":"s"}')}.c`;
  assert.deepEqual(parse({ accessToken: token, user: { id: 1 } }, answer).issued.identity, { userId: 's', sub: '1' });
  assert.deepEqual(parse({ accessToken: token }, answer).issued.identity, { userId: 's', sub: undefined });
});
