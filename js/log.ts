// What happened lately, for bug reports: "why was I signed out?" Bounded, and without secrets by what is handed in.
import type { LogEntry } from './options.js';

const KEPT = 100;

export interface Log {
  (level: LogEntry['level'], event: string, detail?: Record<string, unknown>): void;
  /** Takes in what was written elsewhere. */
  keep(entry: LogEntry): void;
  /** The last entries, oldest first. */
  entries(): readonly LogEntry[];
}

export function createLog(onLog: ((entry: LogEntry) => void) | undefined): Log {
  const kept: LogEntry[] = [];
  const keep = (entry: LogEntry) => {
    Object.freeze(entry.detail);
    kept.push(Object.freeze(entry));
    if (kept.length > KEPT) kept.shift();
    // Never in the middle of what is told of.
    if (onLog) queueMicrotask(() => onLog(entry));
  };
  const log = (level: LogEntry['level'], event: string, detail?: Record<string, unknown>) =>
    keep({ at: Date.now(), level, event, ...(detail && { detail }) });
  return Object.assign(log, { keep, entries: () => Object.freeze([...kept]) });
}
