// Connects the parts of a client where its tokens are, on the page or in a worker: the core decides, the token store holds
// the tokens, and storage, lock and channel connect the tabs.
import { Client } from '#glue';
import { AuthRequests } from '../auth/auth-requests.js';
import { AuthorizedFetch } from '../auth/authorized-fetch.js';
import type { DpopProver } from '../auth/dpop.js';
import { TokenStore } from '../auth/token-store.js';
import { type KeyValueStore, PAGE_STORAGE } from '../browser/key-value-store.js';
import { type Schedule, TabLock } from '../browser/lock.js';
import { observePageLifecycle } from '../browser/page-lifecycle.js';
import { PersistedState, type StorageSnapshot, storagePrefix } from '../browser/persisted-state.js';
import type { AuthEvents } from '../client/events.js';
import type { AuthClientOptions, LogEntry } from '../client/options.js';
import type { Session } from '../client/session.js';
import { abortable } from '../util/abortable.js';
import { ApiFetch, type ApiFetchDependencies, type ResponseHandler } from './api-fetch.js';
import { type AuthErrorClass, errorCreator } from './auth-errors.js';
import { CrossTab } from './cross-tab.js';
import { DiagnosticLog } from './diagnostics.js';
import { loadWasm } from './load-wasm.js';
import { RESTORES } from './names.js';
import { resolveOptions, type Settings } from './resolve-options.js';
import { WasmCore } from './wasm-host.js';

/** What `AuthClient` works with. */
export interface Engine {
  /** Of the two functions that take a signal, an abort ends the wait with the signal's reason. */
  login(credentials: string, signal?: AbortSignal | null): Promise<unknown>;
  refresh(signal?: AbortSignal | null): Promise<unknown>;
  /** Resolves with whether the server confirmed it. */
  logout(scope: 'session' | 'global'): Promise<boolean>;
  /** Resolves when the first restore is settled. */
  readonly restored: Promise<unknown>;
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  getAccessToken(minValidityMs: number): Promise<string>;
  diagnostics(): readonly LogEntry[];
  dispose(): void;
}

/** The engine where the tokens are. */
export interface LocalEngine extends Engine {
  /** `handler`, if given, is asked instead of the app's options. */
  fetch(input: RequestInfo | URL, init?: RequestInit, handler?: ResponseHandler): Promise<Response>;
  /** The page is visible again, restored from the back-forward cache, or online again. */
  resumed(by: string): void;
  hidden(): void;
}

/** `changed`: the snapshot is another one, and no listener is called. */
export type EngineEvent = keyof AuthEvents | 'changed';

/** Receives an event, its detail, and the new session if it changed. */
export type Notify = (event: EngineEvent, detail: unknown, session?: Session) => void;

/** Where an engine runs. */
export interface EngineEnvironment {
  readonly storage: KeyValueStore;
  /** Whether one engine serves all tabs. */
  readonly servesAllTabs: boolean;
  readonly schedule: Schedule;
}

const PAGE: EngineEnvironment = { storage: PAGE_STORAGE, servesAllTabs: false, schedule: (task) => task() };

/** The engine of a page. `wasmFile` is the response of the wasm file, if it was requested already. */
export const openEngine = (
  options: AuthClientOptions,
  notify: Notify,
  AuthError: AuthErrorClass,
  wasmFile?: Promise<Response>,
): Promise<LocalEngine> => createEngine(resolveOptions(options), notify, AuthError, PAGE, wasmFile);

export async function createEngine(
  settings: Settings,
  notify: Notify,
  AuthError: AuthErrorClass,
  environment = PAGE,
  wasmFile?: Promise<Response>,
): Promise<LocalEngine> {
  await loadWasm(AuthError, wasmFile);
  const prover = settings.dpop ? await loadProver(settings, environment, AuthError) : undefined;
  return new TokenEngine(settings, notify, AuthError, environment, prover);
}

class TokenEngine implements LocalEngine {
  readonly restored: Promise<unknown>;
  readonly #settings: Settings;
  readonly #AuthError: AuthErrorClass;
  readonly #log: DiagnosticLog;
  readonly #core: WasmCore;
  readonly #lock: TabLock;
  readonly #crossTab: CrossTab;
  readonly #calls: ApiFetch;
  readonly #listening = new AbortController();

  constructor(
    settings: Settings,
    notify: Notify,
    AuthError: AuthErrorClass,
    { storage: store, schedule }: EngineEnvironment,
    prover: DpopProver | undefined,
  ) {
    this.#settings = settings;
    this.#AuthError = AuthError;
    const createError = errorCreator(AuthError);
    // With the refresh token in the body, the session belongs to this page alone.
    const sharesSession = settings.transport === 'cookie';
    const sharesTabs = sharesSession && settings.crossTab;
    const log = new DiagnosticLog(settings.onLog);
    const storage = new PersistedState(settings.name, sharesSession ? store : undefined);
    const tokens = new TokenStore(settings.origins);
    const requests = new AuthRequests(settings, tokens, () => storage.idempotencyKey(), prover);
    const channelName = storagePrefix(settings.name);
    const lock = new TabLock(channelName, sharesTabs, schedule);
    const crossTab = new CrossTab(channelName, sharesTabs, storage, schedule, (message, relation) =>
      core.receiveMessage(message, relation),
    );
    let started = false;
    const core = new WasmCore({
      client: () => client,
      tokens,
      requests,
      storage,
      readSnapshot: () => snapshotForCore(storage, settings.crossTab || !started),
      lock,
      broadcast: (event) => crossTab.post(event),
      log,
      notify,
      createError,
      rejectCalls: (code) => calls.rejectAll(code),
    });
    const seed = crypto.getRandomValues(new Uint32Array(1))[0] as number;
    const restore = RESTORES.indexOf(settings.restore);
    const client = new Client(core.host, settings.renewBeforeMs, settings.timeoutMs, restore, seed);
    const authorized = new AuthorizedFetch(tokens, settings.tokenScheme, prover);
    const calls = createApiFetch(settings, notify, { core, tokens, authorized, log, createError });
    this.#log = log;
    this.#core = core;
    this.#lock = lock;
    this.#crossTab = crossTab;
    this.#calls = calls;
    this.restored = core.start().catch(() => {});
    started = true;
    observePageLifecycle(this, this.#listening.signal);
  }

  async login(credentials: string, signal?: AbortSignal | null) {
    if (this.#settings.oauth2 && !isFormFields(credentials))
      throw new this.#AuthError('INVALID_OPTIONS', 'login.credentials: expected strings, such as {username, password}');
    return abortable(this.#core.login(credentials, signal ?? undefined), signal);
  }

  refresh(signal?: AbortSignal | null) {
    return abortable(this.#core.refresh(), signal);
  }

  logout(scope: 'session' | 'global') {
    return this.#core.logout(scope);
  }

  fetch(input: RequestInfo | URL, init?: RequestInit, handler?: ResponseHandler) {
    return this.#calls.fetch(input, init, handler);
  }

  getAccessToken(minValidityMs: number) {
    return this.#calls.getAccessToken(minValidityMs);
  }

  diagnostics() {
    return this.#log.entries();
  }

  resumed(by: string) {
    this.#log.write('debug', 'resumed', { by });
    this.#core.resumed();
  }

  hidden() {
    this.#core.hidden();
  }

  dispose() {
    this.#listening.abort();
    this.#core.dispose();
    this.#lock.close();
    this.#crossTab.close();
    this.#calls.rejectAll('DISPOSED');
  }
}

function createApiFetch(
  settings: Settings,
  notify: Notify,
  parts: Omit<ApiFetchDependencies, 'authEndpoints' | 'handler'>,
): ApiFetch {
  return new ApiFetch({
    ...parts,
    authEndpoints: Object.values(settings.endpoints),
    handler: {
      isTokenRejected: settings.shouldRefresh ?? (({ status }) => status === 401),
      onStepUpRequired: (response) => notify('step-up-required', { response }),
    },
  });
}

/**
 * A client that is not in step with the other tabs looks at the session hint only once, when it starts. (A policy that
 * belongs in the core.)
 */
function snapshotForCore(storage: PersistedState, withHint: boolean): StorageSnapshot {
  const snapshot = storage.readSnapshot();
  return withHint ? snapshot : { ...snapshot, hint: 'same' };
}

/** Whether the credentials are an object of strings, which a form can hold. */
const isFormFields = (json: string) =>
  json[0] === '{' && Object.values(JSON.parse(json)).every((value) => typeof value === 'string');

/** The key is in memory if no other tab needs it, and in IndexedDB if other tabs have the same session. */
async function loadProver(
  settings: Settings,
  { servesAllTabs }: EngineEnvironment,
  AuthError: AuthErrorClass,
): Promise<DpopProver> {
  const inMemory = settings.dpop === 'memory' || settings.transport === 'body' || servesAllTabs;
  try {
    const { createProver } = await import('../auth/dpop.js');
    return await createProver(inMemory ? undefined : settings.name);
  } catch (cause) {
    throw new AuthError('INVALID_OPTIONS', 'options.dpop: expected a page that is a secure context (https)', { cause });
  }
}
