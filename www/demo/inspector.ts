// The inspector: what the client says of its session, what happened, and both as a bug report. Never a token.
import type { AuthClient, LogEntry } from 'tokenward';
import { clock, element, make } from './page.js';

const SHOWN = 200;
/** Times among the claims of a JWT (RFC 7519 §4.1), in seconds. */
const TIMES = new Set(['exp', 'iat', 'nbf', 'auth_time']);
/** What a claim says of a person or a session stays on this page. */
const TOLD = new Set([...TIMES, 'iss', 'aud', 'role', 'roles', 'scope', 'generation']);

export class Inspector {
  readonly #auth: AuthClient;
  #shown = '';

  constructor(auth: AuthClient) {
    this.#auth = auth;
    auth.subscribe(() => this.#show());
    setInterval(() => this.#show(), 1000);
    element('report').addEventListener('click', () => void this.#copy());
  }

  /** What the page itself has to say. */
  note(text: string): void {
    this.#line(Date.now(), text, 'page');
  }

  /** `options.onLog`. */
  readonly entry = ({ at, level, event, detail }: LogEntry): void => this.#line(at, inWords(event, detail), level);

  #line(at: number, text: string, level: string): void {
    const log = element('log');
    log.prepend(make('li', [make('time', clock(at)), make('span', text, { class: 'said' })], { class: level }));
    while (log.children.length > SHOWN) log.lastElementChild?.remove();
  }

  #show(): void {
    const { status, reason, expiresAt, claims } = this.#auth.session;
    const rows: [string, string][] = [
      ['status', status],
      ['reason', reason ?? '–'],
      ['expiresAt', expiresAt === null ? '–' : `${clock(expiresAt)}, ${until(expiresAt)}`],
      ...(claims ? [] : [['claims', status === 'signed-in' ? 'none: the token is opaque' : '–'] as [string, string]]),
      ...Object.entries(claims ?? {}).map(([name, value]): [string, string] => [`claims.${name}`, claim(name, value)]),
    ];
    const shown = JSON.stringify(rows);
    if (shown === this.#shown) return;
    this.#shown = shown;
    // (Only what differs: who reads the list is not thrown out of it each second.)
    const list = element('snapshot');
    while (list.children.length > rows.length) list.lastElementChild?.remove();
    rows.forEach(([name, value], index) => {
      const row = list.children[index] ?? list.appendChild(make('div', [make('dt'), make('dd')]));
      const [term, detail] = row.children as unknown as [HTMLElement, HTMLElement];
      if (term.textContent !== name) term.textContent = name;
      if (detail.textContent !== value) detail.textContent = value;
    });
  }

  /** The report as Markdown. */
  report(): string {
    const { status, reason, expiresAt, claims } = this.#auth.session;
    const told = Object.entries(claims ?? {}).map(([name, value]) =>
      TOLD.has(name) ? `${name}: ${JSON.stringify(value)}` : `${name}: (${typeof value}, left out)`,
    );
    const entries = this.#auth
      .diagnostics()
      .map(
        ({ at, level, event, detail }) => `${new Date(at).toISOString()} ${level.padEnd(5)} ${inWords(event, detail)}`,
      );
    return [
      '### Session',
      `status: ${status}, reason: ${reason}, expiresAt: ${expiresAt === null ? null : `${new Date(expiresAt).toISOString()} (${until(expiresAt)})`}`,
      `claims: ${told.join(', ') || 'none'}`,
      '### What happened',
      '```',
      ...entries,
      '```',
      '### Where',
      `${navigator.userAgent}, ${new Date().toISOString()}, online: ${navigator.onLine}, visible: ${document.visibilityState}`,
      '',
    ].join('\n');
  }

  async #copy(): Promise<void> {
    const text = this.report();
    const area = element<HTMLTextAreaElement>('report-text');
    area.value = text;
    area.hidden = false;
    try {
      await navigator.clipboard.writeText(text);
      element('report-words').textContent = 'Copied. This is what it says:';
    } catch {
      area.select();
      element('report-words').textContent = 'The browser does not let this page copy; here it is, marked:';
    }
  }
}

const inWords = (event: string, detail: LogEntry['detail']) =>
  [
    event,
    ...Object.entries(detail ?? {}).flatMap(([name, value]) => (value == null ? [] : `${name}=${said(name, value)}`)),
  ].join(' ');

const said = (name: string, value: unknown) =>
  name === 'retryAt' ? clock(value as number) : typeof value === 'number' ? Math.round(value * 10) / 10 : value;

const until = (time: number) => {
  const seconds = Math.round((time - Date.now()) / 1000);
  return seconds >= 0 ? `in ${seconds} s` : `${-seconds} s ago`;
};

function claim(name: string, value: unknown): string {
  if (TIMES.has(name) && typeof value === 'number') return `${value} (${clock(value * 1000)})`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
