// The Rust client behind the interface of the npm package, so that the end-to-end tests of the one run against the other.
import init, { AuthClient as RustClient } from '#rust-client';
import wasm from '#rust-client.wasm';

await init({ module_or_path: wasm });

/** Initialises the module again, as a script can that imports the glue of an app: it gets the exports of the wasm. */
export const initialize = () => init();

export class AuthError extends Error {
  name = 'AuthError';
  constructor({ message, code, status, retryable, retryAfterSeconds, body }) {
    super(message);
    Object.assign(this, { code, status, retryable, retryAfterSeconds, body });
  }
}

/** The error as the npm package's class. A login that was replaced rejects there with an `AbortError`. */
function converted(error) {
  if (error?.name !== 'AuthError') return error;
  if (error.code === 'SUPERSEDED') return new DOMException(error.message, 'AbortError');
  return new AuthError(error);
}

const convert = (promise) =>
  promise.catch((error) => {
    throw converted(error);
  });

/** The caller's wait ends with its signal, as in the npm package. */
function abortable(promise, signal) {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason));
    promise.then(resolve, reject);
  });
}

export class AuthClient {
  #client;
  ready;

  constructor({ isolation: _, ...options } = {}) {
    try {
      this.#client = new RustClient(options);
    } catch (error) {
      throw converted(error);
    }
    this.ready = this.#client.ready();
  }

  get session() {
    return this.#client.session;
  }

  fetch = (input, init) => convert(this.#client.fetch(input, init));

  async login(credentials, { signal, ...options } = {}) {
    signal?.throwIfAborted();
    return abortable(convert(this.#client.login(credentials, options)), signal);
  }

  signIn(options = {}) {
    const signedIn = convert(this.#client.signIn(options));
    signedIn.catch(() => {});
    return signedIn;
  }

  async adopt(answer) {
    return convert(this.#client.adopt(answer));
  }

  async restore() {
    return convert(this.#client.restore());
  }

  async refresh({ signal } = {}) {
    signal?.throwIfAborted();
    return abortable(convert(this.#client.refresh()), signal);
  }

  async logout(options = {}) {
    const { scope, returnTo } = { __proto__: null, ...options };
    if (scope === 'provider') return { revoked: await convert(this.#client.logoutAtProvider(returnTo)) };
    return { revoked: await this.#client.logout(scope === 'global') };
  }

  async getAccessToken({ minValiditySeconds } = {}) {
    return convert(this.#client.getAccessToken(minValiditySeconds));
  }

  hasRole(role) {
    return this.#client.hasRole(role);
  }

  stayActive() {
    this.#client.stayActive();
  }

  subscribe(listener) {
    return this.#client.subscribe((session) => listener(session));
  }

  on(wanted, listener) {
    return this.#client.onEvent((name, detail) => {
      if (name !== wanted) return;
      listener(detail.error ? { ...detail, error: converted(detail.error) } : detail);
    });
  }

  diagnostics() {
    return this.#client.diagnostics();
  }

  dispose() {
    this.#client.dispose();
  }
}
