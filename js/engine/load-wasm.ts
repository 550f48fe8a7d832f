// Compiles the wasm module, which is a string in this bundle, once for all clients of the page.
import { imports, started } from '#glue';
import module, { length, offset } from '#wasm';
import type { AuthErrorClass } from './auth-errors.js';

let loaded: Promise<unknown> | undefined;

/** After a failure the next call tries again. */
export function loadWasm(AuthError: AuthErrorClass): Promise<unknown> {
  loaded ??= instantiate().catch((cause: unknown) => {
    loaded = undefined;
    const reason = String((cause as Error)?.message ?? cause);
    const fix = /unsafe-eval|CSP|Content.Sec/.test(reason) ? ": the CSP's script-src needs 'wasm-unsafe-eval'" : '';
    throw new AuthError('WASM_UNAVAILABLE', reason + fix, { cause });
  });
  return loaded;
}

async function instantiate(): Promise<unknown> {
  // A module is always decoded as UTF-8. A bundle in a classic script has the charset of its page.
  if (module.length !== length) throw new TypeError('this script was not decoded as UTF-8: add <meta charset="utf-8">');
  const bytes = Uint8Array.from(module, (character) => character.charCodeAt(0) - offset);
  const { instance } = await WebAssembly.instantiate(bytes, imports());
  return started(instance);
}
