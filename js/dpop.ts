// Proofs of possession (RFC 9449): each request is signed with a key that cannot be read out, and tokens made for that key are
// good for nobody else. The key lives in memory, or (where several tabs must have the same one) in IndexedDB.
import * as safe from './intrinsics.js';
import type { Answer, Vault } from './vault.js';

export interface Prover {
  /** Puts a proof into the headers of an auth call and sends it; once more where the server wants its nonce in it. */
  call(headers: Headers, url: string, token: string, send: () => Promise<Answer>): Promise<Answer>;
  /**
   * Sends an API call with its proof; once more where the server wants its nonce in it, or where a redirect has led
   * elsewhere. `token` gives the token of now, `era` the number of the session that it is of. (Not both in an array: taking
   * it apart would show them to whoever patches iteration.)
   */
  send(
    request: Request,
    spare: () => Request | undefined,
    vault: Pick<Vault, 'mayReceive'>,
    token: () => string,
    era: () => number,
    authorise: (request: Request) => void,
  ): Promise<Response>;
  /** The server's word on what the next proofs are to carry. */
  learn(url: string, nonce: string | null): void;
}

// As in `intrinsics.ts`: kept when the module is loaded.
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

/** `kept` names the place in IndexedDB; without it the key is gone with this page or worker. */
export async function createProver(kept: string | undefined): Promise<Prover> {
  const { privateKey, publicKey } = (kept && (await stored(kept))) || (await generate());
  const { kty, crv, x, y } = await exportKey('jwk', publicKey);
  const header = base64url(encode(stringify({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } })));
  const nonces = new Map<string, string>();
  const hashed = { token: '', ath: '' };
  const originOf = (url: string) => new URL(url).origin;

  async function prove(method: string, url: string, token: string): Promise<string> {
    if (token && token !== hashed.token) {
      const bytes = await digest('SHA-256', encode(token));
      hashed.token = token;
      hashed.ath = base64url(new Uint8Array(bytes));
    }
    const nonce = nonces.get(originOf(url));
    const claims = {
      jti: crypto.randomUUID(),
      htm: method,
      htu: url.replace(/[?#].*/s, ''),
      iat: Math.floor(Date.now() / 1000),
      ...(token && { ath: hashed.ath }),
      ...(nonce && { nonce }),
    };
    const message = `${header}.${base64url(encode(stringify(claims)))}`;
    const signature = await sign(ES256, privateKey, encode(message));
    return `${message}.${base64url(new Uint8Array(signature))}`;
  }

  function learn(url: string, nonce: string | null) {
    if (nonce) nonces.set(originOf(url), nonce);
  }

  return {
    learn,
    async call(headers, url, token, send) {
      headers.set('dpop', await prove('POST', url, token));
      const answer = await send();
      if (!/^use_dpop_nonce$/i.test(answer.code ?? '')) return answer;
      headers.set('dpop', await prove('POST', url, token));
      return send();
    },
    async send(request, spare, vault, token, era, authorise) {
      const began = era();
      let next = request;
      for (let tries = 0; ; tries += 1) {
        // A proof is for one token, and while it is made there may be a new one.
        for (let proven = ''; proven !== token() || !proven; ) {
          proven = token();
          const proof = await prove(safe.methodOf(next), safe.urlOf(next), proven);
          if (era() !== began) throw new TypeError('the session that this call was made in has ended');
          safe.setHeader(safe.headersOf(next), 'dpop', proof);
        }
        authorise(next);
        const response = await safe.fetch(next);
        const { status, url, redirected, headers } = response;
        learn(url, headers.get('dpop-nonce'));
        if (status !== 401 || tries > 1) return response;
        const nonce = /use_dpop_nonce/.test(headers.get('www-authenticate') ?? '');
        // The proof that came along was for the address before.
        const moved = redirected && /^(GET|HEAD)$/.test(safe.methodOf(next)) && vault.mayReceive(url);
        const copy = nonce || moved ? spare() : undefined;
        if (!copy) return response;
        response.body?.cancel().catch(() => {});
        next = moved ? new safe.Request(url, copy) : copy;
      }
    },
  };
}

const generate = () => generateKey(ES256, false, ['sign']) as Promise<CryptoKeyPair>;

/** The key that all tabs share: the one that is there, or the first that any of them puts there. */
async function stored(name: string): Promise<CryptoKeyPair | undefined> {
  try {
    const fresh = await generate();
    const database = await done<IDBDatabase>(indexedDB.open('tokenward', 1), (request) => {
      request.onupgradeneeded = () => request.result.createObjectStore('keys');
    });
    const keys = database.transaction('keys', 'readwrite').objectStore('keys');
    const found = await done<CryptoKeyPair | undefined>(keys.get(name));
    if (!found) await done(keys.put(fresh, name));
    database.close();
    return found ?? fresh;
  } catch {
    return undefined; // blocked: in memory, then
  }
}

function done<T>(request: IDBRequest, more?: (request: IDBOpenDBRequest) => void): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    more?.(request as IDBOpenDBRequest);
  });
}

const base64url = (bytes: Uint8Array): string => {
  let text = '';
  for (let at = 0; at < bytes.length; at += 1) text += fromCharCode(bytes[at] as number);
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
};
