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
  // The key this page knows of. Where storage is blocked (reading the property throws) or absent (workers), it is all.
  let known: string | undefined;
  const stored = <T>(use: (storage: Storage) => T): T | undefined => {
    try {
      return use(localStorage);
    } catch {
      return undefined;
    }
  };
  const read = () => stored((storage) => storage.getItem(slot)) ?? undefined;
  return {
    key() {
      known = read() ?? known;
      return known;
    },
    set(on) {
      const mine = known;
      known = on ? crypto.getRandomValues(new Uint32Array(4)).join('') : undefined;
      if (known) stored((storage) => storage.setItem(slot, known as string));
      // The mark of somebody who has signed in since is not ours to take.
      else if (read() === mine) stored((storage) => storage.removeItem(slot));
    },
  };
}
