// The calls that are sent without a `Request`: which ones, and that the browser would send the same.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const location = { href: 'https://app.example/folder/page?q#f' };
globalThis.location = location;
const { simpleRequest, toRequest } = await load('auth/simple-request');

/** The URL and the init as objects that `deepEqual` compares, or undefined. */
function simple(input, init) {
  const found = simpleRequest(input, init);
  return found && { url: found.url, init: { ...found.init }, headers: { ...found.headers } };
}

test('a call with strings only is simple', () => {
  const url = 'https://app.example/api/me';
  assert.deepEqual(simple('/api/me'), { url, init: {}, headers: {} });
  assert.deepEqual(simple('/api/me', {}), { url, init: {}, headers: {} });
  assert.deepEqual(simple('../api/me', { headers: { 'X-A': 'b' } }), { url, init: {}, headers: { 'X-A': 'b' } });
  const init = {
    method: 'post',
    body: '{}',
    credentials: 'include',
    mode: 'cors',
    cache: 'no-store',
    redirect: 'error',
  };
  const headers = { 'content-type': 'application/json' };
  assert.deepEqual(simple('/api/me', { ...init, headers }), { url, init, headers });
});

const inits = {
  'a signal': { signal: new AbortController().signal },
  'a stream': { body: new ReadableStream(), duplex: 'half' },
  'a Blob': { method: 'POST', body: new Blob(['a']) },
  'no body': { method: 'POST', body: null },
  'no method': { method: undefined },
  'a method that is an object': { method: { toString: () => 'POST' } },
  keepalive: { keepalive: true },
  'options of the client': { auth: { retry: false } },
  Headers: { headers: new Headers({ a: 'b' }) },
  'pairs of headers': { headers: [['a', 'b']] },
  'a Map of headers': { headers: new Map([['a', 'b']]) },
  'a header that is a number': { headers: { a: 1 } },
  'headers that are null': { headers: null },
  'an authorization of its own': { headers: { AuthoriZation: 'Bearer x' } },
  'inherited members': Object.create({ method: 'POST' }),
  'inherited headers': { headers: Object.create({ a: 'b' }) },
  'a Request as init': new Request('https://app.example/'),
  null: null,
  'a string': 'POST',
};
for (const [name, init] of Object.entries(inits))
  test(`a call is not simple with ${name}`, () => assert.equal(simple('/api/me', init), undefined));

for (const [name, input] of Object.entries({
  'a Request': new Request('https://app.example/'),
  'a URL': new URL('https://app.example/'),
  'an object': { toString: () => '/api/me' },
  'no URL': 'https://[',
}))
  test(`a call is not simple if its input is ${name}`, () => assert.equal(simple(input), undefined));

test('what the caller changes later changes nothing', () => {
  const init = { method: 'POST', headers: { a: 'b' } };
  const found = simpleRequest('/api/me', init);
  init.method = 'GET';
  init.headers.a = 'c';
  assert.deepEqual([found.init.method, found.headers.a], ['POST', 'b']);
  assert.deepEqual([found.init, found.headers].map(Object.getPrototypeOf), [null, null]);
});

test('what `Object.prototype` holds is no part of a call', (t) => {
  t.after(() => {
    delete Object.prototype.method;
    delete Object.prototype.headers;
  });
  Object.assign(Object.prototype, { method: 'DELETE', headers: { evil: 'a' } });
  for (const init of [undefined, {}, { headers: {} }]) {
    const found = simpleRequest('/api/me', init);
    assert.deepEqual([found.init.method, found.headers.evil], [undefined, undefined]);
  }
});

test('as a Request it is the one of the browser', async () => {
  const init = { method: 'patch', body: 'ä', headers: { 'X-A': ' b ' }, credentials: 'omit' };
  const [own, native] = [
    toRequest(simpleRequest('/api/me?a', init)),
    new Request('https://app.example/api/me?a', init),
  ];
  for (const name of ['url', 'method', 'credentials', 'cache', 'redirect']) assert.equal(own[name], native[name], name);
  assert.deepEqual([...own.headers], [...native.headers]);
  assert.equal(await own.text(), 'ä');
});

/** The URL that the browser would request. */
function expectedUrl(input) {
  try {
    return new URL(input, location.href).href;
  } catch {
    return undefined;
  }
}

const BASES = ['https://app.example/folder/page?q#f', 'http://127.0.0.1:8080/', 'https://app.example'];

test('the URL is the one that the parser makes', () => {
  const parts = [
    ...[
      '/',
      '/',
      '/',
      '//',
      '\\',
      '.',
      '..',
      '/.',
      '/..',
      '?',
      '#',
      ':',
      '@',
      '%',
      '%2e',
      '%2E/',
      '%20',
      ' ',
      '\t',
      '\n',
    ],
    ...['a', 'B', 'é', '\ud800', "'", '"', '<', '{', '|', '^', '`', '[', '~', '-', '_', ';', '=', '&', '*', '1'],
    ...['https:', 'http://', 'https://app.example', 'https://APP.example:443', 'http://127.0.0.1:80', 'data:', 'xn--'],
  ];
  let seed = 1;
  const random = (below) => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((seed / 2 ** 32) * below);
  };
  for (const base of BASES) {
    location.href = base;
    for (let round = 0; round < 20_000; round += 1) {
      let input = random(2) ? '/' : '';
      for (let count = random(8); count > 0; count -= 1) input += parts[random(parts.length)];
      const found = simpleRequest(input)?.url;
      const expected = expectedUrl(input);
      if (found === expected) continue;
      // A host that is not normal, such as `https://app.example:443`, may stay: it is none of those that get the token.
      assert.match(input, /^https?:\/\//, `${JSON.stringify(input)} on ${base}: ${found}, expected ${expected}`);
      assert.ok(!found?.startsWith(new URL('/', base).href), input);
    }
  }
});

test('on a page whose base has no paths, only the browser reads a URL', () => {
  location.href = 'about:blank';
  for (const input of ['/api/me', 'me', 'https://app.example/api/me']) assert.equal(simple(input), undefined);
});

test('a long URL that is not normal takes no long time', () => {
  location.href = BASES[0];
  const began = performance.now();
  simpleRequest(`/${'a/'.repeat(50_000)}"`);
  simpleRequest(`/${'a'.repeat(100_000)}"`);
  assert.ok(performance.now() - began < 1_000);
});
