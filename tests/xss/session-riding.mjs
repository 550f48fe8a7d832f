// Session riding: a hostile script obtains a token of its own. It calls the refresh endpoint directly, or starts the library's
// worker itself. The library does not leak a token here: the browser sends the cookie with each request of the page. Each attack
// runs in the page and resolves with the text that it received.

/** Defines `sessionRidingAttacks` in the page, which receives this function as text. */
export function installSessionRidingAttacks() {
  const refreshInit = (more = {}) => ({ method: 'POST', credentials: 'include', ...more });
  const settings = (more) => ({
    ...globalThis.workerSettings,
    exposeToken: true,
    ...more,
  });
  /** Sends these requests to a worker of the library, in the library's own protocol. Resolves with the results. */
  const sendRequests = (port, requests) =>
    new Promise((resolve) => {
      const results = [];
      port.onmessage = ({ data }) => {
        if (data.request) {
          const result = data.method === 'readStorage' ? globalThis.workerStorage : [];
          return port.postMessage({ response: data.request, result });
        }
        if ('response' in data) results.push(data.result);
        if ('response' in data && data.response === requests.length) resolve(results);
      };
      for (const [index, [method, params]] of requests.entries())
        setTimeout(() => port.postMessage({ request: index + 1, method, params }), index * 300);
      setTimeout(() => resolve(results), 4_000);
    });
  const connect = ['connect', { storage: globalThis.workerStorage, resume: true }];
  const requests = [
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
  const runInWorker = (source) =>
    new Promise((resolve) => {
      const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })), {
        type: 'module',
      });
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = () => resolve('refused');
      setTimeout(() => resolve('no message'), 2_000);
    });
  globalThis.sessionRidingAttacks = {
    fetch: () => fetch('/auth/refresh', refreshInit()).then((response) => response.text()),
    XMLHttpRequest: () =>
      new Promise((resolve) => {
        const xhr = new XMLHttpRequest();
        xhr.open('POST', '/auth/refresh');
        xhr.onloadend = () => resolve(xhr.responseText);
        xhr.send();
      }),
    'fetch with the key of the storage': () =>
      fetch(
        '/auth/refresh',
        refreshInit({ headers: { 'idempotency-key': Object.values(localStorage)[0] ?? 'none' } }),
      ).then((response) => response.text()),
    'fetch of an iframe': async () => {
      const frame = document.createElement('iframe');
      frame.src = '/blank';
      const loaded = new Promise((resolve) => frame.addEventListener('load', resolve));
      document.documentElement.append(frame);
      await loaded;
      return frame.contentWindow.fetch('/auth/refresh', refreshInit()).then((response) => response.text());
    },
    'a worker of the script': () =>
      runInWorker(
        `fetch('${location.origin}/auth/refresh', {method: 'POST', credentials: 'include'}).then((response) => response.text()).then(postMessage)`,
      ),
    'a key of the script': async () => {
      const pair = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
      return fetch('/auth/refresh', refreshInit({ headers: { dpop: await proof(pair) } })).then((response) =>
        response.text(),
      );
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
              await fetch('/auth/refresh', refreshInit({ headers: { dpop: await proof(pair) } })).then((response) =>
                response.text(),
              ),
            );
        }
        database.close();
      }
      return found;
    },
    "the library's worker, started again": async () => {
      const worker = new Worker('/pkg/worker.js', { type: 'module', name: JSON.stringify(settings()) });
      return sendRequests(worker, requests);
    },
    "the library's worker for all tabs, started again": async () => {
      const options = { type: 'module', name: JSON.stringify(settings()), extendedLifetime: true };
      return sendRequests(new SharedWorker('/pkg/worker.js', options).port, requests);
    },
    "the library's worker for all tabs, as it is": async () => {
      const options = {
        type: 'module',
        name: JSON.stringify(settings({ exposeToken: false })),
        extendedLifetime: true,
      };
      return sendRequests(new SharedWorker('/pkg/worker.js', options).port, requests);
    },
  };
}

/** An early script patches the constructors of workers, so that its own script runs in each worker before the library's. */
export function replaceWorkerScript() {
  globalThis.interceptedMessages = [];
  for (const kind of ['Worker', 'SharedWorker']) {
    const Native = globalThis[kind];
    if (!Native) continue;
    globalThis[kind] = class extends Native {
      constructor(url, options) {
        const source = `
          const post = self.postMessage;
          const { fetch } = self;
          const channel = new BroadcastChannel('intercepted');
          const XHR = self.XMLHttpRequest.prototype;
          const { get } = Object.getOwnPropertyDescriptor(XHR, 'responseText');
          Object.defineProperty(XHR, 'responseText', { get() { const text = get.call(this); channel.postMessage(text); return text; } });
          import(${JSON.stringify(String(url))});`;
        const blob = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
        super(blob, options);
      }
    };
  }
  new BroadcastChannel('intercepted').onmessage = ({ data }) => interceptedMessages.push(data);
}

/** An early script patches the constructors of workers, so that each worker starts with `exposeToken: true`. */
export function exposeWorkerToken() {
  globalThis.interceptedMessages = [];
  const keep = ({ data }) => interceptedMessages.push(data);
  for (const kind of ['Worker', 'SharedWorker']) {
    const Native = globalThis[kind];
    if (!Native) continue;
    globalThis[kind] = class extends Native {
      constructor(url, options) {
        const name = JSON.stringify({ ...JSON.parse(options.name), exposeToken: true });
        super(url, { ...options, name });
        (this.port ?? this).addEventListener('message', keep);
        globalThis.requestExposedToken = () =>
          (this.port ?? this).postMessage({ request: 1_000_000, method: 'getAccessToken', params: 0 });
      }
    };
  }
}
