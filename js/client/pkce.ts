// Signing in at an identity provider without a server of the app: authorization code with PKCE (RFC 7636), in the page. The engine
// exchanges the code, because it holds the tokens; this file takes the page to the provider and back.
import { idTokenCheck } from '../auth/id-token.js';
import { readPath } from '../auth/json.js';
import { hasOwn, stringify } from '../browser/captured-globals.js';
import type { Engine, Notify, OpenEngine } from '../engine/engine.js';
import { abortable } from '../util/abortable.js';
import { abortReason } from '../util/compat.js';
import { createDeferred } from '../util/deferred.js';
import type { AuthClient } from './auth-client.js';
import type { AuthError, AuthErrorCode } from './errors.js';
import { holdSignedOut } from './hold-signed-out.js';
import { leaveForLogout, leavePage } from './leave-page.js';
import type { AuthClientOptions, SignInOptions } from './options.js';
import { forgetSession, LOGGED_OUT } from './pkce-forget.js';
import type { ProviderMetadata } from './pkce-options.js';
import { discover, serverOf } from './pkce-provider.js';
import {
  type AuthorizationResponse,
  isOfOtherClient,
  type PkceRecord,
  type ReceivedResponse,
  type RecordOwner,
  readRecord,
  readResponse,
  removeRecord,
  storeRecord,
} from './pkce-record.js';
import { newState, openSecrets, type Secrets } from './pkce-verifier.js';
import { checkReturnTo, checkSignIn, type ThrowInvalid } from './sign-in-options.js';
import { isSilentLoop } from './sign-in-record.js';
import type { ProviderSettings } from './validate-pkce.js';

/** A provider's code is valid for a minute or two, and the user may need some for the form. */
const LONGEST_SIGN_IN_MS = 10 * 60_000;
/** The pauses before the same code is sent again to a provider that answers 5xx or 429. */
const RETRIES_MS = [300, 900, 2_700];
/** How often a sign-in whose answer was lost is begun again. */
const MOST_ATTEMPTS = 2;
/** How long a logout waits for the engine, and a logout at the provider for the revocation. */
const LOGOUT_MS = 2_000;
/** The longest pause before the provider is asked again for its metadata after a logout. */
const LONGEST_PAUSE_MS = 30_000;

/** The errors of RFC 6749 §4.1.2.1 and OpenID Connect Core 1.0 §3.1.2.6. Others are `PROVIDER_REFUSED`. */
const STATED: Readonly<Record<string, AuthErrorCode>> = {
  access_denied: 'ACCESS_DENIED',
  login_required: 'INTERACTION_REQUIRED',
  interaction_required: 'INTERACTION_REQUIRED',
  consent_required: 'INTERACTION_REQUIRED',
  account_selection_required: 'INTERACTION_REQUIRED',
  server_error: 'PROVIDER_UNAVAILABLE',
  temporarily_unavailable: 'PROVIDER_UNAVAILABLE',
};
const MESSAGES: Partial<Record<AuthErrorCode, string>> = {
  ACCESS_DENIED: 'the user or the identity provider refused the sign-in',
  INTERACTION_REQUIRED: 'the identity provider has to ask the user',
  PROVIDER_UNAVAILABLE: 'the identity provider did not answer, or not as it should',
  PROVIDER_REFUSED: 'the identity provider refused the sign-in, or answered with data that are not valid',
  STALE_SIGN_IN: 'the sign-in is older than 10 minutes, of another tab or complete, or its code was used before',
};
const BLOCKED = 'the browser keeps nothing for the page to which the provider returns: its storage is blocked';

const later = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** What the client has to do when it starts. */
type Task =
  | { readonly kind: 'exchange'; readonly record: PkceRecord; readonly response: AuthorizationResponse }
  /** The page was loaded again during the exchange: whoever received the answer is gone. */
  | { readonly kind: 'start-over'; readonly record: PkceRecord }
  /** A response to no request of this tab. */
  | { readonly kind: 'stale'; readonly returnTo: string };

/** What the next engine of a client does, by its name and its address. A client that is disposed before leaves it to the next one. */
const tasks = new Map<string, Task>();
/** The page is loaded again, or goes to the provider: nothing begins on it. */
let isLeaving = false;

export interface PkceSettings {
  readonly provider: ProviderSettings;
  /** The name of the client, for the storage. */
  readonly name: string;
  readonly timeoutMs: number;
  readonly remember: AuthClientOptions['remember'];
}

/** The sign-in of one client. */
export class PkceSignIn {
  readonly #settings: PkceSettings;
  readonly #AuthError: typeof AuthError;
  readonly #invalid: ThrowInvalid;
  /** The key of its task. */
  readonly #taskKey: string;
  #client: AuthClient<unknown> | undefined;
  /** The task of this client, until it begins. */
  #task: Task | undefined;
  #isDisposed = false;
  #metadata: Promise<ProviderMetadata> | undefined;
  /** Ends the present sign-in. The first one is that of the page before, which this page completes. */
  #ending = new AbortController();
  readonly #completing = this.#ending;
  #notify: Notify | undefined;
  /** Resolves when the engine is open, or could not be opened. */
  readonly #tried = createDeferred<void>();
  #isOpen = false;
  /** Whether the user signed out while the engine was not open. */
  #isForgotten = false;

  constructor(settings: PkceSettings, AuthErrorType: typeof AuthError, invalid: ThrowInvalid) {
    this.#settings = settings;
    this.#AuthError = AuthErrorType;
    this.#invalid = invalid;
    this.#taskKey = `${settings.name} ${settings.provider.redirectUri}`;
  }

  /**
   * Reads the response of the provider, and removes it from the address. Call it in the task in which the client is made: no later script
   * and no router sees the code there. The page is then loaded again at the address to return to, because the browser's timing
   * entries show the address that it was loaded with.
   */
  start(client: AuthClient<unknown>) {
    this.#client = client;
    const { name, provider } = this.#settings;
    const record = readRecord(name, provider);
    const received = this.#received(record);
    if (record && received?.state === record.state && !record.response) return this.#receive(record, received);
    if (received) {
      if (!record?.response && isOfOtherClient(received.state, name)) return;
      replaceAddress(received.rest);
    }
    // What looks like a response, as in a link of another site, does not take the place of the one that the record has.
    if (received && !record?.response) {
      if (received.code || received.error) tasks.set(this.#taskKey, { kind: 'stale', returnTo: received.rest });
      return;
    }
    const task = isLeaving || tasks.has(this.#taskKey) ? undefined : taskOf(record);
    if (task) tasks.set(this.#taskKey, task);
    if (task?.kind === 'exchange') storeRecord(name, { ...task.record, response: undefined, isExchanging: true });
  }

  /** The response in the address. A logout may return to another address than a sign-in. */
  #received(record: PkceRecord | undefined): ReceivedResponse | undefined {
    const { redirectUri, postLogoutRedirectUri } = this.#settings.provider;
    const { href } = location;
    const ofLogout = record?.kind === 'logout' ? readResponse(href, postLogoutRedirectUri) : undefined;
    return ofLogout ?? readResponse(href, redirectUri);
  }

  /** Takes the response out of the address, and loads the page again at the address to return to. */
  #receive(record: PkceRecord, { code, error, iss }: ReceivedResponse) {
    const { name } = this.#settings;
    const response = { code, error, iss };
    const isLogout = record.kind === 'logout';
    if (isLogout) removeRecord(name, record.state);
    replaceAddress(record.returnTo);
    // A page that cannot change its address would be loaded with the response again.
    isLeaving = !this.#received(record) && (isLogout || storeRecord(name, { ...record, response }));
    if (isLeaving) {
      // The rest of the page, which would see the code, is not parsed.
      stop();
      location.reload();
    } else if (!isLogout) {
      storeRecord(name, { ...record, isExchanging: true });
      tasks.set(this.#taskKey, { kind: 'exchange', record, response });
    }
  }

  /** Opens the engine with what the provider speaks. */
  readonly open: OpenEngine = (...given) => {
    const opening = this.#open(...given);
    opening.then(
      () => {
        this.#isOpen = true;
        this.#tried.resolve();
      },
      () => this.#tried.resolve(),
    );
    return opening;
  };

  readonly #open: OpenEngine = async (options, notify, AuthErrorType, fetch, importFile) => {
    if (isLeaving || this.#isDisposed) return new Promise<never>(() => {});
    this.#notify = notify;
    const { isolation = 'page', remember = 'memory' } = options;
    // A page without tokens asks the provider for nothing, and a sign-in leaves the page.
    const isAlone = (isolation === 'page' || isolation === 'worker') && remember === 'memory';
    const { provider } = this.#settings;
    this.#task ??= tasks.get(this.#taskKey);
    tasks.delete(this.#taskKey);
    const { issuer, clientId } = provider;
    const metadata = this.#task?.kind === 'exchange' || !isAlone ? await this.#metadataOfEngine(isAlone) : undefined;
    const task = this.#task;
    const held = task && task.kind !== 'stale' ? holdSignedOut(notify) : undefined;
    const complete = {
      ...options,
      clientId,
      server: serverOf(metadata, provider),
      idempotencyKey: false,
      idToken: { issuer, clientId },
      refusesUser: idTokenCheck({ issuer, clientId }),
    };
    const engine = await openInner(complete, held?.notify ?? notify, AuthErrorType, fetch, importFile);
    const endSession = engine.logout.bind(engine);
    // A worker may have the session that the user has ended meanwhile.
    const restored = this.#isForgotten ? endSession('session').catch(() => {}) : engine.restored;
    const settled = this.#settle(engine, restored, task).finally(() => held?.release());
    const logout: Engine['logout'] = (scope) => {
      this.#endSignIn();
      return endSession(scope);
    };
    return Object.assign(engine, { logout, restored: Promise.all([restored, settled]) });
  };

  /**
   * The metadata with which the engine opens. Without them a response cannot be exchanged: the sign-in has failed. After a
   * logout the client asks until it has an answer, and the session stays as it is.
   */
  async #metadataOfEngine(isAlone: boolean): Promise<ProviderMetadata | undefined> {
    for (let failures = 0; ; failures += 1) {
      try {
        return await this.#discover();
      } catch (error) {
        const task = this.#task;
        if (task?.kind === 'exchange') {
          this.#task = undefined;
          this.#fail(error, task);
        }
        if (isAlone) return undefined;
        if (!this.#isForgotten) throw error;
        await later(Math.min(LONGEST_PAUSE_MS, 1000 * 2 ** failures));
        if (this.#isDisposed) return new Promise<never>(() => {});
      }
    }
  }

  /** Does what the address or the record of the tab asks for. Never rejects. A logout or another sign-in ends it. */
  async #settle(engine: Engine, restored: Promise<unknown>, task: Task | undefined): Promise<void> {
    if (!task || this.#isDisposed) return;
    this.#task = undefined;
    const ending = this.#completing;
    try {
      // A login ends a refresh that is under way, and the provider has rotated the token by then.
      await abortable(restored, ending.signal);
      if (task.kind === 'exchange') await this.#exchange(engine, task.record, task.response, ending);
      const status = this.#client?.session.status;
      if (task.kind === 'start-over' && status !== 'signed-in') await this.#startOver(task.record, ending);
      if (task.kind === 'stale' && status === 'signed-out') throw this.#errorOf('STALE_SIGN_IN');
      if (task.kind !== 'stale') removeRecord(this.#settings.name, task.record.state);
    } catch (error) {
      this.#fail(error, task);
    }
  }

  /** Says that the sign-in has failed, unless a logout or another sign-in has ended it. */
  #fail(error: unknown, task: Task) {
    // The client was disposed: the next one begins the sign-in again.
    if (this.#isDisposed || (error as Partial<AuthError>)?.code === 'DISPOSED') return;
    if (task.kind !== 'stale') removeRecord(this.#settings.name, task.record.state);
    if (!(error instanceof this.#AuthError) || this.#completing.signal.aborted) return;
    const returnTo = pathOf(task.kind === 'stale' ? task.returnTo : task.record.returnTo);
    // After `auth.ready`: an app may add its listeners then.
    this.#client?.ready.then(() => setTimeout(() => this.#notify?.('sign-in-failed', { error, returnTo })));
  }

  /** Exchanges the code. A response that is not valid is not used for anything. */
  async #exchange(
    engine: Engine,
    record: PkceRecord,
    { code, error, iss }: AuthorizationResponse,
    ending: AbortController,
  ): Promise<void> {
    const { issuer, redirectUri } = this.#settings.provider;
    const ageMs = Date.now() - record.at;
    if (!(ageMs >= 0 && ageMs < LONGEST_SIGN_IN_MS)) throw this.#errorOf('STALE_SIGN_IN');
    const { authorization_response_iss_parameter_supported: hasIss } = await this.#discover();
    if ((iss !== undefined || hasIss) && iss !== issuer)
      throw this.#errorOf('PROVIDER_REFUSED', 'the response is not of this issuer (RFC 9207)');
    if (error !== undefined) throw this.#errorOf((hasOwn(STATED, error) && STATED[error]) || 'PROVIDER_REFUSED');
    if (!code) throw this.#errorOf('PROVIDER_REFUSED');
    const { state, maxAge } = record;
    const { signal } = ending;
    const secrets = await this.#secrets();
    const expected = { nonce: await secrets.nonce(state), maxAge };
    const login = () =>
      secrets.withVerifier(state, (verifier) => {
        if (signal.aborted) throw abortReason(signal);
        const fields = { __proto__: null, code, redirect_uri: redirectUri, code_verifier: verifier };
        return engine.login({ json: stringify(fields), expected }, signal);
      });
    for (let attempt = 0; ; attempt += 1) {
      try {
        await login();
        return;
      } catch (failure) {
        const { status } = (failure ?? {}) as Partial<AuthError>;
        const pauseMs = status && (status >= 500 || status === 429) ? RETRIES_MS[attempt] : undefined;
        if (pauseMs === undefined) return this.#failed(failure, record, ending);
        await abortable(later(pauseMs), signal);
      }
    }
  }

  /** Begins the sign-in again if its answer was lost. The provider knows the user, so it costs no click. */
  async #failed(failure: unknown, record: PkceRecord, ending: AbortController): Promise<void> {
    const { code, status, body } = (failure ?? {}) as Partial<AuthError>;
    // A browser by itself repeats a POST whose connection broke. The first request used the code, so the provider refuses the second
    // one, and the answer of the first is lost.
    const isUsed = readPath(body, 'error') === 'invalid_grant';
    const isLost = isUsed || code === 'OFFLINE' || code === 'TIMEOUT';
    if (isLost && record.attempt < MOST_ATTEMPTS) return this.#startOver(record, ending);
    if (isUsed) throw this.#errorOf('STALE_SIGN_IN');
    if (isLost || code === 'RATE_LIMITED' || (code === 'SERVER_ERROR' && Number(status) >= 500))
      throw this.#errorOf('PROVIDER_UNAVAILABLE');
    const isAnswer = [
      'INVALID_CREDENTIALS',
      'LOGIN_REJECTED',
      'LOGIN_STEP_REQUIRED',
      'MALFORMED_RESPONSE',
      'SERVER_ERROR',
    ];
    throw code && isAnswer.includes(code) ? this.#errorOf('PROVIDER_REFUSED') : failure;
  }

  /** Leaves the page. The promise stays pending; it rejects if the provider cannot be reached. */
  async #startOver({ prompt, ...record }: PkceRecord, ending: AbortController): Promise<never> {
    if (record.attempt >= MOST_ATTEMPTS) throw this.#errorOf('PROVIDER_UNAVAILABLE');
    this.#metadata = undefined;
    const silent = prompt === 'none' ? { prompt } : {};
    return this.#leave({ ...record, ...silent, attempt: record.attempt + 1 }, undefined, ending);
  }

  /** Signs in: leaves the page. A call of `signIn` or `logout` that follows replaces it. */
  readonly signIn = (given: SignInOptions = {}): Promise<never> => {
    const ending = this.end();
    const result = this.#signIn(given, ending);
    // An app that awaits nothing is not told that its page stayed.
    ending.signal.addEventListener('abort', () => result.catch(() => {}));
    return result;
  };

  async #signIn(given: unknown, ending: AbortController): Promise<never> {
    const { signal } = ending;
    const options = checkSignIn(given, this.#invalid);
    const { signal: caller, provider, prompt, returnTo = location.href, acrValues, maxAge, loginHint } = options;
    if (provider !== undefined) this.#invalid('signIn.provider', 'none: the client has one provider', provider);
    if (caller?.aborted) ending.abort(abortReason(caller));
    caller?.addEventListener('abort', () => ending.abort(abortReason(caller)), { signal });
    if (isSilentLoop(prompt === 'none'))
      throw this.#errorOf('INTERACTION_REQUIRED', 'the third sign-in with prompt "none" within a minute');
    const { href } = new URL(returnTo, location.href);
    // (A link of another site may have what looks like a response.)
    const address = readResponse(href, this.#settings.provider.redirectUri)?.rest ?? href;
    return this.#leave({ returnTo: address, attempt: 0, prompt, acrValues, maxAge }, loginHint, ending);
  }

  /** Goes to the provider. */
  async #leave(asked: Asked, loginHint: string | undefined, ending: AbortController): Promise<never> {
    const { signal } = ending;
    const { address, state } = await abortable(this.#begin(asked, loginHint, signal), signal);
    return leavePage(address, ending, () => removeRecord(this.#settings.name, state));
  }

  /** Stores the record of a sign-in, unless it has been ended, and returns the address of the authorization request. */
  async #begin(
    asked: Asked,
    loginHint: string | undefined,
    signal: AbortSignal,
  ): Promise<{ address: string; state: string }> {
    const { provider, name } = this.#settings;
    const [metadata, secrets] = await Promise.all([this.#discover(), this.#secrets()]);
    const state = newState();
    const [nonce, challenge] = await Promise.all([secrets.nonce(state), secrets.challenge(state)]);
    const { returnTo, attempt, prompt, acrValues, maxAge } = asked;
    const own = { ...ownerOf(provider), state, at: Date.now() };
    const record = { ...own, kind: 'sign-in', returnTo, attempt, prompt, acrValues, maxAge } as const;
    if (signal.aborted) throw abortReason(signal);
    if (!storeRecord(name, record)) throw this.#errorOf('STALE_SIGN_IN', BLOCKED);
    const modes = metadata.response_modes_supported;
    const address = addressWith(metadata.authorization_endpoint, {
      ...provider.parameters,
      response_type: 'code',
      client_id: provider.clientId,
      redirect_uri: provider.redirectUri,
      scope: provider.scope,
      resource: provider.resource,
      state,
      nonce,
      code_challenge: challenge,
      code_challenge_method: 'S256',
      // No server sees a fragment. (Without the member, a provider supports it: OpenID Connect Discovery 1.0 §3.)
      response_mode: !modes || modes.includes('fragment') ? 'fragment' : undefined,
      prompt,
      login_hint: loginHint,
      acr_values: acrValues,
      max_age: maxAge,
    });
    return { address, state };
  }

  /** Throws `INVALID_OPTIONS` if the address is not one of this origin. */
  checkReturnTo(returnTo: string | undefined) {
    checkReturnTo(returnTo, this.#invalid);
  }

  /**
   * Ends the session here, and the sign-in that is under way. `end` asks the engine to do so; if that is not open, because the provider
   * cannot be reached, nothing of the session stays in the browser, and its token is not revoked.
   */
  async logout(end: () => Promise<{ revoked: boolean }>): Promise<{ revoked: boolean }> {
    this.#endSignIn();
    if (!this.#isOpen) await Promise.race([this.#tried.promise, later(LOGOUT_MS)]);
    return this.#isOpen || this.#isDisposed ? end() : this.#forget();
  }

  async #forget(): Promise<{ revoked: boolean }> {
    this.#isForgotten = true;
    await forgetSession(this.#settings.name, this.#settings.remember);
    this.#notify?.('signed-out', undefined, LOGGED_OUT);
    return { revoked: false };
  }

  /** Ends the session here, and then the one at the provider: leaves the page. */
  async signOut(end: () => Promise<{ revoked: boolean }>, returnTo: string | undefined): Promise<{ revoked: boolean }> {
    const { name, provider } = this.#settings;
    const found = this.#discover();
    found.catch(() => {});
    const notConfirmed = () => ({ revoked: false });
    // The page stays until the tokens are gone; the provider's confirmation may take longer.
    const endSoon = () => Promise.race([end().catch(notConfirmed), later(LOGOUT_MS).then(notConfirmed)]);
    const { revoked } = await this.logout(endSoon);
    const { end_session_endpoint: endpoint } = await found;
    if (!endpoint)
      throw this.#errorOf('PROVIDER_REFUSED', 'its metadata have no end_session_endpoint; the session here has ended');
    const { href } = new URL(returnTo ?? location.href, location.href);
    const state = newState();
    const own = { ...ownerOf(provider), state, at: Date.now() };
    storeRecord(name, { ...own, kind: 'logout', returnTo: href, attempt: 0 });
    // (`id_token_hint` would show the ID token to the page: `client_id` takes its place, and the provider may ask the user.)
    const address = addressWith(endpoint, {
      client_id: provider.clientId,
      post_logout_redirect_uri: provider.postLogoutRedirectUri,
      state,
    });
    await leaveForLogout(address);
    return { revoked };
  }

  /** The client is disposed: the next one of the page does what this one has not begun. */
  dispose() {
    this.#isDisposed = true;
    if (this.#task) tasks.set(this.#taskKey, this.#task);
    this.end();
  }

  /** Ends the present sign-in, and that of a page that is to be completed here. */
  #endSignIn() {
    this.end();
    removeRecord(this.#settings.name);
  }

  /** Ends the present sign-in. Returns what ends the next one. */
  end(): AbortController {
    this.#ending.abort(new DOMException('a later sign-in or a logout replaced this sign-in', 'AbortError'));
    this.#ending = new AbortController();
    return this.#ending;
  }

  /** Asks the provider once, and again after a failure. */
  #discover(): Promise<ProviderMetadata> {
    this.#metadata ??= discover(this.#settings.provider, this.#settings.timeoutMs, (code, detail) =>
      this.#errorOf(code, `${this.#settings.provider.issuer}: ${detail}`),
    ).catch((error) => {
      this.#metadata = undefined;
      throw error;
    });
    return this.#metadata;
  }

  async #secrets(): Promise<Secrets> {
    const secrets = await openSecrets(`${this.#settings.name} pkce`);
    if (!secrets) throw this.#errorOf('STALE_SIGN_IN', BLOCKED);
    return secrets;
  }

  #errorOf(code: AuthErrorCode, message: string = MESSAGES[code] ?? ''): AuthError {
    return new this.#AuthError(code, message, { retryable: code === 'PROVIDER_UNAVAILABLE' });
  }
}

/** What the app asked for, and how often. */
type Asked = Pick<PkceRecord, 'returnTo' | 'attempt' | 'prompt' | 'acrValues' | 'maxAge'>;

const ownerOf = ({ issuer, clientId, redirectUri }: ProviderSettings): RecordOwner => ({
  issuer,
  clientId,
  redirectUri,
});

/** Path, query and fragment of an address. (A path with two slashes at its start would be an address of another origin.) */
function pathOf(address: string): string {
  const { pathname, search, hash } = new URL(address);
  return pathname.startsWith('//') ? address : pathname + search + hash;
}

/** What the record of the tab asks for. */
function taskOf(record: PkceRecord | undefined): Task | undefined {
  if (record?.kind !== 'sign-in') return undefined;
  const { response, isExchanging } = record;
  if (response) return { kind: 'exchange', record, response };
  return isExchanging && Date.now() - record.at < LONGEST_SIGN_IN_MS ? { kind: 'start-over', record } : undefined;
}

function replaceAddress(address: string) {
  try {
    history.replaceState(history.state, '', address);
  } catch {
    // A frame without an origin cannot change its address.
  }
}

/** The URL with these parameters; those without a value are left out. */
function addressWith(endpoint: string, parameters: Readonly<Record<string, string | number | undefined>>): string {
  const url = new URL(endpoint);
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) url.searchParams.set(name, `${value}`);
  return url.href;
}

/** The engine of the package: on the page, without WebAssembly if it cannot start, or in a worker. */
const openInner: OpenEngine = async (...given) => {
  const [{ isolation = 'page' }, , , , importFile] = given;
  if (isolation !== 'page')
    return (await importFile('worker-client.js', () => import('../worker/worker-client.js'))).openEngine(...given);
  const { openEngine } = await importFile('engine.js', () => import('../engine/engine.js'));
  return openEngine(...given).catch(async (error: Partial<AuthError>) => {
    if (error.code !== 'WASM_UNAVAILABLE') throw error;
    const name = 'engine-without-wasm.js';
    return (await importFile(name, () => import('../engine/engine-without-wasm.js'))).openEngine(...given);
  });
};
