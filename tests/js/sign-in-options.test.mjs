// The options of `signIn` as an address of the server: what is sent, and how a long address of the page becomes shorter.
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { load } from './load.mjs';

const { checkSignIn, startAddress, endAddress } = await load('client/sign-in-options');

/** The page is at this address. */
const at = (address) => {
  globalThis.location = new URL(address);
};
afterEach(() => {
  delete globalThis.location;
});
const returnTo = (address) => new URL(address).searchParams.get('returnTo');
const invalid = (where, expected, received) => {
  throw new Error(`${where}: expected ${expected}, got ${received}`);
};

test('every option is a parameter, and what is not set is absent', () => {
  at('https://app.example/here?a=1#b');
  const given = { provider: 'x&y', prompt: 'none', loginHint: 'ada@x', acrValues: 'a b', maxAge: 0 };
  const address = startAddress('https://app.example/auth/start?tenant=7', checkSignIn(given, invalid), 'id');
  assert.deepEqual(Object.fromEntries(new URL(address).searchParams), {
    tenant: '7',
    returnTo: '/here?a=1#b',
    provider: 'x&y',
    prompt: 'none',
    loginHint: 'ada@x',
    acr: 'a b',
    maxAge: '0',
    popup: 'id',
  });
  const least = startAddress(
    'https://app.example/auth/start',
    checkSignIn({ provider: undefined }, invalid),
    undefined,
  );
  assert.equal(least, 'https://app.example/auth/start?returnTo=%2Fhere%3Fa%3D1%23b');
});

test('a server on another origin gets the origin of the page', () => {
  at('https://app.example/here');
  assert.equal(returnTo(startAddress('https://id.example/start', {}, undefined)), 'https://app.example/here');
  assert.equal(
    returnTo(startAddress('https://id.example/start', { returnTo: '/x' }, undefined)),
    'https://app.example/x',
  );
  assert.equal(returnTo(endAddress('https://app.example/auth/end', 'y#z')), '/y#z');
});

test('an address of the page that is too long loses its fragment, then its query', () => {
  const long = 'x'.repeat(991);
  at(`https://app.example/here?a=1#${long}`);
  assert.equal(returnTo(startAddress('https://app.example/s', {}, undefined)), '/here?a=1');
  at(`https://app.example/here?${long}#bbbb`);
  assert.equal(returnTo(startAddress('https://app.example/s', {}, undefined)), `/here?${long}`);
  at(`https://app.example/here?${long}xxxxx#b`);
  assert.equal(returnTo(startAddress('https://app.example/s', {}, undefined)), '/here');
});

test('an address of another origin is no address to return to', () => {
  at('https://app.example/here');
  for (const returnTo of [
    '//evil.example',
    '/\\evil.example',
    'https://evil.example/',
    'javascript:alert(1)',
    'http://[',
  ])
    assert.throws(() => checkSignIn({ returnTo }, invalid), /signIn\.returnTo: expected an address of this origin/);
  for (const returnTo of ['', '?a', '#b', '/c', 'd/e', 'https://app.example/f'])
    assert.deepEqual({ ...checkSignIn({ returnTo }, invalid) }, { returnTo });
});
