// The options of a client that has its engine already.
import type { OpenEngine } from '../engine/engine.js';
import type { AuthClientOptions } from './options.js';

/** Adds the engine under a symbol. What are no options, and the options on a server that renders pages, stay as they are. */
export function withEngine(options: AuthClientOptions, openEngine: OpenEngine): AuthClientOptions {
  const isObject = typeof options === 'object' && options && !Array.isArray(options) && globalThis.location;
  return isObject ? ({ ...options, [Symbol.for('tokenward.engine')]: openEngine } as AuthClientOptions) : options;
}
