// Signing in at an identity provider without a server of the app: authorization code with PKCE (RFC 7636), in the page. The engine
// exchanges the code, because it holds the tokens; this file takes the page to the provider and back.
import { idTokenCheck } from '../auth/id-token.js';
import { readPath } from '../auth/json.js';
import { hasOwn, stringify } from '../browser/captured-globals.js';
import type { Engine, Notify, OpenEngine } from '../engine/engine.js';
import { abortable } from '../util/abortable.js';
import { abortReason } from '../util/compat.js';
import type { AuthClient } from './auth-client.js';
import type { AuthError, AuthErrorCode } from './errors.js';
import { holdSignedOut } from './hold-signed-out.js';
import { leaveForLogout, leavePage } from './leave-page.js';
import type { SignInOptions } from './options.js';
import type { ProviderMetadata } from './pkce-options.js';
import { discover, serverOf } from './pkce-provider.js';
import {
  type AuthorizationResponse,
  isOfOtherClient,
  type PkceRecord,
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
/** How long a logout at the provider waits for the revocation. */
const LOGOUT_MS = 2_000;

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

/** What the next engine of a client does, by the name of the client. A client that is disposed before leaves it to the next one. */
const tasks = new Map<string, Task>();
/** The page is loaded again, or goes to the provider: nothing begins on it. */
let isLeaving = false;

export interface PkceSettings {
  readonly provider: ProviderSettings;
  /** The name of the client, for the storage. */
  readonly name: string;
  readonly timeoutMs: number;
}

/** The sign-in of one client. */
export class PkceSignIn {
  readonly #settings: PkceSettings;
  readonly #AuthError: typeof AuthError;
  readonly #invalid: ThrowInvalid;
  /** Whether a user is signed in. Set when the client is made. */
  #session: () => AuthClient<unknown>['session'] = () => {
    throw new TypeError('there is no client yet');
  };
  /** The task of this client, until it begins. */
  #task: Task | undefined;
  #isDisposed = false;
  #metadata: Promise<ProviderMetadata> | undefined;
  #ending: AbortController | undefined;

  constructor(settings: PkceSettings, AuthErrorType: typeof AuthError, invalid: ThrowInvalid) {
    this.#settings = settings;
    this.#AuthError = AuthErrorType;
    this.#invalid = invalid;
  }

  /**
   * Reads the response of the provider, and removes it from the address. Call it in the task in which the client is made: no later script
   * and no router sees the code there. The page is then loaded again at the address to return to, because the browser's timing
   * entries show the address that it was loaded with.
   */
  start(session: () => AuthClient<unknown>['session']) {
    this.#session = session;
    const { name, provider } = this.#settings;
    const response = readResponse(location.href, provider.redirectUri);
    const record = readRecord(name);
    if (!response) {
      const task = isLeaving || tasks.has(name) ? undefined : taskOf(record);
      if (task) tasks.set(name, task);
      if (task?.kind === 'exchange') storeRecord(name, { ...task.record, response: undefined, isExchanging: true });
      return;
    }
    const { state, code, error, iss, rest } = response;
    if (record?.state !== state) {
      if (isOfOtherClient(state)) return;
      replaceAddress(rest);
      if (code || error) tasks.set(name, { kind: 'stale', returnTo: rest });
      return;
    }
    const isLogout = record.kind === 'logout';
    const answer = { code, error, iss };
    const isStored = isLogout || storeRecord(name, { ...record, response: answer });
    if (isLogout) removeRecord(name);
    replaceAddress(record.returnTo);
    isLeaving = isStored;
    if (isStored) location.reload();
    else tasks.set(name, { kind: 'exchange', record, response: answer });
  }

  /** Opens the engine with what the provider speaks. */
  readonly open: OpenEngine = async (options, notify, AuthErrorType, fetch, importFile) => {
    if (isLeaving || this.#isDisposed) return new Promise<never>(() => {});
    const { isolation = 'page', remember = 'memory' } = options;
    // A page without tokens asks the provider for nothing, and a sign-in leaves the page.
    const isAlone = (isolation === 'page' || isolation === 'worker') && remember === 'memory';
    const { provider, name } = this.#settings;
    this.#task ??= tasks.get(name);
    tasks.delete(name);
    const task = this.#task;
    const { issuer, clientId } = provider;
    const metadata = task?.kind === 'exchange' || !isAlone ? await this.#discover() : undefined;
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
    const { restored } = engine;
    const settled = this.#settle(engine, restored, task, notify).finally(() => held?.release());
    return Object.assign(engine, { restored: Promise.all([restored, settled]) });
  };

  /** Does what the address or the record of the tab asks for. Never rejects. */
  async #settle(engine: Engine, restored: Promise<unknown>, task: Task | undefined, notify: Notify): Promise<void> {
    if (!task || this.#isDisposed) return;
    this.#task = undefined;
    const { name } = this.#settings;
    const returnTo = task.kind === 'stale' ? task.returnTo : task.record.returnTo;
    try {
      // A login ends a refresh that is under way, and the provider has rotated the token by then.
      await restored;
      if (task.kind === 'exchange') await this.#exchange(engine, task.record, task.response);
      const { status } = this.#session();
      if (task.kind === 'start-over' && status !== 'signed-in') await this.#startOver(task.record);
      if (task.kind === 'stale' && status === 'signed-out') throw this.#errorOf('STALE_SIGN_IN');
      if (task.kind !== 'stale') removeRecord(name);
    } catch (error) {
      // The client was disposed: the next one begins the sign-in again. Or a logout replaced the sign-in.
      if ((error as Partial<AuthError>)?.code === 'DISPOSED') return;
      if (task.kind !== 'stale') removeRecord(name);
      // After `auth.ready`: an app may add its listeners then.
      if (error instanceof this.#AuthError) setTimeout(() => notify('sign-in-failed', { error, returnTo }));
    }
  }

  /** Exchanges the code. A response that is not valid is not used for anything. */
  async #exchange(engine: Engine, record: PkceRecord, { code, error, iss }: AuthorizationResponse): Promise<void> {
    const { issuer, redirectUri } = this.#settings.provider;
    const ageMs = Date.now() - record.at;
    if (!(ageMs >= 0 && ageMs < LONGEST_SIGN_IN_MS)) throw this.#errorOf('STALE_SIGN_IN');
    const { authorization_response_iss_parameter_supported: hasIss } = await this.#discover();
    if ((iss !== undefined || hasIss) && iss !== issuer)
      throw this.#errorOf('PROVIDER_REFUSED', 'the response is not of this issuer (RFC 9207)');
    if (error !== undefined) throw this.#errorOf((hasOwn(STATED, error) && STATED[error]) || 'PROVIDER_REFUSED');
    if (!code) throw this.#errorOf('PROVIDER_REFUSED');
    const { state, maxAge } = record;
    const secrets = await this.#secrets();
    const expected = { nonce: await secrets.nonce(state), maxAge };
    const login = () =>
      secrets.withVerifier(state, (verifier) => {
        const fields = { __proto__: null, code, redirect_uri: redirectUri, code_verifier: verifier };
        return engine.login({ json: stringify(fields), expected });
      });
    for (let attempt = 0; ; attempt += 1) {
      try {
        await login();
        return;
      } catch (failure) {
        const { status } = (failure ?? {}) as Partial<AuthError>;
        const pauseMs = status && (status >= 500 || status === 429) ? RETRIES_MS[attempt] : undefined;
        if (pauseMs === undefined) return this.#failed(failure, record);
        await later(pauseMs);
      }
    }
  }

  /** Begins the sign-in again if its answer was lost. The provider knows the user, so it costs no click. */
  async #failed(failure: unknown, record: PkceRecord): Promise<void> {
    const { code, status, body } = (failure ?? {}) as Partial<AuthError>;
    // A browser repeats a request whose connection broke: the code is spent, and so looks a lost answer.
    const isSpent = readPath(body, 'error') === 'invalid_grant';
    const isLost = isSpent || code === 'OFFLINE' || code === 'TIMEOUT';
    if (isLost && record.attempt < MOST_ATTEMPTS) return this.#startOver(record);
    if (isSpent) throw this.#errorOf('STALE_SIGN_IN');
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
  async #startOver({ prompt, ...record }: PkceRecord): Promise<never> {
    if (record.attempt >= MOST_ATTEMPTS) throw this.#errorOf('PROVIDER_UNAVAILABLE');
    this.#metadata = undefined;
    const silent = prompt === 'none' ? { prompt } : {};
    const address = await this.#begin({ ...record, ...silent, attempt: record.attempt + 1 }, undefined);
    return leavePage(address, new AbortController(), () => removeRecord(this.#settings.name));
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
    const { pathname, search, hash } = new URL(returnTo, location.href);
    const asked = { returnTo: pathname + search + hash, attempt: 0, prompt, acrValues, maxAge };
    const address = await abortable(this.#begin(asked, loginHint), signal);
    return leavePage(address, ending, () => removeRecord(this.#settings.name));
  }

  /** Stores the record of a sign-in, and returns the address of the authorization request. */
  async #begin(
    asked: Omit<PkceRecord, 'kind' | 'state' | 'at' | 'response' | 'isExchanging'>,
    loginHint: string | undefined,
  ): Promise<string> {
    const { provider, name } = this.#settings;
    const [metadata, secrets] = await Promise.all([this.#discover(), this.#secrets()]);
    const state = newState();
    const [nonce, challenge] = await Promise.all([secrets.nonce(state), secrets.challenge(state)]);
    const { returnTo, attempt, prompt, acrValues, maxAge } = asked;
    const record = { kind: 'sign-in', state, at: Date.now(), returnTo, attempt, prompt, acrValues, maxAge } as const;
    if (!storeRecord(name, record)) throw this.#errorOf('STALE_SIGN_IN', BLOCKED);
    const modes = metadata.response_modes_supported;
    return addressWith(metadata.authorization_endpoint, {
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
  }

  /** Throws `INVALID_OPTIONS` if the address is not one of this origin. */
  checkReturnTo(returnTo: string | undefined) {
    checkReturnTo(returnTo, this.#invalid);
  }

  /** Ends the session here, and the one at the provider: leaves the page. */
  async signOut(end: () => Promise<unknown>, returnTo: string | undefined): Promise<{ revoked: boolean }> {
    const { name, provider } = this.#settings;
    const found = this.#discover();
    found.catch(() => {});
    await Promise.race([end().catch(() => {}), later(LOGOUT_MS)]);
    const { end_session_endpoint: endpoint } = await found;
    if (!endpoint)
      throw this.#errorOf('PROVIDER_REFUSED', 'its metadata have no end_session_endpoint; the session here has ended');
    const { pathname, search, hash } = new URL(returnTo ?? location.href, location.href);
    const state = newState();
    storeRecord(name, { kind: 'logout', state, at: Date.now(), returnTo: pathname + search + hash, attempt: 0 });
    // (`id_token_hint` would show the ID token to the page: `client_id` takes its place, and the provider may ask the user.)
    const address = addressWith(endpoint, {
      client_id: provider.clientId,
      post_logout_redirect_uri: provider.postLogoutRedirectUri,
      state,
    });
    await leaveForLogout(address);
    return { revoked: false };
  }

  /** The client is disposed: the next one of the page does what this one has not begun. */
  dispose() {
    this.#isDisposed = true;
    if (this.#task) tasks.set(this.#settings.name, this.#task);
    this.end();
  }

  /** Ends the present sign-in. Returns what ends the next one. */
  end(): AbortController {
    this.#ending?.abort(new DOMException('a later sign-in or a logout replaced this sign-in', 'AbortError'));
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
