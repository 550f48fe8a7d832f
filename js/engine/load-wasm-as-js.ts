// Takes the place of `load-wasm.ts` in the files without WebAssembly: the same core, as JavaScript.
import { imports, started } from '#glue';
import instantiate from '#wasm-as-js';
import type { AuthErrorClass } from './auth-errors.js';
import type { Log } from './diagnostics.js';

let loaded = false;
let reason: string | undefined;

export async function loadWasm(_: AuthErrorClass, log: Log): Promise<unknown> {
  reason ??= findReason();
  log('warn', 'wasm-unavailable', { reason });
  if (loaded) return;
  started({ exports: instantiate(imports()) } as unknown as WebAssembly.Instance);
  loaded = true;
  // The page reports it for its worker.
  if (!/^(Dedicated|Shared)Worker/.test(globalThis.constructor.name))
    console.warn(`tokenward: the client uses the JavaScript build of the core: ${reason}`);
}

/** The smallest valid module. */
const EMPTY = [0, 97, 115, 109, 1, 0, 0, 0];

/** Why the wasm module cannot be used, with what the developer can do about it. */
function findReason(): string {
  if (typeof WebAssembly !== 'object') return 'this browser has no WebAssembly (there is nothing to do)';
  try {
    new WebAssembly.Module(new Uint8Array(EMPTY));
  } catch (error) {
    const message = String((error as Error)?.message ?? error);
    return /unsafe-eval|CSP|Content.Sec|blocked|disallow/i.test(message)
      ? `the CSP forbids WebAssembly: add 'wasm-unsafe-eval' to script-src (${message})`
      : `this browser refuses WebAssembly (${message})`;
  }
  return 'this browser lacks a feature of WebAssembly, or the app chose this build';
}
