// The timeline: a canvas with a lane for each tab, and a table of the same entries. The canvas follows the
// current time until the user drags it (d3-zoom).
import { scaleLinear, scaleTime } from 'd3-scale';
import { select } from 'd3-selection';
import { type D3ZoomEvent, type ZoomBehavior, zoom, zoomIdentity, zoomTransform } from 'd3-zoom';
import { isCompleted, type Kind, type Lane, type Lanes, type TimelineEntry } from './lanes.js';
import { clock, duration, element, make } from './page.js';

const LABELS: Readonly<Record<Kind, string>> = {
  token: 'access token',
  refresh: 'refresh',
  'refresh-failed': 'refresh failed',
  refreshing: 'refresh in progress',
  call: 'call in progress',
  answered: 'request answered',
  refused: '401, repeated',
  failed: 'request failed',
  'signed-in': 'signed in',
  'signed-out': 'signed out',
};

/** The initial time span in milliseconds, and the position of the current time within it. */
const SPAN = 60_000;
const NOW_AT = 0.75;
const GUTTER = 58;
const AXIS = 22;
/** The rows of a lane: offset from its top, and height. */
const ROWS = { name: [0, 16], token: [18, 20], refresh: [42, 12], calls: [58, 28] } as const;
const LANE = 94;
/** Number of lines for overlapping requests. */
const CALL_LINES = 7;

interface DrawnEntry {
  readonly lane: Lane;
  readonly entry: TimelineEntry;
  readonly box: readonly [left: number, top: number, width: number, height: number];
}

export class Timeline {
  readonly #canvas: HTMLCanvasElement;
  readonly #lanes: Lanes;
  readonly #zoom: ZoomBehavior<HTMLCanvasElement, unknown>;
  /** The time at `NOW_AT` in the unzoomed view; follows the clock while `#live`. */
  #anchor = Date.now();
  #live = true;
  #drawn: DrawnEntry[] = [];
  #pointer: readonly [x: number, y: number] | undefined;
  #listedChanges = -1;

  constructor(canvas: HTMLCanvasElement, lanes: Lanes) {
    this.#canvas = canvas;
    this.#lanes = lanes;
    this.#zoom = zoom<HTMLCanvasElement, unknown>()
      .scaleExtent([0.05, 200])
      // The wheel scrolls the page; with a modifier key it zooms.
      .filter((event: MouseEvent) =>
        event.type === 'wheel' ? event.ctrlKey || event.metaKey || event.shiftKey : !event.button,
      )
      .on('zoom', (event: D3ZoomEvent<HTMLCanvasElement, unknown>) => this.#onZoom(event.sourceEvent?.type));
    select(canvas).call(this.#zoom);
    canvas.addEventListener('pointermove', ({ offsetX, offsetY }) => {
      this.#pointer = [offsetX, offsetY];
    });
    canvas.addEventListener('pointerleave', () => {
      this.#pointer = undefined;
    });
    const on = (id: string, work: () => void) => element(id).addEventListener('click', work);
    on('earlier', () => this.#moveBy(1 / 3));
    on('later', () => this.#moveBy(-1 / 3));
    on('zoom-in', () => this.#scaleBy(2));
    on('zoom-out', () => this.#scaleBy(0.5));
    on('live', () => this.#follow(true));
    // Draws some 30 frames per second, or 2 for users who prefer reduced motion.
    const pauseMs = matchMedia('(prefers-reduced-motion: reduce)').matches ? 500 : 20;
    const draw = () => {
      this.#draw();
      setTimeout(() => requestAnimationFrame(draw), pauseMs);
    };
    draw();
    setInterval(() => this.#list(), 1000);
    element('table-of-all').addEventListener('toggle', () => this.#list());
  }

  #pixels(): number {
    return Math.max(this.#canvas.clientWidth - GUTTER, 1);
  }

  /** The x coordinate of the current time in a live view. */
  #currentX(): number {
    return GUTTER + this.#pixels() * NOW_AT;
  }

  #onZoom(by: string | undefined): void {
    // A zoom keeps the live view; a drag ends it.
    if (this.#live && (by === 'mousemove' || by === 'touchmove' || by === undefined)) this.#follow(false);
  }

  /** Moves by a fraction of the visible span. */
  #moveBy(part: number): void {
    // d3 expects pixels of the unzoomed view.
    const { k } = zoomTransform(this.#canvas);
    this.#zoom.translateBy(select(this.#canvas), (this.#pixels() * part) / k, 0);
  }

  #scaleBy(factor: number): void {
    const live = this.#live;
    this.#zoom.scaleBy(select(this.#canvas), factor, [this.#currentX(), 0]);
    this.#follow(live);
  }

  #follow(live: boolean): void {
    this.#live = live;
    element('live').setAttribute('aria-pressed', String(live));
  }

  #draw(): void {
    const canvas = this.#canvas;
    const { clientWidth: width } = canvas;
    const height = this.#lanes.all.length * LANE + AXIS;
    const scale = devicePixelRatio;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      canvas.style.height = `${height}px`;
      canvas.width = Math.round(width * scale);
      canvas.height = Math.round(height * scale);
    }
    const now = Date.now();
    if (this.#live) {
      this.#anchor = now;
      // d3 stores the transform on the element; this one puts the current time at `NOW_AT`.
      const { k } = zoomTransform(canvas);
      Object.assign(canvas, { __zoom: zoomIdentity.translate(this.#currentX() * (1 - k), 0).scale(k) });
    }
    const transform = zoomTransform(canvas);
    const span = SPAN * Math.min(1, Math.max(width / 900, 0.5));
    const base = scaleLinear()
      .domain([this.#anchor - span * NOW_AT, this.#anchor + span * (1 - NOW_AT)])
      .range([GUTTER, GUTTER + this.#pixels()]);
    const x = transform.rescaleX(base);
    const context = canvas.getContext('2d');
    if (!context) return;
    const style = getComputedStyle(canvas);
    // Caches the custom properties: each drawn entry reads one of a few.
    const colours = new Map<string, string>();
    const colour = (name: string) => {
      const known = colours.get(name) ?? style.getPropertyValue(`--${name}`);
      colours.set(name, known);
      return known;
    };
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    context.textBaseline = 'middle';
    this.#axis(context, x.domain() as [number, number], x, width, height, colour);
    this.#drawn = [];
    this.#lanes.all.forEach((lane, index) => {
      this.#lane(context, lane, index * LANE, x, now, width, colour);
    });
    const currentX = x(now);
    if (currentX > GUTTER && currentX < width) {
      context.fillStyle = colour('text');
      context.fillRect(currentX, 0, 1, height - AXIS);
    }
    this.#showPointed();
  }

  #axis(
    context: CanvasRenderingContext2D,
    [from, to]: [number, number],
    x: (time: number) => number,
    width: number,
    height: number,
    colour: (name: string) => string,
  ): void {
    const times = scaleTime().domain([from, to]);
    const ticks = times.ticks(Math.max(width / 100, 3));
    context.font = '12px system-ui, sans-serif';
    context.textAlign = 'center';
    const format = times.tickFormat(ticks.length, to - from < 5_000 ? '%H:%M:%S.%L' : '%H:%M:%S');
    for (const tick of ticks) {
      const at = x(tick.getTime());
      if (at < GUTTER + 24 || at > width - 24) continue;
      context.fillStyle = colour('line');
      context.fillRect(at, 0, 1, height - AXIS);
      context.fillStyle = colour('soft');
      context.fillText(format(tick), at, height - AXIS / 2);
    }
    context.textAlign = 'left';
  }

  #lane(
    context: CanvasRenderingContext2D,
    lane: Lane,
    top: number,
    x: (time: number) => number,
    now: number,
    width: number,
    colour: (name: string) => string,
  ): void {
    context.fillStyle = colour('line');
    context.fillRect(0, top + LANE - 4, width, 1);
    context.font = '12px system-ui, sans-serif';
    context.fillStyle = colour('soft');
    for (const row of ['token', 'refresh', 'calls'] as const)
      context.fillText(row, 0, top + ROWS[row][0] + ROWS[row][1] / 2);
    context.save();
    context.beginPath();
    context.rect(GUTTER, top, width - GUTTER, LANE - 4);
    context.clip();
    const lines = new Array<number>(CALL_LINES).fill(Number.NEGATIVE_INFINITY);
    for (const entry of lane.entries) {
      if (isCompleted(entry)) continue;
      const { kind, from } = entry;
      const to = entry.to ?? now;
      const left = x(from);
      const right = x(to);
      // Assigns overlapping requests to separate lines, also outside the visible span, so that lines stay stable.
      const isCall = kind === 'answered' || kind === 'refused' || kind === 'failed' || kind === 'call';
      let line = 0;
      if (isCall) {
        line = lines.findIndex((end) => end <= from);
        if (line < 0) line = entry.id % CALL_LINES;
        lines[line] = to;
      }
      if (right < GUTTER - 60 || left > width) continue;
      const row = isCall ? ROWS.calls : rowOf(kind);
      const box: [number, number, number, number] = [left, top + row[0], Math.max(right - left, 3), row[1]];
      if (isCall) {
        const tall = row[1] / CALL_LINES;
        box[1] += line * tall;
        box[3] = tall - 1;
      }
      context.fillStyle = colour(kind);
      context.strokeStyle = colour(kind);
      context.lineWidth = 1.5;
      DRAW[kind](context, box, { entry, currentX: x(now), inside: colour('card'), text: colour('text') });
      this.#drawn.push({ lane, entry, box });
    }
    context.restore();
    // The name covers the entries that reach it.
    const name = this.#lanes.name(lane);
    context.font = '600 12px system-ui, sans-serif';
    context.fillStyle = colour('card');
    context.fillRect(0, top, context.measureText(name).width + 6, ROWS.name[1]);
    context.fillStyle = colour('text');
    context.fillText(name, 0, top + ROWS.name[1] / 2);
  }

  /** Describes the entry under the pointer. Runs on each draw, because entries move below a resting pointer. */
  #showPointed(): void {
    const [x, y] = this.#pointer ?? [Number.NaN, Number.NaN];
    const found = this.#drawn.findLast(
      ({ box: [left, top, width, height] }) =>
        x >= left - 3 && x <= left + width + 3 && y >= top - 2 && y <= top + height + 2,
    );
    const text = found ? `${this.#lanes.name(found.lane)}: ${describe(found.entry)}` : '';
    const pointed = element('pointed');
    if (pointed.textContent !== text) pointed.textContent = text;
  }

  /** Lists the latest entries in the table while it is open. */
  #list(): void {
    if (!element<HTMLDetailsElement>('table-of-all').open || this.#listedChanges === this.#lanes.changes) return;
    this.#listedChanges = this.#lanes.changes;
    const all = this.#lanes.all.flatMap((lane) =>
      lane.entries.filter((one) => !isCompleted(one)).map((entry) => ({ lane, entry })),
    );
    all.sort((a, b) => b.entry.from - a.entry.from);
    const rows = all
      .slice(0, 60)
      .map(({ lane, entry: { kind, from, to, note } }) =>
        make('tr', [
          make('td', clock(from)),
          make('td', this.#lanes.name(lane)),
          make('td', LABELS[kind]),
          make('td', to === null ? 'in progress' : to === from ? '' : duration(to - from)),
          make('td', note),
        ]),
      );
    element('rows').replaceChildren(...rows);
  }
}

/** The row of an entry that is not a call. */
function rowOf(kind: Kind): readonly [number, number] {
  if (kind === 'token') return ROWS.token;
  return kind.startsWith('refresh') || kind === 'refreshing' ? ROWS.refresh : ROWS.name;
}

const describe = ({ kind, from, to, note }: TimelineEntry) =>
  `${[LABELS[kind], note].filter(Boolean).join(', ')}, ${clock(from)}${to === null ? ', in progress' : to > from ? `, ${duration(to - from)}` : ''}`;

interface DrawOptions {
  readonly entry: TimelineEntry;
  readonly currentX: number;
  readonly inside: string;
  readonly text: string;
}
type Draw = (context: CanvasRenderingContext2D, box: [number, number, number, number], options: DrawOptions) => void;

const filled: Draw = (context, [left, top, width, height]) => context.fillRect(left, top, width, height);
const outlined: Draw = (context, [left, top, width, height], { inside }) => {
  const { fillStyle } = context;
  context.fillStyle = inside;
  context.fillRect(left, top, width, height);
  context.fillStyle = fillStyle;
  context.strokeRect(left + 0.5, top + 0.5, Math.max(width - 1, 2), Math.max(height - 1, 1));
};
/** A symbol with a label beside it. */
const flag =
  (draw: (context: CanvasRenderingContext2D, left: number, top: number, size: number) => void): Draw =>
  (context, [left, top, , height], { entry, text }) => {
    const size = 10;
    context.beginPath();
    draw(context, left, top + (height - size) / 2, size);
    context.fill();
    context.fillStyle = text;
    context.font = '11px system-ui, sans-serif';
    context.fillText(
      [LABELS[entry.kind], entry.note].filter(Boolean).join(': '),
      left + size + 3,
      top + height / 2 + 1,
    );
  };

/** Kinds differ in shape, position and label as well as in colour. */
const DRAW: Readonly<Record<Kind, Draw>> = {
  /** The remaining lifetime is pale. */
  token(context, [left, top, width, height], { entry, currentX, inside }) {
    context.globalAlpha = 0.35;
    context.beginPath();
    context.roundRect(left, top, width, height, 4);
    context.fill();
    context.globalAlpha = 1;
    const elapsed = Math.min(Math.max(currentX - left, 0), width);
    context.beginPath();
    context.roundRect(left, top, elapsed, height, 4);
    context.fill();
    // A gap separates consecutive tokens.
    context.fillStyle = inside;
    context.fillRect(left, top, 1, height);
    context.font = '600 11px system-ui, sans-serif';
    const from = Math.max(left, GUTTER) + 6;
    const room = left + elapsed - from - 4;
    const words = [entry.note, entry.note.replace('generation', 'gen.'), entry.note.replace(/\D/g, '')].find(
      (text) => context.measureText(text).width < room,
    );
    if (words) context.fillText(words, from, top + height / 2 + 1);
  },
  refresh: filled,
  'refresh-failed'(context, [left, top, , height]) {
    context.lineWidth = 2.5;
    context.beginPath();
    context.moveTo(left - 4, top + 1);
    context.lineTo(left + 5, top + height - 1);
    context.moveTo(left + 5, top + 1);
    context.lineTo(left - 4, top + height - 1);
    context.stroke();
  },
  refreshing: outlined,
  call: outlined,
  answered: filled,
  /** Outlined, unlike an answered request. */
  refused: outlined,
  /** The bar at the end marks a failure without colour. */
  failed(context, [left, top, width, height]) {
    context.fillRect(left, top, width, height);
    context.fillRect(left + width - 2, top - 3, 3, height + 6);
  },
  'signed-in': flag((context, left, top, size) => {
    context.moveTo(left, top);
    context.lineTo(left + size, top + size / 2);
    context.lineTo(left, top + size);
  }),
  'signed-out': flag((context, left, top, size) => context.rect(left, top, size, size)),
};
