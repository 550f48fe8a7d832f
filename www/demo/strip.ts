// The live strip: what happened in the last half minute, drawn from a list of happenings.

export type Kind = 'token' | 'refresh' | 'ok' | 'refused' | 'failed';

interface Happening {
  readonly kind: Kind;
  readonly from: number;
  to: number;
}

const SPAN = 30_000;
const LANES: readonly (readonly Kind[])[] = [['token'], ['refresh'], ['ok', 'refused', 'failed']];
const LANE_NAMES = ['token', 'refresh', 'calls'];

export class Strip {
  readonly #happenings: Happening[] = [];
  readonly #canvas: HTMLCanvasElement;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    const frame = () => {
      this.#draw();
      requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }

  add(kind: Kind, from: number, to: number): Happening {
    const happening = { kind, from, to };
    this.#happenings.push(happening);
    while (this.#happenings[0] && this.#happenings[0].to < Date.now() - SPAN) this.#happenings.shift();
    return happening;
  }

  #draw(): void {
    const canvas = this.#canvas;
    const { clientWidth: width, clientHeight: height } = canvas;
    const scale = devicePixelRatio;
    if (canvas.width !== width * scale || canvas.height !== height * scale) {
      canvas.width = width * scale;
      canvas.height = height * scale;
    }
    const brush = canvas.getContext('2d');
    if (!brush) return;
    const style = getComputedStyle(canvas);
    brush.setTransform(scale, 0, 0, scale, 0, 0);
    brush.clearRect(0, 0, width, height);
    brush.font = '12px system-ui, sans-serif';
    const left = 56;
    const lane = height / LANES.length;
    const now = Date.now();
    const x = (time: number) => left + (width - left) * (1 - (now - time) / SPAN);
    LANES.forEach((kinds, index) => {
      const top = index * lane;
      brush.fillStyle = style.getPropertyValue('--soft');
      brush.fillText(LANE_NAMES[index] ?? '', 0, top + lane / 2 + 4);
      brush.fillStyle = style.getPropertyValue('--line');
      brush.fillRect(left, top + lane - 1, width - left, 1);
      for (const { kind, from, to } of this.#happenings) {
        if (!kinds.includes(kind)) continue;
        const start = Math.max(x(from), left);
        const end = Math.min(x(Math.min(to, now)), width);
        if (end < left) continue;
        brush.fillStyle = style.getPropertyValue(`--${kind}`);
        brush.globalAlpha = index === 2 ? 0.75 : 1;
        // 401s stand above the answers, so that a storm shows both.
        const inset = kind === 'refused' ? 0.1 : kind === 'ok' ? 0.45 : 0.2;
        const tall = index === 2 ? 0.3 : 0.6;
        brush.fillRect(start, top + lane * inset, Math.max(end - start, 3), lane * tall);
        brush.globalAlpha = 1;
      }
    });
  }
}
