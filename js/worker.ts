// The worker in which the tokens are, alone with the same core that otherwise runs on the page. Its settings are its name,
// fixed when it was started. Of one tab, or (as a SharedWorker) of all tabs of the origin.
import type { Ask, Core, World } from './engine.js';
import { AuthError } from './errors.js';
import type { Snapshot } from './host.js';
import { createLink, type Link, type Port, packError, paired } from './link.js';
import type { LogEntry } from './options.js';
import type { Hello, Kept, Plain, Sent, Welcome } from './remote.js';

const worker = globalThis as unknown as Port & {
  name: string;
  onconnect: ((event: MessageEvent) => void) | null;
  close(): void;
};
const ofAllTabs = 'SharedWorkerGlobalScope' in globalThis;
const settings: Plain = JSON.parse(worker.name);
/** How long a page has to answer. */
const PATIENCE = 1_000;

const links = new Set<Link>();
/** Those whose pages nobody sees. */
const unseen = new Set<Link>();
let core: Promise<Core> | undefined;
let snapshot: Snapshot | undefined;
/** The tab that signed out last. */
let leaver: Link | undefined;

/** The storage of the pages as they last told. */
let kept: Kept = {};
const held = new Set<MessagePort>();
let turn: Promise<unknown> = Promise.resolve();
const world: World = {
  ofAllTabs,
  shelf: {
    read: (key) => kept[key],
    write(key, value) {
      if (kept[key] === undefined) return; // there is none
      kept[key] = value ?? null;
      tellAll('store', [key, value]);
    },
  },
  current(then) {
    turn = turn.then(async () => {
      kept = (await askAny<Kept>('shelf', PATIENCE).catch(() => undefined)) ?? kept;
      then();
    });
  },
};

function tellAll(what: string, detail: unknown) {
  for (const link of links) link.tell(what, detail);
}

/** The first answer of any page. Rejects where none comes in time. */
async function askAny<T>(what: string, patience: number): Promise<T | undefined> {
  if (links.size === 0) return undefined;
  const timeout = AbortSignal.timeout(patience);
  return Promise.any([...links].map((link) => link.ask(what, undefined, timeout) as Promise<T>)).catch((error) => {
    throw error instanceof AggregateError ? error.errors[0] : error;
  });
}

async function start({ shelf, resume }: Hello): Promise<Core> {
  kept = shelf;
  const { createEngine } = await import('./engine.js');
  const { asksForHeaders, asksForRefusal, ...rest } = settings;
  const notify = (event: string, detail: unknown, next?: Snapshot) => {
    snapshot = next ?? snapshot;
    // Whoever comes now finds it in its welcome. The others hear it in turn: the lock is given back before.
    const all = [...links];
    const by = leaver;
    turn = turn.then(() => {
      for (const link of all) {
        if (next) {
          // Only one of the tabs has signed out by itself.
          const told = next.reason === 'logout' && by && link !== by ? { ...next, reason: 'other-tab' } : next;
          link.tell('event', { event, detail: told, snapshot: told });
        } else if (event === 'refresh-failed') {
          const { error, retryAt } = detail as { error: unknown; retryAt: number | null };
          link.tell('event', { event, detail: { error: packError(error), retryAt } });
        }
      }
    });
  };
  return createEngine(
    {
      ...rest,
      restore: resume && rest.restore === 'never' ? 'auto' : rest.restore,
      isolation: 'page',
      authHeaders: asksForHeaders
        ? () =>
            askAny<[string, string][]>('headers', rest.timeout).then(
              (headers) => headers ?? [],
              () => Promise.reject(), // the page has told its developer
            )
        : undefined,
      shouldRefresh: undefined,
      onLog: (entry: LogEntry) => tellAll('log', entry),
    },
    notify,
    AuthError,
    world,
  );
}

const engine = (hello: Hello): Promise<Core> => {
  core ??= start(hello).catch((error: unknown) => {
    core = undefined;
    throw error;
  });
  return core;
};

/** Asks the page that made a call. */
const asker = (link: Link): Ask => ({
  refused: settings.asksForRefusal
    ? async (response) => {
        const { value, transfer } = await link.pack(response.clone());
        return (await link.ask('refused', value, null, transfer)) === true;
      }
    : ({ status }) => status === 401,
  stepUp: (response) => void link.pack(response).then(({ value, transfer }) => link.tell('step-up', value, transfer)),
});

const HEARS: Record<string, (link: Link, detail: never, signal?: AbortSignal) => unknown> = {
  async hello(link, hello: Hello): Promise<Welcome> {
    if (!core || !snapshot) {
      // It hears all of it as it happens.
      links.add(link);
      await engine(hello).catch((error: unknown) => {
        links.delete(link);
        throw error;
      });
      return { snapshot: undefined, entries: [] };
    }
    const started = await core;
    kept = hello.shelf;
    started.woke('page');
    if (settings.restore === 'always' && snapshot.status === 'signed-out')
      await started.client.refresh().catch(() => {});
    links.add(link);
    return { snapshot, entries: started.diagnostics() };
  },
  restored: () => inTurn(async ({ restored }) => void (await restored)),
  async fetch(link, { url, init, headers, form, stream }: Sent, signal) {
    const { fetch } = await ready();
    const body = stream ? link.draw(stream, signal) : form && formOf(form);
    const more: RequestInit = {
      ...(headers && { headers: paired(headers) }),
      ...(body && { body }),
      ...(signal && { signal }),
    };
    const response = await fetch(url, { ...init, ...more }, asker(link)).catch((error: unknown) => {
      // Why, the page shall have heard before.
      return turn.then(() => Promise.reject(error));
    });
    return link.pack(response);
  },
  login: (_, credentials: string, signal) => inTurn(({ client }) => client.login(credentials, signal ?? null)),
  refresh: () => inTurn(({ client }) => client.refresh()),
  logout: (link, everywhere: boolean) =>
    inTurn(({ client }) => {
      leaver = link;
      return client.logout(everywhere);
    }),
  async token(_, minValidity: number) {
    if (!settings.exposeToken)
      throw new AuthError(
        'INVALID_OPTIONS',
        'getAccessToken: a worker keeps the token from the page; options.exposeToken lets it out',
      );
    return (await ready()).getAccessToken(minValidity);
  },
  async hid(link) {
    unseen.add(link);
    await rest();
  },
  async woke(link, { by, shelf }: { by: string; shelf: Kept }) {
    unseen.delete(link);
    const started = await ready();
    kept = shelf;
    started.woke(by);
  },
  alive: () => true,
  /** A port whose other end hears when the worker dies, and not before: what nobody holds may be closed. */
  life(_, port: MessagePort) {
    held.add(port);
  },
  /** A page goes, or (`disposed`) a client does. Who may be back in a moment finds the session as it was. */
  async bye(link, disposed: boolean) {
    links.delete(link);
    unseen.delete(link);
    link.close(undefined);
    await rest();
    if (!disposed || links.size > 0) return;
    const last = core;
    core = undefined;
    snapshot = undefined;
    (await last)?.dispose();
    if (!ofAllTabs) worker.close();
  },
};

/** What is answered only when the page has heard what came of it. */
const inTurn = <T>(work: (core: Core) => Promise<T>): Promise<T> =>
  ready().then((core) => work(core).finally(() => turn));

/** When no page is seen, nothing is renewed until one is or calls. */
async function rest() {
  if (links.size > 0 && unseen.size === links.size) (await core)?.hid();
}

function ready(): Promise<Core> {
  return core ?? Promise.reject(new TypeError('the worker was not greeted'));
}

function formOf(entries: [string, FormDataEntryValue][]): FormData {
  const form = new FormData();
  for (const [name, value] of entries) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, value, value.name);
  }
  return form;
}

function greet(port: Port) {
  const link: Link = createLink(
    port,
    (what, detail, signal) => Object.hasOwn(HEARS, what) && HEARS[what]?.(link, detail, signal),
    AuthError,
  );
}

if (ofAllTabs) worker.onconnect = ({ ports: [port] }) => greet(port as MessagePort);
else greet(worker);
