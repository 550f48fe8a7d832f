// The sign-in at an identity provider for the Rust client (feature `sign-in`): the code of the npm package, with the Rust client
// behind it. It handles no token.
import type { AuthErrorCode } from '../client/errors.js';
import type { SignInOptions } from '../client/options.js';
import { SignIn } from '../client/sign-in.js';
import { forgetBegun, openPopup, type SignInMark, takeMark } from '../client/sign-in-mark.js';
import type { Engine } from '../engine/engine.js';
import type { Settings } from '../engine/resolve-options.js';
import { createDeferred } from '../util/deferred.js';
import type { PlatformOptions } from './platform.js';

/** A failure. The class of the npm package has the same constructor. */
export class SignInFailure extends Error {
  readonly code: AuthErrorCode;

  constructor(code: AuthErrorCode, message: string) {
    super(message);
    this.code = code;
  }

  /** Of a wrong option: its path, what is valid and what came. */
  parts(): string[] {
    return /^(.*?): expected (.*), got (.*)$/s.exec(this.message)?.slice(1) ?? [];
  }
}

/** What the Rust client does for the sign-in. */
export interface RustClient {
  status(): string;
  restore(): Promise<unknown>;
  logout(): Promise<boolean>;
  /** Signs out without a request: the page navigates to the end of the session. */
  logoutByPage(): Promise<unknown>;
  onFailed(failure: SignInFailure, returnTo: string): void;
}

/** Reads the mark in the address of the page and removes it. */
export const takeSignInMark = ({ transport, protocol }: PlatformOptions): SignInMark | undefined =>
  globalThis.document && (transport ? transport === 'cookie' : protocol !== 'oauth2') ? takeMark() : undefined;

/** Whether the mark says that a session is there. */
export const isSignedInMark = ([result]: SignInMark): boolean => result === 'signed-in';

export class RustSignIn {
  readonly #options: PlatformOptions;
  readonly #engine: Engine;
  readonly #signIn: SignIn;
  readonly #started = createDeferred<void>();
  readonly #logoutByPage: () => Promise<unknown>;
  #present: AbortController | undefined;
  /** Whether the page was loaded by a return from the provider, with a new session if the mark is right. */
  isNewSession = false;

  constructor(options: PlatformOptions, settings: Pick<Settings, 'name' | 'transport'>, client: RustClient) {
    const { restore, logout, logoutByPage } = client;
    this.#logoutByPage = logoutByPage;
    this.#options = options;
    this.#engine = { settings, restore, logout, restored: this.#started.promise } as unknown as Engine;
    this.#signIn = new SignIn(
      {
        get session() {
          return { status: client.status() } as never;
        },
      },
      options,
      SignInFailure as never,
      (_, detail) => {
        const { error, returnTo } = detail as { error: unknown; returnTo: string };
        client.onFailed(error as SignInFailure, returnTo);
      },
      () => Promise.resolve(this.#engine),
    );
  }

  /** Returns the function that continues when the client has started. */
  receiveMark(mark: SignInMark): () => void {
    const { settle, isNewSession } = this.#signIn.receiveMark(mark);
    this.isNewSession = isNewSession;
    return () => {
      settle(this.#engine).catch(() => {});
    };
  }

  /** The first restore has settled. */
  restored() {
    this.#started.resolve();
  }

  /** `given` are the options, or their JSON. (Async: an error must not be thrown into the wasm.) */
  async signIn(given: SignInOptions | string, signal: AbortSignal): Promise<void> {
    this.end();
    const ending = new AbortController();
    this.#present = ending;
    const options: SignInOptions = typeof given === 'string' ? JSON.parse(given) : given;
    const popup = openPopup(Object(options), this.#options);
    signal.addEventListener('abort', () => ending.abort());
    const result = this.#signIn.signIn(options, popup, ending);
    result.catch(() => popup?.close());
    await result;
  }

  /** Ends the session and navigates to its end at the provider. */
  signOut(returnTo: string | undefined): Promise<unknown> {
    return this.#signIn.signOut(this.#logoutByPage, returnTo);
  }

  /** Another call replaces the present sign-in. */
  end() {
    forgetBegun();
    this.#present?.abort(new DOMException('a later call replaced this one', 'AbortError'));
  }
}
