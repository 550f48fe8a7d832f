// Which user a response or a message of another tab is about.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { createUsers } = await load('auth/users');

test('names of another kind belong to the present user', () => {
  const users = createUsers();
  const ada = users.numberOf({ userId: '1' }, 0);
  assert.equal(users.numberOf({ sub: 'auth0|ada' }, ada), ada);
  assert.equal(users.numberOf({ sub: 'auth0|ada' }, 0), ada, 'the second name is known from now on');
  assert.notEqual(users.numberOf({ sub: 'auth0|grace' }, ada), ada);
});

test('of two accounts with one sub, the present one counts', () => {
  const users = createUsers();
  const first = users.numberOf({ userId: '1', sub: 'p' }, 0);
  const second = users.numberOf({ userId: '2', sub: 'p' }, 0);
  assert.notEqual(first, second);
  assert.equal(users.numberOf({ sub: 'p' }, second), second);
  assert.equal(users.numberOf({ sub: 'p' }, first), first);
});

test('a message names users and teaches no name', () => {
  const users = createUsers();
  const ada = users.numberOf({ userId: 'ada' }, 0);
  assert.equal(users.numberOf({ userId: 'ada', sub: 'x' }, ada, true), ada);
  assert.equal(users.numberOf({ sub: 'anything' }, ada, true), 0, 'nothing to compare with');
  assert.equal(users.numberOf({ sub: 'ada-sub' }, ada), ada);
  assert.equal(users.numberOf({}, ada), 0);
});
