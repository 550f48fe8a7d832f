// The hands of the shell (`src/web/host.rs` says what each does): the promises that callers wait on, the timer, and the
// names of what crosses the border as numbers. It decides nothing.
import type { Client } from '#glue';
import type { AuthError, AuthErrorCode } from './errors.js';
import { deepFrozen } from './frozen.js';
import type { Log } from './log.js';
import type { Mark } from './mark.js';
import { CODES, ENDPOINTS, EVENTS, REASONS, SESSION_CODES, STATUSES } from './names.js';
import type { Tabs } from './tabs.js';
import { type Answer, Unsendable, type Vault } from './vault.js';

/** A snapshot as the facade shows it: frozen all the way down. */
export interface Snapshot {
  status: string;
  user: unknown;
  claims: Record<string, unknown> | null;
  expiresAt: number | null;
  reason: string | null;
}

/** An event's name, its detail, and the snapshot from now on, if it changes. */
export type Notify = (event: string, detail: unknown, snapshot?: Snapshot) => void;

/** Makes an `AuthError`. */
export type MakeError = (
  code: AuthErrorCode,
  retryable?: boolean,
  status?: number,
  retryAfter?: number,
  said?: string,
) => AuthError;

/** What the hands work with. */
export interface Tools {
  /** The wasm client, which is made with the hands. */
  client(): Client;
  vault: Vault;
  mark: Omit<Mark, 'about' | 'key' | 'postpone'>;
  tabs: Omit<Tabs, 'close'>;
  log: Log;
  notify: Notify;
  error: MakeError;
  /** Rejects the API calls under way. */
  abandon(code: AuthErrorCode): void;
}

export interface Hands {
  /** What `src/web/host.rs` names. */
  host: object;
  /** Asks the client to start, admit, refresh or take a rejection: the promise of its answer. */
  ask(question: (client: Client) => void): Promise<boolean>;
  /** Signs in. Rejects with an `AuthError`, or with `undefined` when a later login or a logout took its place. */
  login(credentials: string, caller?: AbortSignal | null): Promise<unknown>;
  /** Signs out at once. Resolves with whether the server has heard. */
  logout(everywhere: boolean): Promise<boolean>;
  /** Another tab has news; `about` is as `Mark.about` says. */
  heard(about: number, kind: number, text: string | undefined, wait: number, failures: number): void;
}

interface Waiting {
  readonly promise: Promise<boolean>;
  resolve(yes: boolean): void;
  reject(error: AuthError | undefined): void;
}

interface Login extends Waiting {
  readonly credentials: string;
  readonly caller: AbortSignal | undefined;
}

/** The kinds of news whose number is not somebody's: see `src/web/news.rs`. */
const SIGNED_OUT = 1;
const FAILED = 3;
/** A status that no server answers with: it could not be sent. */
const UNSENDABLE = 1;
/** No answer came. (Whole, so that nothing on `Object.prototype` speaks in its place.) */
const NOTHING: Answer = {
  status: 0,
  code: undefined,
  message: undefined,
  retryAfter: 0,
  token: 0,
  expiresIn: Number.NaN,
  jwtLife: Number.NaN,
  subject: 0,
};

export function createHands({ client, vault, mark, tabs, log, notify, error, abandon }: Tools): Hands {
  /** Who waits for a token, all on one promise; and who waits for the login that was asked for last. */
  let forToken: Waiting | undefined;
  let forLogin: Login | undefined;
  let forLogout: ((heard: boolean) => void)[] = [];
  /** The promises of what is being asked; one, unless asking leads to asking. */
  const answers: Promise<boolean>[] = [];
  /** What the server said to the last login, for people. */
  let said: string | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  /** An auth call, which leaves a trace in the log; a failing `authHeaders` is told to the developer. */
  async function call(number: number, flight: number): Promise<void> {
    const endpoint = ENDPOINTS[number] as (typeof ENDPOINTS)[number];
    const login = endpoint === 'login' ? forLogin : undefined;
    let answer = NOTHING;
    try {
      answer = await vault.call(endpoint, login?.credentials, login?.caller);
      const { status, code, retryAfter } = answer;
      log(status < 400 ? 'debug' : 'warn', 'auth-call', { endpoint, status, code: code?.slice(0, 40), retryAfter });
    } catch (cause) {
      const unsendable = cause instanceof Unsendable;
      log('warn', 'auth-call', { endpoint, failed: unsendable ? 'options.authHeaders' : (cause as Error)?.name });
      if (unsendable) {
        answer = { ...NOTHING, status: UNSENDABLE };
        queueMicrotask(() => {
          if (cause.cause) throw cause.cause;
        });
      }
    }
    const { status, code = '', retryAfter, token, expiresIn, jwtLife, subject } = answer;
    if (login) said = answer.message;
    const says = Object.hasOwn(SESSION_CODES, code) ? (SESSION_CODES[code] as number) : 0;
    client().answered(number, flight, status, says, retryAfter, token, expiresIn, jwtLife, subject);
  }

  const failure = (code: number, retryable: boolean, status: number, retryAfter: number, message?: string) =>
    error(CODES[code] as AuthErrorCode, retryable, status || undefined, retryAfter || undefined, message);

  // What opens the vault stays here: a page that gets at the module's table of objects finds no token behind any of them.
  const host = {
    cancel: vault.cancel,
    hold: vault.hold,
    wipe: vault.wipe,
    discard: vault.discard,
    memory: mark.memory,
    silence: mark.wait,
    mark: mark.set,
    share: mark.share,
    attempt: mark.attempt,
    unlock: tabs.unlock,
    call: (endpoint: number, flight: number) => void call(endpoint, flight),
    timer(after: number) {
      clearTimeout(timer);
      if (after < Infinity) timer = setTimeout(() => client().elapsed(), after);
    },
    wait() {
      forToken ??= waiting();
      answers.push(forToken.promise);
    },
    answer: (yes: boolean) => answers.push(Promise.resolve(yes)),
    refuse: (code: number, retryable: boolean, status: number, retryAfter: number) =>
      answers.push(Promise.reject(failure(code, retryable, status, retryAfter))),
    settle(whose: number, code: number, retryable: boolean, status: number, retryAfter: number) {
      const waiting = whose ? forLogin : forToken;
      if (whose) forLogin = undefined;
      else forToken = undefined;
      if (code < 0) waiting?.resolve(true);
      else waiting?.reject(failure(code, retryable, status, retryAfter, whose ? said : undefined));
    },
    settleLogout(heard: boolean) {
      for (const done of forLogout) done(heard);
      forLogout = [];
    },
    adopt(token: number, freshFor: number) {
      log('debug', 'token-adopted', { token, freshFor });
      vault.adopt(token, freshFor);
    },
    owe(on: boolean) {
      mark.owe(on);
      if (!on) vault.farewell();
    },
    abandon: () => abandon('SESSION_ENDED'),
    lock(flight: number, steal: boolean) {
      log(steal ? 'warn' : 'debug', 'lock', { steal });
      tabs.lock(flight, steal);
    },
    tell(kind: number, number: number, wait: number) {
      const text = kind === SIGNED_OUT ? REASONS[number] : kind === FAILED ? undefined : vault.nameOf(number);
      tabs.tell(kind, text, wait, kind === FAILED ? number : 0);
    },
    notify(number: number, of: number, expiresAt: number, why: number) {
      const event = EVENTS[number] as string;
      const status = STATUSES[of] as string;
      const reason = (status === 'signed-out' && REASONS[why]) || null;
      log('info', event, { status, ...(reason && { reason }) });
      const snapshot = deepFrozen({ status, ...vault.profile(), expiresAt: finite(expiresAt), reason });
      notify(event, snapshot, snapshot);
    },
    refreshFailed(code: number, retryable: boolean, status: number, retryAfter: number, at: number) {
      const error = failure(code, retryable, status, retryAfter);
      const retryAt = finite(at);
      log('warn', 'refresh-failed', { code: error.code, status: error.status, retryAt });
      notify('refresh-failed', { error, retryAt });
    },
  };

  return {
    host,
    ask(question) {
      question(client());
      return answers.pop() as Promise<boolean>;
    },
    login(credentials, caller) {
      forLogin?.reject(undefined);
      forLogin = { ...waiting(), credentials, caller: caller ?? undefined };
      const { promise } = forLogin;
      client().login();
      return promise;
    },
    logout(everywhere) {
      forLogin?.reject(undefined);
      forLogin = undefined;
      return new Promise((resolve) => {
        forLogout.push(resolve);
        client().logout(everywhere);
      });
    },
    heard(about, kind, text, wait, failures) {
      log('debug', 'heard', { about, kind, wait, failures });
      const number = kind === SIGNED_OUT ? REASONS.indexOf(text ?? '') : kind === FAILED ? failures : vault.idOf(text);
      client().heard(about, kind, number, wait);
    },
  };
}

const finite = (number: number) => (Number.isFinite(number) ? number : null);

function waiting(): Waiting {
  let resolve = (_: boolean) => {};
  let reject = (_: AuthError | undefined) => {};
  const promise = new Promise<boolean>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  promise.catch(() => {}); // who waits hears of it by themselves
  return { promise, resolve, reject };
}
