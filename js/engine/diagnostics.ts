// The diagnostic log, for bug reports ("why was I signed out?"): bounded, and without secrets because callers pass none.

import type { LogEntry } from '../client/options.js';
import { microtask } from '../util/compat.js';

const CAPACITY = 100;

export interface Log {
  (level: LogEntry['level'], event: string, detail?: Record<string, unknown>): void;
  /** Adds an entry that was written elsewhere. */
  add(entry: LogEntry): void;
  /** The last entries, oldest first. */
  entries(): readonly LogEntry[];
}

export function createLog(onLog: ((entry: LogEntry) => void) | undefined): Log {
  const entries: LogEntry[] = [];
  const add = (entry: LogEntry) => {
    Object.freeze(entry.detail);
    entries.push(Object.freeze(entry));
    if (entries.length > CAPACITY) entries.shift();
    // Later, so that the app's function does not run in the middle of an operation.
    if (onLog) microtask(() => onLog(entry));
  };
  const log = (level: LogEntry['level'], event: string, detail?: Record<string, unknown>) =>
    add({ at: Date.now(), level, event, ...(detail && { detail }) });
  return Object.assign(log, { add, entries: () => Object.freeze([...entries]) });
}
