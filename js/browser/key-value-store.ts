// The storage that the tabs of one origin share, behind two functions: a page has `localStorage`, a worker uses that of its pages.

/** A store of strings. */
export interface KeyValueStore {
  /** Null if there is no such entry, undefined if nothing can be stored. */
  read(key: string): string | null | undefined;
  /** Removes the entry if there is no value. */
  write(key: string, value: string | undefined): void;
}

/** The page's `localStorage`. It may be full or blocked (the property itself throws): then nothing is stored. */
export const PAGE_STORAGE: KeyValueStore = {
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
      // The client continues with what it has in memory.
    }
  },
};
