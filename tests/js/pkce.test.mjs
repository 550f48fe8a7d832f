// What a sign-in without a server checks, without a browser: the ID token, the provider's metadata, the response and the options.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { load } from './load.mjs';

const { idTokenCheck, wrongClaim } = await load('auth/id-token');
const { checkPkceOptions, clientNameOf, isProtected, wrongMember } = await load('client/validate-pkce');
const { discoveryAddress, serverOf } = await load('client/pkce-provider');
const { createPkceClient } = await load('pkce');
const { readRecord, readResponse, removeRecord, storeRecord } = await load('client/pkce-record');
const { isSameData } = await load('util/is-same-data');
const { asciiBytes, base64url, isState, newState, Secrets } = await load('client/pkce-verifier');

const ISSUER = { issuer: 'https://id.example', clientId: 'spa' };
const NOW = 1_800_000_000;
const claims = (changes = {}) => ({
  iss: 'https://id.example',
  sub: 'ada',
  aud: 'spa',
  iat: NOW,
  exp: NOW + 600,
  nonce: 'n',
  ...changes,
});
const wrong = (changes, expected = { nonce: 'n' }) => wrongClaim(claims(changes), ISSUER, expected, NOW);

test('an ID token with the claims that were asked for is accepted', () => {
  assert.equal(wrong({}), undefined);
  assert.equal(wrong({ aud: ['spa'] }), undefined);
  assert.equal(wrong({ aud: ['other', 'spa'], azp: 'spa' }), undefined);
  assert.equal(wrong({ exp: NOW - 299, iat: NOW + 299 }), undefined);
  assert.equal(wrong({ auth_time: NOW - 60 }, { nonce: 'n', maxAge: 60 }), undefined);
});

test('each wrong claim of an ID token is found', () => {
  for (const [claim, changes, expected] of [
    ['iss', { iss: 'https://id.example/' }],
    ['iss', { iss: undefined }],
    ['sub', { sub: '' }],
    ['sub', { sub: 7 }],
    ['aud', { aud: 'other' }],
    ['aud', { aud: [] }],
    ['aud', { aud: undefined }],
    ['aud', { aud: { length: 1 } }],
    ['aud', { aud: ['other', 'spa'] }],
    ['aud', { aud: ['other', 'spa'], azp: 'other' }],
    ['azp', { azp: 'other' }],
    ['exp', { exp: NOW - 300 }],
    ['exp', { exp: undefined }],
    ['exp', { exp: `${NOW + 600}` }],
    ['iat', { iat: NOW + 300 }],
    ['iat', { iat: undefined }],
    ['nonce', { nonce: 'other' }],
    ['nonce', { nonce: undefined }],
    ['auth_time', {}, { nonce: 'n', maxAge: 60 }],
    ['auth_time', { auth_time: NOW - 361 }, { nonce: 'n', maxAge: 60 }],
    ['auth_time', { auth_time: `${NOW}` }, { nonce: 'n', maxAge: 60 }],
  ])
    assert.equal(wrong(changes, expected), claim, JSON.stringify(changes));
  for (const value of [null, undefined, 'text', 7, []])
    assert.equal(wrongClaim(value, ISSUER, { nonce: 'n' }, NOW), 'iss');
});

test('claims are own members: Object.prototype adds none', () => {
  Object.prototype.nonce = 'n';
  try {
    const { nonce: _, ...rest } = claims();
    assert.equal(wrongClaim(rest, ISSUER, { nonce: 'n' }, NOW), 'nonce');
  } finally {
    delete Object.prototype.nonce;
  }
});

const fresh = (changes = {}) => {
  const now = Math.floor(Date.now() / 1000);
  return claims({ iat: now, exp: now + 600, ...changes });
};
const LOGIN = { endpoint: 'login', login: { json: '', expected: { nonce: 'n' } } };
const REFRESH = { endpoint: 'refresh', login: undefined };

test('a login needs an ID token that was asked for, and a refresh may have none', () => {
  const refuses = idTokenCheck(ISSUER);
  assert.equal(refuses(fresh(), LOGIN, 'Bearer', null), false);
  assert.equal(refuses(fresh(), { endpoint: 'login', login: { json: '' } }, 'Bearer', null), true);
  assert.equal(refuses(null, LOGIN, 'Bearer', null), true);
  assert.equal(refuses(null, REFRESH, 'Bearer', null), false);
  assert.equal(refuses(fresh({ nonce: undefined }), REFRESH, 'Bearer', null), false);
  assert.equal(refuses(fresh({ aud: 'other' }), REFRESH, 'Bearer', null), true);
});

test('an ID token of a refresh is of the same user; a login may be of another one', () => {
  const refuses = idTokenCheck(ISSUER);
  assert.equal(refuses(fresh(), REFRESH, 'Bearer', { sub: 'ada' }), false);
  assert.equal(refuses(fresh(), REFRESH, 'Bearer', { sub: 'grace' }), true);
  assert.equal(refuses(fresh(), LOGIN, 'Bearer', { sub: 'grace' }), false);
});

test('a token of a type that the client does not understand is refused', () => {
  const refuses = idTokenCheck(ISSUER);
  for (const type of ['Bearer', 'bearer', 'BEARER']) assert.equal(refuses(fresh(), LOGIN, type, null), false);
  for (const type of ['DPoP', 'mac', '', undefined, 7, ['Bearer']]) {
    assert.equal(refuses(fresh(), LOGIN, type, null), true, String(type));
    assert.equal(refuses(null, REFRESH, type, { sub: 'ada' }), true, String(type));
  }
});

const metadata = (changes = {}) => ({
  issuer: 'https://id.example',
  authorization_endpoint: 'https://id.example/auth',
  token_endpoint: 'https://id.example/token',
  ...changes,
});

test('metadata must be those of the issuer, with protected endpoints and S256', () => {
  const found = (changes) => wrongMember(metadata(changes), 'https://id.example');
  assert.equal(found({}), undefined);
  assert.equal(found({ code_challenge_methods_supported: ['plain', 'S256'] }), undefined);
  for (const [member, changes] of [
    ['issuer', { issuer: 'https://id.example/' }],
    ['authorization_endpoint', { authorization_endpoint: undefined }],
    ['token_endpoint', { token_endpoint: 'http://id.example/token' }],
    ['token_endpoint', { token_endpoint: 'https://user@id.example/token' }],
    ['revocation_endpoint', { revocation_endpoint: 'javascript:alert(1)' }],
    ['end_session_endpoint', { end_session_endpoint: '/end' }],
    ['code_challenge_methods_supported', { code_challenge_methods_supported: ['plain'] }],
  ])
    assert.equal(found(changes), member);
});

test('the address of the metadata', () => {
  assert.equal(discoveryAddress('https://id.example'), 'https://id.example/.well-known/openid-configuration');
  assert.equal(discoveryAddress('https://id.example/t/'), 'https://id.example/t/.well-known/openid-configuration');
});

test('protected addresses: https, or http on this computer', () => {
  for (const url of [
    'https://a.example',
    'http://localhost:1',
    'http://127.0.0.1',
    'http://[::1]:8',
    'http://id.localhost',
  ])
    assert.equal(isProtected(url), true, url);
  for (const url of ['http://a.example', 'http://localhost.example', 'ftp://localhost', '//localhost', '', null, 7])
    assert.equal(isProtected(url), false, String(url));
});

test('what the provider speaks: the grants of RFC 6749, and RFC 7009 where it is offered', () => {
  const provider = { ...ISSUER, resource: undefined };
  const { login, refresh, logout } = serverOf(metadata(), provider);
  assert.equal(login.body.grant_type, 'authorization_code');
  assert.equal(refresh.body.grant_type, 'refresh_token');
  assert.equal(logout, null);
  const offered = serverOf(metadata({ revocation_endpoint: 'https://id.example/revoke' }), provider);
  assert.equal(offered.logout.path, 'https://id.example/revoke');
  assert.equal(offered.logout.body.token, '{refresh}');
});

test('a response is read at the redirect address only, from the fragment or the query, if its state is ours', () => {
  const state = newState();
  const app = 'https://app.example/cb';
  const read = (address) => readResponse(address, app);
  assert.deepEqual(read(`${app}#code=c&state=${state}&iss=i`), {
    state,
    code: 'c',
    error: undefined,
    iss: 'i',
    rest: app,
  });
  assert.deepEqual(read(`${app}?a=1&code=c&state=${state}#open`), {
    ...{ state, code: 'c', error: undefined, iss: undefined },
    rest: `${app}?a=1#open`,
  });
  // A link of another site may have two.
  const both = read(`${app}?a=1&code=x&state=${newState()}#state=${state}`);
  assert.deepEqual([both.state, both.code, both.rest], [state, undefined, `${app}?a=1`]);
  const double = 'https://app.example//x';
  assert.equal(readResponse(`${double}#code=c&state=${state}`, double).rest, double);
  assert.equal(read(`${app}?error=access_denied&state=${state}`).error, 'access_denied');
  for (const address of [
    app,
    `${app}?code=c`,
    `${app}?code=c&state=of-another-library`,
    `https://app.example/other?code=c&state=${state}`,
    `https://other.example/cb?code=c&state=${state}`,
  ])
    assert.equal(read(address), undefined, address);
});

test('a state is recognised, and no two are equal', () => {
  const states = Array.from({ length: 100 }, newState);
  assert.ok(states.every(isState));
  assert.equal(new Set(states).size, 100);
  for (const other of ['', 'tw', 'twAAAA', `x${states[0]}`, `${states[0]}x`, null]) assert.equal(isState(other), false);
});

test('base64url is that of RFC 4648 §5', () => {
  for (let length = 0; length < 70; length += 1) {
    const bytes = crypto.getRandomValues(new Uint8Array(length));
    assert.equal(base64url(bytes), Buffer.from(bytes).toString('base64url'));
  }
  assert.deepEqual([...asciiBytes('az09-_')], [...Buffer.from('az09-_')]);
});

test('verifier, challenge and nonce follow from the key and the state alone', async () => {
  const key = () =>
    crypto.subtle.importKey('raw', new Uint8Array(32), { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
  const [one, again] = [new Secrets(await key()), new Secrets(await key())];
  const verifier = await one.withVerifier('s', (text) => text);
  assert.match(verifier, /^[\w-]{43}$/, 'RFC 7636 §4.1');
  assert.equal(await again.withVerifier('s', (text) => text), verifier);
  assert.notEqual(await one.withVerifier('t', (text) => text), verifier);
  assert.equal(await one.challenge('s'), createHash('sha256').update(verifier).digest('base64url'), 'RFC 7636 §4.2');
  assert.notEqual(await one.nonce('s'), verifier);
  assert.match(await one.nonce('s'), /^[\w-]{43}$/);
});

test('each wrong option is named with what was expected', () => {
  const invalid = (where, expected, received) => {
    throw new Error(`${where}: expected ${expected}, got ${JSON.stringify(received)}`);
  };
  const check = (options) => checkPkceOptions({ ...ISSUER, ...options }, invalid);
  assert.equal(check({}).provider.scope, 'openid profile');
  assert.deepEqual(Object.keys(check({ remember: 'tab', apiOrigins: [] }).rest), ['remember', 'apiOrigins']);
  for (const [where, options] of [
    ['options.issuer', { issuer: 'http://id.example' }],
    ['options.issuer', { issuer: undefined }],
    ['options.issuer', { issuer: 'https://id.example?x' }],
    ['options.issuer', { issuer: 'https://id.example/a b' }],
    ['options.clientId', { clientId: '' }],
    ['options.scope', { scope: 'profile' }],
    ['options.scope', { scope: 7 }],
    ['options.resource', { resource: '' }],
    ['options.redirectUri', { redirectUri: '/cb?x' }],
    ['options.redirectUri', { redirectUri: '/cb#x' }],
    ['options.postLogoutRedirectUri', { postLogoutRedirectUri: '/bye?x' }],
    ['options.parameters', { parameters: 'a=b' }],
    ['options.parameters.state', { parameters: { state: 's' } }],
    ['options.parameters.audience', { parameters: { audience: 7 } }],
    ['options.metadata.token_endpoint', { metadata: metadata({ token_endpoint: undefined }) }],
    ['options.server', { server: {} }],
    ['options.transport', { transport: 'cookie' }],
    ['options.dpop', { dpop: true }],
  ])
    assert.throws(
      () => check(options),
      ({ message }) => message.startsWith(`${where}: expected `),
      where,
    );
  assert.throws(() => checkPkceOptions(null, invalid), /^Error: options: expected an object/);
});

test('without a page, as on a server, addresses may be paths', () => {
  const provider = { ...ISSUER, redirectUri: '/app', postLogoutRedirectUri: '/goodbye' };
  const client = createPkceClient(provider);
  assert.equal(client.session.status, 'restoring');
  client.dispose();
  assert.throws(() => createPkceClient({ ...provider, redirectUri: '/app#x' }), { code: 'INVALID_OPTIONS' });
});

test('the name of a client names the issuer and the client id, so that no two of them are alike', () => {
  const names = [
    clientNameOf(ISSUER),
    clientNameOf(ISSUER, 'shop'),
    clientNameOf({ ...ISSUER, issuer: 'https://evil.example' }, 'shop'),
    clientNameOf({ ...ISSUER, clientId: 'spa shop' }),
    clientNameOf({ ...ISSUER, clientId: 'spa%20shop' }),
  ];
  assert.equal(names[0], 'https://id.example spa');
  assert.equal(new Set(names).size, names.length);
});

test('a record is for one issuer, one client and one address; a newer one is not removed', () => {
  const entries = new Map();
  globalThis.location = { origin: 'https://app.example', href: 'https://app.example/' };
  globalThis.sessionStorage = {
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => entries.set(key, value),
    removeItem: (key) => entries.delete(key),
  };
  try {
    const owner = { ...ISSUER, redirectUri: 'https://app.example/' };
    const record = {
      ...owner,
      kind: 'sign-in',
      state: newState(),
      at: 1,
      returnTo: 'https://app.example//x',
      attempt: 0,
    };
    assert.equal(storeRecord('a', record), true);
    assert.deepEqual(readRecord('a', owner), record);
    for (const other of [
      { issuer: 'https://evil.example' },
      { clientId: 'x' },
      { redirectUri: 'https://app.example/x' },
    ])
      assert.equal(readRecord('a', { ...owner, ...other }), undefined, JSON.stringify(other));
    removeRecord('a', newState());
    assert.deepEqual(readRecord('a', owner), record);
    removeRecord('a', record.state);
    assert.equal(readRecord('a', owner), undefined);
    for (const wrong of [{ returnTo: '/x' }, { returnTo: 'https://evil.example/' }, { at: null }, { state: 's' }]) {
      storeRecord('a', { ...record, ...wrong });
      assert.equal(readRecord('a', owner), undefined, JSON.stringify(wrong));
    }
  } finally {
    delete globalThis.location;
    delete globalThis.sessionStorage;
  }
});

test('options are the same by their data, and functions, stores and cycles by identity', () => {
  const run = () => {};
  const cyclic = {};
  cyclic.self = cyclic;
  const other = { self: undefined };
  other.self = other;
  class Store {}
  for (const [one, two, expected] of [
    [{ a: 1, b: ['x'], c: { d: 2 } }, { c: { d: 2 }, b: ['x'], a: 1 }, true],
    [{ a: undefined }, {}, true],
    [{ a: run }, { a: run }, true],
    [{ a: run }, { a: () => {} }, false],
    [{ a: run }, {}, false],
    [{ a: ['x'] }, { a: { 0: 'x' } }, false],
    [{ a: new Store() }, { a: new Store() }, false],
    [cyclic, cyclic, true],
    [cyclic, other, false],
    [{ a: 1 }, { a: '1' }, false],
    [null, {}, false],
  ])
    assert.equal(isSameData(one, two), expected);
});
