// The recipes of examples/streams against the real server: an event stream, a WebSocket and an upload with progress, whose server
// asks the auth server about each token.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { WebSocketServer } from 'ws';
import { root } from '../../tools/run.mjs';
import { closeBrowser, hasStatus, openBrowser, signIn, until, withTabs } from './harness.mjs';

before(openBrowser);
after(closeBrowser);

const each = (all, work) => {
  for (const one of all) work(one);
};

/** The server of an app: it accepts the tokens that the auth server at `url` accepts. */
async function startStreams(url) {
  const isValid = async (token) =>
    (await fetch(`${url()}/api/me`, { headers: { authorization: `Bearer ${token}` } })).status === 200;
  const streams = new Set();
  const state = { connects: [], refused: 0, uploads: [], accepted: 0, isDown: false, unavailable: 0 };
  const cors = {
    'access-control-allow-origin': '*',
    'access-control-allow-headers': 'authorization, last-event-id, content-type',
  };
  const server = http.createServer(async (request, response) => {
    if (request.method === 'OPTIONS') return response.writeHead(204, cors).end();
    if (state.isDown) {
      state.unavailable += 1;
      return response.writeHead(503, cors).end();
    }
    const token = request.headers.authorization?.replace('Bearer ', '');
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    if (!(await isValid(token))) {
      state.refused += 1;
      return response.writeHead(401, cors).end();
    }
    if (request.url === '/upload') {
      state.uploads.push(Buffer.concat(chunks).length);
      return response.writeHead(201, cors).end('stored');
    }
    // The events have numbers; the stream continues after the last one that the client has.
    const last = Number(request.headers['last-event-id'] ?? 0);
    state.connects.push(last);
    response.writeHead(200, { ...cors, 'content-type': 'text/event-stream' });
    response.write('retry: 50\r\n\r\n: a comment\n\n');
    let number = last;
    const timer = setInterval(() => {
      number += 1;
      // In two chunks, and in lines of several kinds.
      response.write(`id: ${number}\r`);
      response.write(`\nevent: tick\r\ndata: {"number":\ndata: ${number}}\n\n`);
    }, 20);
    streams.add(response);
    response.on('close', () => {
      clearInterval(timer);
      streams.delete(response);
    });
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.on('message', async (data) => {
      const message = JSON.parse(data);
      if (message.type !== 'auth') return socket.send(JSON.stringify({ echo: message }));
      if (!(await isValid(message.token))) return socket.close(4401);
      state.accepted += 1;
      socket.send(JSON.stringify({ type: 'ready' }));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    state,
    url: `http://127.0.0.1:${server.address().port}`,
    endStreams: () => each(streams, (response) => response.end()),
    breakStreams: () => each(streams, (response) => response.destroy()),
    closeSockets: (code) => each(sockets.clients, (socket) => socket.close(code)),
    openSockets: () => sockets.clients.size,
    async stop() {
      each(streams, (response) => response.destroy());
      each(sockets.clients, (socket) => socket.terminate());
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A signed-in page that has imported a recipe. */
function streamTest(name, recipe, body) {
  test(name, () =>
    withTabs({}, async (world) => {
      const streams = await startStreams(() => world.server.url);
      try {
        const page = await world.open({ apiOrigins: [streams.url] });
        await signIn(page);
        const source = readFileSync(path.join(root, 'examples/streams', recipe), 'utf8');
        await page.evaluate(async (code) => {
          const blob = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
          Object.assign(globalThis, await import(blob));
        }, source);
        await body({ ...world, streams, page });
      } finally {
        await streams.stop();
      }
    }),
  );
}

const expireToken = (page) => page.evaluate(() => auth.fetch('/demo/expire-token', { method: 'POST' }));

streamTest(
  'an event stream continues without a gap after it ended, broke, and its token expired',
  'event-stream.js',
  async ({ server, streams, page }) => {
    await page.evaluate((url) => {
      globalThis.numbers = [];
      globalThis.stop = new AbortController();
      globalThis.reading = (async () => {
        for await (const { type, data, id } of readEvents(auth, url, { signal: stop.signal })) {
          const { number } = JSON.parse(data);
          if (type !== 'tick' || id !== `${number}`) throw new Error(`${type} ${id} ${data}`);
          numbers.push(number);
        }
      })();
    }, `${streams.url}/events`);
    const count = () => page.evaluate(() => numbers.length);
    const continues = async () => {
      const connects = streams.state.connects.length;
      const seen = await count();
      await until(
        async () => (await count()) > seen + 3,
        () => 'no further event',
      );
      return connects;
    };
    await continues();
    streams.endStreams();
    await until(
      () => streams.state.connects.length === 2,
      () => 'the client did not connect again',
    );
    await continues();
    const before = await server.counted('refresh_rotated');
    await expireToken(page);
    streams.breakStreams();
    await until(
      () => streams.state.connects.length === 3,
      () => 'the client did not connect with a new token',
    );
    await continues();
    assert.equal(streams.state.refused, 1);
    assert.equal((await server.counted('refresh_rotated')) - before, 1);
    streams.state.isDown = true;
    streams.endStreams();
    await until(
      () => streams.state.unavailable > 0,
      () => 'the client did not try again',
    );
    streams.state.isDown = false;
    await until(
      () => streams.state.connects.length === 4,
      () => 'the client gave up',
    );
    await continues();
    const numbers = await page.evaluate(() => {
      stop.abort();
      return reading.then(() => numbers);
    });
    assert.deepEqual(
      numbers,
      numbers.map((_, index) => index + 1),
    );
  },
);

streamTest('an event stream ends with the session', 'event-stream.js', async ({ streams, page }) => {
  const [events, later] = await page.evaluate(async (url) => {
    let events = 0;
    for await (const _ of readEvents(auth, url)) {
      events += 1;
      await auth.logout();
    }
    let later = 0;
    for await (const _ of readEvents(auth, url)) later += 1;
    return [events, later];
  }, `${streams.url}/events`);
  assert.ok(events > 0 && later === 0, `${events} events, and ${later} after the sign-out`);
});

streamTest(
  'a socket sends each new token, reconnects after a rejection, and closes with the session',
  'web-socket.js',
  async ({ server, streams, page }) => {
    await page.evaluate(
      (url) => {
        globalThis.opened = 0;
        globalThis.messages = [];
        globalThis.live = openSocket(auth, url, {
          onOpen: () => {
            opened += 1;
          },
          onMessage: (message) => messages.push(message),
        });
      },
      streams.url.replace('http', 'ws'),
    );
    await page.waitForFunction(() => opened === 1);
    await page.evaluate(() => live.send({ type: 'hello' }));
    await page.waitForFunction(() => messages[0]?.echo.type === 'hello');
    await page.evaluate(() => auth.refresh());
    await until(
      () => streams.state.accepted === 2,
      () => 'the socket did not send the new token',
    );
    assert.equal(await page.evaluate(() => opened), 1, 'over the open socket');
    const before = await server.counted('refresh_rotated');
    await expireToken(page);
    streams.closeSockets(4401);
    await page.waitForFunction(() => opened === 2);
    assert.equal((await server.counted('refresh_rotated')) - before, 1);
    streams.closeSockets(1001);
    await page.waitForFunction(() => opened === 3);
    await page.evaluate(() => auth.logout());
    await hasStatus(page, 'signed-out');
    await until(
      () => streams.openSockets() === 0,
      () => 'the socket is open after the sign-out',
    );
    assert.equal(await page.evaluate(() => live.send({ type: 'late' })), false);
  },
);

streamTest(
  'an upload reports its progress, and starts again with a new token after a 401',
  'upload.js',
  async ({ server, streams, page }) => {
    await expireToken(page);
    const before = await server.counted('refresh_rotated');
    const BYTES = 8_000_000;
    const { answer, progress } = await page.evaluate(
      async ([url, bytes]) => {
        const progress = [];
        const onProgress = ({ loaded, total }) => progress.push([loaded, total]);
        const answer = await upload(auth, url, new Blob([new Uint8Array(bytes)]), { onProgress });
        return { answer, progress };
      },
      [`${streams.url}/upload`, BYTES],
    );
    assert.deepEqual(answer, { status: 201, text: 'stored' });
    assert.deepEqual(streams.state.uploads, [BYTES]);
    assert.equal(streams.state.refused, 1);
    assert.equal((await server.counted('refresh_rotated')) - before, 1);
    assert.deepEqual(progress.at(-1), [BYTES, BYTES]);
    const aborted = await page.evaluate(
      ([url, bytes]) =>
        upload(auth, url, new Blob([new Uint8Array(bytes)]), { signal: AbortSignal.abort(new Error('enough')) }).catch(
          ({ message }) => message,
        ),
      [`${streams.url}/upload`, BYTES],
    );
    assert.equal(aborted, 'enough');
  },
);
