// Signing in and out at an identity provider, the part of the page (docs/reference/sign-in-endpoints.md). This file loads when it
// is needed. The server is the OAuth client: no code, state or token of the provider is ever on the page.
import type { Engine, Notify } from '../engine/engine.js';
import { resolveEndpoint } from '../engine/resolve-options.js';
import { abortable } from '../util/abortable.js';
import { abortReason } from '../util/compat.js';
import { ownMembers } from '../util/own-members.js';
import { pageOrigin } from '../util/page-origin.js';
import type { AuthClient } from './auth-client.js';
import type { AuthError, AuthErrorCode } from './errors.js';
import { holdSignedOut } from './hold-signed-out.js';
import { invalidMessage } from './invalid-message.js';
import { leaveForLogout, leavePage } from './leave-page.js';
import type { AuthClientOptions } from './options.js';
import type { Session } from './session.js';
import { forgetBegun, type SignInMark } from './sign-in-mark.js';
import { checkReturnTo, checkSignIn, endAddress, startAddress } from './sign-in-options.js';
import { type OpenedPopup, openChannel, resultOfPopup } from './sign-in-popup.js';
import { expectNewSession, isRevocationPending, isSilentLoop, storeBegun, takeBegun } from './sign-in-record.js';

/** The errors that the server states, by the text of the mark. */
const STATED: Readonly<Record<string, AuthErrorCode>> = {
  access_denied: 'ACCESS_DENIED',
  interaction_required: 'INTERACTION_REQUIRED',
  provider_unavailable: 'PROVIDER_UNAVAILABLE',
  provider_refused: 'PROVIDER_REFUSED',
  stale_sign_in: 'STALE_SIGN_IN',
};
const MESSAGES: Partial<Record<AuthErrorCode, string>> = {
  ACCESS_DENIED: 'the user or the identity provider refused the sign-in',
  INTERACTION_REQUIRED: 'the identity provider has to ask the user',
  PROVIDER_UNAVAILABLE: 'the identity provider did not answer, or not as it should',
  PROVIDER_REFUSED: 'the identity provider refused the sign-in; see the log of the server',
  STALE_SIGN_IN: 'the sign-in is older than 10 minutes or of another browser, or its cookie is blocked',
  POPUP_CLOSED: 'the window was closed before the sign-in was complete',
};
/** The pauses between the attempts to get the new session from the server. */
const RETRIES_MS = [1_000, 4_000];
/** How long the page waits for its engine before it navigates to the end of the session. */
const LOGOUT_MS = 2_000;

const later = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

const addressOf = ({ baseUrl, endpoints }: AuthClientOptions, name: 'start' | 'end') =>
  resolveEndpoint(endpoints?.[name] ?? `/auth/${name}`, new URL(baseUrl ?? pageOrigin() ?? location.href));

const isOver = (error: unknown) => /^(SIGNED_OUT|SESSION_ENDED)$/.test((error as AuthError)?.code);

/** How a client starts whose page was loaded by a return from the provider. */
export interface SignInReturn {
  readonly options: AuthClientOptions;
  readonly notify: Notify;
  /** Whether there is a new session, if the mark is right. */
  readonly isNewSession: boolean;
  /** Resolves when the new session is there, or when the first attempt to get it has failed. */
  settle(engine: Engine): Promise<unknown>;
}

/** The sign-in of one client. */
export class SignIn {
  readonly #client: Pick<AuthClient<unknown>, 'session'>;
  readonly #options: AuthClientOptions;
  readonly #AuthError: typeof AuthError;
  readonly #notify: Notify;
  readonly #engine: () => Promise<Engine>;

  /** `AuthErrorType` is the class that the app imports: this file is a separate bundle. `engine` rejects when the client is disposed. */
  constructor(
    client: Pick<AuthClient<unknown>, 'session'>,
    options: AuthClientOptions,
    AuthErrorType: typeof AuthError,
    notify: Notify,
    engine: () => Promise<Engine>,
  ) {
    this.#client = client;
    this.#options = options;
    this.#AuthError = AuthErrorType;
    this.#notify = notify;
    this.#engine = engine;
  }

  /** Signs in. Resolves when the session of a popup is there; `ending` ends the wait with its reason. */
  async signIn<User>(given: unknown, popup: Window | null, ending: AbortController): Promise<Session<User>> {
    if (!globalThis.document) this.#invalid('signIn', 'a page', 'none');
    const options = checkSignIn(given, this.#invalid);
    const { signal } = options;
    if (signal?.aborted) ending.abort(abortReason(signal));
    signal?.addEventListener('abort', () => ending.abort(abortReason(signal)), { signal: ending.signal });
    const engine = await abortable(this.#engine(), ending.signal);
    const { name, transport } = engine.settings;
    if (transport !== 'cookie') this.#invalid('signIn', 'options.transport "cookie"', transport);
    if (isSilentLoop(options.prompt === 'none'))
      throw this.#errorOf('INTERACTION_REQUIRED', 'the third sign-in with prompt "none" within a minute');
    // As before a login: the answer to a revocation clears the cookie.
    if (isRevocationPending(name) && !this.#isSignedIn()) await abortable(engine.logout('session'), ending.signal);
    const start = addressOf(this.#options, 'start');
    const channel = popup ? openChannel() : undefined;
    if (popup && channel) {
      const id = crypto.getRandomValues(new Uint32Array(4)).join('');
      popup.location.replace(startAddress(start, options, id));
      // The page of the provider must not navigate this one. (Nor can this one close that window any more.)
      popup.opener = null;
      const opened = { popup, channel, id, signal: ending.signal };
      await abortable(this.#signInByPopup(engine, opened), ending.signal);
      return this.#client.session as Session<User>;
    }
    popup?.close();
    storeBegun(name);
    return this.#leave(startAddress(start, options, undefined), ending);
  }

  async #signInByPopup(engine: Engine, opened: OpenedPopup): Promise<void> {
    const wasSignedIn = this.#isSignedIn();
    const restore = async () => {
      const wasRevoked = expectNewSession(engine.settings.name);
      await engine.restore().catch((error) => this.#restoreAgain(engine, wasRevoked, error));
    };
    const result = await resultOfPopup({
      ...opened,
      hasSession: async () => {
        await engine.restore().catch(() => {});
        return !wasSignedIn && this.#isSignedIn();
      },
      onLateResult: (late) => void (late === 'signed-in' && restore().catch(() => {})),
    }).catch((code: AuthErrorCode) => {
      throw this.#errorOf(code);
    });
    if (result !== 'signed-in') throw this.#statedError(result);
    await restore();
  }

  /** Navigates. The promise stays pending; it rejects if the user comes back to this page. */
  #leave(address: string, ending: AbortController): Promise<never> {
    return leavePage(address, ending, () => {
      forgetBegun();
      // The user may have signed in on a later page.
      this.#engine()
        .then((engine) => engine.restore())
        .catch(() => {});
    });
  }

  /** The browser has returned from the provider. */
  receiveMark(mark: SignInMark): SignInReturn {
    const [result, address] = mark;
    const options = this.#options;
    const returnTo = address.slice(location.origin.length);
    const begun = takeBegun(mark);
    // After `auth.ready`: an app may add its listeners then.
    const report = (error: AuthError) => void setTimeout(() => this.#notify('sign-in-failed', { error, returnTo }));
    if (result !== 'signed-in') {
      // (Of several clients on the page, the one that began the sign-in. Nobody knows who began it elsewhere.)
      const isOther = ({ settings }: Engine) => begun !== undefined && begun.clientName !== settings.name;
      const settle = (engine: Engine) =>
        engine.restored.then(() => isOther(engine) || report(this.#statedError(result))) as Promise<void>;
      return { options, notify: this.#notify, isNewSession: false, settle };
    }
    const { notify, release } = holdSignedOut(this.#notify);
    const { restore = 'auto', isolation = 'page' } = options;
    // The options are part of the name of a shared worker, which the other tabs use.
    const isOwn = isolation === 'page' || isolation === 'worker';
    return {
      options: isOwn && restore !== 'never' ? ownMembers({ ...options, restore: 'always' }) : options,
      notify,
      // (A mark that anybody typed must not extend the time of an idle user.)
      isNewSession: begun !== undefined,
      settle: async (engine) => {
        if (engine.settings.transport !== 'cookie') return release();
        const failure = await engine.restore().then(
          () => undefined,
          (error: unknown) => ({ error }),
        );
        release();
        // (`auth.ready` does not wait for the next attempts.)
        if (failure)
          this.#restoreAgain(engine, begun?.wasRevoked === true, failure.error).catch((error) => {
            // The browser accepted no cookie. (Without a sign-in of this tab, anybody may have made the address.)
            if (begun?.clientName === engine.settings.name && isOver(error)) report(this.#errorOf('STALE_SIGN_IN'));
          });
      },
    };
  }

  /**
   * Ends the session at the provider too: navigates to the server when `end` has ended the session here. A wrong option ends
   * nothing.
   */
  async signOut(end: () => Promise<unknown>, returnTo: string | undefined): Promise<{ revoked: boolean }> {
    checkReturnTo(returnTo, this.#invalid);
    const limit = later(LOGOUT_MS);
    const engine = await Promise.race([this.#engine().catch(() => undefined), limit]);
    const { transport = 'cookie' } = engine ? engine.settings : this.#options;
    if (transport !== 'cookie') this.#invalid('logout', 'options.transport "cookie"', transport);
    // The page leaves in any case: the server ends the session.
    await Promise.race([end().catch(() => {}), limit]);
    await leaveForLogout(endAddress(addressOf(this.#options, 'end'), returnTo));
    return { revoked: false };
  }

  /**
   * Asks the server for the new session again, after an attempt failed. `wasRevoked`: a revocation was pending, and the engine may
   * not have noticed yet that it is not.
   */
  async #restoreAgain(engine: Engine, wasRevoked: boolean, failure: unknown): Promise<void> {
    let last = failure;
    for (const pauseMs of RETRIES_MS) {
      // Another user has signed in: that ends the wait of those who waited for the user before.
      if (isOver(last) && this.#isSignedIn()) return;
      const helps = isOver(last) ? wasRevoked : (last as AuthError)?.code === 'REFRESH_UNAVAILABLE';
      // (A session that is being restored has attempts of its own.)
      if (!helps || this.#client.session.status === 'restoring') break;
      await later(pauseMs);
      try {
        await engine.restore();
        return;
      } catch (error) {
        last = error;
      }
    }
    throw last;
  }

  #isSignedIn() {
    return this.#client.session.status === 'signed-in';
  }

  /** The error of a mark. No text of the address is part of it. */
  #statedError(result: string): AuthError {
    const text = result.slice('sign-in-error='.length);
    return this.#errorOf((Object.keys(STATED).includes(text) && STATED[text]) || 'PROVIDER_REFUSED');
  }

  #errorOf(code: AuthErrorCode, message: string = MESSAGES[code] ?? ''): AuthError {
    return new this.#AuthError(code, message, { retryable: code === 'PROVIDER_UNAVAILABLE' });
  }

  readonly #invalid = (where: string, expected: string, received: unknown): never => {
    throw new this.#AuthError('INVALID_OPTIONS', invalidMessage(where, expected, received));
  };
}
