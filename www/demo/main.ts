// The demo page: a small app that uses the package as any app would, and shows what happens.
import { AuthClient, type AuthClientOptions, AuthError, type LogEntry, type Session } from 'tokenward';
import { addressOf, credentialsFrom, type Form } from './check.js';
import { FAULTS, happen } from './faults.js';
import { Inspector } from './inspector.js';
import { type Happening, Lanes } from './lanes.js';
import { chosen, readyForm } from './own-server.js';
import { clock, element, later, make, OWN_SERVER } from './page.js';
import { SessionList, watchSession } from './sessions.js';
import { storm } from './storm.js';
import { Timeline } from './timeline.js';

interface User {
  id: string;
  email: string;
  role: string;
}

const ACCOUNTS = [
  { email: 'ada@example.com', password: 'analytical engine', role: 'admin' },
  { email: 'grace@example.com', password: 'nanoseconds', role: 'user' },
];

// What the client is: the usual one, or one for the visitor's own server.
const own = OWN_SERVER ? chosen() : undefined;
let told: (entry: LogEntry) => void = () => {};
const onLog = (entry: LogEntry) => {
  told(entry);
  refreshing(entry);
};
let problem: unknown;
function makeClient(options: AuthClientOptions): AuthClient<User> {
  try {
    return new AuthClient<User>({ ...options, onLog });
  } catch (error) {
    problem = error;
    return new AuthClient<User>({ name: 'own-server', onLog });
  }
}
const auth = makeClient(own?.options ?? {});
const inspector = new Inspector(auth);
told = inspector.entry;

const lanes = new Lanes();
new Timeline(element<HTMLCanvasElement>('timeline'), lanes);

/** A refresh begins when the client asks the other tabs for their leave, and ends when the server has answered. */
let asking: Happening | undefined;
function refreshing({ at, event }: LogEntry): void {
  if (event === 'lock-requested') asking ??= lanes.add('asking', at, null, '');
  else if (event === 'auth-request' || event === 'signed-out') {
    if (asking) lanes.end(asking);
    asking = undefined;
  }
}

const counters = { calls: 0, answered: 0, failed: 0, requests: 0, refused: 0, refreshes: 0 };
function count(what: keyof typeof counters): void {
  counters[what] += 1;
  element(`n-${what}`).textContent = String(counters[what]);
}

// What the browser really sent, by the browser's own account.
const values: Form = (!problem && own?.values) || {};
const address = (path: string) => new URL(path, values.baseUrl || location.origin).href;
const refreshAt = addressOf(values, 'refresh');
const apiPath = own?.values.api || '/api/me';
const isApi = (url: string) => (OWN_SERVER ? url === address(apiPath) : new URL(url).pathname.startsWith('/api/'));
new PerformanceObserver((list) => {
  for (const entry of list.getEntries() as PerformanceResourceTiming[]) {
    const from = performance.timeOrigin + entry.startTime;
    const to = performance.timeOrigin + entry.responseEnd;
    const { responseStatus: status } = entry;
    const came = status === 0 ? 'no answer' : `→ ${status ?? 'answered'}`;
    if (isApi(entry.name)) {
      count('requests');
      // (Safari does not tell the status: there, what goes out more often than it was asked for was refused once.)
      if (status === 401 || (status === undefined && counters.requests > counters.calls)) count('refused');
      const lost = status === 0 || status >= 500;
      const kind = status === 401 ? 'refused' : lost ? 'failed' : 'answered';
      lanes.add(kind, from, to, `${new URL(entry.name).pathname} ${came}`);
    } else if (entry.name === refreshAt) {
      count('refreshes');
      lanes.add('refresh', from, to, came);
    }
  }
}).observe({ type: 'resource', buffered: true });
performance.setResourceTimingBufferSize(10_000);

let life: Happening | undefined;
let lifeStart = 0;
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
  // A token's life ends where the next one's begins.
  if (life && (life.to === null || life.to > Date.now())) lanes.end(life);
  life = undefined;
  if (session.status === 'signed-in') {
    lifeStart = Date.now();
    // (Only the demo server's tokens tell how often their session was renewed.)
    const generation = claims?.generation ?? renewals;
    life = lanes.add('token', lifeStart, session.expiresAt, `generation ${generation}`);
    renewals += 1;
  }
  tick();
}

function tick(): void {
  const { expiresAt, status } = auth.session;
  if (status !== 'signed-in') return;
  const left = Math.max((expiresAt ?? 0) - Date.now(), 0);
  element('ends-in').textContent = expiresAt === null ? 'unknown' : `${Math.ceil(left / 1000)} s`;
  const part = expiresAt === null ? 1 : left / Math.max(expiresAt - lifeStart, 1);
  element('life').style.transform = `scaleX(${Math.min(part, 1)})`;
}

auth.subscribe(show);
setInterval(tick, 200);
const mark = (kind: 'signed-in' | 'signed-out' | 'refresh-failed', note: string) => {
  const now = Date.now();
  lanes.add(kind, now, now, note);
};
auth.on('signed-in', ({ user }) => mark('signed-in', (user as User | null)?.role ?? ''));
auth.on('signed-out', ({ reason }) => mark('signed-out', reason));
auth.on('refresh-failed', ({ error, retryAt }) =>
  mark('refresh-failed', `${error.code}, next try ${retryAt ? `at ${clock(retryAt)}` : 'on demand'}`),
);
auth.on('account-changed', ({ to }) => mark('signed-in', `as another user, ${(to.user as User | null)?.role ?? ''}`));

function tell(text: string): void {
  element('result').textContent = text;
}

const explain = (error: unknown) => (error instanceof AuthError ? error.message : String(error));

/** Runs what a button does, and shows how it went. */
async function attempt(what: string, work: () => Promise<string>): Promise<void> {
  tell(`${what} …`);
  try {
    tell(await work());
  } catch (error) {
    tell(explain(error));
    inspector.note(explain(error));
  }
}

/** A call that is seen on the timeline while it is under way. */
async function call(method: string, path: string): Promise<Response> {
  count('calls');
  const underWay = lanes.add('call', Date.now(), null, `${method} ${path}`);
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
    lanes.end(underWay);
  }
}

const account = element<HTMLSelectElement>('account');
const password = element<HTMLInputElement>('password');
for (const { email, role } of ACCOUNTS) account.add(new Option(`${email} (${role})`, email));
const fill = () => {
  password.value = ACCOUNTS.find(({ email }) => email === account.value)?.password ?? '';
};
account.addEventListener('change', fill);
fill();

element('login').addEventListener('submit', (event) => {
  event.preventDefault();
  void attempt('signing in', async () => {
    const credentials = OWN_SERVER
      ? credentialsFrom(element<HTMLInputElement>('credentials').value)
      : { email: account.value, password: password.value };
    const { user, claims } = await auth.login(credentials);
    return `signed in as ${user?.email ?? user?.id ?? claims?.sub ?? 'somebody'}`;
  });
});

const one = element('one-call');
one.dataset.call = `GET ${apiPath}`;
one.textContent = `GET ${apiPath}`;
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
  button.addEventListener('click', async () => {
    const number = Number(button.dataset.storm);
    const before = { ...counters };
    // The browser's own account of the requests comes a moment later.
    const cost = async () => {
      await later(200);
      return { refused: counters.refused - before.refused, refreshes: counters.refreshes - before.refreshes };
    };
    for (const each of storms) each.disabled = true;
    await attempt(`${number} calls at once`, () => storm(number, () => call('GET', apiPath), cost));
    for (const each of storms) each.disabled = false;
  });
}

element('refresh').addEventListener('click', () => {
  void attempt('refreshing', async () => {
    const { expiresAt } = await auth.refresh();
    return `a new token, good until ${expiresAt ? clock(expiresAt) : 'the server says otherwise'}`;
  });
});

element('expire').addEventListener('click', () => {
  void attempt('expiring', async () => {
    const response = await auth.fetch('/demo/expire-token', { method: 'POST' });
    return response.ok
      ? 'the server now takes the present token for expired; this page does not know'
      : `not possible here: ${response.status}`;
  });
});

// One at a time, and only while somebody is signed in.
let happening = false;
const faultButtons: HTMLButtonElement[] = [];
const allowFaults = () => {
  for (const button of faultButtons) button.disabled = happening || auth.session.status !== 'signed-in';
};
for (const fault of FAULTS) {
  const expects = make('p', fault.expects, { id: `expects-${fault.id}` });
  const button = make('button', fault.title, {
    type: 'button',
    id: `fault-${fault.id}`,
    'aria-describedby': expects.id,
  });
  const did = make('output', 'not tried yet', { for: button.id });
  button.addEventListener('click', async () => {
    happening = true;
    allowFaults();
    did.textContent = 'under way …';
    did.textContent = await happen(auth, fault);
    inspector.note(`${fault.title}: ${did.textContent}`);
    happening = false;
    allowFaults();
  });
  element('faults').append(make('li', [button, expects, did]));
  faultButtons.push(button);
}
auth.subscribe(allowFaults);

const signOut = (scope: 'session' | 'global') => () =>
  void attempt('signing out', async () => {
    const { revoked } = await auth.logout({ scope });
    return revoked ? 'signed out, and the server has heard' : 'signed out here; the server could not be told';
  });
element('logout').addEventListener('click', signOut('session'));
element('logout-all').addEventListener('click', signOut('global'));
element('reload').addEventListener('click', () => location.reload());
element('another-tab').addEventListener('click', () => window.open(location.href));

if (own) {
  element<HTMLInputElement>('credentials').value = own.values.credentials ?? '';
  readyForm(problem, () => auth.session.status === 'signed-in');
} else {
  new SessionList(auth, async (id) => {
    await attempt('ending the session', async () => {
      const { status } = await auth.fetch(`/auth/sessions/${id}`, { method: 'DELETE' });
      return status === 204 ? 'that session is over' : `not possible: ${status}`;
    });
  });
  watchSession(auth);
}
