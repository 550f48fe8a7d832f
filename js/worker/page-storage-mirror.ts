// A worker's copy of the storage of its pages, which is refreshed before a decision that depends on it.
import type { KeyValueStore } from '../browser/key-value-store.js';
import type { StorageEntries } from './protocol.js';

export interface Pages {
  /** The storage of any page; undefined if no page answers. */
  readStorage(): Promise<StorageEntries | undefined>;
  /** Writes in the storage of all pages. */
  writeStorage(key: string, value: string | undefined): void;
}

export class PageStorageMirror implements KeyValueStore {
  readonly #pages: Pages;
  #entries: StorageEntries = {};
  #queue: Promise<unknown> = Promise.resolve();

  constructor(pages: Pages) {
    this.#pages = pages;
  }

  read(key: string) {
    return this.#entries[key];
  }

  write(key: string, value: string | undefined) {
    if (this.#entries[key] === undefined) return; // nothing can be stored
    this.#entries[key] = value ?? null;
    this.#pages.writeStorage(key, value);
  }

  /** A page has sent its entries. */
  replace(entries: StorageEntries) {
    this.#entries = entries;
  }

  /** Runs a task after the tasks before it, when a page has sent its entries. */
  schedule(task: () => void) {
    this.enqueue(async () => {
      this.#entries = (await this.#pages.readStorage()) ?? this.#entries;
      task();
    });
  }

  /** Runs a task after the tasks before it. */
  enqueue(task: () => unknown) {
    this.#queue = this.#queue.then(task);
  }

  /** Resolves when the tasks so far are done. */
  settled(): Promise<unknown> {
    return this.#queue;
  }
}
