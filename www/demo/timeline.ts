// The timeline: a canvas with a lane for each tab, which follows the present until it is dragged or zoomed (d3-zoom), and the
// same as a table.
import { scaleLinear, scaleTime } from 'd3-scale';
import { select } from 'd3-selection';
import { type D3ZoomEvent, type ZoomBehavior, zoom, zoomIdentity, zoomTransform } from 'd3-zoom';
import { type Happening, isPast, type Kind, type Lane, type Lanes } from './lanes.js';
import { clock, duration, element, make } from './page.js';

const WORDS: Readonly<Record<Kind, string>> = {
  token: 'access token',
  refresh: 'refresh',
  'refresh-failed': 'refresh failed',
  asking: 'refresh under way',
  call: 'call under way',
  answered: 'request answered',
  refused: '401, sent again',
  failed: 'request failed',
  'signed-in': 'signed in',
  'signed-out': 'signed out',
};

/** So much time is seen at first: the present is at three quarters. */
const SPAN = 60_000;
const NOW_AT = 0.75;
const GUTTER = 58;
const AXIS = 22;
/** The rows of a lane: from its top, and how tall. */
const ROWS = { name: [0, 16], token: [18, 20], refresh: [42, 12], calls: [58, 28] } as const;
const LANE = 94;
/** Requests that overlap are drawn in so many lines. */
const LINES = 7;

interface Drawn {
  readonly lane: Lane;
  readonly happening: Happening;
  readonly box: readonly [left: number, top: number, width: number, height: number];
}

export class Timeline {
  readonly #canvas: HTMLCanvasElement;
  readonly #lanes: Lanes;
  readonly #zoom: ZoomBehavior<HTMLCanvasElement, unknown>;
  /** The moment at which the unzoomed view has its present; follows the clock while `#live`. */
  #anchor = Date.now();
  #live = true;
  #drawn: Drawn[] = [];
  #pointer: readonly [x: number, y: number] | undefined;
  #told = -1;

  constructor(canvas: HTMLCanvasElement, lanes: Lanes) {
    this.#canvas = canvas;
    this.#lanes = lanes;
    this.#zoom = zoom<HTMLCanvasElement, unknown>()
      .scaleExtent([0.05, 200])
      // The wheel scrolls the page; with a key it zooms, as on maps.
      .filter((event: MouseEvent) =>
        event.type === 'wheel' ? event.ctrlKey || event.metaKey || event.shiftKey : !event.button,
      )
      .on('zoom', (event: D3ZoomEvent<HTMLCanvasElement, unknown>) => this.#moved(event.sourceEvent?.type));
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
    // Thirty pictures a second are enough, and two for who wants less motion.
    const pause = matchMedia('(prefers-reduced-motion: reduce)').matches ? 500 : 30;
    let last = 0;
    const frame = (time: number) => {
      if (time - last >= pause) {
        last = time;
        this.#draw();
      }
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    setInterval(() => this.#list(), 1000);
    element('table-of-all').addEventListener('toggle', () => this.#list());
  }

  #pixels(): number {
    return Math.max(this.#canvas.clientWidth - GUTTER, 1);
  }

  /** Where the present is with the transform of a live view. */
  #present(): number {
    return GUTTER + this.#pixels() * NOW_AT;
  }

  #moved(by: string | undefined): void {
    // A zoom keeps the present where it is; a drag leaves it.
    if (this.#live && (by === 'mousemove' || by === 'touchmove' || by === undefined)) this.#follow(false);
  }

  /** By a part of what is seen. */
  #moveBy(part: number): void {
    // (d3 counts in pixels of the unzoomed view.)
    const { k } = zoomTransform(this.#canvas);
    this.#zoom.translateBy(select(this.#canvas), (this.#pixels() * part) / k, 0);
  }

  #scaleBy(factor: number): void {
    const live = this.#live;
    this.#zoom.scaleBy(select(this.#canvas), factor, [this.#present(), 0]);
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
      // d3 keeps the transform on the element; here it is the one with the present in its place.
      const { k } = zoomTransform(canvas);
      Object.assign(canvas, { __zoom: zoomIdentity.translate(this.#present() * (1 - k), 0).scale(k) });
    }
    const transform = zoomTransform(canvas);
    const span = SPAN * Math.min(1, Math.max(width / 900, 0.5));
    const base = scaleLinear()
      .domain([this.#anchor - span * NOW_AT, this.#anchor + span * (1 - NOW_AT)])
      .range([GUTTER, GUTTER + this.#pixels()]);
    const x = transform.rescaleX(base);
    const brush = canvas.getContext('2d');
    if (!brush) return;
    const style = getComputedStyle(canvas);
    // (Everything that is drawn asks for some of the same few.)
    const colours = new Map<string, string>();
    const colour = (name: string) => {
      const known = colours.get(name) ?? style.getPropertyValue(`--${name}`);
      colours.set(name, known);
      return known;
    };
    brush.setTransform(scale, 0, 0, scale, 0, 0);
    brush.clearRect(0, 0, width, height);
    brush.textBaseline = 'middle';
    this.#axis(brush, x.domain() as [number, number], x, width, height, colour);
    this.#drawn = [];
    this.#lanes.all.forEach((lane, index) => {
      this.#lane(brush, lane, index * LANE, x, now, width, colour);
    });
    const present = x(now);
    if (present > GUTTER && present < width) {
      brush.fillStyle = colour('text');
      brush.fillRect(present, 0, 1, height - AXIS);
    }
    this.#point();
  }

  #axis(
    brush: CanvasRenderingContext2D,
    [from, to]: [number, number],
    x: (time: number) => number,
    width: number,
    height: number,
    colour: (name: string) => string,
  ): void {
    const times = scaleTime().domain([from, to]);
    const ticks = times.ticks(Math.max(width / 100, 3));
    brush.font = '12px system-ui, sans-serif';
    brush.textAlign = 'center';
    const inWords = times.tickFormat(ticks.length, to - from < 5_000 ? '%H:%M:%S.%L' : '%H:%M:%S');
    for (const tick of ticks) {
      const at = x(tick.getTime());
      if (at < GUTTER + 24 || at > width - 24) continue;
      brush.fillStyle = colour('line');
      brush.fillRect(at, 0, 1, height - AXIS);
      brush.fillStyle = colour('soft');
      brush.fillText(inWords(tick), at, height - AXIS / 2);
    }
    brush.textAlign = 'left';
  }

  #lane(
    brush: CanvasRenderingContext2D,
    lane: Lane,
    top: number,
    x: (time: number) => number,
    now: number,
    width: number,
    colour: (name: string) => string,
  ): void {
    brush.fillStyle = colour('line');
    brush.fillRect(0, top + LANE - 4, width, 1);
    brush.font = '12px system-ui, sans-serif';
    brush.fillStyle = colour('soft');
    for (const row of ['token', 'refresh', 'calls'] as const)
      brush.fillText(row, 0, top + ROWS[row][0] + ROWS[row][1] / 2);
    brush.save();
    brush.beginPath();
    brush.rect(GUTTER, top, width - GUTTER, LANE - 4);
    brush.clip();
    const lines = new Array<number>(LINES).fill(Number.NEGATIVE_INFINITY);
    for (const happening of lane.happenings) {
      if (isPast(happening)) continue;
      const { kind, from } = happening;
      const to = happening.to ?? now;
      const left = x(from);
      const right = x(to);
      // Requests that overlap go into lines below each other, whether they are seen or not.
      const isCall = kind === 'answered' || kind === 'refused' || kind === 'failed' || kind === 'call';
      let line = 0;
      if (isCall) {
        line = lines.findIndex((end) => end <= from);
        if (line < 0) line = happening.id % LINES;
        lines[line] = to;
      }
      if (right < GUTTER - 60 || left > width) continue;
      const row = isCall
        ? ROWS.calls
        : kind === 'token'
          ? ROWS.token
          : kind.startsWith('refresh') || kind === 'asking'
            ? ROWS.refresh
            : ROWS.name;
      const box: [number, number, number, number] = [left, top + row[0], Math.max(right - left, 3), row[1]];
      if (isCall) {
        const tall = row[1] / LINES;
        box[1] += line * tall;
        box[3] = tall - 1;
      }
      brush.fillStyle = colour(kind);
      brush.strokeStyle = colour(kind);
      brush.lineWidth = 1.5;
      DRAW[kind](brush, box, { happening, present: x(now), inside: colour('card'), text: colour('text') });
      this.#drawn.push({ lane, happening, box });
    }
    brush.restore();
    // Above whatever is drawn beside it.
    const name = this.#lanes.name(lane);
    brush.font = '600 12px system-ui, sans-serif';
    brush.fillStyle = colour('card');
    brush.fillRect(0, top, brush.measureText(name).width + 6, ROWS.name[1]);
    brush.fillStyle = colour('text');
    brush.fillText(name, 0, top + ROWS.name[1] / 2);
  }

  /** Says what is under the pointer; it may come there by itself. */
  #point(): void {
    const [x, y] = this.#pointer ?? [Number.NaN, Number.NaN];
    const found = this.#drawn.findLast(
      ({ box: [left, top, width, height] }) =>
        x >= left - 3 && x <= left + width + 3 && y >= top - 2 && y <= top + height + 2,
    );
    const text = found ? `${this.#lanes.name(found.lane)}: ${inWords(found.happening)}` : '';
    const pointed = element('pointed');
    if (pointed.textContent !== text) pointed.textContent = text;
  }

  /** The last happenings as a table, while it is open. */
  #list(): void {
    if (!element<HTMLDetailsElement>('table-of-all').open || this.#told === this.#lanes.changes) return;
    this.#told = this.#lanes.changes;
    const all = this.#lanes.all.flatMap((lane) =>
      lane.happenings.filter((one) => !isPast(one)).map((happening) => ({ lane, happening })),
    );
    all.sort((a, b) => b.happening.from - a.happening.from);
    const rows = all
      .slice(0, 60)
      .map(({ lane, happening: { kind, from, to, note } }) =>
        make('tr', [
          make('td', clock(from)),
          make('td', this.#lanes.name(lane)),
          make('td', WORDS[kind]),
          make('td', to === null ? 'under way' : to === from ? '' : duration(to - from)),
          make('td', note),
        ]),
      );
    element('rows').replaceChildren(...rows);
  }
}

const inWords = ({ kind, from, to, note }: Happening) =>
  `${[WORDS[kind], note].filter(Boolean).join(', ')}, ${clock(from)}${to === null ? ', under way' : to > from ? `, ${duration(to - from)}` : ''}`;

interface How {
  readonly happening: Happening;
  readonly present: number;
  readonly inside: string;
  readonly text: string;
}
type Draw = (brush: CanvasRenderingContext2D, box: [number, number, number, number], how: How) => void;

const filled: Draw = (brush, [left, top, width, height]) => brush.fillRect(left, top, width, height);
const outlined: Draw = (brush, [left, top, width, height], { inside }) => {
  const { fillStyle } = brush;
  brush.fillStyle = inside;
  brush.fillRect(left, top, width, height);
  brush.fillStyle = fillStyle;
  brush.strokeRect(left + 0.5, top + 0.5, Math.max(width - 1, 2), Math.max(height - 1, 1));
};
/** A sign with words beside it. */
const flag =
  (draw: (brush: CanvasRenderingContext2D, left: number, top: number, size: number) => void): Draw =>
  (brush, [left, top, , height], { happening, text }) => {
    const size = 10;
    brush.beginPath();
    draw(brush, left, top + (height - size) / 2, size);
    brush.fill();
    brush.fillStyle = text;
    brush.font = '11px system-ui, sans-serif';
    brush.fillText(
      [WORDS[happening.kind], happening.note].filter(Boolean).join(': '),
      left + size + 3,
      top + height / 2 + 1,
    );
  };

/** Told apart by shape, place and words as well as by colour. */
const DRAW: Readonly<Record<Kind, Draw>> = {
  /** What is left of its life is pale. */
  token(brush, [left, top, width, height], { happening, present, inside }) {
    brush.globalAlpha = 0.35;
    brush.beginPath();
    brush.roundRect(left, top, width, height, 4);
    brush.fill();
    brush.globalAlpha = 1;
    const lived = Math.min(Math.max(present - left, 0), width);
    brush.beginPath();
    brush.roundRect(left, top, lived, height, 4);
    brush.fill();
    // The end of one token is seen where the next begins.
    brush.fillStyle = inside;
    brush.fillRect(left, top, 1, height);
    brush.font = '600 11px system-ui, sans-serif';
    const from = Math.max(left, GUTTER) + 6;
    const room = left + lived - from - 4;
    const words = [
      happening.note,
      happening.note.replace('generation', 'gen.'),
      happening.note.replace(/\D/g, ''),
    ].find((text) => brush.measureText(text).width < room);
    if (words) brush.fillText(words, from, top + height / 2 + 1);
  },
  refresh: filled,
  'refresh-failed'(brush, [left, top, , height]) {
    brush.lineWidth = 2.5;
    brush.beginPath();
    brush.moveTo(left - 4, top + 1);
    brush.lineTo(left + 5, top + height - 1);
    brush.moveTo(left + 5, top + 1);
    brush.lineTo(left - 4, top + height - 1);
    brush.stroke();
  },
  asking: outlined,
  call: outlined,
  answered: filled,
  /** Hollow. */
  refused: outlined,
  /** With a foot that nothing else has. */
  failed(brush, [left, top, width, height]) {
    brush.fillRect(left, top, width, height);
    brush.fillRect(left + width - 2, top - 3, 3, height + 6);
  },
  'signed-in': flag((brush, left, top, size) => {
    brush.moveTo(left, top);
    brush.lineTo(left + size, top + size / 2);
    brush.lineTo(left, top + size);
  }),
  'signed-out': flag((brush, left, top, size) => brush.rect(left, top, size, size)),
};
