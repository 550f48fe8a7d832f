// Ends a session whose engine is not open, because the provider cannot be asked what it speaks.
import { PAGE_STORAGE, TAB_STORAGE } from '../browser/key-value-store.js';
import { keepTokens, openPersistedState, storeLogout } from '../browser/persisted-state.js';
import type { AuthClientOptions } from './options.js';
import { RESTORING, type SignedOutSession } from './session.js';

/** The session after such a logout. */
export const LOGGED_OUT: SignedOutSession = Object.freeze({ ...RESTORING, status: 'signed-out', reason: 'logout' });

/**
 * Removes what the client with this name keeps for the next page: the tokens and the session hint. The next page finds a pending
 * revocation, and restores no session. (Without its token, that revocation sends no request.)
 */
export async function forgetSession(clientName: string, remember: AuthClientOptions['remember']): Promise<void> {
  if (!remember || remember === 'memory') return;
  const state = openPersistedState(clientName, remember === 'tab' ? TAB_STORAGE : PAGE_STORAGE);
  storeLogout(state);
  keepTokens(state);
  if (typeof remember !== 'object') return;
  try {
    await remember.remove();
  } catch {
    // As in the engine, an error of the app's store is as an empty store.
  }
}
