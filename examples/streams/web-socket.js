// A WebSocket that authenticates by its first message, because a browser sends no header with it, and a token in the URL ends up in
// logs. The socket sends each new token, so the server need not close it when a token expires.

/** The server closes with this code if it rejects the token. (4000 to 4999 are for applications.) */
const TOKEN_REJECTED = 4401;
const LONGEST_WAIT_MS = 30_000;

/**
 * Opens a socket that reconnects until `close` is called or the session ends. `onOpen` is called when the server has accepted the
 * token: it answers `{ "type": "ready" }`.
 *
 * @example
 * const live = openSocket(auth, 'wss://api.example.com/live', { onMessage: show });
 * live.send({ type: 'subscribe', topic: 'orders' }); // false: there is no connection at the moment
 */
export function openSocket(auth, url, { onMessage = () => {}, onOpen = () => {}, minValiditySeconds = 30 } = {}) {
  let socket;
  let isReady = false;
  let isClosed = false;
  let failures = 0;
  let timer;

  async function connect() {
    let token;
    try {
      token = await auth.getAccessToken({ minValiditySeconds });
    } catch (error) {
      if (error.code === 'SIGNED_OUT' || error.code === 'SESSION_ENDED') return close();
      return connectLater();
    }
    if (isClosed) return;
    socket = new WebSocket(url);
    socket.onopen = () => socket.send(JSON.stringify({ type: 'auth', token }));
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.type !== 'ready') return onMessage(message);
      failures = 0;
      if (!isReady) onOpen();
      isReady = true;
    };
    socket.onclose = ({ code }) => {
      isReady = false;
      if (isClosed) return;
      // One refresh, however many sockets and calls ask for it.
      if (code === TOKEN_REJECTED && failures === 0) {
        failures = 1;
        auth.refresh().then(connect, connectLater);
      } else connectLater();
    };
  }

  function connectLater() {
    if (isClosed) return;
    timer = setTimeout(connect, Math.min(500 * 2 ** failures, LONGEST_WAIT_MS) * (0.5 + Math.random() / 2));
    failures += 1;
  }

  function send(message) {
    if (isReady) socket.send(JSON.stringify(message));
    return isReady;
  }

  function close() {
    isClosed = true;
    clearTimeout(timer);
    for (const remove of undo) remove();
    socket?.close(1000);
  }

  const undo = [
    auth.on('refreshed', async () => send({ type: 'auth', token: await auth.getAccessToken() })),
    auth.on('signed-out', close),
  ];
  connect();
  return { send, close };
}
