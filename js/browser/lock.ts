// The lock of the tabs of one origin: one of them at a time sends an auth request.

/** Runs a task when the storage is known to be as the other tabs left it; the tasks run one after another. */
export type Schedule = (task: () => void) => void;

/**
 * A Web Lock. Without Web Locks (pages that are not secure contexts, old browsers) every request is granted: the jitter of
 * renewals keeps the tabs apart, and `Idempotency-Key` makes concurrent refreshes of two tabs repeat each other.
 */
export class TabLock {
  readonly #name: string;
  readonly #locks: LockManager | undefined;
  readonly #schedule: Schedule;
  #release = () => {};

  /** A lock that is not shared is always free. */
  constructor(name: string, shared: boolean, schedule: Schedule) {
    this.#name = name;
    this.#locks = shared ? globalThis.navigator?.locks : undefined;
    this.#schedule = schedule;
  }

  /** Queues for the lock, or with `steal` takes it from the tab that holds it. Calls `onGranted` when this tab holds it. */
  request(steal: boolean, onGranted: () => void) {
    this.#release();
    const leaving = new AbortController();
    const { signal } = leaving;
    const grant = () => this.#schedule(() => signal.aborted || onGranted());
    if (!this.#locks) {
      this.#release = () => leaving.abort();
      return queueMicrotask(grant);
    }
    const held = new Promise<void>((resolve) => {
      this.#release = () => {
        leaving.abort();
        resolve();
      };
    });
    this.#locks
      .request(this.#name, steal ? { steal } : { signal }, () => {
        grant();
        return held;
      })
      // An AbortError: this tab left the queue, or another tab stole the lock. Any other error: continue without a lock.
      .catch(({ name }) => name === 'AbortError' || grant());
  }

  /** Releases the lock, or leaves its queue. */
  release() {
    this.#schedule(this.#release);
  }

  /** The same, at once. */
  close() {
    this.#release();
  }
}
