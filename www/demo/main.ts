// The demo page: a small app that uses the npm package and displays the client's state, requests and events.
import { AuthClient, type AuthClientOptions, AuthError, type LogEntry, type Session } from 'tokenward';
import { addressOf, credentialsFrom, type Form } from './check.js';
import { FAULTS, type Fault, runFault } from './faults.js';
import { Inspector } from './inspector.js';
import { Lanes, type TimelineEntry } from './lanes.js';
import { loadForm, setUpForm } from './own-server.js';
import { clock, delay, element, make, OWN_SERVER } from './page.js';
import { SessionList, watchSession } from './sessions.js';
import { storm } from './storm.js';
import { Timeline } from './timeline.js';
import { setUpTour } from './tour.js';

interface User {
  id: string;
  email: string;
  role: string;
}

const ACCOUNTS = [
  { email: 'ada@example.com', password: 'analytical engine', role: 'admin' },
  { email: 'grace@example.com', password: 'nanoseconds', role: 'user' },
];

// `/own-server` configures the client for the user's server; the other page uses the defaults.
const ownServer = OWN_SERVER ? loadForm() : undefined;
let onEntry: (entry: LogEntry) => void = () => {};
const onLog = (entry: LogEntry) => {
  onEntry(entry);
  trackRefresh(entry);
};
let optionsError: unknown;
function makeClient(options: AuthClientOptions): AuthClient<User> {
  try {
    return new AuthClient<User>({ ...options, onLog });
  } catch (error) {
    optionsError = error;
    return new AuthClient<User>({ name: 'own-server', onLog });
  }
}
const auth = makeClient(ownServer?.options ?? {});
const inspector = new Inspector(auth);
onEntry = inspector.entry;

const lanes = new Lanes();
new Timeline(element<HTMLCanvasElement>('timeline'), lanes);

/** A refresh starts when the client requests the lock and ends when the server has responded. */
let pendingRefresh: TimelineEntry | undefined;
function trackRefresh({ at, event }: LogEntry): void {
  if (event === 'lock-requested') pendingRefresh ??= lanes.add('refreshing', at, null, '');
  else if (event === 'auth-request' || event === 'signed-out') {
    if (pendingRefresh) lanes.end(pendingRefresh);
    pendingRefresh = undefined;
  }
}

const counters = { calls: 0, answered: 0, failed: 0, requests: 0, refused: 0, refreshes: 0 };
function count(counter: keyof typeof counters): void {
  counters[counter] += 1;
  element(`n-${counter}`).textContent = String(counters[counter]);
}

// Counts the requests that the browser sent, from its resource timing entries.
const values: Form = (!optionsError && ownServer?.values) || {};
const address = (path: string) => new URL(path, values.baseUrl || location.origin).href;
const refreshUrl = addressOf(values, 'refresh');
const apiPath = ownServer?.values.api || '/api/me';
const isApi = (url: string) => (OWN_SERVER ? url === address(apiPath) : new URL(url).pathname.startsWith('/api/'));
new PerformanceObserver((list) => {
  for (const entry of list.getEntries() as PerformanceResourceTiming[]) {
    const from = performance.timeOrigin + entry.startTime;
    const to = performance.timeOrigin + entry.responseEnd;
    const { responseStatus: status } = entry;
    const outcome = status === 0 ? 'no answer' : `→ ${status ?? 'answered'}`;
    if (isApi(entry.name)) {
      count('requests');
      // Safari does not report the status. There, more requests than calls means that the server rejected one with a 401.
      if (status === 401 || (status === undefined && counters.requests > counters.calls)) count('refused');
      const lost = status === 0 || status >= 500;
      const kind = status === 401 ? 'refused' : lost ? 'failed' : 'answered';
      lanes.add(kind, from, to, `${new URL(entry.name).pathname} ${outcome}`);
    } else if (entry.name === refreshUrl) {
      count('refreshes');
      lanes.add('refresh', from, to, outcome);
    }
  }
}).observe({ type: 'resource', buffered: true });
performance.setResourceTimingBufferSize(10_000);

let tokenEntry: TimelineEntry | undefined;
let tokenStart = 0;
let renewals = 0;

function show(session: Session<User>): void {
  const status = element('status');
  status.dataset.status = session.status;
  const reason = session.reason && session.reason !== 'no-session' ? ` (${session.reason})` : '';
  element('status-text').textContent = {
    restoring: 'restoring…',
    'signed-in': 'signed in',
    'signed-out': `signed out${reason}`,
  }[session.status];
  element('login').hidden = session.status !== 'signed-out';
  element('signed-in').hidden = session.status !== 'signed-in';
  const { user, claims } = session;
  element('user').textContent = user?.email ?? user?.id ?? (claims?.sub as string | undefined) ?? '–';
  element('role').textContent = user?.role ?? (claims?.role as string | undefined) ?? '–';
  // A token's entry ends where the next token's entry begins.
  if (tokenEntry && (tokenEntry.to === null || tokenEntry.to > Date.now())) lanes.end(tokenEntry);
  tokenEntry = undefined;
  if (session.status === 'signed-in') {
    tokenStart = Date.now();
    // Only the demo server's tokens contain the generation; for other servers the page counts renewals.
    const generation = claims?.generation ?? renewals;
    tokenEntry = lanes.add('token', tokenStart, session.expiresAt, `generation ${generation}`);
    renewals += 1;
  }
  tick();
}

function tick(): void {
  const { expiresAt, status } = auth.session;
  if (status !== 'signed-in') return;
  const left = Math.max((expiresAt ?? 0) - Date.now(), 0);
  element('ends-in').textContent = expiresAt === null ? 'unknown' : `${Math.ceil(left / 1000)} s`;
  const part = expiresAt === null ? 1 : left / Math.max(expiresAt - tokenStart, 1);
  element('life').style.transform = `scaleX(${Math.min(part, 1)})`;
}

auth.subscribe(show);
setInterval(tick, 200);
const addMarker = (kind: 'signed-in' | 'signed-out' | 'refresh-failed', note: string) => {
  const now = Date.now();
  lanes.add(kind, now, now, note);
};
auth.on('signed-in', ({ user }) => addMarker('signed-in', (user as User | null)?.role ?? ''));
auth.on('signed-out', ({ reason }) => addMarker('signed-out', reason));
auth.on('refresh-failed', ({ error, retryAt }) =>
  addMarker('refresh-failed', `${error.code}, next try ${retryAt ? `at ${clock(retryAt)}` : 'on demand'}`),
);
auth.on('account-changed', ({ to }) =>
  addMarker('signed-in', `as another user, ${(to.user as User | null)?.role ?? ''}`),
);

function showResult(text: string): void {
  element('result').textContent = text;
}

const explain = (error: unknown) => (error instanceof AuthError ? error.message : String(error));

/** Runs the action of a button and shows its result or error. */
async function attempt(label: string, work: () => Promise<string>): Promise<void> {
  showResult(`${label} …`);
  try {
    showResult(await work());
  } catch (error) {
    showResult(explain(error));
    inspector.note(explain(error));
  }
}

/** Makes a call and shows it on the timeline while it is in progress. */
async function call(method: string, path: string): Promise<Response> {
  count('calls');
  const callEntry = lanes.add('call', Date.now(), null, `${method} ${path}`);
  const url = OWN_SERVER ? address(path) : path;
  const json = { body: JSON.stringify({ hello: 'world' }), headers: { 'content-type': 'application/json' } };
  try {
    const response = await auth.fetch(url, { method, ...(method === 'POST' && json) });
    count('answered');
    return response;
  } catch (error) {
    count('failed');
    throw error;
  } finally {
    lanes.end(callEntry);
  }
}

const account = element<HTMLSelectElement>('account');
const password = element<HTMLInputElement>('password');
for (const { email, role } of ACCOUNTS) account.add(new Option(`${email} (${role})`, email));
const fillPassword = () => {
  password.value = ACCOUNTS.find(({ email }) => email === account.value)?.password ?? '';
};
account.addEventListener('change', fillPassword);
fillPassword();

element('login').addEventListener('submit', (event) => {
  event.preventDefault();
  void attempt('signing in', async () => {
    const credentials = OWN_SERVER
      ? credentialsFrom(element<HTMLInputElement>('credentials').value)
      : { email: account.value, password: password.value };
    return `signed in as ${nameOf(await auth.login(credentials))}`;
  });
});

const nameOf = ({ user, claims }: Session<User>) => user?.email ?? user?.id ?? claims?.sub ?? 'an unnamed user';

/** A redirect leaves the page: its result arrives with the next page, as the session or as the event `sign-in-failed`. */
const signInAtProvider = (display: 'redirect' | 'popup') => () =>
  void attempt('signing in at the provider', async () => {
    const session = await auth.signIn({ provider: 'demo', display });
    return `signed in at the provider as ${nameOf(session)}`;
  });
element('provider-redirect').addEventListener('click', signInAtProvider('redirect'));
element('provider-popup').addEventListener('click', signInAtProvider('popup'));
auth.on('sign-in-failed', ({ error }) => {
  showResult(explain(error));
  inspector.note(explain(error));
});

const oneCall = element('one-call');
oneCall.dataset.call = `GET ${apiPath}`;
oneCall.textContent = `GET ${apiPath}`;
for (const button of document.querySelectorAll<HTMLElement>('[data-call]')) {
  const [method = '', path = ''] = (button.dataset.call ?? '').split(' ');
  button.addEventListener('click', () => {
    void attempt(`${method} ${path}`, async () => {
      const response = await call(method, path);
      const text = await response.text();
      return `${method} ${path} → ${response.status} ${text.length > 300 ? `${text.slice(0, 300)} …` : text}`;
    });
  });
}

const storms = [...document.querySelectorAll<HTMLButtonElement>('[data-storm]')];
for (const button of storms) {
  const number = Number(button.dataset.storm);
  button.addEventListener('click', () => void attempt(`${number} calls at once`, () => runStorm(number)));
}

async function runStorm(number: number): Promise<string> {
  const before = { ...counters };
  // The browser delivers resource timing entries with a delay.
  const readCost = async () => {
    await delay(200);
    return { refused: counters.refused - before.refused, refreshes: counters.refreshes - before.refreshes };
  };
  for (const each of storms) each.disabled = true;
  try {
    return await storm(number, () => call('GET', apiPath), readCost);
  } finally {
    for (const each of storms) each.disabled = false;
  }
}

element('refresh').addEventListener('click', () => {
  void attempt('refreshing', async () => {
    const { expiresAt } = await auth.refresh();
    return `a new token, valid until ${expiresAt ? clock(expiresAt) : 'the server rejects it'}`;
  });
});

async function expireToken(): Promise<string> {
  const response = await auth.fetch('/demo/expire-token', { method: 'POST' });
  return response.ok
    ? 'the server now treats the current token as expired; the client has not been notified'
    : `not possible here: ${response.status}`;
}
element('expire').addEventListener('click', () => void attempt('expiring', expireToken));

// One fault at a time, and only while a user is signed in.
let faultRunning = false;
const faultButtons: HTMLButtonElement[] = [];
const updateFaultButtons = () => {
  for (const button of faultButtons) button.disabled = faultRunning || auth.session.status !== 'signed-in';
};
for (const fault of FAULTS) {
  const expects = make('p', fault.expects, { id: `expects-${fault.id}` });
  const button = make('button', fault.title, {
    type: 'button',
    id: `fault-${fault.id}`,
    'aria-describedby': expects.id,
  });
  const output = make('output', 'not tried yet', { for: button.id });
  button.addEventListener('click', async () => {
    faultRunning = true;
    updateFaultButtons();
    output.textContent = 'running …';
    output.textContent = await runFault(auth, fault);
    inspector.note(`${fault.title}: ${output.textContent}`);
    faultRunning = false;
    updateFaultButtons();
  });
  element('faults').append(make('li', [button, expects, output]));
  faultButtons.push(button);
}
auth.subscribe(updateFaultButtons);

const signOut = (scope: 'session' | 'global' | 'provider') => () =>
  void attempt('signing out', async () => {
    const { revoked } = await auth.logout({ scope });
    return revoked
      ? 'signed out; the server confirmed it'
      : 'signed out on this device; the server has not confirmed it';
  });
element('logout').addEventListener('click', signOut('session'));
element('logout-all').addEventListener('click', signOut('global'));
element('logout-provider').addEventListener('click', signOut('provider'));
element('reload').addEventListener('click', () => location.reload());
element('another-tab').addEventListener('click', () => window.open(location.href));

if (ownServer) {
  element<HTMLInputElement>('credentials').value = ownServer.values.credentials ?? '';
  setUpForm(optionsError, () => auth.session.status === 'signed-in');
} else {
  setUpTour(
    {
      'sign-in': async () => {
        await auth.ready;
        if (auth.session.status === 'signed-in') return `signed in as ${nameOf(auth.session)} already`;
        return `signed in as ${nameOf(await auth.login(ACCOUNTS[0]))}`;
      },
      expire: expireToken,
      calls: () => runStorm(100),
      'lost-answer': () => runFault(auth, FAULTS.find(({ id }) => id === 'lose-refresh') as Fault),
    },
    explain,
  );
  new SessionList(auth, async (id) => {
    await attempt('ending the session', async () => {
      const { status } = await auth.fetch(`/auth/sessions/${id}`, { method: 'DELETE' });
      return status === 204 ? 'the session has ended' : `not possible: ${status}`;
    });
  });
  watchSession(auth);
}
