// Loads the wasm module once for all clients of the page.
import { loadModule } from '#load';
import type { AuthErrorClass } from './auth-errors.js';

let loaded: Promise<unknown> | undefined;

/** `file` is the response of a request that is under way already. After a failure the next call tries again. */
export function loadWasm(AuthError: AuthErrorClass, file?: Promise<Response>): Promise<unknown> {
  loaded ??= loadModule(file).catch((cause: unknown) => {
    loaded = undefined;
    const reason = String((cause as Error)?.message ?? cause);
    const fix = /unsafe-eval|CSP|Content.Sec/.test(reason)
      ? "the CSP's script-src needs 'wasm-unsafe-eval'"
      : 'serve tokenward_bg.wasm beside engine.js as application/wasm, or import tokenward/inline';
    throw new AuthError('WASM_UNAVAILABLE', `${reason}: ${fix}`, { cause });
  });
  return loaded;
}
