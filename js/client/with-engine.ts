// The options of a client that has its engine already.
import type { OpenEngine } from '../engine/engine.js';
import type { AuthClientOptions } from './options.js';

/**
 * Adds the engine under a symbol; the client uses it in each isolation mode. Returns a value that is no object unchanged, for the check
 * of the options, and also the options of a client without a page (server-side rendering).
 */
export function withEngine(options: AuthClientOptions, openEngine: OpenEngine): AuthClientOptions {
  const isObject = typeof options === 'object' && options && !Array.isArray(options) && globalThis.location;
  return isObject ? ({ ...options, [Symbol.for('tokenward.engine')]: openEngine } as AuthClientOptions) : options;
}
