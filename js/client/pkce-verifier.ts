// The values that tie a sign-in to this browser: `state`, the nonce, and the verifier of RFC 7636. They outlive the page without being
// stored: nonce and verifier are MACs of `state` under a key that is in IndexedDB and is not extractable.
import { uncurryThis } from '../browser/captured-globals.js';
import { loadOrCreateKey } from '../browser/key-database.js';

// Captured when the module loads, as in `captured-globals.ts`.
const { subtle } = globalThis.crypto ?? {};
const bound = <F extends (...args: never[]) => unknown>(method: F | undefined): F => method?.bind(subtle) as F;
const [generateKey, sign, digest] = [bound(subtle?.generateKey), bound(subtle?.sign), bound(subtle?.digest)];
const getRandomValues = globalThis.crypto?.getRandomValues.bind(globalThis.crypto);
const charCodeAt = uncurryThis(String.prototype.charCodeAt);
const { ArrayBuffer: Buffer, Uint8Array: Bytes } = globalThis;

const HMAC = { __proto__: null, name: 'HMAC', hash: 'SHA-256' } as unknown as HmacKeyGenParams;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** base64url without padding (RFC 4648 §5). (`btoa` and its corrections by `replace` would show the text to other scripts.) */
export function base64url(bytes: Uint8Array): string {
  let text = '';
  let bits = 0;
  let held = 0;
  for (let at = 0; at < bytes.length; at += 1) {
    held = (held << 8) | (bytes[at] as number);
    for (bits += 8; bits >= 6; bits -= 6) text += ALPHABET[(held >> (bits - 6)) & 63];
    held &= 255;
  }
  return bits ? text + ALPHABET[(held << (6 - bits)) & 63] : text;
}

/** The bytes of a string of ASCII characters. */
export function asciiBytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Bytes(new Buffer(text.length));
  for (let at = 0; at < text.length; at += 1) bytes[at] = charCodeAt(text, at);
  return bytes;
}

/** So starts each `state` of this client: it leaves the responses of other sign-ins alone. */
export const isState = (text: unknown): text is string => typeof text === 'string' && /^tw[\w-]{22}$/.test(text);

/** 128 random bits. It is no secret: the provider and each page that it passes see it. */
export const newState = (): string => `tw${base64url(getRandomValues(new Bytes(16)))}`;

/** Makes the MACs of one client. Undefined if the browser keeps no key: IndexedDB is blocked, or the page is no secure context. */
export async function openSecrets(storeAs: string): Promise<Secrets | undefined> {
  if (!subtle) return undefined;
  const key = await loadOrCreateKey(storeAs, () => generateKey(HMAC, false, ['sign']) as Promise<CryptoKey>);
  return key && new Secrets(key);
}

export class Secrets {
  readonly #key: CryptoKey;

  constructor(key: CryptoKey) {
    this.#key = key;
  }

  /** The nonce of the ID token (OpenID Connect Core 1.0 §3.1.2.1). */
  nonce(state: string): Promise<string> {
    return this.#withMac(`nonce ${state}`, base64url);
  }

  /** The challenge for the verifier (RFC 7636 §4.2). */
  async challenge(state: string): Promise<string> {
    const hash = await this.withVerifier(state, (verifier) => digest('SHA-256', asciiBytes(verifier)));
    return base64url(new Bytes(hash));
  }

  /** Calls the function with the verifier. No promise resolves to a verifier: see `captured-globals.ts`. */
  withVerifier<T>(state: string, use: (verifier: string) => T | Promise<T>): Promise<T> {
    return this.#withMac(`verifier ${state}`, (mac) => use(base64url(mac)));
  }

  async #withMac<T>(text: string, use: (mac: Uint8Array) => T | Promise<T>): Promise<T> {
    return use(new Bytes(await sign(HMAC, this.#key, asciiBytes(text))));
  }
}
