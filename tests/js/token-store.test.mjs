// Whether the client asks for the user of the tokens that have arrived.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { createTokenStore } = await load('auth/token-store');
const { createUsers } = await load('auth/users');

const issued = (sub, user = null) => ({
  accessToken: `token of ${sub}`,
  refreshToken: '',
  type: undefined,
  user,
  claims: null,
  identity: { userId: undefined, sub },
});

/** A store in whose session Ada is known. */
function ofAda() {
  const store = createTokenStore([], createUsers());
  store.set(store.receive(issued('1', { name: 'Ada' }), false).token, 1000);
  return store;
}

test('a refresh without a user keeps the one that is known', () => {
  const store = ofAda();
  assert.equal(store.needsUser(store.receive(issued('1'), true).token), false);
});

test('a refresh that returns another user asks who that is', () => {
  const store = ofAda();
  assert.equal(store.needsUser(store.receive(issued('2'), true).token), true);
});

test('a refresh that does not tell whose tokens these are asks', () => {
  const store = ofAda();
  assert.equal(store.needsUser(store.receive(issued(undefined), true).token), true);
});

test('a login without a user asks', () => {
  const store = ofAda();
  assert.equal(store.needsUser(store.receive(issued('1'), false).token), true);
});
