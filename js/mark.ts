// What the origin's storage remembers of sign-ins, shared by its tabs. Nothing in it is a credential.
//
// The mark: one random key per sign-in and client name. It is sent as `Idempotency-Key` with each refresh, so that a
// refresh whose answer was lost (network, reload, crash) repeats instead of looking like theft; and that it is there
// tells a new page that a session may be resumed. Without the httpOnly cookie it opens nothing.

export interface Mark {
  /** The key of the sign-in that this page knows of. */
  key(): string | undefined;
  /** Leaves a new key, or takes ours away. */
  set(on: boolean): void;
  /** The key in the storage and ours become one: the storage's if it has one, else ours, else a new one. */
  share(): void;
  /** A key for asking whether there is a session: remembered, so that a reload can repeat it, but no sign of one. */
  attempt(): void;
  /** Which sign-in a key belongs to: 0 ours, 1 the one in the storage, 2 one that is over. */
  about(key: unknown): number;
  /** The storage against what we know: 0, 1 or 2 for a key that is the same, gone or another; 4 for a sign-out owed. */
  memory(): number;
  /** Remembers that the server has still to hear of a sign-out. */
  owe(on: boolean): void;
  /** Remembers until when the server asked all tabs to wait; 0 forgets it. */
  postpone(milliseconds: number): void;
  /** For how long that still is. */
  wait(): number;
}

/** Where the marks are. A page has `localStorage`; a worker has its pages. */
export interface Shelf {
  /** Null where there is none, undefined where nothing can be kept. */
  read(key: string): string | null | undefined;
  write(key: string, value: string | undefined): void;
}

/** The page's storage. It may be full, or blocked (reading the property throws): the page remembers by itself then. */
export const PAGE_SHELF: Shelf = {
  read(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return undefined;
    }
  },
  write(key, value) {
    try {
      if (value) localStorage.setItem(key, value);
      else localStorage.removeItem(key);
    } catch {
      // as said
    }
  },
};

/** Without a shelf, memory is all there is. */
export function createMark(slot: string, shelf: Shelf | undefined): Mark {
  let known: string | undefined;
  const read = (suffix = '') => shelf?.read(slot + suffix);
  const write = (value: string | undefined, suffix = '') => shelf?.write(slot + suffix, value);
  const wait = () => Math.max(Number(read(':wait') ?? 0) - Date.now(), 0) || 0;
  const fresh = () => crypto.getRandomValues(new Uint32Array(4)).join('');
  return {
    key: () => known,
    set(on) {
      // The mark of somebody who has signed in since is not ours to take.
      const ours = on || read() === known;
      known = on ? fresh() : undefined;
      if (ours) write(known);
      write(undefined, ':try');
    },
    share() {
      const stored = read();
      known = stored || known || fresh();
      if (stored !== known) write(known);
      write(undefined, ':try');
    },
    attempt() {
      known = known || read(':try') || fresh();
      write(known, ':try');
    },
    about(key) {
      const stored = read();
      return stored === undefined || key === known ? 0 : key === stored ? 1 : 2;
    },
    memory() {
      const stored = read();
      const mark = stored === undefined || (stored ?? undefined) === known ? 0 : stored === null ? 1 : 2;
      return mark + (read(':owed') ? 4 : 0);
    },
    owe: (on) => write(on ? '1' : undefined, ':owed'),
    postpone: (milliseconds) =>
      write(milliseconds ? String(Date.now() + Math.max(milliseconds, wait())) : undefined, ':wait'),
    wait,
  };
}
