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

/** The functions of the app are called one after the other. An error of the app's store is as an empty store. */
function storeOfApp(store: RememberStore): RememberedTokens {
  let queue: Promise<unknown> = Promise.resolve();
  let last: Promise<string> = Promise.resolve('');
  const enqueue = <T>(work: () => T | Promise<T>): Promise<Awaited<T> | undefined> => {
    const done = queue.then(work).catch(() => undefined);
    queue = done;
    return done as Promise<Awaited<T> | undefined>;
  };
  const read = () => enqueue(() => store.get()).then((text) => text ?? '');
  return {
    read,
    write: (text) => void enqueue(() => store.set(text)),
    last: () => last,
    end() {
      last = read();
      enqueue(() => store.remove());
    },
  };
}
