// A storm: many concurrent calls, with their progress, their cost in requests and a histogram of their latencies.
import { scaleLinear } from 'd3-scale';
import { counted, duration, element, make } from './page.js';

/** The 401s and refreshes that a storm caused, from the page's counters. */
export interface Cost {
  readonly refused: number;
  readonly refreshes: number;
}

const BINS = 24;
const SVG = 'http://www.w3.org/2000/svg';

/** Makes `count` concurrent calls and describes their results. */
export async function storm(count: number, call: () => Promise<Response>, cost: () => Promise<Cost>): Promise<string> {
  const progress = element<HTMLProgressElement>('progress');
  const [latencies, statuses]: [number[], Map<string, number>] = [[], new Map()];
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
      // The outcome stays 'failed'.
    }
    latencies.push(performance.now() - begin);
    statuses.set(outcome, (statuses.get(outcome) ?? 0) + 1);
    progress.value = latencies.length;
  };
  await Promise.all(Array.from({ length: count }, one));
  const total = duration(performance.now() - start);
  latencies.sort((a, b) => a - b);
  histogram(latencies);
  const { refused, refreshes } = await cost();
  const answered = statuses.get('200') ?? 0;
  statuses.delete('200');
  const others = [...statuses].map(
    ([outcome, times]) => `, ${times} ${outcome === 'failed' ? outcome : `with ${outcome}`}`,
  );
  return `${count} calls in ${total}: ${answered} answered with 200${others.join('')}, ${refused} received a 401 first, ${counted(refreshes, 'refresh', 'refreshes')}`;
}

const at = (sorted: readonly number[], part: number) =>
  sorted[Math.min(Math.floor(sorted.length * part), sorted.length - 1)] ?? 0;

/** Draws the histogram of the latencies, which must be sorted in ascending order. */
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
    // A bin that is not empty gets a visible bar.
    const height = count > 0 ? Math.max((count / most) * 100, 2) : 0;
    for (const [name, value] of Object.entries({ x: index + 0.06, width: 0.88, y: 100 - height, height }))
      bar.setAttribute(name, String(value));
    return bar;
  });
  element('bars').replaceChildren(...bars);
  const summary = `median ${duration(at(sorted, 0.5))}, 95 % within ${duration(at(sorted, 0.95))}`;
  const extremes = `shortest ${duration(shortest)}, longest ${duration(longest)}`;
  element('latencies').setAttribute('aria-label', `Latency of the calls: ${summary}, ${extremes}`);
  element('latency-words').replaceChildren(make('span', '0'), make('span', summary), make('span', duration(end)));
}
