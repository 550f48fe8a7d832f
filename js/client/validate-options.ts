// Checks the options at once, in the constructor. An error names the option, what was expected, what came, and the fix.
import { ownMembers } from '../util/own-members.js';
import { pageOrigin } from '../util/page-origin.js';
import { AuthError } from './errors.js';
import { invalidMessage } from './invalid-message.js';
import type { ApiRequestInit, AuthClientOptions } from './options.js';
import type { RememberStore, ServerCall } from './server-options.js';

/** Returns a copy of a valid value; throws `INVALID_OPTIONS` for any other. */
type Check = (where: string, value: unknown) => unknown;

/** Names of earlier releases. */
const RENAMED: Readonly<Record<string, string>> = {
  timeout: 'timeoutSeconds',
  renewBefore: 'renewBeforeSeconds',
  minValidity: 'minValiditySeconds',
};

// (The Rust client uses the check of `server` alone: the annotation lets esbuild leave the others out.)
/* @__NO_SIDE_EFFECTS__ */
const is =
  (expected: string, test: (value: never) => boolean): Check =>
  (where, value) =>
    test(value as never) ? value : throwInvalidOption(where, expected, value);

/* @__NO_SIDE_EFFECTS__ */
const record =
  (checks: Readonly<Record<string, Check>>): Check =>
  (where, value) => {
    if (typeof value !== 'object' || !value || Array.isArray(value)) throwInvalidOption(where, 'an object', value);
    // Without a prototype: an option that is absent is not read from `Object.prototype`.
    const copy = { __proto__: null } as unknown as Record<string, unknown>;
    for (const [name, inner] of Object.entries(value as object)) {
      const path = `${where}.${name}`;
      const check = Object.keys(checks).includes(name) && checks[name];
      if (!check) {
        const renamed = Object.keys(RENAMED).includes(name) && RENAMED[name];
        const near = Object.keys(checks).find((known) => known.toLowerCase() === name.toLowerCase());
        const expected = renamed || near || `one of ${Object.keys(checks).join(', ')}`;
        throwInvalidOption(path, expected, name, renamed && `: renamed to ${renamed}`);
      }
      if (inner !== undefined) copy[name] = check(path, inner);
    }
    return copy;
  };

/* @__NO_SIDE_EFFECTS__ */
const oneOf = (...choices: unknown[]) =>
  is(choices.map((choice) => (typeof choice === 'string' ? `"${choice}"` : choice)).join(' or '), (value) =>
    choices.includes(value),
  );

/* @__NO_SIDE_EFFECTS__ */
const url = (expected: string, base?: string, test = (_: URL) => true) =>
  is(expected, (value: unknown) => {
    try {
      const parsed = new URL(value as string, base);
      return (
        (typeof value === 'string' || value instanceof URL) &&
        value !== '' &&
        /^https?:$/.test(parsed.protocol) &&
        !(parsed.username || parsed.password) &&
        test(parsed)
      );
    } catch {
      return false;
    }
  });

/* @__NO_SIDE_EFFECTS__ */
const seconds =
  (least: number, most: number): Check =>
  (where, value) => {
    if (typeof value === 'number' && value >= least && value <= most) return value;
    const inMilliseconds = typeof value === 'number' && value > most && value < Infinity;
    const fix = inMilliseconds ? `, which looks like milliseconds: did you mean ${value / 1000}?` : '';
    throwInvalidOption(where, `seconds from ${least} to ${most}`, value, fix);
  };

/** A `token` of RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/;
const boolean = oneOf(true, false);
const text = is('a string that is not empty', (value) => typeof value === 'string' && value !== '');
const callback = is('a function', (value) => typeof value === 'function');
const path = url('a path or an http(s) URL', 'http://localhost');
const origin = url('an origin, such as "https://api.example.com"', undefined, (parsed) => {
  return parsed.href === `${parsed.origin}/`;
});
const origins = is('an array of origins', Array.isArray);

const PLACEHOLDER = /^\{(access|refresh|clientId|credentials(\..+)?|cookie:.+)\}$/;
const placeholdersOf = (text: string) => text.match(/\{[^}]*\}/g) ?? [];
const template = is(
  'a string whose placeholders are {access}, {refresh}, {credentials}, {credentials.NAME}, {clientId} or {cookie:NAME}',
  (value: unknown) => typeof value === 'string' && placeholdersOf(value).every((found) => PLACEHOLDER.test(found)),
);
/** (The browser's timing entries show URLs to every script.) */
const serverPath: Check = (where, value) => {
  path(where, value);
  return placeholdersOf(String(value)).every((found) => found === '{clientId}')
    ? value
    : throwInvalidOption(where, 'a path with no placeholder but {clientId}', value);
};
/** Checks each member of an object. */
const members =
  (check: Check): Check =>
  (where, value) =>
    record(Object.fromEntries(Object.keys(Object(value)).map((name) => [name, check])))(where, value);
const headerTemplates: Check = (where, value) => {
  for (const name of Object.keys(Object(value)))
    if (!TOKEN.test(name)) throwInvalidOption(where, 'names of HTTP headers', name);
  return members(template)(where, value);
};
const bodyMember: Check = (where, value) => {
  if (typeof value === 'string') return template(where, value);
  if (typeof value === 'object' && value) return members(bodyMember)(where, value);
  if (value === null || typeof value === 'boolean' || Number.isFinite(value)) return value;
  throwInvalidOption(where, 'a string, a number, a boolean, null or an object', value);
};
const orNull =
  (check: Check): Check =>
  (where, value) =>
    value === null ? null : check(where, value);
const texts: Check = (where, value) =>
  Array.isArray(value)
    ? value.map((entry, index) => text(`${where}[${index}]`, entry))
    : throwInvalidOption(where, 'an array of strings', value);
const places = orNull((where, value) => (Array.isArray(value) ? texts(where, value) : text(where, value)));
const lifetimes: Check = (where, value) => {
  const copy = places(where, value);
  const wrong = [copy].flat().find((place) => !/^(\S+( (s|ms|at))?|null)$/.test(String(place)));
  return wrong === undefined
    ? copy
    : throwInvalidOption(where, 'a place, which the unit s, ms or at may follow', wrong);
};
const answer = record({
  access: places,
  refresh: places,
  expiresIn: lifetimes,
  user: places,
  subject: places,
  step: places,
});
const callShape = record({
  path: serverPath,
  method: is('an HTTP method, such as "POST"', (value) => typeof value === 'string' && /^[A-Z]+$/.test(value)),
  as: oneOf('json', 'form'),
  body: bodyMember,
  headers: headerTemplates,
  before: serverPath,
  answer,
});
const call: Check = (where, value) => {
  const copy = callShape(where, value) as ServerCall;
  const { as, body, method } = copy;
  const nested =
    as === 'form' && Object.entries(Object(body)).find(([, member]) => typeof member === 'object' && member);
  if (nested) throwInvalidOption(`${where}.body.${nested[0]}`, 'a string, a number or a boolean in a form', nested[1]);
  if (body && /^(GET|HEAD)$/.test(method ?? '')) throwInvalidOption(`${where}.body`, `none with ${method}`, body);
  return copy;
};
const RESERVED = ['login', 'refresh', 'logout', 'logoutAll'];
const calls: Check = (where, value) => {
  const copy = members(call)(where, value);
  for (const name of Object.keys(copy as object))
    if (RESERVED.includes(name))
      throwInvalidOption(`${where}.${name}`, `a name that is not one of ${RESERVED.join(', ')}`, name);
  return copy;
};
/** Checks the option `server`, which is called `where` in an error. */
export const validateServer = record({
  login: call,
  refresh: orNull(call),
  logout: orNull(call),
  logoutAll: orNull(call),
  calls,
  api: headerTemplates,
  answer,
  user: (where, value) => (value === 'id_token' ? value : serverPath(where, value)),
  over: texts,
  notOver: texts,
});
const STORE = ['get', 'set', 'remove'] as const;
const remember = is(
  '"memory", "tab", "browser" or an object with the functions get, set and remove',
  (value: RememberStore | string) =>
    typeof value === 'string'
      ? ['memory', 'tab', 'browser'].includes(value)
      : !!value && STORE.every((name) => typeof value[name] === 'function'),
);

const OPTIONS = record({
  baseUrl: url(
    'an absolute http(s) URL without a user name, a query or a fragment',
    undefined,
    ({ search, hash }) => !search && !hash,
  ),
  endpoints: record({ login: path, refresh: path, logout: path, logoutAll: path, start: path, end: path }),
  server: validateServer,
  remember,
  transport: oneOf('cookie', 'body'),
  protocol: oneOf('json', 'oauth2'),
  clientId: text,
  fields: record({ accessToken: text, refreshToken: text, expiresIn: text, user: text }),
  apiOrigins: (where, value) =>
    (origins(where, value) as unknown[]).map((entry, index) => origin(`${where}[${index}]`, entry)),
  tokenScheme: is('one word, such as "Bearer"', (value) => typeof value === 'string' && TOKEN.test(value)),
  authHeaders: is('headers, or a function that returns them', (value: unknown) => {
    try {
      return typeof value === 'function' || !!new Headers(value as HeadersInit);
    } catch {
      return false;
    }
  }),
  idempotencyKey: boolean,
  renewBeforeSeconds: seconds(0, 3600),
  timeoutSeconds: seconds(0.001, 600),
  restore: oneOf('auto', 'hint', 'always', 'never'),
  crossTab: boolean,
  name: text,
  isolation: oneOf('page', 'worker', 'shared-worker', 'auto'),
  exposeToken: boolean,
  dpop: oneOf(true, false, 'memory'),
  idleTimeoutSeconds: seconds(1, 2_592_000),
  idleWarningSeconds: seconds(0, 3600),
  shouldRefresh: callback,
  onLog: callback,
} satisfies Record<keyof AuthClientOptions, Check>);

const TOKEN_OPTIONS = record({ minValiditySeconds: seconds(0, 86_400) });

/** Checks every option and returns a copy. Throws `INVALID_OPTIONS`. */
export function validateOptions(options: AuthClientOptions): AuthClientOptions {
  const valid = OPTIONS('options', options) as AuthClientOptions;
  const { clientId, protocol, isolation = 'page' } = valid;
  if (clientId && protocol !== 'oauth2' && !valid.server)
    throwInvalidOption('options.clientId', 'options.protocol "oauth2" or options.server beside it', protocol);
  const { idleTimeoutSeconds = 0, idleWarningSeconds = 0 } = valid;
  if (idleWarningSeconds && idleWarningSeconds >= idleTimeoutSeconds)
    throwInvalidOption('options.idleWarningSeconds', 'less than options.idleTimeoutSeconds', idleWarningSeconds);
  // A worker cannot call the app's store, and a shared worker has no storage of one tab.
  const { remember = 'memory' } = valid;
  const inShared = isolation === 'shared-worker' || isolation === 'auto';
  if ((typeof remember === 'object' && isolation !== 'page') || (remember === 'tab' && inShared))
    throwInvalidOption(
      'options.remember',
      `${inShared ? '' : '"tab" or '}"browser" with options.isolation "${isolation}"`,
      remember,
    );
  return valid;
}

const SCOPE = oneOf('session', 'global', 'provider');

/** Checks the scope of a logout. Throws `INVALID_OPTIONS`. */
export const validateScope = (scope: string) => SCOPE('logout.scope', scope);

const CALL_OPTIONS = record({ retry: boolean });

/** Checks the member `auth` of the init of `fetch`. Throws `INVALID_OPTIONS`. */
export function validateCall(init: ApiRequestInit | undefined) {
  const { auth } = ownMembers(init);
  if (auth !== undefined) CALL_OPTIONS('fetch.init.auth', auth);
}

/** Throws if there is neither a `baseUrl` nor an origin of the page to send auth requests to. */
export function requireBaseUrl({ baseUrl }: AuthClientOptions) {
  if (!baseUrl && !pageOrigin())
    throwInvalidOption('options.baseUrl', 'an absolute URL, because this page has no http(s) origin', baseUrl);
}

/** Checks the options of `getAccessToken`, and returns a copy. */
export const validateTokenOptions = (options: { minValiditySeconds?: number }) =>
  TOKEN_OPTIONS('getAccessToken', options) as typeof options;

/** Throws `INVALID_OPTIONS`. */
export function throwInvalidOption(...wrong: Parameters<typeof invalidMessage>): never {
  throw new AuthError('INVALID_OPTIONS', invalidMessage(...wrong));
}
