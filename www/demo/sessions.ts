// The user's sessions, in this browser and others; and the wait for the end of this one.
import type { AuthClient } from 'tokenward';
import { ask, element, later, make } from './page.js';

interface SessionInfo {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly userAgent: string;
  readonly current: boolean;
}

/** The list of sessions, as `GET /auth/sessions` gives it. */
export async function listSessions(auth: AuthClient): Promise<readonly SessionInfo[]> {
  const response = await ask(auth, 'GET', '/auth/sessions');
  return ((await response.json()) as { sessions: SessionInfo[] }).sessions;
}

/** Shows the list, each with a button that ends it. */
export class SessionList {
  readonly #auth: AuthClient;
  readonly #end: (id: string) => Promise<void>;

  constructor(auth: AuthClient, end: (id: string) => Promise<void>) {
    this.#auth = auth;
    this.#end = end;
    element('sessions-again').addEventListener('click', () => void this.show());
    auth.subscribe(({ status }) => {
      if (status === 'signed-out') this.#say('Sign in to see your sessions.');
    });
    auth.on('signed-in', () => void this.show());
    auth.ready.then(() => this.#showIfSignedIn());
    // Another browser may have begun one meanwhile.
    addEventListener('focus', () => this.#showIfSignedIn());
  }

  #showIfSignedIn(): void {
    if (this.#auth.session.status === 'signed-in') void this.show();
  }

  async show(): Promise<void> {
    try {
      const sessions = await listSessions(this.#auth);
      element('sessions-body').replaceChildren(...sessions.map((session) => this.#row(session)));
      this.#say(
        `${sessions.length} signed in as ${(this.#auth.session.user as { email?: string } | null)?.email ?? 'you'}.`,
        true,
      );
    } catch (error) {
      if (this.#auth.session.status === 'signed-in') this.#say(String(error));
    }
  }

  #row({ id, createdAt, lastUsedAt, userAgent, current }: SessionInfo): HTMLTableRowElement {
    const name = browserOf(userAgent);
    const end = make('button', 'End', {
      type: 'button',
      class: 'quiet',
      'aria-label': `End the session of ${name}${current ? ', this one' : ''}`,
    });
    end.addEventListener('click', async () => {
      end.disabled = true;
      await this.#end(id);
      this.#showIfSignedIn();
    });
    const row = make('tr', [
      make('td', current ? [make('strong', `${name}, this one`)] : name),
      make('td', ago(createdAt)),
      make('td', ago(lastUsedAt)),
      make('td', [end]),
    ]);
    if (current) row.dataset.current = '';
    return row;
  }

  #say(text: string, rows = false): void {
    element('sessions-words').textContent = text;
    if (!rows) element('sessions-body').replaceChildren();
  }
}

/** Asks the server to tell when this session is over: one tab does for all, and the client tells the others. */
export function watchSession(auth: AuthClient): void {
  let watching: AbortController | undefined;
  const watch = async (signal: AbortSignal) => {
    while (!signal.aborted) {
      element('sessions-words').dataset.watched = '';
      // 204: it goes on. A 401 has signed this page out by the time it arrives here.
      const status = await auth.fetch('/demo/session-end', { signal }).then(
        (response) => response.status,
        () => 0,
      );
      // (A server that has no such thing will have none later.)
      if (status === 404) return;
      if (status !== 204) await later(2_000);
    }
  };
  const begin = () => {
    watching?.abort();
    watching = undefined;
    // (Locks are there on https and localhost.)
    if (auth.session.status !== 'signed-in' || !('locks' in navigator)) return;
    watching = new AbortController();
    const { signal } = watching;
    navigator.locks.request('tokenward-demo:session-end', { signal }, () => watch(signal)).catch(() => {});
  };
  auth.ready.then(begin);
  for (const event of ['signed-in', 'signed-out', 'account-changed'] as const) auth.on(event, begin);
}

/** `Chromium 141 on Linux`, as far as the header tells. */
function browserOf(userAgent: string): string {
  const browser = /(Firefox|Edg|OPR|HeadlessChrome|Chrome|Version)\/(\d+)/.exec(userAgent);
  const names: Record<string, string> = {
    Edg: 'Edge',
    OPR: 'Opera',
    HeadlessChrome: 'Chrome, headless',
    Version: 'Safari',
  };
  const system = /Android|iPhone|iPad|Windows|Mac OS X|Linux/.exec(userAgent)?.[0];
  if (!browser) return userAgent.slice(0, 40) || 'unknown';
  const name = `${names[browser[1] ?? ''] ?? browser[1]} ${browser[2]}`;
  return system ? `${name} on ${system}` : name;
}

function ago(seconds: number): string {
  const past = Math.max(Date.now() / 1000 - seconds, 0);
  if (past < 60) return 'just now';
  if (past < 3600) return `${Math.floor(past / 60)} min ago`;
  return new Date(seconds * 1000).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'short' });
}
