// The network of the tests of the bindings. The client captures the platform's functions when it is loaded, so this module is
// bundled in front of it. `network.respond`, if set, responds in place of `fetch`.
const native = globalThis.fetch;

export const network = { respond: undefined };
globalThis.tokenwardNetwork = network;

globalThis.fetch = (input, init) => (network.respond ?? native)(input, init);

/** The part of XMLHttpRequest that the client uses. */
globalThis.XMLHttpRequest = class extends EventTarget {
  #request = {};
  #response = { status: 0, text: '', url: '', headers: new Headers() };
  #aborting = new AbortController();

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
    return this.#response.status;
  }
  get responseText() {
    return this.#response.text;
  }
  get responseURL() {
    return this.#response.url;
  }
  getAllResponseHeaders() {
    return Array.from(this.#response.headers, ([name, value]) => `${name}: ${value}\r\n`).join('');
  }
  abort() {
    this.#aborting.abort();
    this.#response = { ...this.#response, status: 0, text: '' };
  }
  async send(body) {
    const { url, ...init } = this.#request;
    try {
      const response = await globalThis.fetch(url, { ...init, body, signal: this.#aborting.signal });
      this.#response = { status: response.status, text: await response.text(), url, headers: response.headers };
    } catch {
      this.#response = { status: 0, text: '', url: '', headers: new Headers() };
    }
    this.dispatchEvent(new Event('loadend'));
  }
};
