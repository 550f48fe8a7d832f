// What `npm run bench` runs on a page, with nothing attached to the browser; `BENCH` says what.
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

/** Every client, signed in, as a function that makes one call. Without a cookie: each sign-in would end the one before. */
async function clients(peers = PEERS) {
  const { AuthClient } = await import('/pkg/index.js');
  const apart = { ...USER, transport: 'body' };
  const auth = new AuthClient({ transport: 'body' });
  await auth.login(apart);
  const authorization = `Bearer ${await auth.getAccessToken()}`;
  const ways = {
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
    await peer.login(apart);
    ways[title] = (url, init) => peer.fetch(url, init);
  }
  return { auth, ways };
}

const BENCHES = {
  /** Microseconds of one call; `count` calls one after another in each round, the clients in turns. */
  async call({ url, rounds, count, peers }) {
    const { ways } = await clients(peers);
    const taken = Object.fromEntries(Object.keys(ways).map((name) => [name, []]));
    for (let round = -2; round < rounds; round += 1) {
      for (const [name, send] of Object.entries(ways).sort(RANDOM)) {
        const start = performance.now();
        for (let calls = 0; calls < count; calls += 1) await send(url);
        if (round >= 0) taken[name].push(((performance.now() - start) / count) * 1000);
      }
    }
    return Object.fromEntries(Object.entries(taken).map(([name, all]) => [name, spread(all)]));
  },

  /** The same against a server that only counts the client's share: `fetch` is a stub. */
  async stubbed(settings) {
    // (axios uses XMLHttpRequest, which has no stub here.)
    delete PEERS['axios + axios-auth-refresh'];
    const { fetch: real } = globalThis;
    globalThis.fetch = (input, init) => {
      const url = input.url ?? String(input);
      return /\/auth\//.test(url) ? real(input, init) : Promise.resolve(new Response(null));
    };
    return BENCHES.call(settings);
  },

  /**
   * So many calls at once: with a fresh token, with one that is over by the clock, and with one that the server no longer
   * takes. Chromium itself refuses some of 10,000 requests at once (ERR_INSUFFICIENT_RESOURCES), so more than a thousand
   * meet an API of the page's own; the refresh is always the server's.
   */
  async storm({ client, counts, rounds }) {
    const { fetch: real, performance: clock } = globalThis;
    const [now, today] = [clock.now.bind(clock), Date.now];
    let skew = 0;
    clock.now = () => now() + skew;
    Date.now = () => today() + skew;
    let stubbed = false;
    let refused;
    globalThis.fetch = (input, init) => {
      if (!stubbed || !/\/api\//.test(input.url ?? input)) return real(input, init);
      const bearer = new Headers(init?.headers ?? input.headers).get('authorization');
      return new Promise((resolve) => {
        setTimeout(() => resolve(new Response('{}', { status: bearer === refused ? 401 : 200 })), 5);
      });
    };
    let refreshes = 0;
    // (Before the client, which keeps what it finds when it is loaded.)
    const observed = globalThis.fetch;
    const { open: openXhr, send: sendXhr } = XMLHttpRequest.prototype;
    const addresses = new WeakMap();
    const seen = (url) => {
      refreshes += /\/auth\/refresh/.test(url) ? 1 : 0;
    };
    globalThis.fetch = (input, init) => {
      seen(input.url ?? input);
      return observed(input, init);
    };
    XMLHttpRequest.prototype.open = function (method, url, ...rest) {
      addresses.set(this, url);
      return openXhr.call(this, method, url, ...rest);
    };
    XMLHttpRequest.prototype.send = function (body) {
      seen(addresses.get(this));
      return sendXhr.call(this, body);
    };
    let auth;
    if (client === 'tokenward') {
      const { AuthClient } = await import('/pkg/index.js');
      auth = new AuthClient({ restore: 'never' });
    } else {
      const { open } = await import(`/peers/${client}.js`);
      auth = await open();
    }
    await auth.login(USER);
    const all = async (count) => {
      const before = refreshes;
      const start = now();
      const answers = await Promise.allSettled(Array.from({ length: count }, () => auth.fetch('/api/me')));
      const took = now() - start;
      const failed = answers.filter(({ value }) => value?.status !== 200).length;
      return { took, failed, refreshes: refreshes - before };
    };
    const states = {
      fresh: () => {},
      'over by the clock': () => {
        skew += 901_000;
      },
      'refused by the server': async () => {
        refused = `Bearer ${auth.accessToken ?? (await auth.getAccessToken())}`;
        if (!stubbed) await real('/demo/expire-token', { method: 'POST', headers: { authorization: refused } });
      },
    };
    // The clock of the others is the server's no.
    if (client !== 'tokenward') delete states['over by the clock'];
    const table = [];
    for (const count of counts) {
      stubbed = count > 1000;
      await all(count);
      const told = Object.fromEntries(Object.keys(states).map((name) => [name, []]));
      let heap = 0;
      for (let round = 0; round < rounds; round += 1) {
        for (const [name, begin] of Object.entries(states).sort(RANDOM)) {
          if (refreshes % 40 === 39) await new Promise((resolve) => setTimeout(resolve, 1000));
          await begin();
          told[name].push(await all(count));
          heap = Math.max(heap, clock.memory?.usedJSHeapSize ?? 0);
        }
      }
      const start = now();
      await auth.refresh();
      const trip = now() - start;
      for (const [state, rows] of Object.entries(told))
        table.push({
          client,
          calls: count,
          state,
          ...spread(rows.map(({ took }) => took)),
          refreshes: Math.max(...rows.map((row) => row.refreshes)),
          failed: rows.reduce((sum, { failed }) => sum + failed, 0),
          trip,
          heap,
        });
    }
    return table;
  },

  /** Bytes that stay after so many calls. */
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
    // The stub would stand in for the module too.
    const real = document.createElement('iframe');
    document.body.append(real);
    const { fetch: fetchThere } = real.contentWindow;
    globalThis.fetch = (input) =>
      /\.wasm/.test(input.url ?? input) ? fetchThere(input) : Promise.resolve(new Response(null));
    const { AuthClient } = await import('/pkg/index.js');
    const auth = new AuthClient({ restore: 'never' });
    await auth.login(USER);
    const look = async () => {
      for (let times = 0; times < 5; times += 1) {
        globalThis.gc?.();
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      return { heap: performance.memory.usedJSHeapSize, wasm: memory.buffer.byteLength };
    };
    const some = async (calls) => {
      for (let done = 0; done < calls; done += 1000)
        await Promise.all(Array.from({ length: 1000 }, () => auth.fetch('/api/me')));
    };
    await some(count / 10);
    const before = await look();
    await some(count);
    return { before, after: await look() };
  },

  /** Which timers a signed-in client sets: until it is signed in, with nothing to do, and while the page is hidden. */
  async idle({ milliseconds }) {
    const { setTimeout: native } = globalThis;
    const wait = (span) => new Promise((resolve) => native.call(globalThis, resolve, span));
    const set = [];
    for (const name of ['setTimeout', 'setInterval', 'requestAnimationFrame', 'requestIdleCallback']) {
      const { [name]: real } = globalThis;
      globalThis[name] = (work, delay, ...rest) => {
        const told = () => {
          set.push(`${name} rang`);
          work();
        };
        set.push(`${name} ${Math.round((delay ?? 0) / 1000)} s`);
        return real.call(globalThis, told, delay, ...rest);
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
