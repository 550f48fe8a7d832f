// The lock of the tabs of one origin: one of them at a time sends an auth request.

import { microtask } from '../util/compat.js';
import { ownMembers } from '../util/own-members.js';

/** Runs a task when the storage is known to be as the other tabs left it; the tasks run one after another. */
export type Schedule = (task: () => void) => void;

export interface TabLock {
  /**
   * Queues for the lock, or with `steal` takes it from the tab that holds it. Calls `onGranted` when this tab has held it for
   * `delayMs`.
   */
  request(steal: boolean, delayMs: number, onGranted: () => void): void;
  /** After the tasks before it: releases the lock, or leaves its queue. */
  release(): void;
  /** Immediately: releases the lock, or leaves its queue. */
  close(): void;
}

/**
 * A Web Lock; one that is not shared is always free. Without Web Locks (pages that are not secure contexts, old browsers)
 * every request is granted: the jitter of renewals keeps the tabs apart, and `Idempotency-Key` makes concurrent refreshes of
 * two tabs repeat each other.
 */
export function createTabLock(name: string, shared: boolean, schedule: Schedule): TabLock {
  const locks = shared ? globalThis.navigator?.locks : undefined;
  let release = () => {};
  return {
    request(steal, delayMs, onGranted) {
      release();
      const leaving = new AbortController();
      const { signal } = leaving;
      const report = () => schedule(() => signal.aborted || onGranted());
      const grant = () => (delayMs > 0 ? setTimeout(report, delayMs) : report());
      if (!locks) {
        release = () => leaving.abort();
        return microtask(grant);
      }
      const held = new Promise<void>((resolve) => {
        release = () => {
          leaving.abort();
          resolve();
        };
      });
      locks
        .request(name, ownMembers<LockOptions>(steal ? { steal } : { signal }), () => {
          grant();
          return held;
        })
        // An AbortError: this tab left the queue, or another tab stole the lock. Any other error: continue without a lock.
        .catch(({ name }) => name === 'AbortError' || grant());
    },
    release: () => schedule(release),
    close: () => release(),
  };
}
