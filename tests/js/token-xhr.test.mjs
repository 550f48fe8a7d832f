// The request of a login or a refresh, with an XMLHttpRequest that answers at once.
import assert from 'node:assert/strict';
import { test } from 'node:test';

class AnswersAtOnce {
  #onEnd = () => {};
  get status() {
    return 200;
  }
  get responseText() {
    return '{}';
  }
  get responseURL() {
    return 'https://id.example/token';
  }
  get withCredentials() {
    return false;
  }
  set withCredentials(_) {}
  open() {}
  abort() {}
  setRequestHeader() {}
  getAllResponseHeaders() {
    return '';
  }
  addEventListener(_, listener) {
    this.#onEnd = listener;
  }
  send() {
    this.#onEnd();
  }
}
// The module captures it when it loads.
globalThis.XMLHttpRequest = AnswersAtOnce;
const { load } = await import('./load.mjs');
const { sendTokenXhr } = await load('auth/token-xhr');

const request = () => ({
  method: 'POST',
  url: 'https://id.example/token',
  headers: new Headers(),
  setHeaders() {},
  body: null,
  withCredentials: false,
  signal: new AbortController().signal,
});

test('the promise resolves with what the function reads, and rejects with what it throws', async () => {
  assert.equal(await sendTokenXhr(request(), (status, _, text) => `${status} ${text}`), '200 {}');
  const error = new TypeError('of the function');
  const sent = sendTokenXhr(request(), () => {
    throw error;
  });
  await assert.rejects(sent, error);
});
