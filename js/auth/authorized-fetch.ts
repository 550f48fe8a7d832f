// Sends API requests with the access token of the moment.
import * as captured from '../browser/captured-globals.js';
import { setAuthorization } from './authorization.js';
import type { DpopProver } from './dpop.js';
import type { TokenStore } from './token-store.js';

export class AuthorizedFetch {
  readonly #tokens: TokenStore;
  readonly #scheme: string;
  readonly #prover: DpopProver | undefined;

  constructor(tokens: TokenStore, scheme: string, prover?: DpopProver) {
    this.#tokens = tokens;
    this.#scheme = scheme;
    this.#prover = prover;
  }

  /** `retryCopy` returns the request once more, for a server that wants its nonce in the proof (RFC 9449 §9). */
  send(request: Request, retryCopy: () => Request | undefined): Promise<Response> {
    const accessToken = this.#tokens.accessToken();
    if (accessToken && this.#prover)
      return this.#prover.send(request, retryCopy, this.#tokens, (next) => {
        setAuthorization(next, this.#scheme, this.#tokens.accessToken());
      });
    if (accessToken) setAuthorization(request, this.#scheme, accessToken);
    // The access token is in a cookie.
    else if (captured.credentialsOf(request) === 'same-origin')
      return captured.fetch(new captured.Request(request, { credentials: 'include' }));
    return captured.fetch(request);
  }
}
