// `auth.fetch` with the tokens in a worker, compared with the browser's own `fetch`: objects of other realms, values that the
// caller changes, aborts and errors between head and body, uploads, header names, unloading pages; and what a page that is
// hostile or polluted can do to the worker. In Chromium and, where the engines differ, in Firefox.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { chromium } from 'playwright-core';
import { CHROME_ARGS } from '../../tools/chrome.mjs';
import { startServer, until } from '../../tools/servers.mjs';
import { ADA, closeBrowser, openBrowser, signIn, withTabs } from './harness.mjs';
import { startProxy } from './proxy.mjs';
import { ENGINES, startBrowser } from './webdriver.mjs';

const WORKERS = ['worker', 'shared-worker'];
const ALL = ['page', ...WORKERS];

let firefox;

before(async () => {
  await openBrowser();
  if (ENGINES.Firefox.driver) firefox = await startBrowser(ENGINES.Firefox);
});
after(async () => {
  await firefox?.stop();
  await closeBrowser();
});

/** Runs `work({ isolation, proxy, run })` in Chromium: `run` runs a function in a page with a signed-in client. */
function each(name, work, { modes = WORKERS, options = () => ({}), inFirefox = false } = {}) {
  for (const isolation of modes) {
    test(`${isolation}: ${name}`, () =>
      withTabs({}, async (tools) => {
        const { proxy, open } = tools;
        answerRaw(proxy);
        const page = await open({ isolation, exposeToken: false, ...options(proxy) });
        await signIn(page);
        await page.evaluate(defineHelpers);
        await work({ ...tools, isolation, page, run: (body, argument) => page.evaluate(body, argument) });
      }));
    if (inFirefox) inFirefoxToo(name, isolation, options, work);
  }
}

function inFirefoxToo(name, isolation, options, work) {
  test(`Firefox, ${isolation}: ${name}`, { timeout: 120_000 }, async () => {
    assert.ok(firefox, 'GECKODRIVER and FIREFOX: expected paths; `npm test` sets them');
    const server = await startServer();
    const proxy = await startProxy(server.url);
    try {
      answerRaw(proxy);
      const tab = await firefox.open(`${proxy.url}/blank`);
      // WebDriver runs a function in a realm of its own, and this one in the page's.
      const run = (body, argument) =>
        firefox.run(
          tab,
          async (code) => new window.Function(code)(),
          `return (${body})(${JSON.stringify(argument ?? null)})`,
        );
      await run(signInHere, { isolation, credentials: ADA, ...options(proxy) });
      await run(defineHelpers);
      await work({ isolation, proxy, server, run, firefox });
      await run(async () => auth.dispose());
    } finally {
      await proxy.stop();
      await server.stop();
    }
  });
}

async function signInHere({ credentials, ...options }) {
  const { AuthClient, AuthError } = await import('/pkg/index.js');
  Object.assign(globalThis, { AuthClient, AuthError, auth: new AuthClient(options) });
  await auth.ready;
  await auth.login(credentials);
}

/** The same server under another origin. */
const otherOrigin = ({ url }) => url.replace('127.0.0.1', 'localhost');

/** Responses whose timing a test controls, and requests as they came. */
function answerRaw(proxy) {
  const held = [];
  proxy.received = [];
  proxy.breakAll = () => {
    for (const { socket } of held.splice(0)) socket?.destroy();
  };
  const type = { 'content-type': 'text/plain' };
  const status = (code, text) => (_, response) => response.writeHead(code, text).end('body');
  const table = {
    999: status(999, 'Odd'),
    600: status(600),
    // 64 KB and less travel with the head.
    small: (_, response) => response.writeHead(200, { ...type, 'content-length': 5 }).end('small'),
    chunked: (_, response) => {
      response.writeHead(200, type).write('sm');
      response.end('all');
    },
    held: (request, response) => {
      const size = Number(new URL(request.url, 'http://x').search.slice(1));
      response.writeHead(200, { 'content-type': 'application/octet-stream' }).write(Buffer.alloc(size));
      held.push(response);
    },
    // The length is announced, and only a part of it arrives.
    partial: (_, response) => {
      response.writeHead(200, { ...type, 'content-length': 100 }).write('part');
      held.push(response);
    },
    break: (_, response) => {
      proxy.breakAll();
      response.end();
    },
    echo: async (request, response) => {
      const chunks = [];
      for await (const chunk of request) chunks.push(chunk);
      const body = Buffer.concat(chunks).toString('latin1');
      const boundary = /boundary=(\S+)/.exec(request.headers['content-type'] ?? '')?.[1] ?? '\0';
      const names = request.rawHeaders.filter((_, index) => index % 2 === 0);
      const entry = { method: request.method, type: request.headers['content-type'], body, names };
      entry.authorization = request.headers.authorization;
      proxy.received.push(entry);
      const { authorization: _, ...shown } = entry;
      const text = JSON.stringify(shown).replaceAll(boundary, '<boundary>');
      response.writeHead(200, { 'content-type': 'application/json', 'access-control-allow-origin': '*' }).end(text);
    },
    moved: (_, response) => response.writeHead(302, { location: '/api/raw/small?moved' }).end(),
    form: (_, response) =>
      response.writeHead(200, { 'content-type': 'application/x-www-form-urlencoded' }).end('a=1&b=2'),
  };
  for (const code of [204, 205, 304]) table[code] = (_, response) => response.writeHead(code).end();
  for (const [name, answer] of Object.entries(table)) proxy.raw.set(`/api/raw/${name}`, answer);
}

const defineHelpers = () => {
  globalThis.describeError = (error) =>
    error instanceof Error || error instanceof DOMException ? `${error.constructor.name} ${error.name}` : error;
  /** What came of a promise, as data. */
  globalThis.settle = (promise) =>
    Promise.resolve(promise).then(
      (value) => ({ value }),
      (error) => ({ error: describeError(error) }),
    );
  /** `[result with the browser's fetch, result with auth.fetch]` */
  globalThis.both = async (attempt) => {
    const native = globalThis.fetch;
    const results = [];
    for (const fetch of [(input, init) => native(input, init), auth.fetch])
      results.push(await settle((async () => attempt(fetch))()));
    return results;
  };
  globalThis.makeFrame = () => document.documentElement.appendChild(document.createElement('iframe')).contentWindow;
};

/** Asserts that both results of each entry are equal. */
function assertSame(results) {
  const differ = Object.entries(results).filter(([, [browser, tokenward]]) => !isDeepStrictEqual(browser, tokenward));
  assert.deepEqual(
    differ.map(([name, [browser, tokenward]]) => ({ name, browser, tokenward })),
    [],
  );
}

each(
  'the app assigns auth.fetch to globalThis.fetch',
  async ({ run, proxy }) => {
    const elsewhere = otherOrigin(proxy);
    const statuses = await run(async (other) => {
      await auth.fetch('/api/me');
      const native = globalThis.fetch;
      const statuses = [];
      for (const assigned of [auth.fetch, (input, init) => auth.fetch(input, init)]) {
        globalThis.fetch = assigned;
        statuses.push((await fetch(`${other}/api/raw/echo`)).status);
        statuses.push((await fetch(new Request('/api/raw/echo', { headers: { authorization: 'own' } }))).status);
        statuses.push((await fetch('/auth/refresh', { method: 'POST', headers: { origin: 'x' } })).status > 0);
        statuses.push((await fetch('/api/raw/small')).status);
      }
      globalThis.fetch = native;
      return statuses;
    }, elsewhere);
    assert.deepEqual(statuses, [200, 200, true, 200, 200, 200, true, 200]);
    assert.deepEqual(
      proxy.received.map(({ authorization }) => authorization),
      [undefined, 'own', undefined, 'own'],
    );
  },
  { modes: ALL, inFirefox: true },
);

each(
  'the client sends the values of another realm, of a subclass and without a prototype',
  async ({ run }) => {
    const results = await run(async () => {
      const frame = makeFrame();
      const strip = (value) => Object.setPrototypeOf(value, null);
      const formOf = (realm, Type = realm.FormData) => {
        const form = new Type();
        form.append('text', 'ä');
        form.append('file', new realm.File(['inside'], 'name.txt', { type: 'text/x' }));
        form.append('blob', new realm.Blob(['bare']));
        return form;
      };
      const bodies = {
        File: () => new frame.File(['file'], 'a.txt', { type: 'text/x-file' }),
        Blob: () => new frame.Blob(['blob'], { type: 'text/x-blob' }),
        FormData: () => formOf(frame),
        'FormData with an own File': () => {
          const form = new FormData();
          form.append('file', new frame.File(['inside'], 'name.txt'), 'other.txt');
          return form;
        },
        ArrayBuffer: () => new frame.Uint8Array([0, 1, 254]).buffer,
        Uint8Array: () => new frame.Uint8Array([9, 1, 2, 9]).subarray(1, 3),
        Float64Array: () => new frame.Float64Array([1.5]),
        DataView: () => new frame.DataView(new frame.Uint8Array([9, 1, 2, 9]).buffer, 1, 2),
        URLSearchParams: () => new frame.URLSearchParams({ a: '1', b: '&' }),
        'a subclass of Blob': () => new (class extends Blob {})(['sub'], { type: 'text/x-sub' }),
        'a subclass of FormData': () =>
          formOf(
            globalThis,
            class extends FormData {
              *[Symbol.iterator]() {}
              entries() {
                return [];
              }
            },
          ),
        'a subclass of URLSearchParams': () =>
          new (class extends URLSearchParams {
            toString() {
              return 'other';
            }
          })('a=b'),
        'a subclass of Uint8Array': () =>
          new (class extends Uint8Array {
            get byteLength() {
              return 1;
            }
          })([7, 8]),
        'Blob without a prototype': () => strip(new Blob(['blob'], { type: 'text/x-blob' })),
        'FormData without a prototype': () => strip(formOf(globalThis)),
        'ArrayBuffer without a prototype': () => strip(new Uint8Array([5, 6]).buffer),
        'Uint8Array without a prototype': () => strip(new Uint8Array([5, 6])),
        'URLSearchParams without a prototype': () => strip(new URLSearchParams('a=b')),
        'a number': () => 5,
        'an object with toString': () => ({ toString: () => 'text' }),
        'a symbol': () => Symbol('x'),
        'a shared buffer': () => new Uint8Array(4),
      };
      const read = async (response) => {
        const { method, type, body } = await response.json();
        return { method, type, body };
      };
      const results = {};
      for (const [name, make] of Object.entries(bodies)) {
        results[name] = await both((fetch) => fetch('/api/raw/echo', { method: 'POST', body: make() }).then(read));
        results[`${name}, in a Request of the frame`] = await both((fetch) =>
          fetch(new frame.Request(`${location.origin}/api/raw/echo`, { method: 'POST', body: make() })).then(read),
        );
      }
      results['a Request of the frame, as init'] = await both((fetch) =>
        fetch('/api/raw/echo', new frame.Request(location.href, { method: 'POST', headers: { 'x-a': 'b' } })).then(
          read,
        ),
      );
      results['headers of the frame'] = await both((fetch) =>
        fetch('/api/raw/echo', { headers: new frame.Headers({ 'x-a': 'b' }) })
          .then((response) => response.json())
          .then(({ names }) => names.filter((name) => /^x-/i.test(name))),
      );
      for (const when of ['before', 'after'])
        for (const how of ['init', 'Request'])
          results[`a signal of the frame, ${how}, aborted ${when}`] = await both((fetch) => {
            const controller = new frame.AbortController();
            const init = { signal: controller.signal };
            if (when === 'before') controller.abort('why');
            const url = `${location.origin}/api/raw/held?1`;
            const call = how === 'init' ? fetch(url, init) : fetch(new frame.Request(url, init));
            if (when === 'after') controller.abort('why');
            return call;
          });
      return results;
    });
    assertSame(results);
    for (const [name, [, { value }]] of Object.entries(results))
      assert.doesNotMatch(value?.body ?? '', /\[object/, name);
  },
  { inFirefox: true },
);

/** What a caller changes after the call, on the page; resolves with the bodies that the server received. */
const changeAfterCall = async () => {
  const bytes = () => new TextEncoder().encode('before');
  const overwrite = (view) => new Uint8Array(view.buffer ?? view).set(new TextEncoder().encode('AFTER!'));
  const given = {
    ArrayBuffer: bytes().buffer,
    Uint8Array: bytes(),
    DataView: new DataView(bytes().buffer),
    URLSearchParams: new URLSearchParams('state=before'),
    FormData: new FormData(),
    'in a Request': bytes(),
  };
  given.FormData.append('state', 'before');
  const headers = { 'x-state': 'before' };
  const calls = Object.entries(given).map(([name, body]) => {
    const init = { method: 'POST', headers, body };
    const call =
      name === 'in a Request' ? auth.fetch(new Request('/api/raw/echo', init)) : auth.fetch('/api/raw/echo', init);
    init.method = 'PUT';
    init.body = 'AFTER!';
    return call.then((response) => response.json());
  });
  headers['x-state'] = 'AFTER!';
  headers['x-more'] = 'AFTER!';
  for (const body of Object.values(given)) {
    if (body instanceof URLSearchParams || body instanceof FormData) body.set('state', 'AFTER!');
    else overwrite(body);
  }
  return calls;
};

function assertUnchanged(sent) {
  assert.equal(sent.length, 6);
  for (const { method, body, names } of sent) {
    assert.match(body, /before/);
    assert.doesNotMatch(body, /AFTER/);
    assert.equal(method, 'POST');
    assert.ok(!names.includes('x-more'));
  }
}

each('the client sends a call as it was at the time of the call, also to the next worker', async (tools) => {
  const { run, proxy } = tools;
  assertUnchanged(await run(`(${changeAfterCall})().then((calls) => Promise.all(calls))`));
  const requested = deferred();
  const released = deferred();
  await endWorker(tools);
  proxy.raw.set('/pkg/worker.js', async (_, response) => {
    requested.resolve();
    await released.promise;
    const file = readFileSync(path.join(import.meta.dirname, '../../pkg/worker.js'));
    response.writeHead(200, { 'content-type': 'text/javascript' }).end(file);
  });
  await run(() => void auth.fetch('/api/me').catch(() => {}));
  await requested.promise;
  await run(`globalThis.calls = (${changeAfterCall})(); undefined`);
  await run(() => calls.then(() => {}));
  released.resolve();
  assertUnchanged(await run(() => calls.then((all) => Promise.all(all))));
});

function deferred() {
  let resolve;
  const promise = new Promise((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Ends the worker as a crash would. */
async function endWorker({ context, page, proxy, isolation }) {
  if (isolation === 'worker') return page.workers()[0].evaluate(() => void setTimeout(() => self.close()));
  const devtools = await context.browser().newBrowserCDPSession();
  const { targetInfos } = await devtools.send('Target.getTargets');
  const { targetId } = targetInfos.find(({ type, url }) => type === 'shared_worker' && url.startsWith(proxy.url));
  await devtools.send('Target.closeTarget', { targetId });
}

each(
  'a status that no constructor accepts arrives',
  async ({ run }) => {
    const results = await run(async () => {
      const read = async (response) => {
        const copy = response.clone();
        const { status, ok, statusText } = response;
        return [status, ok, statusText, copy.status, copy.ok, copy.statusText, await response.text()];
      };
      return {
        999: await both((fetch) => fetch('/api/raw/999').then(read)),
        600: await both((fetch) => fetch('/api/raw/600').then(read)),
      };
    });
    assertSame(results);
    assert.deepEqual(results[999][1].value.slice(0, 3), [999, false, 'Odd']);
  },
  { inFirefox: true },
);

each(
  'an abort between head and body fails the body and its copies with the reason',
  async ({ run }) => {
    const results = await run(async () => {
      const readers = {
        text: (response) => response.text(),
        json: (response) => response.json(),
        blob: (response) => response.blob(),
        formData: (response) => response.formData(),
        arrayBuffer: (response) => response.arrayBuffer(),
        'a reader': (response) => response.body.getReader().read(),
        'a reader with its own buffer': (response) => response.body.getReader({ mode: 'byob' }).read(new Uint8Array(8)),
        'a late copy': (response) => response.clone().text(),
        'text twice': async (response) => [await settle(response.text()), await settle(response.text())],
      };
      const early = {
        'a reader of before': (response) => {
          const reader = response.body.getReader();
          return () => reader.read();
        },
        'closed of a reader of before': (response) => {
          const { closed } = response.body.getReader();
          return () => closed;
        },
        'both copies of before': (response) => {
          const copy = response.clone();
          return async () => [await settle(copy.text()), await settle(response.text())];
        },
      };
      const results = {};
      for (const where of ['small', 'chunked'])
        for (const [name, read] of [...Object.entries(readers), ...Object.entries(early)])
          results[`${where}: ${name}`] = await both(async (fetch) => {
            const controller = new AbortController();
            const response = await fetch(`/api/raw/${where}`, { signal: controller.signal });
            const later = name in early ? read(response) : () => read(response);
            controller.abort('why');
            return later();
          });
      results['after the body'] = await both(async (fetch) => {
        const controller = new AbortController();
        const response = await fetch('/api/raw/small', { signal: controller.signal });
        const text = await response.text();
        controller.abort('why');
        return [text, response.bodyUsed];
      });
      return results;
    });
    assertSame(results);
    assert.deepEqual(results['small: text'][1], { error: 'why' });
  },
  { inFirefox: true },
);

each(
  'an abort and an error of the connection reach a body that nobody reads',
  async ({ run, firefox: inFirefox }) => {
    const aborted = await run(async () => {
      const results = {};
      for (const where of ['held?10', 'held?100000', 'held?3000000', 'small'])
        results[where] = await both(async (fetch) => {
          const controller = new AbortController();
          const response = await fetch(`/api/raw/${where}`, { signal: controller.signal });
          const reader = response.body.getReader();
          controller.abort('why');
          return [await settle(reader.closed), await settle(reader.read())];
        });
      return results;
    });
    assertSame(aborted);
    assert.deepEqual(aborted.small[1].value[0], { error: 'why' });
    // Firefox's own `fetch` reports a broken connection only to who reads on.
    if (inFirefox) return;
    const broken = await run(async () => {
      const breakConnections = () =>
        new Promise((resolve) => {
          const xhr = new XMLHttpRequest();
          xhr.onloadend = resolve;
          xhr.open('GET', '/api/raw/break');
          xhr.send();
        });
      const results = {};
      for (const where of ['held?10', 'held?100000', 'held?3000000', 'partial'])
        results[where] = await both(async (fetch) => {
          const reader = (await fetch(`/api/raw/${where}`)).body.getReader();
          const { closed } = reader;
          await breakConnections();
          return [await settle(closed), await settle(reader.read())];
        });
      return results;
    });
    assertSame(broken);
    assert.deepEqual(broken['held?3000000'][1].value[0], { error: 'TypeError TypeError' });
  },
  { inFirefox: true },
);

each(
  'header names keep the spelling of the caller',
  async ({ run }) => {
    const results = await run(async () => {
      const names = async (response) =>
        (await response.json()).names.filter((name) => /^(x-|content-t)/i.test(name)).sort();
      const echo = (init) => both((fetch) => fetch('/api/raw/echo', { method: 'POST', ...init }).then(names));
      return {
        'an object': await echo({ headers: { 'X-My-Header': 'a', 'x-lower': 1, 'CONTENT-TYPE': 'text/x' }, body: 'x' }),
        'an array': await echo({
          headers: [
            ['X-My-Header', 'a'],
            ['x-my-header', 'b'],
          ],
          body: 'x',
        }),
        'a Map': await echo({ headers: new Map([['X-My-Header', 'a']]), body: new URLSearchParams('a=1') }),
        'a Headers object': await echo({ headers: new Headers({ 'X-My-Header': 'a' }), body: 'x' }),
        'none, a text': await echo({ body: 'x' }),
        'none, a form': await echo({ body: new FormData() }),
        'none, a Blob': await echo({ body: new Blob(['x'], { type: 'text/x' }) }),
        'none, bytes': await echo({ body: new Uint8Array(1) }),
        'a pair of three': await echo({ headers: [['a', 'b', 'c']] }),
        'not pairs': await echo({ headers: ['ab'] }),
        'a wrong name': await echo({ headers: { 'a b': 'c' } }),
        'a wrong value': await echo({ headers: { a: '\u0100' } }),
        'a string as headers': await echo({ headers: 'a: b' }),
        'null as headers': await echo({ headers: null }),
      };
    });
    assertSame(results);
    assert.deepEqual(results['an object'][1].value, ['CONTENT-TYPE', 'X-My-Header', 'x-lower']);
  },
  { inFirefox: true },
);

each(
  'a response has all that a response of the browser has',
  async ({ run, proxy }) => {
    const results = await run(async (elsewhere) => {
      const attempt = (work) => {
        try {
          return { value: work() };
        } catch (error) {
          return { error: describeError(error) };
        }
      };
      const shown = ({
        constructor: Class,
        status,
        ok,
        statusText,
        url,
        redirected,
        type,
        bodyUsed,
        body,
        headers,
      }) => ({
        ...{ name: Class.name, isClass: Class === Response },
        ...{ status, ok, statusText, url, redirected, type, bodyUsed, body: body === null },
        headers: [...headers].filter(([name]) => !/^(date|connection|keep-alive)$/.test(name)),
      });
      const guard = ({ headers }) => [
        attempt(() => headers.set('a', 'b')),
        attempt(() => headers.append('a', 'b')),
        attempt(() => headers.delete('content-type')),
        [headers.has('a'), headers.get('content-type'), headers instanceof Headers, Object.keys(headers)],
      ];
      const results = {};
      const responses = {
        'a response': ['/api/raw/small'],
        'a redirect': ['/api/raw/moved'],
        'a redirect that is not followed': ['/api/raw/moved', { redirect: 'manual' }],
        'no-cors': [`${elsewhere}/api/raw/small`, { mode: 'no-cors' }],
        204: ['/api/raw/204'],
        205: ['/api/raw/205'],
        304: ['/api/raw/304', { cache: 'no-store' }],
        HEAD: ['/api/raw/small', { method: 'HEAD' }],
        'a HEAD with a signal': ['/api/raw/small', { method: 'HEAD', signal: new AbortController().signal }],
        '204 with a signal': ['/api/raw/204', { signal: new AbortController().signal }],
      };
      for (const [name, [url, init]] of Object.entries(responses))
        results[name] = await both(async (fetch) => {
          const response = await fetch(url, init);
          const copy = response.clone();
          const before = [shown(response), shown(copy), guard(response), guard(copy)];
          const text = await response.text();
          return [before, text, response.bodyUsed, await settle(response.text()), await copy.text(), copy.bodyUsed];
        });
      results['formData()'] = await both(async (fetch) => [...(await (await fetch('/api/raw/form')).formData())]);
      results.byob = await both(async (fetch) => {
        const reader = (await fetch('/api/raw/small')).body.getReader({ mode: 'byob' });
        const parts = [];
        for (;;) {
          const { done, value } = await reader.read(new Uint8Array(2));
          parts.push([done, [...(value ?? [])]]);
          if (done) return parts;
        }
      });
      results.structuredClone = await both(async (fetch) => structuredClone(await fetch('/api/raw/small')));
      results['a used body'] = await both(async (fetch) => {
        const response = await fetch('/api/raw/small');
        response.body.getReader();
        return [await settle(response.text()), attempt(() => response.clone()), response.bodyUsed];
      });
      results['a cached copy'] = await both(async (fetch) => {
        const cache = await caches.open('test');
        const response = await fetch('/api/raw/small');
        await cache.put('/copy', response);
        const found = await cache.match('/copy');
        return [found.status, await found.text()];
      });
      return results;
    }, otherOrigin(proxy));
    assertSame(results);
  },
  { inFirefox: true, options: (proxy) => ({ apiOrigins: [otherOrigin(proxy)] }) },
);

/** Runs in the worker before its own code, and takes orders from the page: a time to be blocked, or 'end'. */
const obeyPage = () => {
  const orders = new BroadcastChannel('orders');
  orders.onmessage = ({ data }) => {
    orders.postMessage('received');
    if (data === 'end') self.close();
    else for (const end = performance.now() + data; performance.now() < end; );
  };
};
/** Defines `order` on the page: it resolves when the worker begins to obey. */
const defineOrder = () => {
  globalThis.order = (what) => {
    const orders = new BroadcastChannel('orders');
    return new Promise((resolve) => {
      orders.onmessage = resolve;
      orders.postMessage(what);
    }).then(() => orders.close());
  };
};

/** Runs a test with a worker that can be blocked and ended by `order`, in Chromium. */
function withObedientWorker(name, work) {
  for (const isolation of WORKERS)
    test(`${isolation}: ${name}`, () =>
      withTabs({}, async ({ proxy, open }) => {
        answerRaw(proxy);
        proxy.prelude = `(${obeyPage})();`;
        const page = await open({ isolation });
        await signIn(page);
        await page.evaluate(defineOrder);
        await page.evaluate(() => {
          globalThis.hasReplacedWorker = () => auth.diagnostics().some(({ event }) => event === 'worker-ended');
        });
        await work({ page, proxy });
      }));
}

withObedientWorker('a worker or a page that is blocked does not count as an ended worker', async ({ page, proxy }) => {
  const statuses = await page.evaluate(async () => {
    await order(8_000);
    const calls = Array.from({ length: 3 }, () => auth.fetch('/api/raw/echo', { method: 'POST', body: 'x' }));
    return Promise.all(calls.map((call) => call.then(({ status }) => status)));
  });
  assert.deepEqual(statuses, [200, 200, 200]);
  assert.equal(proxy.received.length, 3);
  assert.equal(await page.evaluate(() => hasReplacedWorker()), false);
  const [status, replaced] = await page.evaluate(async () => {
    await order(6_000);
    const call = auth.fetch('/api/raw/echo', { method: 'POST', body: 'x' });
    // Blocks three times, with turns of the event loop in between, in which messages and timers run.
    for (let times = 0; times < 3; times += 1) {
      for (const end = performance.now() + 5_000; performance.now() < end; );
      await new Promise((resolve) => setTimeout(resolve));
    }
    return [(await call).status, hasReplacedWorker()];
  });
  assert.deepEqual([status, replaced], [200, false]);
  // One that has ended is noticed nevertheless.
  const next = await page.evaluate(async () => {
    await order('end');
    return (await auth.fetch('/api/me')).status;
  });
  assert.deepEqual([next, await page.evaluate(() => hasReplacedWorker())], [200, true]);
});

withObedientWorker('500 uploads at once do not end the worker', async ({ page }) => {
  const [statuses, replaced] = await page.evaluate(async () => {
    const body = new Uint8Array(100_000);
    await order(7_000);
    const calls = Array.from({ length: 500 }, () => auth.fetch('/api/raw/echo', { method: 'POST', body }));
    const all = await Promise.all(
      calls.map((call) => call.then(async (response) => [response.status, (await response.text()).length])),
    );
    return [[...new Set(all.map(([status]) => status))], hasReplacedWorker()];
  });
  assert.deepEqual([statuses, replaced], [[200], false]);
});

withObedientWorker('a body that is being read fails when its worker ends', async ({ page }) => {
  const error = await page.evaluate(async () => {
    const reader = (await auth.fetch('/api/raw/held?10')).body.getReader();
    await reader.read();
    await order('end');
    // No call is pending, and nothing is read for a while: the client does not look after the worker then.
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    return reader.read().then(
      () => 'read',
      ({ name }) => name,
    );
  });
  assert.equal(error, 'TypeError');
});

/** Runs a test in Chromium over HTTP/2, which streams uploads need. */
function overHttp2(name, work, modes = ALL) {
  for (const isolation of modes)
    test(`${isolation}: ${name}`, async () => {
      const server = await startServer();
      const proxy = await startProxy(server.url);
      const front = await startHttp2(proxy.url);
      const args = [...CHROME_ARGS, '--ignore-certificate-errors'];
      const browser = await chromium.launch({ executablePath: process.env.CHROME, args });
      try {
        const page = await browser.newPage();
        await page.goto(`${front.url}/blank`);
        await page.evaluate(signInHere, { isolation, credentials: ADA });
        await page.evaluate(defineHelpers);
        await work({ page, front, run: (body, argument) => page.evaluate(body, argument) });
      } finally {
        await browser.close();
        await front.stop();
        await proxy.stop();
        await server.stop();
      }
    });
}

/** A front of the proxy with HTTP/2 and TLS. `/api/hold` reads a request, and never answers it. */
async function startHttp2(target) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tokenward-'));
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => path.join(folder, name));
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  execFileSync('openssl', [...request, '-subj', '/CN=127.0.0.1', '-keyout', key, '-out', cert], { stdio: 'ignore' });
  const front = { held: 0, ended: 0 };
  const sessions = new Set();
  const options = { key: readFileSync(key), cert: readFileSync(cert), allowHTTP1: true };
  const server = http2.createSecureServer(options, async (incoming, response) => {
    const { pathname } = new URL(incoming.url, target);
    if (pathname === '/api/hold') {
      incoming.once('data', () => {
        front.held += 1;
      });
      for (const event of ['aborted', 'close', 'error']) incoming.once(event, () => incoming.resume());
      incoming.stream.once('close', () => {
        front.ended += 1;
      });
      return;
    }
    const headers = Object.fromEntries(Object.entries(incoming.headers).filter(([name]) => !name.startsWith(':')));
    headers.host = incoming.authority;
    const forwarded = http.request(`${target}${incoming.url}`, { method: incoming.method, headers }, (answer) => {
      const { connection: _, 'keep-alive': __, 'transfer-encoding': ___, ...rest } = answer.headers;
      response.writeHead(answer.statusCode, rest);
      answer.pipe(response);
    });
    forwarded.on('error', () => response.stream?.close());
    incoming.pipe(forwarded);
  });
  server.on('session', (session) => sessions.add(session));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  front.url = `https://127.0.0.1:${server.address().port}`;
  front.stop = async () => {
    for (const session of sessions) session.destroy();
    await new Promise((resolve) => server.close(resolve));
    rmSync(folder, { recursive: true, force: true });
  };
  return front;
}

overHttp2(
  'an abort reaches the source of an upload with its reason',
  async ({ run, front, page }) => {
    const start = (which) =>
      run((name) => {
        const fetch = name === 'auth' ? auth.fetch : globalThis.fetch;
        const controller = new AbortController();
        const reason = { why: 'enough' };
        const source = {};
        source.cancelled = new Promise((resolve) => {
          source.stream = new ReadableStream({
            start(stream) {
              stream.enqueue(new Uint8Array(1000));
            },
            cancel: (given) => resolve(given === reason),
          });
        });
        const init = { method: 'POST', body: source.stream, duplex: 'half', signal: controller.signal };
        globalThis.outcome = Promise.all([settle(fetch('/api/hold', init)), source.cancelled]);
        globalThis.abort = () => controller.abort(reason);
      }, which);
    const results = [];
    for (const [index, which] of ['native', 'auth'].entries()) {
      await start(which);
      await until(
        () => front.held > index,
        () => `${which}: the server received no body`,
      );
      results.push(
        await run(() => {
          abort();
          return outcome;
        }),
      );
    }
    assertSame({ abort: results });
    assert.deepEqual(results[1], [{ error: { why: 'enough' } }, true]);
    const before = await page.evaluate(() =>
      both(async (fetch) => {
        let given = 'nothing';
        const body = new ReadableStream({
          cancel(reason) {
            given = reason;
          },
        });
        const signal = AbortSignal.abort('why');
        return [await settle(fetch('/api/hold', { method: 'POST', body, duplex: 'half', signal })), given];
      }),
    );
    assertSame({ before });
  },
  WORKERS,
);

overHttp2(
  'the client sends the streams of the app, and fails with them',
  async ({ run, front }) => {
    const results = await run(async () => {
      const frame = makeFrame();
      const streamOf = (realm, chunks, error) =>
        new realm.ReadableStream({
          pull(controller) {
            if (chunks.length > 0) controller.enqueue(chunks.shift());
            else if (error) controller.error(error);
            else controller.close();
          },
        });
      const send = (fetch, body) =>
        fetch('/api/echo', { method: 'POST', body, duplex: 'half' }).then(async (response) => [
          response.status,
          (await response.text()).length,
        ]);
      const results = {};
      results['a stream of the frame'] = await both((fetch) => send(fetch, streamOf(frame, [new frame.Uint8Array(5)])));
      results['a subclass'] = await both((fetch) =>
        send(
          fetch,
          Object.setPrototypeOf(streamOf(globalThis, [new Uint8Array(5)]), class extends ReadableStream {}.prototype),
        ),
      );
      results['two megabytes'] = await both((fetch) =>
        send(
          fetch,
          streamOf(
            globalThis,
            Array.from({ length: 20 }, () => new Uint8Array(100_000)),
          ),
        ),
      );
      results['the buffer of a chunk stays the caller’s'] = await both(async (fetch) => {
        const chunk = new Uint8Array(1000).fill(65);
        const [status] = await send(fetch, streamOf(globalThis, [chunk]));
        return [status, chunk.byteLength];
      });
      results['a chunk that is no bytes'] = await both((fetch) => send(fetch, streamOf(globalThis, ['text'])));
      results['an error of the source'] = await both((fetch) =>
        send(fetch, streamOf(globalThis, [new Uint8Array(5)], new RangeError('x'))),
      );
      results['a locked stream'] = await both((fetch) => {
        const stream = streamOf(globalThis, []);
        stream.getReader();
        return send(fetch, stream);
      });
      results['a stream that was read'] = await both(async (fetch) => {
        const stream = streamOf(globalThis, [new Uint8Array(5)]);
        const reader = stream.getReader();
        await reader.read();
        reader.releaseLock();
        return send(fetch, stream);
      });
      results['without duplex'] = await both((fetch) =>
        fetch('/api/echo', { method: 'POST', body: streamOf(globalThis, []) }),
      );
      return results;
    });
    // The API requires the token; without it, the browser's own call receives 401.
    for (const pair of Object.values(results))
      for (const result of pair) if (Array.isArray(result.value)) result.value[0] = typeof result.value[0];
    for (const [name, [browser, tokenward]] of Object.entries(results)) {
      const outcome = ({ error, value }) => error ?? typeof value;
      assert.deepEqual([name, outcome(tokenward)], [name, outcome(browser)]);
    }
    assert.equal(results['the buffer of a chunk stays the caller’s'][1].value[1], 1000);
    await failsAtOnce({ run, front });
  },
  WORKERS,
);

/** The source of an upload fails while its window is full. */
async function failsAtOnce({ run, front }) {
  for (const [index, which] of ['native', 'auth'].entries()) {
    await run((name) => {
      const fetch = name === 'auth' ? auth.fetch : globalThis.fetch;
      const body = new ReadableStream({
        start(controller) {
          // More than any window: the source never runs empty.
          for (let count = 0; count < 40; count += 1) controller.enqueue(new Uint8Array(100_000));
          globalThis.breakSource = () => controller.error(new RangeError('broken'));
        },
      });
      globalThis.outcome = settle(fetch('/api/hold', { method: 'POST', body, duplex: 'half' }));
    }, which);
    await until(
      () => front.held > index,
      () => `${which}: the server received no body`,
    );
    assert.deepEqual(
      await run(() => {
        breakSource();
        return outcome;
      }),
      { error: 'TypeError TypeError' },
      which,
    );
  }
}

/** A page that makes a `keepalive` call while it is unloaded. `order`: whether the app listens before the client does, or after. */
const callOnPageHide = (order) => `
  globalThis.listenToPageHide = () => addEventListener('pagehide', () => {
    auth.fetch('/api/raw/echo?text', { method: 'POST', body: 'text', keepalive: true });
    auth.fetch('/api/raw/echo?none', { method: 'POST', keepalive: true });
    auth.fetch('/api/raw/echo?form', { method: 'POST', body: new URLSearchParams({ a: 'form' }), keepalive: true });
  });
  if ('${order}' === 'before') listenToPageHide();`;

/** Waits until the API has received the calls of `callOnPageHide`, with a token. */
async function receivesCallsOf(proxy, how) {
  await until(
    () => proxy.received.length >= 3,
    () => `${how}: the API received ${proxy.received.length} of 3 calls`,
  );
  assert.deepEqual(proxy.received.map(({ body }) => body).sort(), ['', 'a=form', 'text']);
  assert.ok(proxy.received.every(({ authorization }) => /^Bearer ey/.test(authorization)));
}

/** How a tab is unloaded. */
const LEAVES = ['close', 'navigate', 'navigate without the back-forward cache'];

for (const tabs of [1, 2])
  test(`shared-worker: keepalive calls reach the API when their tab is closed or navigates; tabs: ${tabs}`, async () => {
    for (const leave of LEAVES)
      for (const order of ['before', 'after'])
        await withTabs({}, async ({ proxy, open }) => {
          answerRaw(proxy);
          if (leave.includes('without')) proxy.headers = { 'cache-control': 'no-store' };
          const isolation = 'shared-worker';
          if (tabs === 2) await open({ isolation });
          const page = await open({ isolation }, { init: callOnPageHide(order) });
          await signIn(page);
          if (order === 'after') await page.evaluate(() => listenToPageHide());
          if (leave === 'close') await page.close();
          else await page.goto(otherOrigin(proxy));
          await receivesCallsOf(proxy, `${leave}, the app listens ${order} the client`);
        });
  });

test('shared-worker: a keepalive call in flight outlives its tab, also while the token is renewed', () =>
  withTabs({}, async ({ proxy, open }) => {
    const page = await open({ isolation: 'shared-worker' });
    await open({ isolation: 'shared-worker' });
    await signIn(page);
    const refreshed = deferred();
    proxy.fault = ({ path: where }) =>
      where === '/auth/refresh' ? refreshed.promise.then(() => undefined) : undefined;
    await page.evaluate(async () => {
      await auth.fetch('/demo/expire-token', { method: 'POST' });
      const signal = new AbortController().signal;
      auth.fetch('/api/echo', { method: 'POST', body: 'x', keepalive: true, signal }).catch(() => {});
    });
    await until(
      () => proxy.to('/auth/refresh').length > 0,
      () => 'the client sent no refresh',
    );
    await page.close();
    refreshed.resolve();
    await until(
      () => proxy.to('/api/echo').length === 2,
      () => 'the call was not sent again',
    );
    await until(
      () => proxy.to('/api/echo')[1].status,
      () => 'the server did not respond',
    );
    assert.deepEqual(
      proxy.to('/api/echo').map(({ status }) => status),
      [401, 200],
    );
  }));

test('Firefox, shared-worker: a keepalive call reaches the API when its tab navigates', {
  timeout: 120_000,
}, async () => {
  const server = await startServer();
  const proxy = await startProxy(server.url);
  try {
    answerRaw(proxy);
    proxy.headers = { 'cache-control': 'no-store' };
    const run = (tab, body, argument) =>
      firefox.run(tab, async (code) => new window.Function(code)(), `return (${body})(${JSON.stringify(argument)})`);
    const options = { isolation: 'shared-worker', credentials: ADA };
    await run(await firefox.open(`${proxy.url}/blank`), signInHere, options);
    const tab = await firefox.open(`${proxy.url}/blank`);
    await run(tab, signInHere, options);
    await run(tab, `async () => { ${callOnPageHide('before')} }`, null);
    await firefox.visit('about:blank');
    await receivesCallsOf(proxy, 'navigate');
  } finally {
    await proxy.stop();
    await server.stop();
  }
});

/** What a script does that runs after the client has loaded, and before its worker ends. */
const patchForSuccessor = () => {
  globalThis.observed = [];
  const { apply } = Reflect;
  let busy = false;
  /** Looks at values, without looking at what it does itself. */
  const observe = (...values) => {
    if (busy) return;
    busy = true;
    const queue = values;
    for (let at = 0; at < queue.length; at += 1) {
      const value = queue[at];
      if (value instanceof MessagePort || value instanceof NativeWorker || value instanceof NativeSharedWorker)
        observed.push(`a ${value.constructor.name}`);
      if (typeof value === 'string' && value.includes('exposeToken')) observed.push('the settings');
      if (value instanceof Event) queue.push(value.target);
      if (Array.isArray(value)) queue.push(...value);
    }
    busy = false;
  };
  const NativeWorker = Worker;
  const NativeSharedWorker = SharedWorker;
  const wrapMethod = (prototype, name) => {
    const native = prototype[name];
    prototype[name] = function (...args) {
      observe(this, args);
      return apply(native, this, args);
    };
  };
  const wrapAccessor = (prototype, name) => {
    const found = Object.getOwnPropertyDescriptor(prototype, name);
    if (!found) return;
    const wrapped = { configurable: true };
    for (const how of ['get', 'set'])
      if (found[how])
        wrapped[how] = function (...args) {
          observe(this, args);
          return apply(found[how], this, args);
        };
    Object.defineProperty(prototype, name, wrapped);
  };
  const replaceClass = (name, Native) => {
    globalThis[name] = class extends Native {
      constructor(url, options = {}) {
        observed.push(`new ${name}`);
        const settings = JSON.parse(options.name ?? '{}');
        super(url, { ...options, name: JSON.stringify({ ...settings, exposeToken: true }) });
        observe(this, options.name);
      }
    };
  };
  const { iterator } = Symbol;
  const methods = {
    MessagePort: ['postMessage', 'start', 'close'],
    Worker: ['postMessage', 'terminate'],
    EventTarget: ['addEventListener', 'removeEventListener', 'dispatchEvent'],
    Map: ['get', 'set', 'delete'],
    Set: ['add'],
    Promise: ['then', 'catch', 'finally'],
    Array: ['push', 'map', 'filter', 'concat'],
    Function: ['call', 'apply', 'bind'],
  };
  const stringify = JSON.stringify;
  for (const [name, list] of Object.entries(methods))
    for (const one of list) wrapMethod(globalThis[name].prototype, one);
  wrapMethod(Array.prototype, iterator);
  const accessors = {
    MessageEvent: ['data', 'ports', 'source'],
    Event: ['target', 'currentTarget'],
    MessagePort: ['onmessage', 'onclose'],
    MessageChannel: ['port1', 'port2'],
    Worker: ['onmessage', 'onerror'],
    SharedWorker: ['port', 'onerror'],
    ErrorEvent: ['message'],
  };
  for (const [name, list] of Object.entries(accessors))
    for (const one of list) wrapAccessor(globalThis[name].prototype, one);
  JSON.stringify = (...args) => {
    observe(args);
    return apply(stringify, JSON, args);
  };
  const { URL: NativeUrl, MessageChannel: NativeChannel } = globalThis;
  globalThis.URL = class extends NativeUrl {
    constructor(...args) {
      observed.push('new URL');
      super(...args);
    }
  };
  globalThis.MessageChannel = class extends NativeChannel {
    constructor() {
      observed.push('new MessageChannel');
      super();
    }
  };
  replaceClass('Worker', NativeWorker);
  replaceClass('SharedWorker', NativeSharedWorker);
  Object.prototype.exposeToken = true;
};

for (const isolation of WORKERS)
  test(`${isolation}: a script that replaces the platform before the worker ends does not change the next worker`, () =>
    withTabs({}, async ({ proxy, open }) => {
      proxy.headers = { 'content-security-policy': "worker-src 'self'" };
      proxy.prelude = `(${obeyPage})();`;
      const page = await open({ isolation, exposeToken: false });
      await signIn(page);
      await page.evaluate(defineOrder);
      const [status, code, observed] = await page.evaluate(
        `(${async (patch) => {
          const ending = order('end');
          patch();
          await ending;
          const { status } = await auth.fetch('/api/me');
          const ended = auth.diagnostics().some(({ event }) => event === 'worker-ended');
          const { code } = await failure(auth.getAccessToken());
          return [ended && status, code, [...new globalThis.Set(observed)]];
        }})(${patchForSuccessor})`,
      );
      assert.deepEqual([status, code], [200, 'TOKEN_NOT_EXPOSED']);
      assert.deepEqual(observed, [], 'what the script saw');
    }));

/** Values as JSON that an app has merged into `Object.prototype`. */
const POLLUTION = {
  ...{ rest: 1, error: { kind: 'value', value: 'polluted' }, signal: {}, body: 'polluted', form: [['a', 'polluted']] },
  ...{ stream: 1, transfer: [1], storage: {}, search: 'a=polluted', headers: ['x-polluted', '1'], method: 'DELETE' },
  ...{ chunk: 1, cancel: 1, grant: 1, bytes: 1, reason: 'polluted', abort: 1, response: 1, request: 1, alive: true },
  ...{
    credentials: 'omit',
    mode: 'no-cors',
    cache: 'reload',
    keepalive: true,
    redirect: 'error',
    integrity: 'sha256-x',
  },
  ...{ duplex: 'half', priority: 'low', referrer: '/polluted', window: 1, type: 'classic', name: 'polluted' },
  ...{ status: 999, statusText: 'polluted', url: 'http://127.0.0.1:1/', redirected: true, highWaterMark: 9, size: 1 },
  ...{ retryable: true, retryAfterSeconds: 9, details: { status: 1 }, kind: 'value', cause: 'polluted', once: true },
  ...{
    session: { status: 'signed-out' },
    entries: [],
    resume: true,
    id: 'polluted',
    sub: 'polluted',
    detail: 'polluted',
  },
  ...{
    baseUrl: 'http://127.0.0.1:1',
    apiOrigins: ['http://127.0.0.1:1'],
    exposeToken: true,
    capture: true,
    passive: true,
  },
  ...{ autoAllocateChunkSize: 1, extendedLifetime: false, restore: 'never', start: 1, pull: 1, min: 9 },
  endpoints: { login: 'http://127.0.0.1:1/', refresh: 'http://127.0.0.1:1/', logout: 'http://127.0.0.1:1/' },
};

each('values that an app merged into Object.prototype change nothing', async ({ isolation, run, proxy }) => {
  const observed = await run(
    `(${async ([pollution, mode, credentials]) => {
      const { fetch: native } = globalThis;
      const observed = [];
      const echo = async (init) => {
        const response = await auth.fetch('/api/raw/echo', init);
        await response.text();
        observed.push(response.status);
      };
      for (const [name, value] of Object.entries(pollution))
        Object.defineProperty(Object.prototype, name, { value, configurable: true, writable: true, enumerable: true });
      try {
        await echo();
        await echo(Object.create(null, { method: { value: 'POST' }, body: { value: 'text' } }));
        await echo({ method: 'POST', body: new URLSearchParams('a=b') });
        await echo({ method: 'POST', body: new Uint8Array([65]) });
        const controller = new AbortController();
        const held = await auth.fetch('/api/raw/held?3000000', { signal: controller.signal });
        controller.abort('why');
        observed.push(await settle(held.text()));
        observed.push((await (await auth.fetch('/api/raw/held?10')).body.getReader().read()).value.length);
        observed.push(await auth.fetch('/api/raw/small').then((response) => response.text()));
        const failed = await auth
          .login({ email: 'nobody', password: 'wrong' }, Object.create(null))
          .catch((error) => error);
        observed.push([failed.code, failed.status, failed.retryable, failed.retryAfterSeconds]);
        // (The options are read in another part of the client.)
        const none = Object.create(null);
        observed.push((await auth.refresh(none)).status);
        const other = new AuthClient({ isolation: mode, name: 'other' });
        await other.ready;
        observed.push((await other.login(credentials, none)).status);
        observed.push((await other.getAccessToken(none).catch((error) => error)).code);
        observed.push((await other.fetch('/api/me')).status);
        observed.push(typeof (await other.logout(none)).revoked);
      } finally {
        for (const name of Object.keys(pollution)) delete Object.prototype[name];
      }
      return [observed, globalThis.fetch === native];
    }})(${JSON.stringify([POLLUTION, isolation, ADA])})`,
  );
  assert.deepEqual(observed, [
    [
      ...[200, 200, 200, 200],
      { error: 'why' },
      10,
      'small',
      ['INVALID_CREDENTIALS', 401, false, null],
      'signed-in',
      'signed-in',
      'TOKEN_NOT_EXPOSED',
      200,
      'boolean',
    ],
    true,
  ]);
  assert.deepEqual(
    proxy.received.map(({ method, type, body }) => [method, type, body]),
    [
      ['GET', undefined, ''],
      ['POST', 'text/plain;charset=UTF-8', 'text'],
      ['POST', 'application/x-www-form-urlencoded;charset=UTF-8', 'a=b'],
      ['POST', undefined, 'A'],
    ],
  );
  assert.ok(proxy.received.every(({ authorization }) => /^Bearer ey/.test(authorization)));
});
