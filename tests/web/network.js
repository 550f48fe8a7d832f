// The network of the shell's tests. The vault keeps the platform's functions when it is loaded, so what a test scripts must
// be there before: this module is bundled in front of it. `network.answer`, where there is one, answers in place of `fetch`.
const native = globalThis.fetch;

export const network = { answer: undefined };
globalThis.tokenwardNetwork = network;

globalThis.fetch = (input, init) => (network.answer ?? native)(input, init);

/** As much of an XMLHttpRequest as the vault uses. */
globalThis.XMLHttpRequest = class extends EventTarget {
  #request = {};
  #answer = { status: 0, text: '', url: '', headers: new Headers() };
  #leaving = new AbortController();

  open(method, url) {
    this.#request = { method, url, headers: {} };
  }
  setRequestHeader(name, value) {
    this.#request.headers[name] = value;
  }
  set withCredentials(on) {
    this.#request.credentials = on ? 'include' : 'same-origin';
  }
  get withCredentials() {
    return this.#request.credentials === 'include';
  }
  get status() {
    return this.#answer.status;
  }
  get responseText() {
    return this.#answer.text;
  }
  get responseURL() {
    return this.#answer.url;
  }
  getResponseHeader(name) {
    return this.#answer.headers.get(name);
  }
  abort() {
    this.#leaving.abort();
    this.#answer = { ...this.#answer, status: 0, text: '' };
  }
  async send(body) {
    const { url, ...init } = this.#request;
    try {
      const response = await globalThis.fetch(url, { ...init, body, signal: this.#leaving.signal });
      this.#answer = { status: response.status, text: await response.text(), url, headers: response.headers };
    } catch {
      this.#answer = { status: 0, text: '', url: '', headers: new Headers() };
    }
    this.dispatchEvent(new Event('loadend'));
  }
};
