// The parts of the engine that the tests of the wasm bindings use, made as `js/engine/engine.ts` makes them. `tools/build.mjs`
// bundles them behind the scripted network.
import { createAuthRequests } from '../../js/auth/auth-requests.ts';
import { authorizedFetch } from '../../js/auth/authorized-fetch.ts';
import { createTokenStore } from '../../js/auth/token-store.ts';
import { createBorder } from '../../js/engine/wasm-host.ts';

/** The token store, and what sends its tokens. */
export function createVault(settings, state) {
  const tokens = createTokenStore(settings.origins);
  return {
    tokens,
    requests: createAuthRequests(settings, tokens, () => state.known),
    send: authorizedFetch(tokens, settings.tokenScheme),
    present: () => tokens.currentId(),
  };
}

export const createHands = createBorder;
