// What a hostile script on the page can do to get a token. Each probe runs in the page. It passes each value that it obtains
// to the leak detector, which searches it for the token, immediately and again at the end.
//
// `method`, `getter`, `construct` and `trap` are the ways to patch; `leak-detector.mjs` implements them.

const methods = (name, ...places) => ({ name, places, how: 'method' });
const getters = (name, ...places) => ({ name, places, how: 'getter' });
const constructors = (name, ...places) => ({ name, places, how: 'construct' });
/** Getters and setters where there was no property: code that reads a missing property calls them. */
const traps = (name, holder, ...properties) => ({
  name,
  places: properties.map((property) => [holder, property]),
  how: 'trap',
});

const of = (holder, ...names) => names.map((name) => [holder, name]);

export const PROBES = [
  methods('fetch', ['window', 'fetch']),
  methods('XMLHttpRequest: open, send', ...of('XMLHttpRequest.prototype', 'open', 'send', 'abort')),
  methods(
    'XMLHttpRequest: headers',
    ...of('XMLHttpRequest.prototype', 'setRequestHeader', 'getResponseHeader', 'getAllResponseHeaders'),
  ),
  getters(
    'XMLHttpRequest: response',
    ...of(
      'XMLHttpRequest.prototype',
      'responseText',
      'response',
      'status',
      'responseURL',
      'readyState',
      'withCredentials',
    ),
  ),
  getters(
    'XMLHttpRequest: handlers',
    ...of('XMLHttpRequestEventTarget.prototype', 'onload', 'onloadend', 'onerror', 'onabort'),
  ),
  methods('EventTarget', ...of('EventTarget.prototype', 'addEventListener', 'removeEventListener', 'dispatchEvent')),
  getters('Event', ...of('Event.prototype', 'target', 'currentTarget', 'type', 'srcElement')),
  methods('Headers: set, append', ...of('Headers.prototype', 'set', 'append', 'delete')),
  methods('Headers: get, has', ...of('Headers.prototype', 'get', 'has')),
  methods('Headers: iteration', ...of('Headers.prototype', 'forEach', 'entries', 'keys', 'values', '@iterator')),
  methods(
    'Request: clone and bodies',
    ...of('Request.prototype', 'clone', 'text', 'json', 'arrayBuffer', 'blob', 'formData'),
  ),
  getters('Request: headers', ['Request.prototype', 'headers']),
  getters('Request: url, method', ...of('Request.prototype', 'url', 'method', 'referrer', 'referrerPolicy')),
  getters(
    'Request: body, signal',
    ...of('Request.prototype', 'body', 'signal', 'credentials', 'bodyUsed', 'cache', 'mode'),
  ),
  methods('Response: text, json', ...of('Response.prototype', 'text', 'json', 'arrayBuffer', 'blob', 'clone')),
  getters('Response: members', ...of('Response.prototype', 'headers', 'status', 'ok', 'body', 'url')),
  methods('streams', ...of('ReadableStream.prototype', 'getReader', 'tee', 'pipeTo', 'pipeThrough', 'cancel')),
  constructors('Request', ['window', 'Request']),
  constructors('Headers', ['window', 'Headers']),
  constructors('Response', ['window', 'Response']),
  constructors('XMLHttpRequest', ['window', 'XMLHttpRequest']),
  constructors('URL, URLSearchParams', ['window', 'URL'], ['window', 'URLSearchParams']),
  constructors('Promise', ['window', 'Promise']),
  constructors('Map, Set, WeakMap', ['window', 'Map'], ['window', 'Set'], ['window', 'WeakMap']),
  constructors('AbortController', ['window', 'AbortController']),
  constructors('TextDecoder, TextEncoder', ['window', 'TextDecoder'], ['window', 'TextEncoder']),
  constructors('String, Number, Object', ['window', 'String'], ['window', 'Number'], ['window', 'Object']),
  constructors('Error', ['window', 'Error'], ['window', 'TypeError'], ['window', 'DOMException']),
  constructors('Uint8Array, Blob, FormData', ['window', 'Uint8Array'], ['window', 'Blob'], ['window', 'FormData']),
  constructors(
    'Worker, SharedWorker, MessageChannel',
    ['window', 'Worker'],
    ['window', 'SharedWorker'],
    ['window', 'MessageChannel'],
  ),
  methods('JSON.parse', ['JSON', 'parse']),
  methods('JSON.stringify', ['JSON', 'stringify']),
  methods('Promise: then', ['Promise.prototype', 'then']),
  methods('Promise: catch, finally', ...of('Promise.prototype', 'catch', 'finally')),
  methods('Promise: resolve, all, race', ...of('Promise', 'resolve', 'reject', 'all', 'race', 'allSettled', 'any')),
  getters('Promise: constructor', ['Promise.prototype', 'constructor']),
  getters('Promise, Array, RegExp: species', ...['Promise', 'Array', 'RegExp', 'Map'].map((one) => [one, '@species'])),
  traps('Object.prototype.then', 'Object.prototype', 'then'),
  traps('Object.prototype.toJSON', 'Object.prototype', 'toJSON'),
  traps('Object.prototype: iterators', 'Object.prototype', '@iterator', '@asyncIterator'),
  traps('Object.prototype: conversions', 'Object.prototype', '@toPrimitive', '@toStringTag', '@isConcatSpreadable'),
  traps(
    'Object.prototype: members of RequestInit',
    'Object.prototype',
    'method',
    'headers',
    'body',
    'signal',
    'credentials',
    'mode',
    'window',
    'duplex',
    'priority',
    'integrity',
    'keepalive',
    'redirect',
    'cache',
    'referrer',
    'referrerPolicy',
  ),
  traps(
    'Object.prototype: names in responses',
    'Object.prototype',
    'accessToken',
    'access_token',
    'refreshToken',
    'refresh_token',
    'expiresIn',
    'user',
    'data',
    'error',
    'code',
    'message',
  ),
  traps(
    'Object.prototype: names of tokens',
    'Object.prototype',
    'access',
    'refresh',
    'token',
    'authorization',
    'Authorization',
    'bearer',
    'secret',
  ),
  traps('Object.prototype: indices', 'Object.prototype', '0', '1', '2', '3', '4', '5'),
  traps(
    'Object.prototype: descriptors',
    'Object.prototype',
    'get',
    'set',
    'value',
    'writable',
    'once',
    'passive',
    'capture',
  ),
  traps(
    'String.prototype: symbols',
    'String.prototype',
    '@split',
    '@replace',
    '@match',
    '@matchAll',
    '@search',
    '@toPrimitive',
  ),
  traps('Array.prototype: indices', 'Array.prototype', '0', '1', '2', '3'),
  methods('String: split, replace', ...of('String.prototype', 'split', 'replace', 'replaceAll')),
  methods('String: slice, substring', ...of('String.prototype', 'slice', 'substring', 'substr', 'at')),
  methods(
    'String: indexOf, startsWith, includes',
    ...of('String.prototype', 'indexOf', 'lastIndexOf', 'startsWith', 'endsWith', 'includes'),
  ),
  methods(
    'String: concat, trim, case',
    ...of('String.prototype', 'concat', 'trim', 'toLowerCase', 'toUpperCase', 'padStart', 'repeat'),
  ),
  methods(
    'String: code units',
    ...of('String.prototype', 'charCodeAt', 'codePointAt', 'charAt', 'normalize', 'localeCompare'),
  ),
  methods(
    'String: conversion, iteration',
    ...of('String.prototype', 'toString', 'valueOf', '@iterator', 'match', 'matchAll', 'search'),
  ),
  methods('RegExp', ...of('RegExp.prototype', 'exec', 'test', '@replace', '@split', '@match', 'toString')),
  methods('Array: map, join, push', ...of('Array.prototype', 'map', 'join', 'push', 'pop', 'concat', 'slice', 'flat')),
  methods(
    'Array: some, every, filter',
    ...of('Array.prototype', 'some', 'every', 'filter', 'find', 'forEach', 'includes', 'indexOf'),
  ),
  methods('Array: iteration', ...of('Array.prototype', '@iterator', 'values', 'entries', 'keys')),
  methods('Array.from, Uint8Array.from', ['Array', 'from'], ['Array', 'of'], ['Uint8Array.__proto__', 'from']),
  methods('Map', ...of('Map.prototype', 'get', 'set', 'has', 'delete', 'clear', 'forEach')),
  methods('Set', ...of('Set.prototype', 'add', 'has', 'delete', 'forEach', '@iterator')),
  methods('WeakMap, WeakRef', ...of('WeakMap.prototype', 'get', 'set', 'has'), ...of('WeakRef.prototype', 'deref')),
  methods('Function: call, apply, bind', ...of('Function.prototype', 'call', 'apply', 'bind', 'toString')),
  methods('Reflect', ...of('Reflect', 'apply', 'get', 'set', 'has', 'construct', 'ownKeys', 'getPrototypeOf')),
  methods('Object: assign, entries, keys', ...of('Object', 'assign', 'entries', 'keys', 'values', 'fromEntries')),
  methods(
    'Object: define, freeze, create',
    ...of('Object', 'defineProperty', 'defineProperties', 'freeze', 'isFrozen', 'create', 'hasOwn', 'getPrototypeOf'),
  ),
  methods(
    'Object.prototype',
    ...of('Object.prototype', 'hasOwnProperty', 'toString', 'valueOf', 'propertyIsEnumerable', 'isPrototypeOf'),
  ),
  methods('atob, btoa', ['window', 'atob'], ['window', 'btoa']),
  methods(
    'TextDecoder, TextEncoder: calls',
    ['TextDecoder.prototype', 'decode'],
    ...of('TextEncoder.prototype', 'encode', 'encodeInto'),
  ),
  methods(
    'URI functions',
    ...of('window', 'decodeURIComponent', 'encodeURIComponent', 'encodeURI', 'escape', 'unescape'),
  ),
  methods(
    'URLSearchParams: calls',
    ...of('URLSearchParams.prototype', 'set', 'append', 'get', 'toString', 'forEach', '@iterator'),
  ),
  getters('URL: members', ...of('URL.prototype', 'href', 'origin', 'host', 'pathname', 'searchParams')),
  methods('Storage', ...of('Storage.prototype', 'setItem', 'getItem', 'removeItem')),
  methods(
    'messages',
    ['BroadcastChannel.prototype', 'postMessage'],
    ['MessagePort.prototype', 'postMessage'],
    ['window', 'postMessage'],
    ['Worker.prototype', 'postMessage'],
  ),
  methods(
    'timers and tasks',
    ...of('window', 'setTimeout', 'setInterval', 'queueMicrotask', 'requestAnimationFrame', 'structuredClone'),
  ),
  methods(
    'clocks and numbers',
    ['Date', 'now'],
    ['Performance.prototype', 'now'],
    ...of('Math', 'max', 'min', 'random'),
    ...of('Number', 'isFinite', 'isNaN'),
    ['Date', 'parse'],
  ),
  methods('console', ...of('console', 'log', 'info', 'warn', 'error', 'debug', 'trace')),
  methods('locks and beacons', ['LockManager.prototype', 'request'], ['Navigator.prototype', 'sendBeacon']),
  methods(
    'crypto',
    ...of('Crypto.prototype', 'getRandomValues', 'randomUUID'),
    ...of('SubtleCrypto.prototype', 'digest', 'sign', 'importKey'),
  ),
  methods('AbortSignal', ...of('AbortSignal', 'any', 'timeout', 'abort'), ['AbortSignal.prototype', 'throwIfAborted']),
  getters('AbortSignal: members', ...of('AbortSignal.prototype', 'aborted', 'reason')),
  methods(
    'FormData, Blob',
    ...of('FormData.prototype', 'append', 'set', 'get', 'entries'),
    ...of('Blob.prototype', 'text', 'arrayBuffer', 'stream', 'slice'),
  ),
  methods('WebAssembly', ...of('WebAssembly', 'instantiate', 'instantiateStreaming', 'compile', 'compileStreaming')),
  methods(
    'generators',
    ['(function*(){})().__proto__.__proto__', 'next'],
    ['(async function*(){})().__proto__.__proto__', 'next'],
  ),
  traps(
    'AuthClient',
    'AuthClient.prototype',
    ...['login', 'refresh', 'logout', 'subscribe', 'on', 'hasRole', 'diagnostics', 'fetch', 'getAccessToken'],
  ),
  { name: 'Error.prepareStackTrace', how: 'stack' },
  { name: 'window.event', how: 'event' },
  { name: 'storages, cookies, history, timings', how: 'stores' },
  { name: 'everything reachable from the client', how: 'graph' },
  { name: 'listeners, subscribers, onLog, snapshots', how: 'listeners' },
  { name: 'exports of a module instance: memory and table', how: 'exports' },
];

const AT_ONCE = 8;

/**
 * Probes that obtain a token on a page, or stop the client, if they run before the library. Each of them runs on a page of its
 * own then: in a group, it would make the other probes of the group run again. A probe that is missing here only costs time.
 */
const ALONE_IF_EARLY = [
  'XMLHttpRequest: open, send',
  'XMLHttpRequest: headers',
  'XMLHttpRequest: response',
  'fetch',
  'Request',
  'Request: url, method',
  'Request: headers',
  'Request: body, signal',
  'Request: clone and bodies',
  'Headers: set, append',
  'Headers: get, has',
  'Function: call, apply, bind',
  'JSON.parse',
  'String: code units',
  'Object.prototype',
  'Object.prototype: descriptors',
  'exports of a module instance: memory and table',
];

/**
 * The probes one by one or, which is much quicker, in groups that run on one page: if a group obtains nothing and the client
 * works nonetheless, none of its probes obtains anything. `PROBE=name` selects probes.
 */
export function groups(oneByOne, early = false) {
  const chosen = PROBES.filter(({ name }) => name.includes(process.env.PROBE ?? ''));
  const isAlone = ({ name }) => oneByOne || (early && ALONE_IF_EARLY.includes(name));
  const [alone, shared] = [chosen.filter(isAlone), chosen.filter((probe) => !isAlone(probe))];
  const count = Math.ceil(shared.length / AT_ONCE);
  // Neighbours in the list patch the same objects, so each goes into another group.
  const parts = Array.from({ length: count }, (_, at) => shared.filter((_, index) => index % count === at));
  return [...alone.map((probe) => [probe]), ...parts];
}
