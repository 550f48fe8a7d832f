// What happened, tab by tab. The tabs of the page tell each other; times, kinds and words travel, nothing else.

export type Kind =
  | 'token'
  | 'refresh'
  | 'refresh-failed'
  | 'asking'
  | 'call'
  | 'answered'
  | 'refused'
  | 'failed'
  | 'signed-in'
  | 'signed-out';

export interface Happening {
  /** Within its tab. */
  readonly id: number;
  readonly kind: Kind;
  /** Milliseconds since the epoch. */
  readonly from: number;
  /** As long as it lasts, the end that it is expected to have; null where nobody knows. */
  to: number | null;
  readonly note: string;
}

/** What is under way is seen while it is; what came of it is told by others. */
export const isPast = ({ kind, to }: Happening) => (kind === 'call' || kind === 'asking') && to !== null;

export interface Lane {
  readonly tab: string;
  /** When the tab was opened. */
  readonly born: number;
  readonly own: boolean;
  closed: boolean;
  /** In the order in which they were told. */
  happenings: Happening[];
}

interface Told {
  readonly tab: string;
  readonly born: number;
  /** A tab that has just been opened asks the others what they know of themselves. */
  readonly asks?: boolean;
  readonly closes?: boolean;
  readonly happenings?: readonly Happening[];
}

const CHANNEL = 'tokenward-demo';
/** So many are kept of each tab. */
const KEPT = 6_000;
/** Tabs that are gone are seen for a while: so many of them. */
const CLOSED = 2;
/** What is told within so many milliseconds travels together. */
const MOMENT = 100;

export class Lanes {
  /** The oldest tab first. */
  readonly all: Lane[] = [];
  /** Counts changes, for whoever draws them. */
  changes = 0;
  readonly #own: Lane = {
    tab: `${performance.timeOrigin} ${Math.random()}`,
    born: Date.now(),
    own: true,
    closed: false,
    happenings: [],
  };
  readonly #channel = new BroadcastChannel(CHANNEL);
  readonly #untold = new Set<Happening>();
  #count = 0;

  constructor() {
    this.#insert(this.#own);
    this.#channel.onmessage = ({ data }: MessageEvent<Told>) => this.#hear(data);
    this.#tell({ asks: true });
    addEventListener('pagehide', () => this.#tell({ closes: true }));
    addEventListener('pageshow', ({ persisted }) => persisted && this.#tell({ asks: true }));
  }

  /** Something that begins or is over in this tab. */
  add(kind: Kind, from: number, to: number | null, note: string): Happening {
    this.#count += 1;
    const happening: Happening = { id: this.#count, kind, from, to, note };
    this.#own.happenings.push(happening);
    if (this.#own.happenings.length > KEPT) this.#own.happenings.splice(0, KEPT / 10);
    this.#changed(happening);
    return happening;
  }

  /** It ended now, and not when it was expected to. */
  end(happening: Happening): void {
    happening.to = Date.now();
    this.#changed(happening);
  }

  /** How a tab is called on the page. */
  name(lane: Lane): string {
    const number = `tab ${this.all.indexOf(lane) + 1}`;
    return `${number}${lane.own ? ' (this one)' : ''}${lane.closed ? ', closed' : ''}`;
  }

  #changed(happening: Happening): void {
    this.changes += 1;
    if (this.#untold.size === 0) setTimeout(() => this.#flush(), MOMENT);
    this.#untold.add(happening);
  }

  #flush(): void {
    this.#tell({ happenings: [...this.#untold] });
    this.#untold.clear();
  }

  #tell(what: Omit<Told, 'tab' | 'born'>): void {
    const { tab, born } = this.#own;
    this.#channel.postMessage({ tab, born, ...what } satisfies Told);
  }

  #hear({ tab, born, asks, closes, happenings = [] }: Told): void {
    const known = this.all.find((one) => one.tab === tab);
    if (!known && closes) return;
    const lane = known ?? { tab, born, own: false, closed: false, happenings: [] };
    if (!known) this.#insert(lane);
    lane.closed = closes === true;
    const closed = this.all.filter((one) => one.closed);
    if (closed.length > CLOSED) this.all.splice(this.all.indexOf(closed[0] as Lane), 1);
    for (const told of happenings) {
      const at = lane.happenings.findLastIndex(({ id }) => id === told.id);
      if (at < 0) lane.happenings.push(told);
      else lane.happenings[at] = told;
    }
    if (lane.happenings.length > KEPT) lane.happenings.splice(0, KEPT / 10);
    if (asks) this.#tell({ happenings: this.#own.happenings });
    this.changes += 1;
  }

  #insert(lane: Lane): void {
    this.all.push(lane);
    this.all.sort((a, b) => a.born - b.born);
  }
}
