// The list of the user's sessions in all browsers, and the notification when the current session ends.
import type { AuthClient } from 'tokenward';
import { delay, element, make, request } from './page.js';

interface SessionInfo {
  readonly id: string;
  /** Seconds since the epoch. */
  readonly createdAt: number;
  readonly lastUsedAt: number;
  readonly userAgent: string;
  readonly current: boolean;
}

/** The list of sessions, as `GET /auth/sessions` returns it. */
export async function listSessions(auth: AuthClient): Promise<readonly SessionInfo[]> {
  const response = await request(auth, 'GET', '/auth/sessions');
  return ((await response.json()) as { sessions: SessionInfo[] }).sessions;
}

/** Renders the list; each session has a button that ends it. */
export class SessionList {
  readonly #auth: AuthClient;
  readonly #end: (id: string) => Promise<void>;

  constructor(auth: AuthClient, end: (id: string) => Promise<void>) {
    this.#auth = auth;
    this.#end = end;
    element('sessions-again').addEventListener('click', () => void this.show());
    auth.subscribe(({ status }) => {
      if (status === 'signed-out') this.#showMessage('Sign in to see your sessions.');
    });
    auth.on('signed-in', () => void this.show());
    auth.ready.then(() => this.#showIfSignedIn());
    // Another browser may have started a session in the meantime.
    addEventListener('focus', () => this.#showIfSignedIn());
  }

  #showIfSignedIn(): void {
    if (this.#auth.session.status === 'signed-in') void this.show();
  }

  async show(): Promise<void> {
    try {
      const sessions = await listSessions(this.#auth);
      element('sessions-body').replaceChildren(...sessions.map((session) => this.#row(session)));
      this.#showMessage(
        `${sessions.length} signed in as ${(this.#auth.session.user as { email?: string } | null)?.email ?? 'you'}.`,
        true,
      );
    } catch (error) {
      if (this.#auth.session.status === 'signed-in') this.#showMessage(String(error));
    }
  }

  #row({ id, createdAt, lastUsedAt, userAgent, current }: SessionInfo): HTMLTableRowElement {
    const name = browserOf(userAgent);
    const end = make('button', 'End', {
      type: 'button',
      class: 'quiet',
      'aria-label': `End the session of ${name}${current ? ' (this session)' : ''}`,
    });
    end.addEventListener('click', async () => {
      end.disabled = true;
      await this.#end(id);
      this.#showIfSignedIn();
    });
    const row = make('tr', [
      make('td', current ? [make('strong', `${name} (this session)`)] : name),
      make('td', ago(createdAt)),
      make('td', ago(lastUsedAt)),
      make('td', [end]),
    ]);
    if (current) row.dataset.current = '';
    return row;
  }

  #showMessage(text: string, keepRows = false): void {
    element('sessions-words').textContent = text;
    if (!keepRows) element('sessions-body').replaceChildren();
  }
}

/**
 * Waits with a long poll until the server ends this session. One tab polls, under a lock; the client notifies the other tabs.
 */
export function watchSession(auth: AuthClient): void {
  let controller: AbortController | undefined;
  const watch = async (signal: AbortSignal) => {
    while (!signal.aborted) {
      element('sessions-words').dataset.watched = '';
      // 204: the session continues. On a 401 the client has already signed out.
      const status = await auth.fetch('/demo/session-end', { signal }).then(
        (response) => response.status,
        () => 0,
      );
      // The server does not have this endpoint.
      if (status === 404) return;
      if (status !== 204) await delay(2_000);
    }
  };
  const restart = () => {
    controller?.abort();
    controller = undefined;
    // Web Locks exist in secure contexts only.
    if (auth.session.status !== 'signed-in' || !('locks' in navigator)) return;
    controller = new AbortController();
    const { signal } = controller;
    navigator.locks.request('tokenward-demo:session-end', { signal }, () => watch(signal)).catch(() => {});
  };
  auth.ready.then(restart);
  for (const event of ['signed-in', 'signed-out', 'account-changed'] as const) auth.on(event, restart);
}

/** `Chromium 141 on Linux`, as far as the User-Agent header names them. */
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
