// The inspector: the session, the event log, and a bug report of both. It never shows a token.
import type { AuthClient, LogEntry } from 'tokenward';
import { clock, element, make } from './page.js';

const MAX_LINES = 200;
/** Times among the claims of a JWT (RFC 7519 §4.1), in seconds. */
const TIME_CLAIMS = new Set(['exp', 'iat', 'nbf', 'auth_time']);
/** Claims that the bug report includes. The values of other claims may identify the user, so it omits them. */
const REPORTED_CLAIMS = new Set([...TIME_CLAIMS, 'iss', 'aud', 'role', 'roles', 'scope', 'generation']);

export class Inspector {
  readonly #auth: AuthClient;
  #renderedRows = '';

  constructor(auth: AuthClient) {
    this.#auth = auth;
    auth.subscribe(() => this.#show());
    setInterval(() => this.#show(), 1000);
    element('report').addEventListener('click', () => void this.#copy());
  }

  /** Adds a line of the page to the event log. */
  note(text: string): void {
    this.#line(Date.now(), text, 'page');
  }

  /** Receives the log entries of the client (`options.onLog`). */
  readonly entry = ({ at, level, event, detail }: LogEntry): void => this.#line(at, formatEvent(event, detail), level);

  #line(at: number, text: string, level: string): void {
    const log = element('log');
    log.prepend(make('li', [make('time', clock(at)), make('span', text, { class: 'said' })], { class: level }));
    while (log.children.length > MAX_LINES) log.lastElementChild?.remove();
  }

  #show(): void {
    const { status, reason, expiresAt, claims } = this.#auth.session;
    const rows: [string, string][] = [
      ['status', status],
      ['reason', reason ?? '–'],
      ['expiresAt', expiresAt === null ? '–' : `${clock(expiresAt)}, ${relativeTime(expiresAt)}`],
      ...(claims ? [] : [['claims', status === 'signed-in' ? 'none: the token is opaque' : '–'] as [string, string]]),
      ...Object.entries(claims ?? {}).map(([name, value]): [string, string] => [
        `claims.${name}`,
        formatClaim(name, value),
      ]),
    ];
    const shown = JSON.stringify(rows);
    if (shown === this.#renderedRows) return;
    this.#renderedRows = shown;
    // Updates changed nodes only, so that a screen reader keeps its position in the list.
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
    const reportedClaims = Object.entries(claims ?? {}).map(([name, value]) =>
      REPORTED_CLAIMS.has(name) ? `${name}: ${JSON.stringify(value)}` : `${name}: (${typeof value}, omitted)`,
    );
    const entries = this.#auth
      .diagnostics()
      .map(
        ({ at, level, event, detail }) =>
          `${new Date(at).toISOString()} ${level.padEnd(5)} ${formatEvent(event, detail)}`,
      );
    return [
      '### Session',
      `status: ${status}, reason: ${reason}, expiresAt: ${expiresAt === null ? null : `${new Date(expiresAt).toISOString()} (${relativeTime(expiresAt)})`}`,
      `claims: ${reportedClaims.join(', ') || 'none'}`,
      '### Events',
      '```',
      ...entries,
      '```',
      '### Environment',
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
      element('report-words').textContent = 'Copied. The report:';
    } catch {
      area.select();
      element('report-words').textContent =
        'The browser blocks access to the clipboard. The report is selected; copy it from here:';
    }
  }
}

const formatEvent = (event: string, detail: LogEntry['detail']) =>
  [
    event,
    ...Object.entries(detail ?? {}).flatMap(([name, value]) =>
      value == null ? [] : `${name}=${formatDetail(name, value)}`,
    ),
  ].join(' ');

const formatDetail = (name: string, value: unknown) =>
  name === 'retryAt' ? clock(value as number) : typeof value === 'number' ? Math.round(value * 10) / 10 : value;

const relativeTime = (time: number) => {
  const seconds = Math.round((time - Date.now()) / 1000);
  return seconds >= 0 ? `in ${seconds} s` : `${-seconds} s ago`;
};

function formatClaim(name: string, value: unknown): string {
  if (TIME_CLAIMS.has(name) && typeof value === 'number') return `${value} (${clock(value * 1000)})`;
  return typeof value === 'string' ? value : JSON.stringify(value);
}
