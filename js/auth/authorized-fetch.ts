// Sends API requests with the access token of the moment.
import * as captured from '../browser/captured-globals.js';
import { bareCopy } from '../util/bare-object.js';
import { authorizer, needsCookies, onlyScheme } from './authorization.js';
import type { DpopProver } from './dpop.js';
import { copyRequest, type Replayable } from './replay.js';
import { type SimpleRequest, toRequest } from './simple-request.js';
import type { TokenStore } from './token-store.js';

export interface AuthorizedFetch {
  /** `replay` is for a server that wants its nonce in the proof (RFC 9449 §9). */
  send(request: Request, replay: Replayable): Promise<Response>;
  /** Whether `sendSimple` needs no `Request` now: the token is in one header, and without a proof. */
  isSimple(): boolean;
  sendSimple(simple: SimpleRequest): Promise<Response>;
}

/** `api` are the templates of the headers, and `readCookies` returns the cookies that scripts can read. */
export function authorizedFetch(
  tokens: TokenStore,
  api: Readonly<Record<string, string>>,
  prover: DpopProver | undefined,
  readCookies: () => string | Promise<string>,
): AuthorizedFetch {
  const send = sendRequest(tokens, api, prover, readCookies);
  const scheme = prover ? undefined : onlyScheme(api);
  const isSimple = () => scheme !== undefined && tokens.accessToken() !== '';
  return {
    send,
    isSimple,
    sendSimple(simple) {
      if (!isSimple()) {
        const request = toRequest(simple);
        return send(request, { request, replayBody: simple.init.body ?? null });
      }
      const headers = bareCopy(simple.headers);
      headers.authorization = scheme + tokens.accessToken();
      const init = bareCopy<unknown>(simple.init);
      init.headers = headers;
      return captured.fetch(simple.url, init as RequestInit);
    },
  };
}

function sendRequest(
  tokens: TokenStore,
  api: Readonly<Record<string, string>>,
  prover: DpopProver | undefined,
  readCookies: () => string | Promise<string>,
): AuthorizedFetch['send'] {
  const authorize = authorizer(api);
  const send = (request: Request, replay: Replayable, cookies: string) => {
    if (prover && tokens.accessToken())
      return prover.send(
        request,
        () => copyRequest(replay),
        tokens,
        (sent) => authorize(sent, tokens.accessToken(), cookies),
      );
    // The session may be in a cookie.
    const isCookie = !tokens.accessToken() && captured.credentialsOf(request) === 'same-origin';
    const sent = isCookie
      ? new captured.Request(request, { __proto__: null, credentials: 'include' } as RequestInit)
      : request;
    authorize(sent, tokens.accessToken(), cookies);
    return captured.fetch(sent);
  };
  if (!needsCookies(api)) return (request, replay) => send(request, replay, '');
  return async (request, replay) => {
    const generation = tokens.generation();
    const cookies = await readCookies();
    if (tokens.generation() !== generation) throw new TypeError('the session in which this call was made has ended');
    return send(request, replay, cookies);
  };
}
