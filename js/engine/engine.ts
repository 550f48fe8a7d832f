// Connects the parts of a client where its tokens are, on the page or in a worker: the core decides, the token store holds
// the tokens, and storage, lock and channel connect the tabs.
import { Client, type Host } from '#glue';
import { createAuthRequests, type LoginRequest } from '../auth/auth-requests.js';
import { authorizedFetch } from '../auth/authorized-fetch.js';
import type { DpopProver } from '../auth/dpop.js';
import { openRememberedTokens } from '../auth/remembered-tokens.js';
import { createTokenStore } from '../auth/token-store.js';
import { createUsers } from '../auth/users.js';
import { adoptFetch } from '../browser/captured-globals.js';
import { type KeyValueStore, PAGE_STORAGE, TAB_STORAGE } from '../browser/key-value-store.js';
import { createTabLock, type Schedule } from '../browser/lock.js';
import { observePageLifecycle } from '../browser/page-lifecycle.js';
import { idempotencyKey, openPersistedState, type PersistedState } from '../browser/persisted-state.js';
import type { AuthEvents } from '../client/events.js';
import type { ApiRequestInit, AuthClientOptions, LogEntry } from '../client/options.js';
import type { Session } from '../client/session.js';
import { abortable } from '../util/abortable.js';
import { createApiFetch, type ResponseHandler } from './api-fetch.js';
import { type AuthErrorClass, errorCreator } from './auth-errors.js';
import { wrongArgument } from './check-login.js';
import { openCrossTab } from './cross-tab.js';
import { createLog } from './diagnostics.js';
import { loadWasm } from './load-wasm.js';
import { resolveOptions, type Settings, storeFor } from './resolve-options.js';
import { connectWasm } from './wasm-host.js';

/** What `AuthClient` works with. */
export interface Engine {
  /** Asks the server for a session, also after a logout. */
  restore(): Promise<unknown>;
  /** Of the two functions that take a signal, an abort ends the wait with the signal's reason. */
  login(request: LoginRequest, signal?: AbortSignal | null): Promise<unknown>;
  refresh(signal?: AbortSignal | null): Promise<unknown>;
  /** Resolves with whether the server confirmed it. */
  logout(scope: LogoutScope): Promise<boolean>;
  readonly settings: Pick<Settings, 'name' | 'transport'>;
  /** Resolves when the first restore is settled. */
  readonly restored: Promise<unknown>;
  fetch(input: RequestInfo | URL, init?: ApiRequestInit): Promise<Response>;
  getAccessToken(minValidityMs: number): Promise<string>;
  diagnostics(): readonly LogEntry[];
  dispose(): void;
}

/** `'provider'`: the page navigates to the server, which ends the session, so no request is sent. */
export type LogoutScope = 'session' | 'global' | 'provider';

/** The engine where the tokens are. */
export interface LocalEngine extends Engine {
  /** `handler`, if given, decides about responses instead of the app's options. */
  fetch(input: RequestInfo | URL, init?: ApiRequestInit, handler?: ResponseHandler): Promise<Response>;
  /** The page is visible again, restored from the back-forward cache, or online again. */
  resumed(by: string): void;
  hidden(): void;
}

/** `session-updated`: there is a new snapshot, and no event for listeners. */
export type EngineEvent = keyof AuthEvents | 'session-updated';

/** Receives an event, its detail, the new session if it changed, and whether a page must store a logout itself. */
export type Notify = (event: EngineEvent, detail: unknown, session?: Session, mustStoreLogout?: boolean) => void;

/** Where an engine runs. */
export interface EngineEnvironment {
  readonly storage: KeyValueStore;
  /** The storage of one tab. */
  readonly tabStorage: KeyValueStore;
  /** The cookies that scripts can read. */
  readonly cookies: () => string | Promise<string>;
  /** Whether one engine serves all tabs. */
  readonly servesAllTabs: boolean;
  readonly schedule: Schedule;
}

const PAGE: EngineEnvironment = {
  storage: PAGE_STORAGE,
  tabStorage: TAB_STORAGE,
  cookies: () => document.cookie,
  servesAllTabs: false,
  schedule: (task) => task(),
};

/** Imports a file of the package. Rejects with `ENGINE_UNAVAILABLE`, which names the file. */
export type ImportFile = <T>(name: string, load: () => Promise<T>) => Promise<T>;

/** Opens the engine of a client on the page. `fetch` is the function that `index.js` captured. */
export type OpenEngine = (
  options: AuthClientOptions,
  notify: Notify,
  AuthError: AuthErrorClass,
  fetch: typeof globalThis.fetch,
  importFile: ImportFile,
) => Promise<Engine>;

/** The engine of a page. */
export const openEngine: OpenEngine = (options, notify, AuthError, fetch, importFile) => {
  adoptFetch(fetch);
  return createEngine(resolveOptions(options), notify, AuthError, PAGE, importFile);
};

export async function createEngine(
  settings: Settings,
  notify: Notify,
  AuthError: AuthErrorClass,
  environment: EngineEnvironment,
  importFile: ImportFile,
): Promise<LocalEngine> {
  const log = createLog(settings.onLog);
  await loadWasm(AuthError, log);
  const { schedule, cookies } = environment;
  const createError = errorCreator(AuthError);
  const prover = settings.dpop ? await loadProver(settings, environment, AuthError, importFile) : undefined;
  const { sharesSession } = settings;
  const sharesTabs = sharesSession && settings.crossTab;
  const state = openPersistedState(settings.name, storeFor(settings, environment));
  const remembered = openRememberedTokens(settings.remember, state);
  const users = createUsers();
  const tokens = createTokenStore(settings.origins, users);
  const lock = createTabLock(state.prefix, sharesTabs, schedule);
  const crossTab = openCrossTab(state.prefix, sharesTabs, state, schedule, (message, relation) =>
    core.receiveMessage(message, relation),
  );
  const { host, core } = connectWasm({
    client: () => client,
    settings,
    tokens,
    users,
    requests: createAuthRequests({ settings, tokens, idempotencyKey: keyOf(state), prover, cookies, remembered }),
    remembered,
    state,
    lock,
    crossTab,
    log,
    notify: (event, detail, session) => notify(event, detail, session, sharesSession && client.mustStoreLogout()),
    createError,
    rejectCalls: (code) => calls.rejectAll(code),
  });
  const client = createClient(host, settings);
  const sender = authorizedFetch(tokens, settings.server.api, prover, cookies);
  const handler: ResponseHandler = {
    isRejected: settings.shouldRefresh ?? (({ status }) => status === 401),
    onStepUp: (response) => notify('step-up-required', { response }),
  };
  const calls = createApiFetch({ settings, client, tokens, sender, handler, log, createError });
  const restored = client.start().catch(() => {});
  const listening = new AbortController();
  const hidden = () => client.hidden();
  const resumed = (by: string) => {
    log('debug', 'resumed', { by });
    client.resumed();
  };
  observePageLifecycle({ resumed, hidden }, listening.signal);
  return {
    async login(request, signal) {
      checkLogin(request, settings, AuthError);
      return abortable(core.login(request, signal ?? undefined), signal);
    },
    restore: () => client.restore(),
    refresh: (signal) => abortable(client.refresh(), signal),
    logout: core.logout,
    settings,
    restored,
    fetch: calls.fetch,
    getAccessToken: calls.getAccessToken,
    diagnostics: log.entries,
    resumed,
    hidden,
    dispose() {
      listening.abort();
      client.dispose();
      lock.close();
      crossTab.close();
      calls.rejectAll('DISPOSED');
    },
  };
}

function createClient(host: Host, { renewBeforeMs, timeoutMs, restore, crossTab }: Settings): Client {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] as number;
  return new Client(host, renewBeforeMs, timeoutMs, restore, crossTab, seed);
}

const keyOf = (state: PersistedState) => () => idempotencyKey(state);

/** Throws if the server has no such call, or if a form cannot hold the credentials. */
function checkLogin(request: LoginRequest, { server }: Settings, AuthError: AuthErrorClass) {
  const wrong = wrongArgument(request, server);
  if (wrong === 'call')
    throw new AuthError(
      'INVALID_OPTIONS',
      `login.options.call: expected a name of options.server.calls, got ${JSON.stringify(request.call)}`,
    );
  if (wrong)
    throw new AuthError('INVALID_OPTIONS', 'login.credentials: expected strings, such as {username, password}');
}

/** The key is in memory if no other tab needs it, and in IndexedDB if other tabs have the same session. */
async function loadProver(
  settings: Settings,
  { servesAllTabs }: EngineEnvironment,
  AuthError: AuthErrorClass,
  importFile: ImportFile,
): Promise<DpopProver> {
  const inMemory =
    settings.dpop === 'memory' || (!settings.sharesSession && settings.remember === 'memory') || servesAllTabs;
  const { createProver } = await importFile('dpop.js', () => import('../auth/dpop.js'));
  try {
    return await createProver(inMemory ? undefined : settings.name);
  } catch (cause) {
    throw new AuthError('INVALID_OPTIONS', 'options.dpop: expected a page that is a secure context (https)', { cause });
  }
}
