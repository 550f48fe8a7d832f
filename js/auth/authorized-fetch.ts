// Sends API requests with the access token of the moment.
import * as captured from '../browser/captured-globals.js';
import { setAuthorization } from './authorization.js';
import type { DpopProver } from './dpop.js';
import type { TokenStore } from './token-store.js';

/** `retryCopy` returns the request once more, for a server that wants its nonce in the proof (RFC 9449 §9). */
export type SendAuthorized = (request: Request, retryCopy: () => Request | undefined) => Promise<Response>;

export const authorizedFetch =
  (tokens: TokenStore, scheme: string, prover: DpopProver | undefined): SendAuthorized =>
  (request, retryCopy) => {
    const authorize = (sent: Request) => setAuthorization(sent, scheme, tokens.accessToken());
    if (tokens.accessToken()) {
      if (prover) return prover.send(request, retryCopy, tokens, authorize);
      authorize(request);
    } else if (captured.credentialsOf(request) === 'same-origin')
      // The access token is in a cookie.
      return captured.fetch(new captured.Request(request, { __proto__: null, credentials: 'include' } as RequestInit));
    return captured.fetch(request);
  };
