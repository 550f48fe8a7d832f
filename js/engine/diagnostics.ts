// The diagnostic log, for bug reports ("why was I signed out?"): bounded, and without secrets because callers pass none.
import type { LogEntry } from '../client/options.js';

const CAPACITY = 100;

export class DiagnosticLog {
  readonly #entries: LogEntry[] = [];
  readonly #onLog: ((entry: LogEntry) => void) | undefined;

  constructor(onLog: ((entry: LogEntry) => void) | undefined) {
    this.#onLog = onLog;
  }

  write(level: LogEntry['level'], event: string, detail?: Record<string, unknown>) {
    this.add({ at: Date.now(), level, event, ...(detail && { detail }) });
  }

  /** Adds an entry that was written elsewhere. */
  add(entry: LogEntry) {
    Object.freeze(entry.detail);
    this.#entries.push(Object.freeze(entry));
    if (this.#entries.length > CAPACITY) this.#entries.shift();
    // Later, so that the app's function does not run in the middle of an operation.
    if (this.#onLog) queueMicrotask(() => this.#onLog?.(entry));
  }

  /** The last entries, oldest first. */
  entries(): readonly LogEntry[] {
    return Object.freeze([...this.#entries]);
  }
}
