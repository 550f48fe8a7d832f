// The storage that the tabs of one origin share, behind two functions: a page has `localStorage`, a worker uses that of its pages.

/** A store of strings. */
export interface KeyValueStore {
  /** Null if there is no such entry, undefined if nothing can be stored. */
  read(key: string): string | null | undefined;
  /** Removes the entry if there is no value. */
  write(key: string, value: string | undefined): void;
}

/** A storage of the page. It may be full or blocked (the property itself throws): then nothing is stored. */
const storeOf = (name: 'localStorage' | 'sessionStorage'): KeyValueStore => ({
  read(key) {
    try {
      return globalThis[name].getItem(key);
    } catch {
      return undefined;
    }
  },
  write(key, value) {
    try {
      if (value) globalThis[name].setItem(key, value);
      else globalThis[name].removeItem(key);
    } catch {
      // The client continues with what it has in memory.
    }
  },
});

/** What all tabs of the origin share. */
export const PAGE_STORAGE = storeOf('localStorage');
/** What one tab has, also after a reload. */
export const TAB_STORAGE = storeOf('sessionStorage');
