// The demo page: a small app that uses the package as any app would, and shows what happens.
import { AuthClient, AuthError, type Session } from 'tokenward';
import { FAULTS, happen } from './faults.js';
import { Strip } from './strip.js';

interface User {
  id: string;
  email: string;
  role: string;
}

const ACCOUNTS = [
  { email: 'ada@example.com', password: 'analytical engine', role: 'admin' },
  { email: 'grace@example.com', password: 'nanoseconds', role: 'user' },
];
const STORM = 100;

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const strip = new Strip(element<HTMLCanvasElement>('strip'));
const counters = { calls: 0, answered: 0, failed: 0, requests: 0, refused: 0, refreshes: 0 };

function count(what: keyof typeof counters): void {
  counters[what] += 1;
  element(`n-${what}`).textContent = String(counters[what]);
}

function log(text: string): void {
  const line = document.createElement('li');
  const time = document.createElement('time');
  time.textContent = new Date().toLocaleTimeString();
  line.append(time, text);
  const list = element('log');
  list.prepend(line);
  while (list.children.length > 200) list.lastElementChild?.remove();
}

// What the browser really sent, by the browser's own account.
new PerformanceObserver((list) => {
  for (const entry of list.getEntries() as PerformanceResourceTiming[]) {
    const { pathname } = new URL(entry.name);
    const from = performance.timeOrigin + entry.startTime;
    const to = performance.timeOrigin + entry.responseEnd;
    if (pathname.startsWith('/api/')) {
      count('requests');
      const refused = entry.responseStatus === 401;
      if (refused) count('refused');
      strip.add(
        refused ? 'refused' : entry.responseStatus < 500 && entry.responseStatus > 0 ? 'ok' : 'failed',
        from,
        to,
      );
    } else if (pathname === '/auth/refresh') {
      count('refreshes');
      strip.add('refresh', from, to);
    }
  }
}).observe({ type: 'resource', buffered: true });
performance.setResourceTimingBufferSize(10_000);

const auth = new AuthClient<User>();

let life: ReturnType<Strip['add']> | undefined;
let lifeStart = 0;

function show(session: Session<User>): void {
  const status = element('status');
  status.dataset.status = session.status;
  const reason = session.reason && session.reason !== 'never' ? ` (${session.reason})` : '';
  element('status-text').textContent = {
    restoring: 'restoring…',
    'signed-in': 'signed in',
    'signed-out': `signed out${reason}`,
  }[session.status];
  element('login').hidden = session.status !== 'signed-out';
  element('signed-in').hidden = session.status !== 'signed-in';
  element('user').textContent = session.user?.email ?? '';
  element('role').textContent = session.user?.role ?? '';
  if (life) life.to = Math.min(life.to, Date.now());
  life = undefined;
  if (session.status === 'signed-in') {
    lifeStart = Date.now();
    life = strip.add('token', lifeStart, session.expiresAt ?? Number.MAX_SAFE_INTEGER);
    tick();
  }
}

function tick(): void {
  const { expiresAt } = auth.session;
  if (expiresAt === null) return;
  const left = Math.max(expiresAt - Date.now(), 0);
  element('ends-in').textContent = `${Math.ceil(left / 1000)} s`;
  element('life').style.transform = `scaleX(${Math.min(left / Math.max(expiresAt - lifeStart, 1), 1)})`;
}

auth.subscribe(show);
setInterval(tick, 200);
auth.on('signed-in', ({ user }) => log(`signed-in: ${user?.email}`));
auth.on('refreshed', ({ expiresAt }) =>
  log(`refreshed: the new token ends at ${new Date(expiresAt ?? 0).toLocaleTimeString()}`),
);
auth.on('account-changed', ({ from, to }) => log(`account-changed: ${from?.email} → ${to.user?.email}`));
auth.on('signed-out', ({ reason }) => log(`signed-out: ${reason}`));
auth.on('refresh-failed', ({ error, retryAt }) =>
  log(
    `refresh-failed: ${error.code}, next try ${retryAt ? `at ${new Date(retryAt).toLocaleTimeString()}` : 'on demand'}`,
  ),
);

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
    log(explain(error));
  }
}

async function call(method: string, path: string): Promise<string> {
  count('calls');
  try {
    const init =
      method === 'POST'
        ? { method, body: JSON.stringify({ hello: 'world' }), headers: { 'content-type': 'application/json' } }
        : { method };
    const response = await auth.fetch(path, init);
    count('answered');
    return `${method} ${path} → ${response.status} ${await response.text()}`;
  } catch (error) {
    count('failed');
    throw error;
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
  const credentials = { email: account.value, password: password.value };
  void attempt('signing in', async () => `signed in as ${(await auth.login(credentials)).user?.email}`);
});

for (const button of document.querySelectorAll<HTMLElement>('[data-call]')) {
  const [method = '', path = ''] = (button.dataset.call ?? '').split(' ');
  button.addEventListener('click', () => void attempt(`${method} ${path}`, () => call(method, path)));
}

element('storm').addEventListener('click', () => {
  void attempt(`${STORM} calls at once`, async () => {
    const before = { ...counters };
    const start = performance.now();
    const results = await Promise.allSettled(Array.from({ length: STORM }, () => call('GET', '/api/me')));
    const took = Math.round(performance.now() - start);
    // The browser's own account of the requests comes a moment later.
    await new Promise((resolve) => setTimeout(resolve, 100));
    const answered = results.filter(
      ({ status, ...result }) => status === 'fulfilled' && 'value' in result && String(result.value).includes('→ 200'),
    ).length;
    const refreshes = counters.refreshes - before.refreshes;
    const refused = counters.refused - before.refused;
    return `${STORM} calls in ${took} ms: ${answered} answered with 200, ${refused} met a 401 on the way, ${refreshes} refresh${refreshes === 1 ? '' : 'es'}`;
  });
});

element('refresh').addEventListener(
  'click',
  () =>
    void attempt('refreshing', async () => {
      const { expiresAt } = await auth.refresh();
      return `a new token, good until ${new Date(expiresAt ?? 0).toLocaleTimeString()}`;
    }),
);

element('expire').addEventListener(
  'click',
  () =>
    void attempt('expiring', async () => {
      const response = await auth.fetch('/demo/expire-token', { method: 'POST' });
      return response.ok
        ? 'the server now takes the present token for expired; this page does not know'
        : `not possible here: ${response.status}`;
    }),
);

// One at a time, and only while somebody is signed in.
let happening = false;
const faultButtons: HTMLButtonElement[] = [];
const allowFaults = () => {
  for (const button of faultButtons) button.disabled = happening || auth.session.status !== 'signed-in';
};
for (const fault of FAULTS) {
  const [item, button, expects, did] = ['li', 'button', 'p', 'output'].map((name) => document.createElement(name)) as [
    HTMLLIElement,
    HTMLButtonElement,
    HTMLParagraphElement,
    HTMLOutputElement,
  ];
  button.type = 'button';
  button.id = `fault-${fault.id}`;
  button.textContent = fault.title;
  expects.textContent = fault.expects;
  expects.id = `expects-${fault.id}`;
  button.setAttribute('aria-describedby', expects.id);
  did.textContent = 'not tried yet';
  button.addEventListener('click', async () => {
    happening = true;
    allowFaults();
    did.textContent = 'under way …';
    did.textContent = await happen(auth, fault);
    log(`${fault.title}: ${did.textContent}`);
    happening = false;
    allowFaults();
  });
  item.append(button, expects, did);
  element('faults').append(item);
  faultButtons.push(button);
}
auth.subscribe(allowFaults);

const signOut = (scope: 'session' | 'everywhere') => () =>
  void attempt('signing out', async () => {
    const { revoked } = await auth.logout({ scope });
    return revoked ? 'signed out, and the server has heard' : 'signed out here; the server could not be told';
  });
element('logout').addEventListener('click', signOut('session'));
element('logout-all').addEventListener('click', signOut('everywhere'));
element('reload').addEventListener('click', () => location.reload());
