// The timeline entries of each open tab. The tabs exchange them over a BroadcastChannel; messages hold times, kinds and notes only.

export type Kind =
  | 'token'
  | 'refresh'
  | 'refresh-failed'
  | 'refreshing'
  | 'call'
  | 'answered'
  | 'refused'
  | 'failed'
  | 'signed-in'
  | 'signed-out';

export interface TimelineEntry {
  /** Unique within its tab. */
  readonly id: number;
  readonly kind: Kind;
  /** Milliseconds since the epoch. */
  readonly from: number;
  /** The end, or the expected end while the entry is in progress; null when it is unknown. */
  to: number | null;
  readonly note: string;
}

/** Entries of these kinds are drawn only while in progress; other entries show the result. */
export const isCompleted = ({ kind, to }: TimelineEntry) => (kind === 'call' || kind === 'refreshing') && to !== null;

export interface Lane {
  readonly tab: string;
  /** When the tab was opened. */
  readonly openedAt: number;
  readonly own: boolean;
  closed: boolean;
  /** In the order of arrival. */
  entries: TimelineEntry[];
}

interface LaneMessage {
  readonly tab: string;
  readonly openedAt: number;
  /** A new tab requests the entries of the other tabs. */
  readonly requestsEntries?: boolean;
  readonly closing?: boolean;
  readonly entries?: readonly TimelineEntry[];
}

const CHANNEL = 'tokenward-demo';
/** Maximum number of entries per tab. */
const MAX_ENTRIES = 6_000;
/** Maximum number of closed tabs that stay on the timeline. */
const MAX_CLOSED_LANES = 2;
/** Changes within this interval (milliseconds) are sent in one message. */
const BATCH_MS = 100;

export class Lanes {
  /** The oldest tab first. */
  readonly all: Lane[] = [];
  /** Increases with each change; the timeline compares it to skip a redraw. */
  changes = 0;
  readonly #own: Lane = {
    tab: `${performance.timeOrigin} ${Math.random()}`,
    openedAt: Date.now(),
    own: true,
    closed: false,
    entries: [],
  };
  readonly #channel = new BroadcastChannel(CHANNEL);
  readonly #unsent = new Set<TimelineEntry>();
  #count = 0;

  constructor() {
    this.#insert(this.#own);
    this.#channel.onmessage = ({ data }: MessageEvent<LaneMessage>) => this.#receive(data);
    this.#broadcast({ requestsEntries: true });
    addEventListener('pagehide', () => this.#broadcast({ closing: true }));
    addEventListener('pageshow', ({ persisted }) => persisted && this.#broadcast({ requestsEntries: true }));
  }

  /** Adds an entry of this tab and sends it to the other tabs. */
  add(kind: Kind, from: number, to: number | null, note: string): TimelineEntry {
    this.#count += 1;
    const entry: TimelineEntry = { id: this.#count, kind, from, to, note };
    this.#own.entries.push(entry);
    if (this.#own.entries.length > MAX_ENTRIES) this.#own.entries.splice(0, MAX_ENTRIES / 10);
    this.#changed(entry);
    return entry;
  }

  /** Sets the end of an entry to the current time. */
  end(entry: TimelineEntry): void {
    entry.to = Date.now();
    this.#changed(entry);
  }

  /** The label of a tab on the page. */
  name(lane: Lane): string {
    const number = `tab ${this.all.indexOf(lane) + 1}`;
    return `${number}${lane.own ? ' (this one)' : ''}${lane.closed ? ', closed' : ''}`;
  }

  #changed(entry: TimelineEntry): void {
    this.changes += 1;
    if (this.#unsent.size === 0) setTimeout(() => this.#flush(), BATCH_MS);
    this.#unsent.add(entry);
  }

  #flush(): void {
    this.#broadcast({ entries: [...this.#unsent] });
    this.#unsent.clear();
  }

  #broadcast(what: Omit<LaneMessage, 'tab' | 'openedAt'>): void {
    const { tab, openedAt } = this.#own;
    this.#channel.postMessage({ tab, openedAt, ...what } satisfies LaneMessage);
  }

  #receive({ tab, openedAt, requestsEntries, closing, entries = [] }: LaneMessage): void {
    const known = this.all.find((one) => one.tab === tab);
    if (!known && closing) return;
    const lane = known ?? { tab, openedAt, own: false, closed: false, entries: [] };
    if (!known) this.#insert(lane);
    lane.closed = closing === true;
    const closed = this.all.filter((one) => one.closed);
    if (closed.length > MAX_CLOSED_LANES) this.all.splice(this.all.indexOf(closed[0] as Lane), 1);
    for (const received of entries) {
      const at = lane.entries.findLastIndex(({ id }) => id === received.id);
      if (at < 0) lane.entries.push(received);
      else lane.entries[at] = received;
    }
    if (lane.entries.length > MAX_ENTRIES) lane.entries.splice(0, MAX_ENTRIES / 10);
    if (requestsEntries) this.#broadcast({ entries: this.#own.entries });
    this.changes += 1;
  }

  #insert(lane: Lane): void {
    this.all.push(lane);
    this.all.sort((a, b) => a.openedAt - b.openedAt);
  }
}
