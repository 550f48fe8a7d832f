// Each option with each wrong type, units and old names: the error names the option, what was expected, what came, and the fix.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load } from './load.mjs';

const { validateOptions, validateTokenOptions } = await load('client/validate-options');

const invalid = (options, message) =>
  assert.throws(
    () => validateOptions(options),
    (error) => {
      assert.equal(error.code, 'INVALID_OPTIONS');
      assert.match(error.message, message);
      return true;
    },
  );

const VALID = {
  baseUrl: 'https://api.example.com/v1',
  endpoints: { login: '/in', refresh: 'https://id.example.com/refresh' },
  transport: 'body',
  protocol: 'oauth2',
  clientId: 'spa',
  fields: { accessToken: 'data.token' },
  apiOrigins: ['https://a.example.com'],
  tokenScheme: 'Token',
  authHeaders: { 'x-csrf': '1' },
  idempotencyKey: false,
  renewBeforeSeconds: 0,
  timeoutSeconds: 600,
  restore: 'never',
  crossTab: false,
  name: 'admin',
  isolation: 'auto',
  exposeToken: true,
  dpop: 'memory',
  shouldRefresh: () => false,
  onLog: () => {},
};
const MAY_BE = {
  string: ['baseUrl', 'transport', 'protocol', 'clientId', 'tokenScheme', 'restore', 'name', 'isolation', 'dpop'],
  number: ['renewBeforeSeconds', 'timeoutSeconds'],
  boolean: ['idempotencyKey', 'crossTab', 'exposeToken', 'dpop'],
  function: ['authHeaders', 'shouldRefresh', 'onLog'],
  object: ['endpoints', 'fields', 'authHeaders'],
  array: ['apiOrigins', 'authHeaders'],
};
const WRONG = { string: '', number: -1, boolean: true, function: () => {}, object: { x: 1 }, array: [1], null: null };

/** The same members, with a prototype. */
const plain = ({ endpoints, fields, ...rest }) => ({ ...rest, endpoints: { ...endpoints }, fields: { ...fields } });

test('valid options are copied, and an undefined one is absent', () => {
  const copy = validateOptions({ ...VALID, onLog: undefined });
  const { onLog: _, ...rest } = VALID;
  assert.deepEqual(plain(copy), rest);
  assert.notEqual(copy.endpoints, VALID.endpoints);
  assert.deepEqual(validateOptions({ baseUrl: new URL('http://localhost') }).baseUrl.href, 'http://localhost/');
});

for (const name of Object.keys(VALID))
  for (const [type, value] of Object.entries(WRONG)) {
    if (MAY_BE[type]?.includes(name) && type !== 'string' && type !== 'number' && type !== 'array' && type !== 'object')
      continue;
    if (name === 'authHeaders' && (type === 'object' || type === 'string')) continue; // headers, or iterable without entries
    test(`options.${name}: ${type} is invalid`, () => {
      invalid(
        { protocol: 'oauth2', [name]: value },
        new RegExp(`^INVALID_OPTIONS: options\\.${name}[\\w.[\\]]*: expected .+, got .+`, 's'),
      );
    });
  }

for (const [option, value, expected] of [
  [
    'timeoutSeconds',
    10_000,
    'expected seconds from 0.001 to 600, got 10000, which looks like milliseconds: did you mean 10?',
  ],
  [
    'renewBeforeSeconds',
    60_000,
    'expected seconds from 0 to 3600, got 60000, which looks like milliseconds: did you mean 60?',
  ],
  ['timeoutSeconds', 0, 'expected seconds from 0.001 to 600, got 0'],
  ['timeoutSeconds', Number.NaN, 'expected seconds from 0.001 to 600, got NaN'],
  ['timeoutSeconds', Number.POSITIVE_INFINITY, 'expected seconds from 0.001 to 600, got Infinity'],
  ['renewBeforeSeconds', '60s', 'expected seconds from 0 to 3600, got "60s"'],
])
  test(`${option}: ${value} is no number of seconds`, () => {
    assert.throws(() => validateOptions({ [option]: value }), {
      message: `INVALID_OPTIONS: options.${option}: ${expected}`,
    });
  });

for (const [old, current] of [
  ['timeout', 'timeoutSeconds'],
  ['renewBefore', 'renewBeforeSeconds'],
])
  test(`options.${old} is renamed to ${current}`, () => {
    invalid({ [old]: 10 }, new RegExp(`options\\.${old}: .*renamed to ${current}$`));
  });

test('an unknown option names those that exist, and no member of Object.prototype is an option', () => {
  for (const name of ['base', 'toString', '__proto__x'])
    invalid({ [name]: 1 }, /expected one of baseUrl, .*timeoutSeconds/);
  invalid({ baseURL: '/x' }, /options\.baseURL: expected baseUrl, got "baseURL"$/);
  invalid({ endpoints: { logOut: '/x' } }, /options\.endpoints\.logOut: expected logout, got "logOut"$/);
  invalid({ crosstab: false }, /options\.crosstab: expected crossTab, got "crosstab"$/);
  invalid(
    { endpoints: { signOut: '/x' } },
    /options\.endpoints\.signOut: expected one of login, refresh, logout, logoutAll/,
  );
  for (const options of [null, 'text', [], 5]) invalid(options, /^INVALID_OPTIONS: options: expected an object/);
});

test('a client id needs OAuth 2 or a description of the server', () => {
  invalid({ clientId: 'spa' }, /options\.clientId: expected options\.protocol "oauth2" or options\.server beside it/);
  assert.equal(validateOptions({ clientId: 'spa', server: {} }).clientId, 'spa');
});

const SERVER = {
  login: {
    path: '/api/token/',
    as: 'json',
    body: { username: '{credentials.email}', '...': '{credentials}', n: 1, more: { x: null } },
  },
  refresh: {
    path: 'https://id.example.com/token?key={clientId}',
    method: 'PUT',
    headers: { authorization: 'Bearer {refresh}' },
  },
  logout: null,
  calls: { mfa: { path: '/mfa', before: '/csrf', answer: { access: null, step: 'next' } } },
  api: { 'x-csrf-token': '{cookie:csrf-token}' },
  answer: { access: ['a', '@authorization'], expiresIn: 'data.expires ms' },
  user: 'id_token',
  over: ['401', '400 gone'],
  notOver: ['csrf'],
};

test('a description of the server is copied, without a prototype', () => {
  const { server } = validateOptions({ server: SERVER });
  assert.deepEqual(JSON.parse(JSON.stringify(server)), SERVER);
  for (const part of [
    server,
    server.login,
    server.login.body,
    server.login.body.more,
    server.answer,
    server.calls.mfa.answer,
  ])
    assert.equal(Object.getPrototypeOf(part), null);
});

for (const [server, expected] of [
  [
    { refresh: { body: { refresh: '{refrsh}' } } },
    /options\.server\.refresh\.body\.refresh: expected a string whose placeholders are \{access\}, .*, got "\{refrsh\}"/,
  ],
  [{ login: { as: 'xml' } }, /options\.server\.login\.as: expected "json" or "form", got "xml"/],
  [{ login: { body: { list: [1] } } }, /options\.server\.login\.body\.list: expected an object, got an array/],
  [{ login: { paht: '/x' } }, /options\.server\.login\.paht: expected one of path, method/],
  [{ login: null }, /options\.server\.login: expected an object, got null/],
  [
    { refresh: { path: '/r?token={refresh}' } },
    /options\.server\.refresh\.path: expected a path with no placeholder but \{clientId\}/,
  ],
  [{ calls: { refresh: {} } }, /options\.server\.calls\.refresh: expected a name that is not one of login/],
  [{ calls: { mfa: { method: 'post' } } }, /options\.server\.calls\.mfa\.method: expected an HTTP method/],
  [{ api: { authorization: '{token}' } }, /options\.server\.api\.authorization: expected a string/],
  [
    { answer: { access: ['a', 5] } },
    /options\.server\.answer\.access\[1\]: expected a string that is not empty, got 5/,
  ],
  [{ answer: { token: 'a' } }, /options\.server\.answer\.token: expected one of access/],
  [{ over: '401' }, /options\.server\.over: expected an array of strings, got "401"/],
  [{ user: 'ftp://x' }, /options\.server\.user: expected a path/],
  [
    { login: { as: 'form', body: { a: { b: 'c' } } } },
    /options\.server\.login\.body\.a: expected a string, a number or a boolean in a form, got an object/,
  ],
  [
    { login: { headers: { 'x y': 'z' } } },
    /options\.server\.login\.headers: expected names of HTTP headers, got "x y"/,
  ],
  [
    { logout: { method: 'GET', body: { a: 'b' } } },
    /options\.server\.logout\.body: expected none with GET, got an object/,
  ],
  [
    { answer: { expiresIn: 'ttl min' } },
    /options\.server\.answer\.expiresIn: expected a place, which the unit s, ms or at may follow, got "ttl min"/,
  ],
  [{ toString: {} }, /options\.server\.toString: expected one of login/],
])
  test(`server: ${JSON.stringify(server)} is invalid`, () => invalid({ server }, expected));

test('remember is a name or a store', () => {
  const store = { get: () => null, set() {}, remove() {} };
  for (const remember of ['memory', 'tab', 'browser', store])
    assert.equal(validateOptions({ remember }).remember, remember);
  for (const remember of ['local', true, null, { get() {} }])
    invalid({ remember }, /options\.remember: expected "memory"/);
  invalid(
    { remember: store, isolation: 'worker' },
    /options\.remember: expected "tab" or "browser" with options\.isolation/,
  );
});

for (const [option, values] of Object.entries({
  baseUrl: ['/v1', 'ftp://example.com', 'https://user:password@example.com', 5],
  apiOrigins: [['https://a.example.com/path'], ['a.example.com'], 'https://a.example.com'],
  tokenScheme: ['two words', 'a:b'],
  name: [5],
  restore: ['sometimes'],
}))
  for (const value of values)
    test(`options.${option}: ${JSON.stringify(value)} is invalid`, () => {
      invalid({ [option]: value }, new RegExp(`options\\.${option}`));
    });

test('getAccessToken takes minValiditySeconds from 0 to 86400', () => {
  assert.deepEqual({ ...validateTokenOptions({}) }, {});
  assert.deepEqual({ ...validateTokenOptions({ minValiditySeconds: 30 }) }, { minValiditySeconds: 30 });
  const message = (options) => {
    try {
      return validateTokenOptions(options);
    } catch (error) {
      return error.message;
    }
  };
  assert.match(message({ minValiditySeconds: 100_000 }), /getAccessToken\.minValiditySeconds: .*did you mean 100\?/);
  assert.match(message({ minValiditySeconds: -1 }), /expected seconds from 0 to 86400, got -1/);
  assert.match(message({ minValidity: 30 }), /getAccessToken\.minValidity: .*renamed to minValiditySeconds/);
});
