// Server-sent events (WHATWG HTML §9.2) with the access token in a header, which `EventSource` cannot send. The stream continues
// after a lost connection, and after the server ended it because its token has expired.

const LONGEST_WAIT_MS = 30_000;

/**
 * The events of a stream, each `{ type, data, id }`, until the signal aborts, the server answers 204 or the session ends.
 *
 * @example
 * for await (const { type, data } of readEvents(auth, '/api/events', { signal })) show(type, JSON.parse(data));
 */
export async function* readEvents(auth, url, { signal } = {}) {
  const end = new AbortController();
  signal?.addEventListener('abort', () => end.abort(), { once: true });
  if (signal?.aborted) end.abort();
  // The server may go on with a stream whose user has signed out.
  const removeListener = auth.on('signed-out', () => end.abort());
  let lastEventId = '';
  let waitMs = 1_000;
  let failures = 0;
  try {
    while (!end.signal.aborted) {
      try {
        const headers = { accept: 'text/event-stream', ...(lastEventId && { 'last-event-id': lastEventId }) };
        // Waits for a valid token, and repeats the request once with a new one after a 401.
        const response = await auth.fetch(url, { headers, cache: 'no-store', signal: end.signal });
        if (response.status === 204) return;
        if (!response.ok) throw new Error(`${url}: expected the status 200, got ${response.status}`);
        failures = 0;
        for await (const event of parse(response.body)) {
          if (event.id !== undefined) lastEventId = event.id;
          if (event.retry !== undefined) waitMs = event.retry;
          if (event.data !== undefined) yield { type: event.type, data: event.data, id: lastEventId };
        }
      } catch (error) {
        if (error.code === 'SIGNED_OUT' || error.code === 'SESSION_ENDED') return;
        failures += 1;
      }
      await wait(Math.min(waitMs * 2 ** failures, LONGEST_WAIT_MS), end.signal);
    }
  } finally {
    removeListener();
    end.abort();
  }
}

/** The events in the text of a stream. */
async function* parse(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      // A chunk may end between the two characters of a line break.
      const text = rest + value;
      const complete = text.endsWith('\r') ? text.length - 1 : text.length;
      const blocks = text.slice(0, complete).split(/\r\n\r\n|\n\n|\r\r/);
      rest = blocks.pop() + text.slice(complete);
      for (const block of blocks) yield parseBlock(block);
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

function parseBlock(block) {
  const event = { type: 'message' };
  for (const line of block.split(/\r\n|\n|\r/)) {
    const [, name, value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line);
    if (name === 'data') event.data = event.data === undefined ? value : `${event.data}\n${value}`;
    else if (name === 'event') event.type = value;
    else if (name === 'id' && !value.includes('\0')) event.id = value;
    else if (name === 'retry' && /^\d+$/.test(value)) event.retry = Number(value);
  }
  return event;
}

const wait = (milliseconds, signal) =>
  new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(clearTimeout(timer)), { once: true });
  });
