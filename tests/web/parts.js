// The parts of the engine that the tests of the wasm bindings use, made as `js/engine/engine.ts` makes them.
import { AuthRequests } from '../../js/auth/auth-requests.ts';
import { AuthorizedFetch } from '../../js/auth/authorized-fetch.ts';
import { TokenStore } from '../../js/auth/token-store.ts';
import { WasmCore } from '../../js/engine/wasm-host.ts';

/** The token store, with what sends its tokens. */
export function createVault(settings, storage) {
  const tokens = new TokenStore(settings.origins);
  const requests = new AuthRequests(settings, tokens, storage.idempotencyKey);
  const authorized = new AuthorizedFetch(tokens, settings.tokenScheme);
  return { tokens, requests, authorized, present: () => tokens.currentTokenId() };
}

export const createHands = (dependencies) => new WasmCore(dependencies);
