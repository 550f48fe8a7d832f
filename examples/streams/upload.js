// An upload with progress: `fetch` does not report how much it has sent.

/**
 * Sends a body with the access token. `onProgress` receives `{ loaded, total }` in bytes. Resolves with `{ status, text }`; a 401 costs
 * one refresh, and the upload starts again. Rejects as `auth.fetch` does, with a `TypeError` if the network fails, or with the reason of
 * the signal.
 *
 * @example
 * await upload(auth, '/api/files', file, { onProgress: ({ loaded, total }) => show(loaded / total), signal });
 */
export async function upload(auth, url, body, { method = 'POST', headers = {}, onProgress, signal } = {}) {
  const send = async () => {
    // Valid for long enough: a server checks the token before it reads the body, or after it.
    const token = await auth.getAccessToken({ minValiditySeconds: 60 });
    return sendOnce(url, body, {
      method,
      headers: { ...headers, authorization: `Bearer ${token}` },
      onProgress,
      signal,
    });
  };
  const first = await send();
  if (first.status !== 401) return first;
  await auth.refresh({ signal });
  return send();
}

function sendOnce(url, body, { method, headers, onProgress, signal }) {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const request = new XMLHttpRequest();
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => onProgress?.({ loaded, total });
    request.onload = () => resolve({ status: request.status, text: request.responseText });
    request.onerror = () => reject(new TypeError(`${method} ${url}: no response`));
    request.onabort = () => reject(signal.reason);
    signal?.addEventListener('abort', () => request.abort(), { once: true });
    request.send(body);
  });
}
