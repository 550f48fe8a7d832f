// The worker that holds the tokens, with the engine that otherwise runs on the page. It serves one tab or (as a SharedWorker)
// all tabs of the origin. Its settings are its name, which is fixed when it is started.
import { Client } from '#glue';
import { idTokenCheck } from '../auth/id-token.js';
import { AuthError } from '../client/errors.js';
import type { AuthEvents } from '../client/events.js';
import type { EngineReason } from '../client/session.js';
import type { ResponseHandler } from '../engine/api-fetch.js';
import type { LocalEngine, Notify } from '../engine/engine.js';
import { PageStorageMirror } from './page-storage-mirror.js';
import type { Port } from './port.js';
import type {
  ConnectRequest,
  ConnectResponse,
  PageMethods,
  SessionEvent,
  WorkerMethods,
  WorkerSettings,
} from './protocol.js';
import { pairHeaders, serializeResponse } from './remote-response.js';
import { type Handlers, Rpc } from './rpc.js';
import { type SerializedSession, serializeError, serializeSession } from './serialize-error.js';
import { deserializeBody, type SerializedRequest } from './serialize-request.js';

const scope = globalThis as unknown as Port & {
  name: string;
  onconnect: ((event: MessageEvent) => void) | null;
  close(): void;
};
const servesAllTabs = 'SharedWorkerGlobalScope' in globalThis;
const settings: WorkerSettings = JSON.parse(scope.name);
/** How long a page has to respond. */
const PAGE_TIMEOUT_MS = 1_000;

type PageRpc = Rpc<PageMethods, WorkerMethods>;

const pages = new Set<PageRpc>();
const hiddenPages = new Set<PageRpc>();
let engine: Promise<LocalEngine> | undefined;
let session: SerializedSession | undefined;
let mustStoreLogout = false;
/** The page that signed out last. */
let signedOutBy: PageRpc | undefined;
/** Ports whose other ends close when the worker ends. They are kept because an unreferenced port may be closed before. */
const heldPorts = new Set<MessagePort>();

const storage = new PageStorageMirror({
  readStorage: () =>
    requestAny((page, signal) => page.request('readStorage', undefined, { signal }), PAGE_TIMEOUT_MS).catch(
      () => undefined,
    ),
  writeStorage: (key, value) => {
    for (const page of pages) page.notify('writeStorage', { key, value });
  },
});

/** The first response of any page. Rejects if none arrives in time; undefined if there is no page. */
async function requestAny<T>(request: (page: PageRpc, signal: AbortSignal) => Promise<T>, timeoutMs: number) {
  if (pages.size === 0) return undefined;
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(new DOMException('no page responded', 'TimeoutError')), timeoutMs);
  return Promise.any([...pages].map((page) => request(page, timeout.signal)))
    .catch((error) => {
      throw error instanceof AggregateError ? error.errors[0] : error;
    })
    .finally(() => clearTimeout(timer));
}

/** Sends an event to the connected pages after the earlier tasks, so that the lock is released. A page that connects later receives the session then. */
const notifyPages: Notify = (event, detail, next, mustStore = false) => {
  if (next) session = serializeSession(next);
  else if (event === 'refresh-failed' && session && (session.error || session.status !== 'signed-out'))
    session = { ...session, ...serializeFailure(detail) };
  const sent = next && session;
  mustStoreLogout = mustStore;
  const receivers = [...pages];
  const by = signedOutBy;
  storage.enqueue(() => {
    for (const page of receivers) {
      if (sent) {
        const received = !by || page === by ? sent : sessionOfOtherPage(sent);
        page.notify('sessionEvent', { event, detail: received, session: received, mustStoreLogout: mustStore });
      } else if (event === 'refresh-failed') page.notify('sessionEvent', refreshFailure(detail));
    }
  });
};

/** The session for the pages that did not call `logout`. */
const sessionOfOtherPage = (next: SerializedSession): SerializedSession =>
  next.reason ? { ...next, reason: Client.reasonInOtherTabs(next.reason as EngineReason) } : next;

function serializeFailure(detail: unknown) {
  const { error, retryAt } = detail as AuthEvents['refresh-failed'];
  return { error: serializeError(error), retryAt };
}

const refreshFailure = (detail: unknown): SessionEvent => ({
  event: 'refresh-failed',
  detail: serializeFailure(detail),
  session: undefined,
  mustStoreLogout,
});

function startEngine(request: ConnectRequest): Promise<LocalEngine> {
  engine ??= openEngine(request).catch((error: unknown) => {
    engine = undefined;
    throw error;
  });
  return engine;
}

async function openEngine({ storage: entries, resume }: ConnectRequest): Promise<LocalEngine> {
  storage.replace(entries);
  const { createEngine } = await import('../engine/engine.js');
  const { asksForHeaders, asksForRejection: _, ...rest } = settings;
  const authHeaders = () =>
    requestAny((page, signal) => page.request('authHeaders', undefined, { signal }), rest.timeoutMs).then(
      (headers) => headers ?? [],
      () => Promise.reject(), // the page has reported the error
    );
  return createEngine(
    {
      ...rest,
      restore: resume && rest.restore === 'never' ? 'auto' : rest.restore,
      isolation: 'page',
      authHeaders: asksForHeaders ? authHeaders : undefined,
      refusesUser: rest.idToken && idTokenCheck(rest.idToken),
      shouldRefresh: undefined,
      onLog: (entry) => {
        for (const page of pages) page.notify('logEntry', entry);
      },
    },
    notifyPages,
    AuthError,
    {
      storage,
      tabStorage: storage,
      cookies: () =>
        requestAny((page, signal) => page.request('readCookies', undefined, { signal }), PAGE_TIMEOUT_MS).then(
          (cookies) => cookies ?? '',
          () => '',
        ),
      servesAllTabs,
      schedule: (task) => storage.schedule(task),
    },
    (_, load) => load(),
  );
}

function ready(): Promise<LocalEngine> {
  return engine ?? Promise.reject(new TypeError('the worker is not connected: send "connect" first'));
}

/** The page receives the result after the events that the work caused. */
const afterEvents = <T>(work: (started: LocalEngine) => Promise<T>): Promise<T> =>
  ready().then((started) => work(started).finally(() => storage.settled()));

async function connect(page: PageRpc, request: ConnectRequest): Promise<ConnectResponse> {
  if (!engine || !session) {
    // This page receives everything as events.
    pages.add(page);
    await startEngine(request).catch((error: unknown) => {
      pages.delete(page);
      throw error;
    });
    return { session: undefined, mustStoreLogout, entries: [] };
  }
  const started = await engine;
  storage.replace(request.storage);
  started.resumed('page');
  if (settings.restore === 'always' && session.status === 'signed-out') await started.refresh().catch(() => {});
  pages.add(page);
  return { session, mustStoreLogout, entries: started.diagnostics() };
}

/** The page that made a call decides about its response. */
const responseHandler = (page: PageRpc): ResponseHandler => ({
  isRejected: settings.asksForRejection
    ? async (response) => {
        // A call that outlives its page has nobody to ask.
        const byStatus = response.status === 401;
        if (!pages.has(page)) return byStatus;
        const { value, transfer } = await serializeResponse(response.clone(), page.streams);
        return page.request('isTokenRejected', value, { transfer }).catch((error: unknown) => {
          if (pages.has(page)) throw error;
          return byStatus;
        });
      }
    : ({ status }) => status === 401,
  onStepUp: (response) =>
    void serializeResponse(response, page.streams).then(({ value, transfer }) =>
      page.notify('stepUpRequired', value, transfer),
    ),
});

async function fetchFor(page: PageRpc, serialized: SerializedRequest, signal: AbortSignal | undefined) {
  const { url, init, headers, stream } = serialized;
  const started = await ready();
  const body = stream ? page.streams.receive(stream, signal) : deserializeBody(serialized);
  const more: RequestInit = {
    ...(headers?.length && { headers: pairHeaders(headers) }),
    ...(body != null && { body }),
    ...(signal && { signal }),
  };
  const response = await started
    .fetch(url, { ...init, ...more }, responseHandler(page))
    .catch(async (error: unknown) => {
      // The page first receives the event that explains the error.
      await storage.settled();
      throw error;
    });
  return serializeResponse(response, page.streams);
}

async function getAccessToken(minValidityMs: number): Promise<string> {
  if (!settings.exposeToken)
    throw new AuthError(
      'TOKEN_NOT_EXPOSED',
      'getAccessToken: a worker holds the token; set options.exposeToken to give it to the page, or use auth.fetch',
    );
  const started = await ready();
  return started.getAccessToken(minValidityMs);
}

async function disconnect(page: PageRpc, disposed: boolean) {
  pages.delete(page);
  hiddenPages.delete(page);
  if (disposed) page.close(undefined);
  else page.otherEndLeft();
  await hideIfUnseen();
  // A page that is unloaded may load again in a moment, and then finds the same session.
  if (!disposed || pages.size > 0) return;
  const last = engine;
  engine = undefined;
  session = undefined;
  (await last)?.dispose();
  if (!servesAllTabs) scope.close();
}

/** While all pages are hidden, nothing is renewed until one is visible or makes a call. */
async function hideIfUnseen() {
  if (pages.size > 0 && hiddenPages.size === pages.size) (await engine)?.hidden();
}

const handlersFor = (page: () => PageRpc): Handlers<WorkerMethods> => ({
  connect: (request) => connect(page(), request),
  restored: () => afterEvents(async (started) => void (await started.restored)),
  fetch: (request, signal) => fetchFor(page(), request, signal),
  login: (request, signal) => afterEvents((started) => started.login(request, signal)),
  restore: () => afterEvents((started) => started.restore()),
  refresh: () => afterEvents((started) => started.refresh()),
  logout: (logoutScope) =>
    afterEvents((started) => {
      signedOutBy = page();
      return started.logout(logoutScope);
    }),
  getAccessToken,
  async hidden() {
    hiddenPages.add(page());
    await hideIfUnseen();
  },
  async resumed({ by, storage: entries }) {
    hiddenPages.delete(page());
    const started = await ready();
    storage.replace(entries);
    started.resumed(by);
  },
  ping: () => true,
  holdPort(port) {
    heldPorts.add(port);
  },
  disconnect: ({ disposed }) => disconnect(page(), disposed),
});

/** Whether a request continues when its page is unloaded. */
const outlivesPage = (method: string, params: unknown) =>
  method === 'fetch' && (params as SerializedRequest | undefined)?.init?.keepalive === true;

function serve(port: Port) {
  const page: PageRpc = new Rpc(
    port,
    handlersFor(() => page),
    AuthError,
    outlivesPage,
  );
}

/** The worker of one tab is its own port. (`scope.close` would end the worker.) */
const ownPort: Port = {
  postMessage: (message, transfer) => scope.postMessage(message, transfer),
  set onmessage(receive: Port['onmessage']) {
    scope.onmessage = receive;
  },
};

if (servesAllTabs) scope.onconnect = ({ ports: [port] }) => serve(port as MessagePort);
else serve(ownPort);
