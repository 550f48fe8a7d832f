// Sends a login or a refresh, whose response holds tokens. `fetch` would show its `Response` to a getter `then` on
// `Object.prototype`, so this is an XMLHttpRequest.
import * as captured from '../browser/captured-globals.js';
import { abortReason } from '../util/compat.js';
import type { SetHeader } from './template.js';
import type { ReadHeader } from './token-response.js';

/** A request whose response holds tokens. It inherits nothing. */
export interface TokenRequest {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  /** Sets further headers, which may hold a token. */
  readonly setHeaders: (set: SetHeader) => void;
  readonly body: BodyInit | null;
  readonly withCredentials: boolean;
  readonly signal: AbortSignal;
}

/**
 * Resolves with what `parse` returns, which must hold no token. Rejects if there is no response, with the signal's reason, or with what
 * `parse` throws.
 */
export function sendTokenXhr<T>(
  { method, url, headers, setHeaders, body, withCredentials, signal }: TokenRequest,
  parse: (status: number, header: ReadHeader, text: string) => T,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const xhr = new captured.XMLHttpRequest();
    captured.open(xhr, method, url);
    captured.setCredentials(xhr, withCredentials);
    headers.forEach((value, name) => void captured.setRequestHeader(xhr, name, value));
    setHeaders((name, value) => void captured.setRequestHeader(xhr, name, value));
    captured.addListener(xhr, 'loadend', () => {
      const status = captured.statusOf(xhr);
      const text = captured.responseTextOf(xhr);
      const redirected = captured.responseUrlOf(xhr) !== url;
      const responseHeaders = captured.getAllResponseHeaders(xhr);
      // `window.event` shows the request to every function that runs from here on, so the client must clear the request first. (Firefox
      // keeps the text of a request that is aborted after its end, but no browser that of a request that is opened again. In
      // a worker, where no other script listens, Firefox refuses to open it again.)
      if (captured.onPage) captured.open(xhr, 'POST', url);
      captured.abort(xhr);
      // A redirect leads to another place, such as a page to sign in at: it answers nothing, and is not read.
      try {
        if (!status) reject(signal.reason ?? new TypeError('no response'));
        else if (redirected) resolve(parse(302, () => null, ''));
        else resolve(parse(status, (name) => headerOf(responseHeaders, name), text));
      } catch (error) {
        reject(error);
      }
    });
    const stop = () => captured.abort(xhr);
    signal.addEventListener('abort', stop);
    if (signal.aborted) return reject(abortReason(signal));
    captured.send(xhr, body as string | URLSearchParams | null);
  });
}

/** `all` is what `getAllResponseHeaders` returns. (`getResponseHeader` writes an error to the console for a header that CORS hides.) */
function headerOf(all: string, name: string): string | null {
  const lines = `\r\n${all}`;
  const start = captured.indexOf(lines, `\r\n${name}: `);
  const value = start + name.length + 4;
  return start < 0 ? null : captured.slice(lines, value, captured.indexOf(lines, '\r\n', value));
}
