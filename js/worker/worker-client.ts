// The page's side of a client whose tokens are in a worker. It passes calls to the worker and events to the app; no token
// passes here, unless `options.exposeToken` is set.

import type { LoginRequest } from '../auth/auth-requests.js';
import { authUrls } from '../auth/server.js';
import { adoptFetch, stringify } from '../browser/captured-globals.js';
import { checkWorkerPolicy } from '../browser/csp-check.js';
import { PAGE_STORAGE, TAB_STORAGE } from '../browser/key-value-store.js';
import { observePageLifecycle } from '../browser/page-lifecycle.js';
import { openPersistedState, STORAGE_KEYS, storagePrefix, storeLogout } from '../browser/persisted-state.js';
import type { AuthErrorClass } from '../engine/auth-errors.js';
import { createLog, type Log } from '../engine/diagnostics.js';
import type { Engine, LogoutScope, Notify, OpenEngine } from '../engine/engine.js';
import { resolveOptions, type Settings } from '../engine/resolve-options.js';
import { abortable } from '../util/abortable.js';
import { microtask } from '../util/compat.js';
import type { PageMethods, StorageEntries, WorkerMethods, WorkerSettings } from './protocol.js';
import { RemoteFetch } from './remote-fetch.js';
import { deserializeResponse, type SerializedResponse } from './remote-response.js';
import type { Handlers, Method, Params } from './rpc.js';
import { SessionEvents } from './session-events.js';
import { hasSharedWorkers, type WorkerKind } from './start-worker.js';
import { WorkerConnection } from './worker-connection.js';

export const openEngine: OpenEngine = async (options, notify, AuthError, fetch, importFile) => {
  adoptFetch(fetch);
  const settings = resolveOptions(options);
  const { isolation } = settings;
  const kind: WorkerKind = isolation === 'worker' || !hasSharedWorkers ? 'worker' : 'shared-worker';
  const engine = connect(settings, notify, AuthError, kind);
  if (isolation !== 'auto') return engine;
  return engine
    .catch(() => (kind === 'worker' ? engine : connect(settings, notify, AuthError, 'worker')))
    .catch(() => openOnPage(options, notify, AuthError, fetch, importFile));
};

const openOnPage: OpenEngine = async (...given) => {
  const importFile = given[4];
  const { openEngine } = await importFile('engine.js', () => import('../engine/engine.js'));
  return openEngine(...given).catch(async (error: { code?: unknown }) => {
    if (error.code !== 'WASM_UNAVAILABLE') throw error;
    const name = 'engine-without-wasm.js';
    return (await importFile(name, () => import('../engine/engine-without-wasm.js'))).openEngine(...given);
  });
};

async function connect(settings: Settings, notify: Notify, AuthError: AuthErrorClass, kind: WorkerKind) {
  const client = new WorkerClient(settings, notify, AuthError, kind);
  await client.start();
  return client;
}

class WorkerClient implements Engine {
  readonly settings: Settings;
  readonly #AuthError: AuthErrorClass;
  readonly #kind: WorkerKind;
  readonly #notify: Notify;
  readonly #log: Log;
  readonly #events: SessionEvents;
  readonly #connection: WorkerConnection;
  readonly #calls: RemoteFetch;
  readonly #disposal = new AbortController();
  restored: Promise<unknown> = Promise.resolve();

  constructor(settings: Settings, notify: Notify, AuthError: AuthErrorClass, kind: WorkerKind) {
    this.settings = settings;
    this.#AuthError = AuthError;
    this.#kind = kind;
    this.#notify = notify;
    this.#log = createLog(settings.onLog);
    this.#events = new SessionEvents(notify, AuthError);
    const { signal } = this.#disposal;
    this.#connection = new WorkerConnection({
      kind,
      settings: stringify(workerSettings(settings)),
      handlers: this.#handlers(),
      AuthError,
      disposal: signal,
      connectRequest: () => ({ storage: this.#readStorage(), resume: this.#events.isResuming() }),
      onConnected: ({ session, mustStoreLogout, entries }) => {
        for (const entry of entries) this.#log.add(entry);
        if (session) this.#events.connected(session, mustStoreLogout);
      },
      onEnded: () => {
        this.#log('warn', 'worker-ended', { kind });
        this.#events.workerEnded();
      },
    });
    this.#calls = new RemoteFetch(this.#connection, settings.origins, authUrls(settings.server), signal);
  }

  async start() {
    await this.#connection.start();
    const { signal } = this.#disposal;
    const send = <M extends Method<WorkerMethods>>(method: M, params: Params<WorkerMethods, M>) =>
      void this.#connection.request(method, params).catch(() => {});
    observePageLifecycle(
      {
        resumed: (by) => send('resumed', { by, storage: this.#readStorage() }),
        hidden: () => send('hidden', undefined),
      },
      signal,
    );
    // The browser does not report to a shared worker that one of its tabs is unloaded.
    const onPageHide = (event: PageTransitionEvent) =>
      event.persisted || this.#connection.latest()?.notify('disconnect', { disposed: false });
    const options = { __proto__: null, signal } as AddEventListenerOptions;
    if (this.#kind === 'shared-worker') addEventListener('pagehide', onPageHide, options);
    checkWorkerPolicy(storagePrefix(this.settings.name), () => this.#log('warn', 'worker-src-missing'));
    this.restored = this.#connection.request('restored', undefined);
  }

  login(request: LoginRequest, signal?: AbortSignal | null) {
    return abortable(this.#connection.request('login', request, signal), signal);
  }

  restore() {
    return this.#connection.request('restore', undefined);
  }

  refresh(signal?: AbortSignal | null) {
    return abortable(this.#connection.request('refresh', undefined, signal), signal);
  }

  logout(scope: LogoutScope) {
    if (this.#events.mustStoreLogout()) storeLogout(openPersistedState(this.settings.name, PAGE_STORAGE));
    return this.#connection.request('logout', scope);
  }

  fetch(input: RequestInfo | URL, init?: RequestInit) {
    return this.#calls.fetch(input, init);
  }

  getAccessToken(minValidityMs: number) {
    return this.#connection.request('getAccessToken', minValidityMs);
  }

  diagnostics() {
    return this.#log.entries();
  }

  dispose() {
    const reason = new this.#AuthError('DISPOSED', 'this client was disposed');
    this.#disposal.abort(reason);
    const rpc = this.#connection.latest();
    rpc?.notify('disconnect', { disposed: true });
    rpc?.close(reason);
  }

  #storage() {
    return this.settings.remember === 'tab' ? TAB_STORAGE : PAGE_STORAGE;
  }

  #readStorage(): StorageEntries {
    const keys = STORAGE_KEYS.map((key) => `${storagePrefix(this.settings.name)}:${key}`);
    return Object.fromEntries(keys.map((key) => [key, this.#storage().read(key)]));
  }

  /** Handles the requests and notifications of the worker. */
  #handlers(): Handlers<PageMethods> {
    const { shouldRefresh } = this.settings;
    return {
      sessionEvent: (event) => this.#events.receive(event),
      logEntry: (entry) => this.#log.add(entry),
      readStorage: () => this.#readStorage(),
      writeStorage: ({ key, value }) => this.#storage().write(key, value),
      readCookies: () => document.cookie,
      authHeaders: () => this.#authHeaders(),
      stepUpRequired: (serialized) => this.#notify('step-up-required', { response: this.#response(serialized) }),
      isTokenRejected: async (serialized) => {
        const response = this.#response(serialized);
        try {
          return (await shouldRefresh?.(response)) === true;
        } finally {
          response.body?.cancel().catch(() => {});
        }
      },
    };
  }

  #response(serialized: SerializedResponse): Response {
    const rpc = this.#connection.latest();
    if (!rpc) throw new TypeError('the worker that sent this response has ended');
    return deserializeResponse(serialized, rpc.streams);
  }

  /** The app's headers. Their error is reported as an uncaught error of the app; the worker receives only the fact that they failed. */
  async #authHeaders(): Promise<[string, string][]> {
    try {
      return [...new Headers(await this.settings.authHeaders?.())];
    } catch (cause) {
      microtask(() => {
        throw cause;
      });
      throw cause;
    }
  }
}

function workerSettings(settings: Settings): WorkerSettings {
  const { isolation: _, authHeaders, shouldRefresh, onLog: __, ...rest } = settings;
  return {
    __proto__: null,
    ...rest,
    asksForHeaders: authHeaders !== undefined,
    asksForRejection: shouldRefresh !== undefined,
  } as never;
}
