// Compiles the wasm module, which is a string in this bundle, once for all clients of the page.
import { imports, started } from '#glue';
import module, { length } from '#wasm';
import type { AuthErrorClass } from './auth-errors.js';
import type { Log } from './diagnostics.js';

let loaded: Promise<unknown> | undefined;

/** The file that asked for the engine then takes the one of `load-wasm-as-js.ts`, which states the reason. */
export function loadWasm(AuthError: AuthErrorClass, _?: Log): Promise<unknown> {
  loaded ??= instantiate().catch((cause: unknown) => {
    throw new AuthError('WASM_UNAVAILABLE', String(cause), { cause });
  });
  return loaded;
}

async function instantiate(): Promise<unknown> {
  const { instance } = await WebAssembly.instantiate(decode(), imports());
  return started(instance);
}

/** The inverse of `encode` in tools/build-wasm.mjs, which describes the format. */
function decode(): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let at = 0;
  let added = 0;
  for (let index = 0; index < module.length; index += 1) {
    const value = module.charCodeAt(index) - 35;
    if (value < 90) {
      bytes[at++] = value + added;
      added = 0;
    } else added = (value - 89) * 90;
  }
  return bytes;
}
