// The measurements of `npm run bench`, in the page, without a debugger attached. `BENCH` selects one.
const USER = { email: 'ada@example.com', password: 'analytical engine' };
const RANDOM = () => Math.random() - 0.5;
const sorted = (numbers) => [...numbers].sort((a, b) => a - b);
const spread = (numbers) => {
  const all = sorted(numbers);
  return { median: all[Math.floor(all.length / 2)], min: all[0], max: all.at(-1) };
};

const PEERS = {
  'hand-written': 'hand-written',
  ky: 'ky',
  'axios + axios-auth-refresh': 'axios',
  '@badgateway/oauth2-client': 'badgateway',
};

/**
 * Every client, signed in, as a function that makes calls one after another. No cookies: each sign-in would replace the session of
 * another client.
 */
async function clients(peers = PEERS, rust = false) {
  const { AuthClient } = await import('/pkg/index.js');
  const credentials = { ...USER, transport: 'body' };
  const auth = new AuthClient({ transport: 'body' });
  await auth.login(credentials);
  const authorization = `Bearer ${await auth.getAccessToken()}`;
  const senders = {
    'bare fetch': (url) => fetch(url, { headers: { authorization } }),
    'hand-written, with a Request': (url, init) => {
      const request = new Request(url, init);
      request.headers.set('authorization', authorization);
      return fetch(request);
    },
    tokenward: (url, init) => auth.fetch(url, init),
  };
  for (const [title, name] of Object.entries(peers)) {
    const { open } = await import(`/peers/${name}.js`);
    const peer = await open();
    await peer.login(credentials);
    senders[title] = (url, init) => peer.fetch(url, init);
  }
  const many = Object.fromEntries(
    Object.entries(senders).map(([name, send]) => [
      name,
      async (url, count) => {
        for (let calls = 0; calls < count; calls += 1) await send(url);
      },
    ]),
  );
  return rust ? { ...many, ...(await rustClients()) } : many;
}

/** The clients of a Rust app, which make their calls one after another in Rust. */
async function rustClients() {
  const { default: initialize, ByHand, Tokenward } = await import('/peers/rust.js');
  await initialize();
  const [byHand, tokenward] = [
    await ByHand.login(USER.email, USER.password),
    await Tokenward.login(USER.email, USER.password),
  ];
  return {
    'Rust: gloo-net by hand': (url, count) => byHand.calls(url, count),
    'Rust: tokenward': (url, count) => tokenward.calls(url, count),
  };
}

/** A client that is not signed in. */
async function openFor(client) {
  if (client === 'bare fetch') return new BareFetch();
  if (client !== 'tokenward') return (await import(`/peers/${client}.js`)).open();
  const { AuthClient } = await import('/pkg/index.js');
  return new AuthClient({ restore: 'never' });
}

/** Sends the token, and does not look at the response. */
class BareFetch {
  async login(credentials) {
    const headers = { 'content-type': 'application/json' };
    const response = await fetch('/auth/login', { method: 'POST', headers, body: JSON.stringify(credentials) });
    this.accessToken = (await response.json()).accessToken;
  }
  fetch(url) {
    return fetch(url, { headers: { authorization: `Bearer ${this.accessToken}` } });
  }
}

const BENCHES = {
  /** Microseconds of one call: in each round, each client in random order makes `count` calls one after another. */
  async call({ url, rounds, count, peers, rust }) {
    const all = await clients(peers, rust);
    const times = Object.fromEntries(Object.keys(all).map((name) => [name, []]));
    for (let round = -2; round < rounds; round += 1) {
      for (const [name, makeCalls] of Object.entries(all).sort(RANDOM)) {
        const start = performance.now();
        await makeCalls(url, count);
        if (round >= 0) times[name].push(((performance.now() - start) / count) * 1000);
      }
    }
    return Object.fromEntries(Object.entries(times).map(([name, each]) => [name, spread(each)]));
  },

  /** The same with a stub as `fetch`, which measures the client alone. */
  async stubbed(settings) {
    // axios uses XMLHttpRequest, which has no stub here.
    delete PEERS['axios + axios-auth-refresh'];
    const { fetch: real } = globalThis;
    globalThis.fetch = (input, init) => {
      const url = input.url ?? String(input);
      return /\/auth\/|\.wasm/.test(url) ? real(input, init) : Promise.resolve(new Response(null));
    };
    return BENCHES.call(settings);
  },

  /**
   * `counts` calls at once: with a fresh token, with one that has expired, and with one that the server rejects. Chromium itself
   * refuses some of 10,000 requests at once (ERR_INSUFFICIENT_RESOURCES), so a stub on the page answers the calls if they are
   * more than a thousand. The server always answers the refresh. Bare `fetch`, which does not refresh, receives a 401 for each call
   * with a rejected token. Returns the milliseconds of each round.
   */
  async storm({ client, counts, rounds }) {
    const { fetch: real, performance: clock } = globalThis;
    const [now, today] = [clock.now.bind(clock), Date.now];
    let skew = 0;
    clock.now = () => now() + skew;
    Date.now = () => today() + skew;
    let stubbed = false;
    let rejected;
    globalThis.fetch = (input, init) => {
      if (!stubbed || !/\/api\//.test(input.url ?? input)) return real(input, init);
      const bearer = new Headers(init?.headers ?? input.headers).get('authorization');
      return new Promise((resolve) => {
        setTimeout(() => resolve(new Response('{}', { status: bearer === rejected ? 401 : 200 })), 5);
      });
    };
    let refreshes = 0;
    // Patched before the client loads, because it captures these functions.
    const observed = globalThis.fetch;
    const { open: openXhr, send: sendXhr } = XMLHttpRequest.prototype;
    const urls = new WeakMap();
    const countRefresh = (url) => {
      refreshes += /\/auth\/refresh/.test(url) ? 1 : 0;
    };
    globalThis.fetch = (input, init) => {
      countRefresh(input.url ?? input);
      return observed(input, init);
    };
    XMLHttpRequest.prototype.open = function (method, url, ...rest) {
      urls.set(this, url);
      return openXhr.call(this, method, url, ...rest);
    };
    XMLHttpRequest.prototype.send = function (body) {
      countRefresh(urls.get(this));
      return sendXhr.call(this, body);
    };
    const auth = await openFor(client);
    await auth.login(USER);
    let expectedStatus = 200;
    const all = async (count) => {
      const before = refreshes;
      const start = now();
      const results = await Promise.allSettled(Array.from({ length: count }, () => auth.fetch('/api/me')));
      const took = now() - start;
      const failed = results.filter(({ value }) => value?.status !== expectedStatus).length;
      return { took, failed, refreshes: refreshes - before };
    };
    const isBare = client === 'bare fetch';
    const states = {
      fresh: async () => {
        if (isBare) await auth.login(USER);
      },
      expired: () => {
        skew += 901_000;
      },
      'rejected by the server': async () => {
        rejected = `Bearer ${auth.accessToken ?? (await auth.getAccessToken())}`;
        if (!stubbed) await real('/demo/expire-token', { method: 'POST', headers: { authorization: rejected } });
        if (isBare) expectedStatus = 401;
      },
    };
    // Other clients do not measure expiry: they refresh after a 401.
    if (client !== 'tokenward') delete states.expired;
    const rows = [];
    for (const count of counts) {
      stubbed = count > 1000;
      await all(count);
      for (let round = 0; round < rounds; round += 1) {
        for (const [state, begin] of Object.entries(states).sort(RANDOM)) {
          if (refreshes % 40 === 39) await new Promise((resolve) => setTimeout(resolve, 1000));
          expectedStatus = 200;
          await begin();
          const result = await all(count);
          rows.push({ client, calls: count, state, ...result, heap: clock.memory?.usedJSHeapSize ?? 0 });
        }
      }
    }
    return rows;
  },

  /** Bytes of the heap and of the wasm memory before and after `count` calls. */
  async memory({ count }) {
    globalThis.fetch = () => Promise.resolve(new Response(null));
    let memory;
    for (const name of ['instantiate', 'instantiateStreaming']) {
      const native = WebAssembly[name];
      WebAssembly[name] = async (...given) => {
        const result = await native.apply(WebAssembly, given);
        memory = Object.values((result.instance ?? result).exports).find(
          (value) => value instanceof WebAssembly.Memory,
        );
        return result;
      };
    }
    // The stub would also answer the request for the module.
    const real = document.createElement('iframe');
    document.body.append(real);
    const { fetch: fetchThere } = real.contentWindow;
    globalThis.fetch = (input) =>
      /\.wasm/.test(input.url ?? input) ? fetchThere(input) : Promise.resolve(new Response(null));
    const { AuthClient } = await import('/pkg/index.js');
    const auth = new AuthClient({ restore: 'never' });
    await auth.login(USER);
    const measure = async () => {
      for (let times = 0; times < 5; times += 1) {
        globalThis.gc?.();
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      return { heap: performance.memory.usedJSHeapSize, wasm: memory.buffer.byteLength };
    };
    const makeCalls = async (calls) => {
      for (let done = 0; done < calls; done += 1000)
        await Promise.all(Array.from({ length: 1000 }, () => auth.fetch('/api/me')));
    };
    await makeCalls(count / 10);
    const before = await measure();
    await makeCalls(count);
    return { before, after: await measure() };
  },

  /** The timers that a client sets: until it is signed in, while it is idle, and while the page is hidden. */
  async idle({ milliseconds }) {
    const { setTimeout: native } = globalThis;
    const wait = (span) => new Promise((resolve) => native.call(globalThis, resolve, span));
    const set = [];
    for (const name of ['setTimeout', 'setInterval', 'requestAnimationFrame', 'requestIdleCallback']) {
      const { [name]: real } = globalThis;
      globalThis[name] = (work, delay, ...rest) => {
        const recorded = () => {
          set.push(`${name} fired`);
          work();
        };
        set.push(`${name} ${Math.round((delay ?? 0) / 1000)} s`);
        return real.call(globalThis, recorded, delay, ...rest);
      };
    }
    const { AuthClient } = await import('/pkg/index.js');
    const auth = new AuthClient({ restore: 'never' });
    await auth.login(USER);
    await auth.fetch('/api/me');
    await wait(100);
    const signedIn = set.splice(0);
    await wait(milliseconds);
    const idle = set.splice(0);
    let cleared = 0;
    const { clearTimeout: clear } = globalThis;
    globalThis.clearTimeout = (id) => {
      cleared += id === undefined ? 0 : 1;
      clear.call(globalThis, id);
    };
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
    await wait(milliseconds);
    return { signedIn, idle, hidden: set.splice(0), cleared };
  },
};

try {
  const { bench, ...settings } = globalThis.BENCH;
  document.title = `done ${btoa(JSON.stringify(await BENCHES[bench](settings)))}`;
} catch (error) {
  document.title = `failed: ${error}`;
}
