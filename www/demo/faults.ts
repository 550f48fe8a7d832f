// What goes wrong on networks and servers, made to happen on the real one: what should come of it, and what did.
import { type AuthClient, AuthError } from 'tokenward';
import { ask, duration, later } from './page.js';
import { listSessions } from './sessions.js';

export interface Fault {
  readonly id: string;
  readonly title: string;
  /** What should happen. */
  readonly expects: string;
  /** `tell` says what the client's own events do not. */
  run(auth: AuthClient, tell: (what: string) => void): Promise<unknown>;
}

/** Renews, as an app that does not give up: `auth.refresh` waits no longer than its caller's patience, and is asked again. */
async function renewed(auth: AuthClient): Promise<void> {
  for (;;) {
    try {
      await auth.refresh();
      return;
    } catch (error) {
      if (!(error instanceof AuthError && error.retryable)) throw error;
    }
    await later(1000);
  }
}

/** Switches a fault on for so many seconds, and then does what meets it. */
const during =
  (fault: string, seconds: number, meet = renewed): Fault['run'] =>
  async (auth) => {
    await ask(auth, 'POST', '/demo/faults', { fault, seconds });
    await meet(auth);
  };

export const FAULTS: readonly Fault[] = [
  {
    id: 'expire',
    title: 'Expire the token now',
    expects: 'The next call meets a 401, the token is renewed once, and the call is sent again.',
    async run(auth) {
      await ask(auth, 'POST', '/demo/expire-token');
      await ask(auth, 'GET', '/api/me');
    },
  },
  {
    id: 'lose-refresh',
    title: 'Lose the next answer',
    expects:
      'The server rotates, but its answer is lost. The client asks again with the same key and gets the same successor: no theft, still signed in.',
    run: during('lose-refresh', 20),
  },
  {
    id: 'unavailable',
    title: '503 for 10 seconds',
    expects:
      'Refreshes fail, with growing pauses. Nobody is signed out, calls go on with the present token, and the next one is had when the server is back.',
    run: during('unavailable', 10),
  },
  {
    id: 'rate-limited',
    title: '429 for 5 seconds',
    expects: 'The client keeps still for as long as Retry-After says, in all tabs, and then renews.',
    run: during('rate-limited', 5),
  },
  {
    id: 'slow',
    title: 'Slow network',
    expects: 'Everything takes a second and a half longer; nothing fails.',
    run: during('slow', 10, async (auth) => {
      await auth.refresh();
      await ask(auth, 'GET', '/api/me');
      await ask(auth, 'DELETE', '/demo/faults');
    }),
  },
  {
    id: 'store-away',
    title: 'Session store away',
    expects:
      'The server knows tokens but no sessions for 5 seconds (Redis is down). As with a 503: nobody is signed out.',
    run: during('store-away', 5),
  },
  {
    id: 'revoke',
    title: 'Revoke this session',
    expects: 'As an administrator would. The next call finds the session over: signed out, with the reason.',
    async run(auth) {
      const mine = (await listSessions(auth)).find(({ current }) => current);
      await ask(auth, 'DELETE', `/auth/sessions/${mine?.id}`);
      await ask(auth, 'GET', '/api/me');
    },
  },
  {
    id: 'theft',
    title: 'Steal the refresh token',
    expects:
      'A thief has copied the refresh token and uses it first. When this page uses it too, the server sees it twice and ends the session for both: signed out here, and refused there.',
    async run(auth, tell) {
      const theft = await ask(auth, 'POST', '/demo/theft');
      const { id } = (await theft.json()) as { id: string };
      tell('the thief got new tokens');
      await auth.refresh().catch(() => {});
      const { outcome } = await (await fetch(`/demo/theft/${id}`, { method: 'POST' })).json();
      tell(`the thief’s next refresh: ${outcome}`);
    },
  },
  {
    id: 'everywhere',
    title: 'Sign out everywhere',
    expects: 'All sessions of this user end at once: in this tab, in the others, and in other browsers.',
    run: (auth) => auth.logout({ scope: 'global' }),
  },
];

/** Lets it happen, and says what came of it in the order in which it came. */
export async function happen(auth: AuthClient, fault: Fault): Promise<string> {
  const seen: string[] = [];
  const start = performance.now();
  const ends = [
    auth.on('refreshed', () => seen.push('renewed')),
    auth.on('refresh-failed', ({ error }) =>
      seen.push(`refresh failed (${error.code}${error.status ? `, ${error.status}` : ''})`),
    ),
    auth.on('signed-out', ({ reason }) => seen.push(`signed out (${reason})`)),
  ];
  try {
    await fault.run(auth, (what) => seen.push(what));
  } catch (error) {
    seen.push(error instanceof AuthError ? error.code : String(error));
  }
  // Events are told in a moment of their own.
  await later(50);
  for (const end of ends) end();
  const took = duration(performance.now() - start);
  return `${repeated(seen).join(', ') || 'nothing'}. ${auth.session.status === 'signed-in' ? 'Still signed in' : 'Signed out'} after ${took}.`;
}

/** `['a', 'a', 'b']` as `['a × 2', 'b']`. */
function repeated(texts: readonly string[]): string[] {
  const runs: { text: string; times: number }[] = [];
  for (const text of texts) {
    const last = runs.at(-1);
    if (last?.text === text) last.times += 1;
    else runs.push({ text, times: 1 });
  }
  return runs.map(({ text, times }) => (times > 1 ? `${text} × ${times}` : text));
}
