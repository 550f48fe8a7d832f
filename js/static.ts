// The package `tokenward/static`: the client without `import()`, workers and WebAssembly. A service worker, such as the background
// of a browser extension, can import nothing later.
import { withEngine } from './client/with-engine.js';
import { openEngine } from './engine/engine-without-wasm.js';
import { type AuthClientOptions, AuthError, AuthClient as Client, type RegisteredUser } from './index.js';

export type * from './index.js';
export { AuthError } from './index.js';

/**
 * The `AuthClient` of `tokenward` with everything it needs. It holds the token where it runs: `isolation` is `'page'` or `'auto'`.
 *
 * @example
 * import { AuthClient } from 'tokenward/static';
 * const auth = new AuthClient({ baseUrl: 'https://api.example.com', restore: 'always' });
 */
export class AuthClient<User = RegisteredUser> extends Client<User> {
  constructor(options: AuthClientOptions = {}) {
    if (/worker$/.test(options?.isolation ?? ''))
      throw new AuthError(
        'INVALID_OPTIONS',
        `options.isolation: expected "page" or "auto" with tokenward/static, got "${options.isolation}"`,
      );
    super(withEngine(options?.isolation === 'auto' ? { ...options, isolation: 'page' } : options, openEngine));
  }
}
