// The guided tour: four steps that the visitor takes one after the other, each with what to look at.
import { element, make } from './page.js';

interface Step {
  readonly id: string;
  /** What the button says before the step. */
  readonly button: string;
  readonly title: string;
  /** What happens, and what to look at: one sentence. */
  readonly explains: string;
}

const STEPS = [
  {
    id: 'sign-in',
    button: 'Start the tour',
    title: 'Sign in',
    explains:
      'The server sets an httpOnly cookie and returns an access token: look at the blue bar, which is its lifetime.',
  },
  {
    id: 'expire',
    button: 'Next: expire the token',
    title: 'Expire the token',
    explains:
      'The server now rejects the token and does not tell the client: look at the timeline, where nothing changes.',
  },
  {
    id: 'calls',
    button: 'Next: 100 calls',
    title: '100 calls at once',
    explains: 'All of them receive a 401 and succeed after one refresh: look at the counters “401s” and “refreshes”.',
  },
  {
    id: 'lost-answer',
    button: 'Next: lose an answer',
    title: 'A lost answer',
    explains:
      'The answer to a refresh gets lost, and the client asks again with the same key: look at “Session”, still signed in.',
  },
] as const satisfies readonly Step[];

/** What each step does; it returns its result as a text. */
export type TourActions = Readonly<Record<(typeof STEPS)[number]['id'], () => Promise<string>>>;

/** Shows the steps, and takes the next one with each press of the button. A step that fails can be taken again. */
export function setUpTour(actions: TourActions, explain: (error: unknown) => string): void {
  const button = element<HTMLButtonElement>('tour-next');
  const items = STEPS.map(({ title, explains }) => {
    const output = make('output', '', { for: button.id });
    return { output, item: make('li', [make('strong', title), make('p', explains), output]) };
  });
  element('tour-steps').replaceChildren(...items.map(({ item }) => item));
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
