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
async function clients() {
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
  for (const [title, name] of Object.entries(PEERS)) {
    const { open } = await import(`/peers/${name}.js`);
    const peer = await open();
    await peer.login(apart);
    ways[title] = (url, init) => peer.fetch(url, init);
  }
  return { auth, ways };
}

const BENCHES = {
  /** Microseconds of one call; `count` calls one after another in each round, the clients in turns. */
  async call({ url, rounds, count }) {
    const { ways } = await clients();
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

  /** So many calls at once, with a fresh token and with one that the server no longer takes. */
  async storm({ counts, rounds }) {
    const { AuthClient } = await import('/pkg/index.js');
    const auth = new AuthClient({ restore: 'never' });
    await auth.login(USER);
    let refreshes = 0;
    auth.on('refreshed', () => {
      refreshes += 1;
    });
    const all = async (count) => {
      const start = performance.now();
      const answers = await Promise.allSettled(Array.from({ length: count }, () => auth.fetch('/api/me')));
      const failed = answers.filter(({ value }) => value?.status !== 200).length;
      return { took: performance.now() - start, failed };
    };
    const table = {};
    for (const count of counts) {
      const fresh = [];
      const expired = [];
      let failed = 0;
      let most = 0;
      let heap = 0;
      for (let round = 0; round < rounds; round += 1) {
        const first = await all(count);
        await auth.fetch('/demo/expire-token', { method: 'POST' });
        const before = refreshes;
        const second = await all(count);
        heap = Math.max(heap, performance.memory?.usedJSHeapSize ?? 0);
        most = Math.max(most, refreshes - before);
        failed += first.failed + second.failed;
        fresh.push(first.took);
        expired.push(second.took);
      }
      table[count] = { fresh: spread(fresh), expired: spread(expired), refreshes: most, failed, heap };
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
        memory = (result.instance ?? result).exports.memory;
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

  /** Which timers a signed-in client sets, in so many milliseconds with nothing to do. */
  async idle({ milliseconds }) {
    const set = [];
    for (const name of ['setTimeout', 'setInterval', 'requestAnimationFrame', 'requestIdleCallback']) {
      const native = globalThis[name];
      globalThis[name] = (work, delay, ...rest) => {
        set.push(`${name} ${Math.round(delay ?? 0)}`);
        return native.call(globalThis, work, delay, ...rest);
      };
    }
    const { AuthClient } = await import('/pkg/index.js');
    const auth = new AuthClient({ restore: 'never' });
    await auth.login(USER);
    await auth.fetch('/api/me');
    await new Promise((resolve) => queueMicrotask(resolve));
    const signedIn = set.splice(0);
    const { port1, port2 } = new MessageChannel();
    // A wait of our own that sets no timer.
    const end = performance.now() + milliseconds;
    await new Promise((resolve) => {
      port1.onmessage = () => (performance.now() > end ? resolve() : port2.postMessage(0));
      port2.postMessage(0);
    });
    return { signedIn, idle: set };
  },
};

try {
  const { bench, ...settings } = globalThis.BENCH;
  document.title = `done ${btoa(JSON.stringify(await BENCHES[bench](settings)))}`;
} catch (error) {
  document.title = `failed: ${error}`;
}
