// Where the client keeps a refresh token of the body for the next page (`options.remember`).
import { keepTokens, keptTokens, type PersistedState } from '../browser/persisted-state.js';
import type { RememberStore } from '../client/server-options.js';
import type { RememberedTokens } from './auth-requests.js';

/** Undefined if nothing is kept. */
export function openRememberedTokens(
  remember: 'memory' | 'tab' | 'browser' | RememberStore,
  state: PersistedState,
): RememberedTokens | undefined {
  if (remember === 'memory') return undefined;
  if (typeof remember === 'object') return storeOfApp(remember);
  return {
    read: () => keptTokens(state),
    write: (text) => keepTokens(state, text),
    last: () => state.lastTokens,
    end() {}, // `removeKey` removes them, unless they are of a later sign-in
  };
}

/**
 * The functions of the app are called one after the other. An error of the app's store is as an empty store. (Only `await` waits here:
 * a script that replaced `Promise.prototype.then` would receive the tokens.)
 */
function storeOfApp(store: RememberStore): RememberedTokens {
  let tail: Promise<void> = Promise.resolve();
  async function exclusive<T>(work: () => T | Promise<T>): Promise<T | undefined> {
    const before = tail;
    let release = () => {};
    tail = new Promise((resolve) => {
      release = resolve;
    });
    await before;
    try {
      return await work();
    } catch {
      return undefined;
    } finally {
      release();
    }
  }
  // What the store could not keep: an older token would look stolen.
  let unstored = '';
  let last: Promise<string> | string = '';
  const read = async () => {
    const text = await exclusive(() => store.get());
    return unstored || (text ?? '');
  };
  return {
    read,
    async write(text) {
      unstored = text;
      await exclusive(async () => {
        await store.set(text);
        if (unstored === text) unstored = '';
      });
    },
    last: () => last,
    end() {
      last = read();
      exclusive(() => {
        unstored = '';
        return store.remove();
      });
    },
  };
}
