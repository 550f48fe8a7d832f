// Objects that inherit nothing from the page.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { bareCopy } = await load('util/bare-object');

test('a copy has the members, and inherits none', (t) => {
  t.after(() => {
    delete Object.prototype.signal;
  });
  Object.prototype.signal = 'of the page';
  const copy = bareCopy(Object.assign(Object.create(null), JSON.parse('{"method":"POST"}')));
  Reflect.set(copy, '__proto__', 'a header');
  assert.deepEqual(Object.keys(copy), ['method', '__proto__']);
  for (const name of ['signal', 'constructor', 'toString', 'hasOwnProperty']) assert.equal(copy[name], undefined, name);
});

test('no script can add a member to what copies inherit', () => {
  const shared = Object.getPrototypeOf(bareCopy({}));
  assert.ok(Object.isFrozen(shared));
  assert.equal(Object.getPrototypeOf(shared), null);
  assert.deepEqual(Reflect.ownKeys(shared), []);
});
