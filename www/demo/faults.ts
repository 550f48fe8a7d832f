// Faults of networks and servers that the page injects into the real server: the expected and the observed behaviour.
import { type AuthClient, AuthError } from 'tokenward';
import { delay, duration, request } from './page.js';
import { listSessions } from './sessions.js';

export interface Fault {
  readonly id: string;
  readonly title: string;
  /** The expected behaviour, as text for the user. */
  readonly expects: string;
  /** Injects the fault. `report` adds an outcome that the client's events do not contain. */
  run(auth: AuthClient, report: (what: string) => void): Promise<unknown>;
}

/** Calls `auth.refresh` until it succeeds or fails permanently: one call waits at most `timeoutSeconds`. */
async function refreshUntilRenewed(auth: AuthClient): Promise<void> {
  for (;;) {
    try {
      await auth.refresh();
      return;
    } catch (error) {
      if (!(error instanceof AuthError && error.retryable)) throw error;
    }
    await delay(1000);
  }
}

/** Signs in at the demo's identity provider, in a popup: this page stays and shows the outcome. */
const signInAtProvider = (auth: AuthClient) => auth.signIn({ provider: 'demo', display: 'popup' });

/** Enables a fault for the given seconds, then runs the action that encounters it. */
const whileActive =
  (
    fault: string,
    seconds: number,
    action: (auth: AuthClient) => Promise<unknown> = refreshUntilRenewed,
  ): Fault['run'] =>
  async (auth) => {
    await request(auth, 'POST', '/demo/faults', { fault, seconds });
    await action(auth);
  };

export const FAULTS: readonly Fault[] = [
  {
    id: 'expire',
    title: 'Expire the token now',
    expects: 'The next call receives a 401, the client refreshes the token once and repeats the call.',
    async run(auth) {
      await request(auth, 'POST', '/demo/expire-token');
      await request(auth, 'GET', '/api/me');
    },
  },
  {
    id: 'lose-refresh',
    title: 'Lose the next response',
    expects:
      'The server rotates the refresh token, but its response is lost. The client retries with the same idempotency key and gets the same new token: no reuse detected, still signed in.',
    run: whileActive('lose-refresh', 20),
  },
  {
    id: 'unavailable',
    title: '503 for 10 seconds',
    expects:
      'Refreshes fail and the client retries with increasing delays. The user stays signed in, calls continue with the current token, and the client gets a new token when the server is back.',
    run: whileActive('unavailable', 10),
  },
  {
    id: 'rate-limited',
    title: '429 for 5 seconds',
    expects: 'No tab sends a refresh before the time in Retry-After; then one tab refreshes.',
    run: whileActive('rate-limited', 5),
  },
  {
    id: 'slow',
    title: 'Slow network',
    expects: 'Each response takes 1.5 seconds longer; no call fails.',
    run: whileActive('slow', 10, async (auth) => {
      await auth.refresh();
      await request(auth, 'GET', '/api/me');
      await request(auth, 'DELETE', '/demo/faults');
    }),
  },
  {
    id: 'store-away',
    title: 'Session store unavailable',
    expects:
      'For 5 seconds the server can verify tokens but not sessions (Redis is down). As with a 503, the user stays signed in.',
    run: whileActive('store-away', 5),
  },
  {
    id: 'revoke',
    title: 'Revoke this session',
    expects:
      'An administrator ends the session. The next call is rejected, and the client signs out and reports the reason.',
    async run(auth) {
      const mine = (await listSessions(auth)).find(({ current }) => current);
      await request(auth, 'DELETE', `/auth/sessions/${mine?.id}`);
      await request(auth, 'GET', '/api/me');
    },
  },
  {
    id: 'theft',
    title: 'Steal the refresh token',
    expects:
      'A thief has copied the refresh token and uses it first. When this page uses it too, the server detects the reuse and ends the session for both: this page is signed out, and the thief’s next refresh is rejected.',
    async run(auth, report) {
      const theft = await request(auth, 'POST', '/demo/theft');
      const { id } = (await theft.json()) as { id: string };
      report('the thief got new tokens');
      await auth.refresh().catch(() => {});
      const { outcome } = await (await fetch(`/demo/theft/${id}`, { method: 'POST' })).json();
      report(`the thief’s next refresh: ${outcome}`);
    },
  },
  {
    id: 'lose-exchange',
    title: 'Lose the code exchange',
    expects:
      'At a sign-in in a popup, the identity provider redeems the code, but its response is lost. The server starts over; the provider knows the user by then, so it costs no second click.',
    run: whileActive('lose-exchange', 60, signInAtProvider),
  },
  {
    id: 'provider-down',
    title: 'Identity provider down',
    expects: 'The sign-in fails with PROVIDER_UNAVAILABLE. The user who was signed in before stays signed in.',
    run: whileActive('provider-down', 20, (auth) =>
      signInAtProvider(auth).finally(() => request(auth, 'DELETE', '/demo/faults')),
    ),
  },
  {
    id: 'wrong-issuer',
    title: 'Answer of another provider',
    expects:
      'The callback names another identity provider (mix-up attack, RFC 9207). The server redeems nothing; the user who was signed in before stays signed in.',
    run: whileActive('wrong-issuer', 60, signInAtProvider),
  },
  {
    id: 'provider-logout',
    title: 'Sign out at the provider',
    expects:
      'The user signs out at the identity provider, which reports it to the server (back-channel logout). The server ends the sessions that began there, in all tabs and browsers.',
    async run(auth, report) {
      const { status } = await auth.fetch('/demo/provider-logout', { method: 'POST' });
      if (status === 400) report('this session began with a password; sign in at the provider first');
      await request(auth, 'GET', '/api/me');
    },
  },
  {
    id: 'everywhere',
    title: 'Sign out everywhere',
    expects: 'All sessions of this user end at once: in this tab, in other tabs and in other browsers.',
    run: (auth) => auth.logout({ scope: 'global' }),
  },
];

/** Runs a fault and describes the outcomes in the order in which they occurred. */
export async function runFault(auth: AuthClient, fault: Fault): Promise<string> {
  const outcomes: string[] = [];
  const start = performance.now();
  const unsubscribers = [
    auth.on('refreshed', () => outcomes.push('renewed')),
    auth.on('refresh-failed', ({ error }) =>
      outcomes.push(`refresh failed (${error.code}${error.status ? `, ${error.status}` : ''})`),
    ),
    auth.on('signed-out', ({ reason }) => outcomes.push(`signed out (${reason})`)),
    auth.on('signed-in', () => outcomes.push('signed in')),
    auth.on('account-changed', () => outcomes.push('signed in as another user')),
  ];
  try {
    await fault.run(auth, (what) => outcomes.push(what));
  } catch (error) {
    outcomes.push(error instanceof AuthError ? error.code : String(error));
  }
  // The client emits events in a later task.
  await delay(50);
  for (const unsubscribe of unsubscribers) unsubscribe();
  const took = duration(performance.now() - start);
  return `${repeated(outcomes).join(', ') || 'nothing'}. ${auth.session.status === 'signed-in' ? 'Still signed in' : 'Signed out'} after ${took}.`;
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
