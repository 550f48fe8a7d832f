// The page's side of a client whose tokens are in a worker: it starts the worker, hands calls over and hands on what comes
// back. No token passes here. The worker's settings are its name: no message can change them.
import { abortable } from './abort.js';
import type { AuthErrors, Engine } from './engine.js';
import { deepFrozen } from './frozen.js';
import type { Notify, Snapshot } from './host.js';
import { createLink, flat, type Head, type Link, type Port, unpacked } from './link.js';
import { createLog } from './log.js';
import { PAGE_SHELF } from './mark.js';
import type { AuthClientOptions, LogEntry } from './options.js';
import { warnOfPolicy } from './policy.js';
import { type Settings, settingsOf } from './settings.js';
import { onWaking } from './waking.js';

/** The settings as text. What is a function stays on the page, and is asked for. */
export interface Plain extends Omit<Settings, 'authHeaders' | 'shouldRefresh' | 'onLog' | 'isolation'> {
  readonly asksForHeaders: boolean;
  readonly asksForRefusal: boolean;
}

/** What a page finds in the worker. */
export interface Welcome {
  readonly snapshot: Snapshot | undefined;
  readonly entries: readonly LogEntry[];
}

/** What a page has in its storage, and whether it goes on after a worker that has died. */
export interface Hello {
  readonly shelf: Kept;
  readonly resume: boolean;
}
export type Kept = Record<string, string | null | undefined>;

/** A call as the worker gets it. */
export interface Sent {
  readonly url: string;
  /** What is not as it is without saying. */
  readonly init: RequestInit;
  /** Names and values in turn. */
  readonly headers?: string[];
  /** The body, where it is a form; a form cannot be sent itself. */
  readonly form?: [string, FormDataEntryValue][];
  /** The number of the body's stream. */
  readonly stream?: number;
}

/** A worker that leaves a call unanswered for so long is asked whether it lives, and has as long to answer that. */
const PATIENCE = 3_000;
/** A worker that has not loaded by then never will. */
const LOADING = 30_000;
/** What may be sent twice (RFC 9110 §9.2.1). */
const SAFE = /^(GET|HEAD|OPTIONS)$/;

type Kind = 'worker' | 'shared-worker';

export async function openEngine(options: AuthClientOptions, notify: Notify, AuthError: AuthErrors): Promise<Engine> {
  const settings = settingsOf(options);
  const { isolation } = settings;
  const kind: Kind = isolation === 'worker' || !globalThis.SharedWorker ? 'worker' : 'shared-worker';
  const engine = createRemote(settings, notify, AuthError, kind);
  if (isolation !== 'auto') return engine;
  // The next best, where this one cannot be had.
  return engine
    .catch(() => (kind === 'worker' ? engine : createRemote(settings, notify, AuthError, 'worker')))
    .catch(() => import('./engine.js').then((page) => page.createEngine(settings, notify, AuthError)));
}

async function createRemote(settings: Settings, notify: Notify, AuthError: AuthErrors, kind: Kind): Promise<Engine> {
  const { isolation: _, authHeaders, shouldRefresh, onLog, ...rest } = settings;
  const plain: Plain = { ...rest, asksForHeaders: authHeaders !== undefined, asksForRefusal: !!shouldRefresh };
  const slot = `tokenward:${settings.name}`;
  const keys = ['', ':try', ':owed', ':wait'].map((suffix) => slot + suffix);
  const shelf = (): Kept => Object.fromEntries(keys.map((key) => [key, PAGE_SHELF.read(key)]));
  const authEndpoints = new Set(Object.values(settings.endpoints));
  const log = createLog(onLog);
  const leaving = new AbortController();
  let last: Snapshot | undefined;
  /** Whether a new worker finds out what an old one knew. */
  let resumes = false;
  let running: Promise<Link> | undefined;
  let link: Link | undefined;
  /** The same, once the worker has answered. */
  let open: Link | undefined;

  /** What the worker tells and asks. */
  function hear(what: string, detail: never): unknown {
    if (what === 'event') return heard(detail);
    if (what === 'log') return log.keep(detail);
    if (what === 'store') return PAGE_SHELF.write(detail[0], detail[1]);
    if (what === 'shelf') return shelf();
    if (what === 'headers') return headers();
    const response = (link as Link).unpack(detail as Head);
    if (what === 'step-up') return notify('step-up-required', { response });
    return Promise.resolve(shouldRefresh?.(response)).finally(() => response.body?.cancel().catch(() => {}));
  }

  function heard({ event, detail, snapshot }: { event: string; detail: unknown; snapshot?: Snapshot }) {
    deepFrozen(snapshot);
    if (event === 'refresh-failed') {
      const { error, retryAt } = detail as { error: unknown; retryAt: number | null };
      return notify(event, { error: unpacked(error, AuthError), retryAt });
    }
    // A worker that took the place of a dead one does not know that the page was signed in all the time.
    if (resumes && last && event === 'signed-in') {
      const same = subject(snapshot) === subject(last);
      notify(same ? 'refreshed' : event, snapshot, snapshot);
      if (!same) notify('account-changed', snapshot, snapshot);
    } else if (!resumes || snapshot?.status !== 'restoring') notify(event, snapshot ?? detail, snapshot);
    resumes &&= snapshot?.status === 'restoring';
    last = snapshot ?? last;
  }

  async function headers(): Promise<[string, string][]> {
    try {
      return [...new Headers(await authHeaders?.())];
    } catch (cause) {
      queueMicrotask(() => {
        throw cause; // the developer's to see
      });
      throw cause;
    }
  }

  async function start(): Promise<Link> {
    const { port, life, failed, end } = launch(kind, JSON.stringify(plain), AuthError);
    const next = createLink(port, hear, AuthError);
    const began = performance.now();
    const dead = (reason: unknown) => {
      if (link !== next) return;
      const lived = open === next && performance.now() - began > PATIENCE;
      link = undefined;
      open = undefined;
      running = undefined;
      end();
      next.close(reason);
      if (leaving.signal.aborted) return;
      log('warn', 'worker-ended', { kind });
      resumes = last?.status === 'signed-in';
      // One that cannot live is not started over and over; the next call tries again.
      if (lived) run().catch(() => {});
    };
    life.addEventListener('close', () => dead(gone()));
    life.start();
    const late = setTimeout(() => dead(gone()), LOADING);
    watch = watcher(next, () => dead(gone()));
    link = next;
    try {
      const hello: Hello = { shelf: shelf(), resume: resumes };
      const { snapshot, entries } = (await Promise.race([next.ask('hello', hello), failed])) as Welcome;
      for (const entry of entries) log.keep(entry);
      if (snapshot)
        heard({ event: snapshot.status === 'restoring' ? 'changed' : snapshot.status, detail: snapshot, snapshot });
      open = next;
      clearTimeout(late);
      return next;
    } catch (error) {
      clearTimeout(late);
      if (link === next) link = undefined;
      next.close(error);
      end();
      throw error instanceof Gone ? unstartable(error, AuthError) : error;
    }
  }

  let watch = () => {};
  const run = (): Promise<Link> => {
    if (running) return running;
    const starting = start().catch((error: unknown) => {
      if (running === starting) running = undefined;
      throw error;
    });
    running = starting;
    return starting;
  };

  /** A question to whatever worker there is; asked of the next one if this one dies. */
  async function ask(what: string, detail?: unknown, signal?: AbortSignal | null): Promise<unknown> {
    for (;;) {
      leaving.signal.throwIfAborted();
      const to = open ?? (await run());
      watch();
      try {
        return await to.ask(what, detail, signal);
      } catch (error) {
        if (open === to || leaving.signal.aborted || !(error instanceof Gone)) throw error;
      }
    }
  }

  async function send(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    leaving.signal.throwIfAborted();
    const stream = init?.body instanceof ReadableStream ? init.body : undefined;
    // Made only to be looked at; it must not take the stream.
    const request = new Request(input, stream ? { ...init, body: new Uint8Array() } : init);
    const { url, method } = request;
    // Every request has a signal; most have none that anybody could use.
    const signal = init?.signal || input instanceof Request ? request.signal : undefined;
    const foreign = !settings.origins.some((origin) => url.startsWith(origin));
    if (foreign || authEndpoints.has(url) || request.headers.has('authorization'))
      return stream ? fetch(input, init) : fetch(request);
    const described = describe(request, init, stream !== undefined);
    const sent = isSent(described) ? described : await abortable(described, signal);
    for (;;) {
      const to = open ?? (await abortable(run(), signal));
      watch();
      try {
        const { body: bytes } = sent.init;
        // A copy of ours can be handed over, if it is not needed once more.
        const given = ArrayBuffer.isView(bytes) && !SAFE.test(method) ? [bytes.buffer as ArrayBuffer] : [];
        const asked = to.ask('fetch', stream ? { ...sent, stream: to.pour(stream) } : sent, signal, given);
        return to.unpack((await asked) as Head, signal);
      } catch (error) {
        if (leaving.signal.aborted || !(error instanceof Gone) || !SAFE.test(method)) throw error;
      }
    }
  }

  await run();
  const tell = (what: string, detail?: unknown) => void ask(what, detail).catch(() => {});
  onWaking(
    (by) => tell('woke', { by, shelf: shelf() }),
    () => tell('hid'),
    leaving.signal,
  );
  // A worker of all tabs does not see that one of them goes.
  const bye = (event: PageTransitionEvent) => event.persisted || link?.tell('bye', false);
  if (kind === 'shared-worker') addEventListener('pagehide', bye, { signal: leaving.signal });
  warnOfPolicy(log, slot);
  return {
    client: {
      login: (credentials, signal) => abortable(ask('login', credentials, signal), signal),
      refresh: (signal) => abortable(ask('refresh', undefined, signal), signal),
      logout(everywhere) {
        // The page may be gone before the worker can say it: the server has still to hear of this.
        if (settings.transport === 'cookie' && last?.status === 'signed-in') {
          PAGE_SHELF.write(slot, undefined);
          PAGE_SHELF.write(`${slot}:owed`, '1');
        }
        return ask('logout', everywhere) as Promise<boolean>;
      },
    },
    restored: ask('restored'),
    fetch: send,
    getAccessToken: (minValidity) => ask('token', minValidity) as Promise<string>,
    diagnostics: log.entries,
    dispose() {
      leaving.abort(new AuthError('DISPOSED', 'this client was disposed of'));
      link?.tell('bye', true);
      link?.close(leaving.signal.reason);
    },
  };
}

/** The worker that was asked is no more. To the app it is what a broken connection is. */
class Gone extends TypeError {}
const gone = () => new Gone('the worker that this call was made in has ended');

/** Who is signed in, by what the vault takes for it. */
const subject = (snapshot: Snapshot | undefined) => {
  const user = snapshot?.user as { id?: unknown; sub?: unknown } | null | undefined;
  const id = user?.id ?? user?.sub ?? snapshot?.claims?.sub;
  return id === undefined ? undefined : String(id);
};

/**
 * Starts a worker, or joins the one of all tabs. `failed` rejects when it cannot be; `life` gets a `close` event when it dies,
 * in browsers that tell.
 */
function launch(kind: Kind, name: string, AuthError: AuthErrors) {
  let port: Port;
  let life: MessagePort;
  let worker: Worker | SharedWorker;
  let end = () => {};
  try {
    if (kind === 'shared-worker') {
      // `extendedLifetime`: it lives on for a moment when the last tab closes, and so survives a reload. (Bundlers read the
      // options where they stand.)
      const shared = new SharedWorker(new URL('./worker.js', import.meta.url), {
        type: 'module',
        name,
        extendedLifetime: true,
      } as WorkerOptions);
      worker = shared;
      port = shared.port;
      life = shared.port;
    } else {
      const own = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name });
      const { port1, port2 } = new MessageChannel();
      own.postMessage({ what: 'life', detail: port2 }, [port2]);
      worker = own;
      port = own;
      life = port1;
      end = () => own.terminate();
    }
  } catch (cause) {
    throw unstartable(cause, AuthError);
  }
  const failed = new Promise<never>((_, reject) => {
    worker.onerror = (event) => {
      reject(unstartable((event as ErrorEvent).message, AuthError));
    };
  });
  failed.catch(() => {});
  return { port, life, failed, end };
}

function unstartable(cause: unknown, AuthError: AuthErrors) {
  const why = cause instanceof Error ? cause.message : (cause ?? 'no such file, or not allowed');
  return new AuthError(
    'WASM_UNAVAILABLE',
    `the worker could not be started (${why}). Serve worker.js beside engine.js from the page's origin; ` +
      "a CSP needs worker-src 'self', and Trusted Types a default policy that lets the address of the worker through",
    { cause },
  );
}

/** Looks, while something is under way, whether the worker still lives. */
function watcher(link: Link, dead: () => void): () => void {
  let looking = false;
  const look = () => {
    looking = link.waiting();
    if (!looking) return;
    const asked = performance.now();
    const silence = setTimeout(() => {
      // A page that was frozen in between has not listened either.
      if (performance.now() - asked < 2 * PATIENCE) dead();
    }, PATIENCE);
    const heard = () => clearTimeout(silence);
    link.ask('alive').then(heard, heard);
    setTimeout(look, 2 * PATIENCE);
  };
  return () => {
    if (!looking) setTimeout(look, PATIENCE);
    looking = true;
  };
}

/** What a `Request` has where nothing was said. */
const UNSAID: RequestInit = {
  method: 'GET',
  mode: 'cors',
  credentials: 'same-origin',
  cache: 'default',
  redirect: 'follow',
  referrerPolicy: '',
  integrity: '',
  keepalive: false,
};

const isSent = (value: Sent | Promise<Sent>): value is Sent => Object.hasOwn(value, 'url');

/** A request as it is sent to the worker. A body inside a `Request` must be read for it. */
function describe(request: Request, init: RequestInit | undefined, streams: boolean): Sent | Promise<Sent> {
  const { url, method } = request;
  const told: Record<string, unknown> = {
    referrer: request.referrer === 'about:client' ? location.href : request.referrer,
  };
  for (const name of Object.keys(UNSAID) as (keyof RequestInit & keyof Request)[])
    if (request[name] !== UNSAID[name]) told[name] = request[name];
  if (init?.priority) told.priority = init.priority;
  const body = init?.body;
  let headers = flat(request.headers);
  const sent = (more: RequestInit): Sent => ({
    url,
    init: Object.assign(told, more),
    ...(headers.length > 0 && { headers }),
  });
  if (streams) return sent({ duplex: 'half' } as RequestInit);
  if (body == null) {
    if (SAFE.test(method) && request.body == null) return sent({});
    return request.blob().then((inside) => sent(inside.size ? { body: inside } : {}));
  }
  if (body instanceof FormData) {
    // The form gets its boundary where it is sent, unless the app wrote one.
    if (!new Headers(init?.headers).has('content-type')) {
      request.headers.delete('content-type');
      headers = flat(request.headers);
    }
    return { ...sent({}), form: [...body] };
  }
  return sent({ body: sendable(body) });
}

/** A copy of what was given, as it was given. */
function sendable(body: BodyInit): BodyInit {
  if (body instanceof Blob || body instanceof ArrayBuffer) return body;
  if (!ArrayBuffer.isView(body)) return String(body);
  // Sent as it is, a view would take all of its buffer along.
  return new Uint8Array(body.buffer as ArrayBuffer, body.byteOffset, body.byteLength).slice();
}
