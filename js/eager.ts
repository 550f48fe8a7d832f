// The package `tokenward/eager`: the client with its engine, so that a bundler puts both into one file. The page sends its first
// request one round trip earlier, and downloads the engine before the app's first script runs. In a worker mode the client loads the
// files of the worker, and its own engine is not used.
import { withEngine } from './client/with-engine.js';
import { openEngine } from './engine/engine.js';
import { type AuthClientOptions, AuthClient as Client, type RegisteredUser } from './index.js';

export type * from './index.js';
export { AuthError } from './index.js';

/**
 * The `AuthClient` of `tokenward` with its engine, for the isolation `'page'`.
 *
 * @example
 * import { AuthClient } from 'tokenward/eager';
 * const auth = new AuthClient({ baseUrl: 'https://api.example.com' });
 */
export class AuthClient<User = RegisteredUser> extends Client<User> {
  constructor(options: AuthClientOptions = {}) {
    // Without XMLHttpRequest (a service worker) the engine cannot work, and the error of the usual client says what can.
    const isPage = (options?.isolation ?? 'page') === 'page';
    super(isPage && globalThis.XMLHttpRequest ? withEngine(options, openEngine) : options);
  }
}
