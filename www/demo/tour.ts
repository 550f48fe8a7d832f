// The guided tour: four steps that the visitor takes one after the other. Their texts are part of index.html, so that the
// page has its layout before this script runs.
import { element } from './page.js';

/** The steps in the order of the list, each with what the button says before it. */
const STEPS = [
  { id: 'sign-in', button: 'Start the tour' },
  { id: 'expire', button: 'Next: expire the token' },
  { id: 'calls', button: 'Next: 100 calls' },
  { id: 'lost-answer', button: 'Next: lose an answer' },
] as const;

/** What each step does; it returns its result as a string. */
export type TourActions = Readonly<Record<(typeof STEPS)[number]['id'], () => Promise<string>>>;

/** Shows the steps, and takes the next one with each press of the button. A step that fails can be taken again. */
export function setUpTour(actions: TourActions, explain: (error: unknown) => string): void {
  const button = element<HTMLButtonElement>('tour-next');
  const items = [...element('tour-steps').children].map((item) => ({
    item: item as HTMLElement,
    output: item.querySelector('output') as HTMLOutputElement,
  }));
  let next = 0;
  const show = () => {
    button.textContent = STEPS[next]?.button ?? 'Start again';
    for (const [index, { item }] of items.entries()) {
      item.dataset.step = index < next ? 'done' : 'ahead';
      // A phone shows the text of this step only.
      item.toggleAttribute('data-current', index === Math.max(next - 1, 0));
    }
  };
  const start = () => {
    next = 0;
    for (const { output } of items) output.textContent = '';
  };
  button.addEventListener('click', async () => {
    if (next === STEPS.length) start();
    const [step, entry] = [STEPS[next], items[next]];
    if (!step || !entry) return;
    button.disabled = true;
    show();
    for (const { item } of items) item.toggleAttribute('data-current', item === entry.item);
    entry.item.dataset.step = 'running';
    entry.output.textContent = '…';
    try {
      entry.output.textContent = await actions[step.id]();
      next += 1;
    } catch (error) {
      entry.output.textContent = explain(error);
    }
    show();
    button.disabled = false;
    button.focus({ preventScroll: true });
  });
  show();
}
