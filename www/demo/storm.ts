// A storm: many calls at once, how far they are, what they cost, and how long each took.
import { scaleLinear } from 'd3-scale';
import { counted, duration, element, make } from './page.js';

/** What the page's counters say of the storm once the browser has told of its requests. */
export interface Cost {
  readonly refused: number;
  readonly refreshes: number;
}

const BINS = 24;
const SVG = 'http://www.w3.org/2000/svg';

/** Makes so many calls at once, and says what came of them. */
export async function storm(count: number, call: () => Promise<Response>, cost: () => Promise<Cost>): Promise<string> {
  const progress = element<HTMLProgressElement>('progress');
  const [took, statuses]: [number[], Map<string, number>] = [[], new Map()];
  progress.max = count;
  progress.value = 0;
  const start = performance.now();
  const one = async () => {
    const begin = performance.now();
    let outcome = 'failed';
    try {
      const response = await call();
      outcome = String(response.status);
      await response.arrayBuffer();
    } catch {
      // It is counted as failed.
    }
    took.push(performance.now() - begin);
    statuses.set(outcome, (statuses.get(outcome) ?? 0) + 1);
    progress.value = took.length;
  };
  await Promise.all(Array.from({ length: count }, one));
  const whole = duration(performance.now() - start);
  took.sort((a, b) => a - b);
  histogram(took);
  const { refused, refreshes } = await cost();
  const answered = statuses.get('200') ?? 0;
  statuses.delete('200');
  const others = [...statuses].map(
    ([outcome, times]) => `, ${times} ${outcome === 'failed' ? outcome : `with ${outcome}`}`,
  );
  return `${count} calls in ${whole}: ${answered} answered with 200${others.join('')}, ${refused} met a 401 on the way, ${counted(refreshes, 'refresh', 'refreshes')}`;
}

const at = (sorted: readonly number[], part: number) =>
  sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)] ?? 0;

/** Draws how long the calls took, shortest first. */
function histogram(sorted: readonly number[]): void {
  const [shortest, longest] = [at(sorted, 0), at(sorted, 1)];
  const end = scaleLinear([0, longest], [0, 1]).nice(BINS).domain()[1] as number;
  const bins = new Array<number>(BINS).fill(0);
  for (const one of sorted) {
    const bin = Math.min(Math.floor((one / end) * BINS), BINS - 1);
    bins[bin] = (bins[bin] ?? 0) + 1;
  }
  const most = Math.max(...bins);
  const bars = bins.map((count, index) => {
    const bar = document.createElementNS(SVG, 'rect');
    // What is there is seen, however little it is beside the others.
    const height = count > 0 ? Math.max((count / most) * 100, 2) : 0;
    for (const [name, value] of Object.entries({ x: index + 0.06, width: 0.88, y: 100 - height, height }))
      bar.setAttribute(name, String(value));
    return bar;
  });
  element('bars').replaceChildren(...bars);
  const said = `median ${duration(at(sorted, 0.5))}, 95 % within ${duration(at(sorted, 0.95))}`;
  const ends = `shortest ${duration(shortest)}, longest ${duration(longest)}`;
  element('latencies').setAttribute('aria-label', `How long the calls took: ${said}, ${ends}`);
  element('latency-words').replaceChildren(make('span', '0'), make('span', said), make('span', duration(end)));
}
