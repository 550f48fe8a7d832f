// What the app hears while the client does not know yet whether a sign-in at a provider has succeeded.
import type { Notify } from '../engine/engine.js';

/**
 * An engine that other tabs use, or that restores nothing at its start, says that no user is signed in before it has asked: a
 * guard of the app would leave the page. Until `release`, the app does not hear of it.
 */
export function holdSignedOut(notify: Notify): { notify: Notify; release(): void } {
  let held: Parameters<Notify> | undefined;
  let isReleased = false;
  return {
    notify: (...event) => {
      const status = event[2]?.status;
      if (!isReleased && status === 'signed-out') {
        held = event;
        return;
      }
      if (status) held = undefined;
      notify(...event);
    },
    release: () => {
      isReleased = true;
      if (held) notify(...held);
      held = undefined;
    },
  };
}
