// The promises of callers that wait: for a token, for their login, for their logout.
import { createDeferred, type Deferred } from '../util/deferred.js';

interface LoginWaiter extends Deferred<boolean> {
  /** JSON. */
  readonly credentials: string;
  readonly signal: AbortSignal | undefined;
}

export class Waiters {
  #token: Deferred<boolean> | undefined;
  #login: LoginWaiter | undefined;
  #logouts: ((revoked: boolean) => void)[] = [];

  /** The promise that every caller shares that waits for a token. */
  token(): Promise<boolean> {
    this.#token ??= createDeferred();
    return this.#token.promise;
  }

  /** Ends the wait for a token; without an error, there is one. */
  settleToken(error?: Error) {
    settle(this.#token, error);
    this.#token = undefined;
  }

  /** Starts the wait for a login. An earlier one rejects with undefined. */
  addLogin(credentials: string, signal: AbortSignal | undefined): Promise<boolean> {
    this.cancelLogin();
    this.#login = { ...createDeferred<boolean>(), credentials, signal };
    return this.#login.promise;
  }

  login(): LoginWaiter | undefined {
    return this.#login;
  }

  /** Rejects the login with undefined: a later login or a logout replaces it. */
  cancelLogin() {
    this.#login?.reject(undefined);
    this.#login = undefined;
  }

  settleLogin(error?: Error) {
    settle(this.#login, error);
    this.#login = undefined;
  }

  /** Starts the wait for a logout, which resolves with whether the server confirmed it. */
  addLogout(): Promise<boolean> {
    return new Promise((resolve) => {
      this.#logouts.push(resolve);
    });
  }

  settleLogouts(revoked: boolean) {
    for (const resolve of this.#logouts) resolve(revoked);
    this.#logouts = [];
  }
}

function settle(waiter: Deferred<boolean> | undefined, error: Error | undefined) {
  if (error) waiter?.reject(error);
  else waiter?.resolve(true);
}
