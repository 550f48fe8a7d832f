// Takes the place of `token-xhr.ts` in the files without WebAssembly, which also run where there is no XMLHttpRequest: in a
// service worker, such as the background of an extension. No page script runs there that could see the `Response`.
import * as captured from '../browser/captured-globals.js';
import { abortReason } from '../util/compat.js';
import { sendTokenXhr as sendByXhr } from './token-xhr.js';

export const sendTokenXhr: typeof sendByXhr = (...given) =>
  captured.XMLHttpRequest ? sendByXhr(...given) : sendByFetch(...given);

const sendByFetch: typeof sendByXhr = async (
  { method, url, headers, setHeaders, body, withCredentials, signal },
  parse,
) => {
  const request = new captured.Request(url, {
    __proto__: null,
    method,
    headers,
    body,
    credentials: withCredentials ? 'include' : 'same-origin',
    cache: 'no-store',
    // A response from another URL is none.
    redirect: 'error',
    signal,
  } as RequestInit);
  setHeaders((name, value) => captured.setHeader(captured.headersOf(request), name, value));
  try {
    const response = await captured.fetch(request);
    const text = await response.text();
    return parse(response.status, (name) => response.headers.get(name), text);
  } catch (error) {
    throw signal.aborted ? abortReason(signal) : error;
  }
};
