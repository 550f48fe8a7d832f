// The mark that somebody signed in here: one random key per sign-in and client name, shared by the tabs of an origin.
// It is sent as `Idempotency-Key` with each refresh, so that a refresh whose answer was lost (network, reload, crash)
// repeats instead of looking like theft; and that it is there tells a new page that a session may be resumed. It is no
// credential: without the httpOnly cookie it opens nothing.

export interface Mark {
  /** The key, or undefined where nobody signed in. */
  key(): string | undefined;
  /** Leaves a new key, or takes it away. */
  set(on: boolean): void;
}

export function createMark(name: string): Mark {
  const slot = `tokenward:${name}`;
  // Where storage is blocked (reading the property throws) or absent (workers), the mark lives as long as the page.
  let memory: string | undefined;
  const stored = <T>(use: (storage: Storage) => T): T | undefined => {
    try {
      return use(localStorage);
    } catch {
      return undefined;
    }
  };
  return {
    key: () => stored((storage) => storage.getItem(slot)) ?? memory,
    set(on) {
      memory = on
        ? Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join('')
        : undefined;
      stored((storage) => (memory ? storage.setItem(slot, memory) : storage.removeItem(slot)));
    },
  };
}
