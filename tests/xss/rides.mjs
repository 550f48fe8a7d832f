// What a hostile script may do to get a token of its own: ask the refresh endpoint by hand, or run the library's worker for
// itself. Not a leak of ours: the browser sends the cookie along with whatever the page asks. Each runs in the page and
// resolves with what it got.

/** Helpers of the rides, as text for the page. */
export function openRides() {
  const ask = (more = {}) => ({ method: 'POST', credentials: 'include', ...more });
  const settings = (more) => ({
    ...globalThis.rideSettings,
    exposeToken: true,
    ...more,
  });
  /** Speaks with a worker of the library as the library does. */
  const converse = (port, questions) =>
    new Promise((resolve) => {
      const answers = [];
      port.onmessage = ({ data }) => {
        if (data.request) {
          const result = data.method === 'readStorage' ? globalThis.rideStorage : [];
          return port.postMessage({ response: data.request, result });
        }
        if ('response' in data) answers.push(data.result);
        if ('response' in data && data.response === questions.length) resolve(answers);
      };
      for (const [index, [method, params]] of questions.entries())
        setTimeout(() => port.postMessage({ request: index + 1, method, params }), index * 300);
      setTimeout(() => resolve(answers), 4_000);
    });
  const connect = ['connect', { storage: globalThis.rideStorage, resume: true }];
  const all = [
    connect,
    ['restored'],
    ['refresh'],
    ['getAccessToken', 0],
    ['fetch', { url: `${location.origin}/echo-headers`, init: {} }],
  ];
  const base64url = (bytes) =>
    btoa(String.fromCharCode(...new Uint8Array(bytes)))
      .replaceAll('+', '-')
      .replaceAll('/', '_')
      .replaceAll('=', '');
  const proof = async ({ publicKey, privateKey }) => {
    const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', publicKey);
    const part = (value) => base64url(new TextEncoder().encode(JSON.stringify(value)));
    const claims = {
      jti: crypto.randomUUID(),
      htm: 'POST',
      htu: `${location.origin}/auth/refresh`,
      iat: Math.floor(Date.now() / 1000),
    };
    const message = `${part({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } })}.${part(claims)}`;
    const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
    return `${message}.${base64url(await crypto.subtle.sign(algorithm, privateKey, new TextEncoder().encode(message)))}`;
  };
  const inBlob = (source) =>
    new Promise((resolve) => {
      const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })), {
        type: 'module',
      });
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = () => resolve('refused');
      setTimeout(() => resolve('silent'), 2_000);
    });
  globalThis.rides = {
    fetch: () => fetch('/auth/refresh', ask()).then((answer) => answer.text()),
    XMLHttpRequest: () =>
      new Promise((resolve) => {
        const xhr = new XMLHttpRequest();
        xhr.open('POST', '/auth/refresh');
        xhr.onloadend = () => resolve(xhr.responseText);
        xhr.send();
      }),
    'fetch with the key of the storage': () =>
      fetch('/auth/refresh', ask({ headers: { 'idempotency-key': Object.values(localStorage)[0] ?? 'none' } })).then(
        (answer) => answer.text(),
      ),
    'fetch of an iframe': async () => {
      const frame = document.createElement('iframe');
      frame.src = '/blank';
      const loaded = new Promise((resolve) => frame.addEventListener('load', resolve));
      document.documentElement.append(frame);
      await loaded;
      return frame.contentWindow.fetch('/auth/refresh', ask()).then((answer) => answer.text());
    },
    'a worker of its own making': () =>
      inBlob(
        `fetch('${location.origin}/auth/refresh', {method: 'POST', credentials: 'include'}).then((a) => a.text()).then(postMessage)`,
      ),
    'a key of its own': async () => {
      const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
      return fetch('/auth/refresh', ask({ headers: { dpop: await proof(pair) } })).then((answer) => answer.text());
    },
    'the key in IndexedDB': async () => {
      const found = [];
      for (const { name } of await indexedDB.databases()) {
        const database = await new Promise((resolve) => {
          const request = indexedDB.open(name);
          request.onsuccess = () => resolve(request.result);
        });
        for (const store of database.objectStoreNames) {
          const pairs = await new Promise((resolve) => {
            const request = database.transaction(store).objectStore(store).getAll();
            request.onsuccess = () => resolve(request.result);
          });
          for (const pair of pairs)
            found.push(
              await fetch('/auth/refresh', ask({ headers: { dpop: await proof(pair) } })).then((answer) =>
                answer.text(),
              ),
            );
        }
        database.close();
      }
      return found;
    },
    "the library's worker, started again": async () => {
      const worker = new Worker('/pkg/worker.js', { type: 'module', name: JSON.stringify(settings()) });
      return converse(worker, all);
    },
    "the library's worker for all tabs, started again": async () => {
      const options = { type: 'module', name: JSON.stringify(settings()), extendedLifetime: true };
      return converse(new SharedWorker('/pkg/worker.js', options).port, all);
    },
    "the library's worker for all tabs, as it is": async () => {
      const options = {
        type: 'module',
        name: JSON.stringify(settings({ exposeToken: false })),
        extendedLifetime: true,
      };
      return converse(new SharedWorker('/pkg/worker.js', options).port, all);
    },
  };
}

/** What a script that was there first does to the constructor of workers. Runs before the library is loaded. */
export function swapWorkers() {
  globalThis.swapped = [];
  for (const kind of ['Worker', 'SharedWorker']) {
    const Native = globalThis[kind];
    if (!Native) continue;
    globalThis[kind] = class extends Native {
      constructor(url, options) {
        const source = `
          const post = self.postMessage;
          const { fetch } = self;
          const told = new BroadcastChannel('thief');
          const XHR = self.XMLHttpRequest.prototype;
          const { get } = Object.getOwnPropertyDescriptor(XHR, 'responseText');
          Object.defineProperty(XHR, 'responseText', { get() { const text = get.call(this); told.postMessage(text); return text; } });
          import(${JSON.stringify(String(url))});`;
        const blob = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
        super(blob, options);
      }
    };
  }
  new BroadcastChannel('thief').onmessage = ({ data }) => swapped.push(data);
}

/** The same script, content with another setting: the token is to be let out. */
export function rewriteOptions() {
  globalThis.swapped = [];
  const keep = ({ data }) => swapped.push(data);
  for (const kind of ['Worker', 'SharedWorker']) {
    const Native = globalThis[kind];
    if (!Native) continue;
    globalThis[kind] = class extends Native {
      constructor(url, options) {
        const name = JSON.stringify({ ...JSON.parse(options.name), exposeToken: true });
        super(url, { ...options, name });
        (this.port ?? this).addEventListener('message', keep);
        globalThis.lurk = () =>
          (this.port ?? this).postMessage({ request: 1_000_000, method: 'getAccessToken', params: 0 });
      }
    };
  }
}
