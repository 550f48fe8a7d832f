// Proofs of possession (DPoP, RFC 9449): each request is signed with a non-extractable key, and tokens issued for that key are
// useless without it. The key is in memory or, if several tabs share it, in IndexedDB.
import * as captured from '../browser/captured-globals.js';
import { loadOrCreateKey } from '../browser/key-database.js';
import type { AuthResponse } from './auth-requests.js';
import type { TokenStore } from './token-store.js';

// Captured when the module loads, as in `captured-globals.ts`.
const { subtle } = globalThis.crypto ?? {};
const bound = <F extends (...args: never[]) => unknown>(method: F | undefined): F => method?.bind(subtle) as F;
const [generateKey, exportKey, sign, digest] = [
  bound(subtle?.generateKey),
  bound(subtle?.exportKey),
  bound(subtle?.sign),
  bound(subtle?.digest),
];
const encoder = new TextEncoder();
const encode = encoder.encode.bind(encoder);
const { stringify } = JSON;
const { btoa } = globalThis;
const { fromCharCode } = String;
const { URL } = globalThis;

const ES256 = { __proto__: null, name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as unknown as EcKeyGenParams &
  EcdsaParams;

const originOf = (url: string) => new URL(url).origin;

/** Prepares the key. `storeAs` names its place in IndexedDB; without it the key ends with this page or worker. */
export async function createProver(storeAs: string | undefined): Promise<DpopProver> {
  const { privateKey, publicKey } = (storeAs && (await loadOrCreateKey(storeAs, generate))) || (await generate());
  const { kty, crv, x, y } = await exportKey('jwk', publicKey);
  return new DpopProver(privateKey, { kty, crv, x, y } as JsonWebKey);
}

export class DpopProver {
  readonly #privateKey: CryptoKey;
  readonly #header: string;
  /** The last nonce of each server, by origin. */
  readonly #nonces = new Map<string, string>();
  #hashedToken = '';
  #tokenHash = '';

  constructor(privateKey: CryptoKey, jwk: JsonWebKey) {
    this.#privateKey = privateKey;
    this.#header = base64url(encode(stringify({ typ: 'dpop+jwt', alg: 'ES256', jwk })));
  }

  /** Remembers the nonce that a server wants in the next proofs. */
  learnNonce(url: string, nonce: string | null) {
    if (nonce) this.#nonces.set(originOf(url), nonce);
  }

  /** Sends an auth request with its proof; once more if the server wants its nonce in it. `token` is empty if it carries none. */
  async sendAuthRequest(
    headers: Headers,
    { method, url }: { readonly method: string; readonly url: string },
    token: string,
    send: () => Promise<AuthResponse>,
  ): Promise<AuthResponse> {
    headers.set('dpop', await this.#prove(method, url, token));
    const response = await send();
    if (!/^use_dpop_nonce$/i.test(response.code ?? '')) return response;
    headers.set('dpop', await this.#prove(method, url, token));
    return send();
  }

  /**
   * Sends an API request with its proof; once more if the server wants its nonce in it, or if a redirect led to another URL.
   * `retryCopy` returns the request once more.
   */
  async send(
    request: Request,
    retryCopy: () => Request | undefined,
    tokens: TokenStore,
    authorize: (request: Request) => void,
  ): Promise<Response> {
    const generation = tokens.generation();
    let next = request;
    for (let attempts = 0; ; attempts += 1) {
      await this.#addProof(next, tokens, generation);
      authorize(next);
      const response = await captured.fetch(next);
      const { status, url, redirected, headers } = response;
      this.learnNonce(url, headers.get('dpop-nonce'));
      if (status !== 401 || attempts > 1) return response;
      const wantsNonce = /use_dpop_nonce/.test(headers.get('www-authenticate') ?? '');
      // The browser sent the proof for the first URL along with the redirect.
      const moved = redirected && /^(GET|HEAD)$/.test(captured.methodOf(next)) && tokens.allows(url);
      const copy = wantsNonce || moved ? retryCopy() : undefined;
      if (!copy) return response;
      response.body?.cancel().catch(() => {});
      // The constructor reads the copy as an init, by getters that a page may have replaced: the token must not be in it.
      if (moved) captured.deleteHeader(captured.headersOf(copy), 'authorization');
      next = moved ? new captured.Request(url, copy) : copy;
    }
  }

  async #addProof(request: Request, tokens: TokenStore, generation: number) {
    // A proof is for one token, and a refresh may replace the token while the proof is made.
    for (let proven = ''; proven !== tokens.accessToken() || !proven; ) {
      proven = tokens.accessToken();
      const proof = await this.#prove(captured.methodOf(request), captured.urlOf(request), proven);
      if (tokens.generation() !== generation) throw new TypeError('the session in which this call was made has ended');
      captured.setHeader(captured.headersOf(request), 'dpop', proof);
    }
  }

  async #prove(method: string, url: string, token: string): Promise<string> {
    if (token && token !== this.#hashedToken) {
      const bytes = await digest('SHA-256', encode(token));
      this.#hashedToken = token;
      this.#tokenHash = base64url(new Uint8Array(bytes));
    }
    const nonce = this.#nonces.get(originOf(url));
    const claims = {
      jti: crypto.getRandomValues(new Uint32Array(4)).join('-'),
      htm: method,
      htu: url.replace(/[?#].*/s, ''),
      iat: Math.floor(Date.now() / 1000),
      ...(token && { ath: this.#tokenHash }),
      ...(nonce && { nonce }),
    };
    const message = `${this.#header}.${base64url(encode(stringify(claims)))}`;
    const signature = await sign(ES256, this.#privateKey, encode(message));
    return `${message}.${base64url(new Uint8Array(signature))}`;
  }
}

const generate = () => generateKey(ES256, false, ['sign']) as Promise<CryptoKeyPair>;

const base64url = (bytes: Uint8Array): string => {
  let text = '';
  for (let at = 0; at < bytes.length; at += 1) text += fromCharCode(bytes[at] as number);
  return btoa(text).replace(/\+/g, '-').replace(/\//g, '_').replace(/=/g, '');
};
