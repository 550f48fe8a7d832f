// The messages between a page and the worker that holds its tokens: one entry per method, with its parameters and
// its result, if it has one.
// Page and worker are always of the same release.
import type { LoginRequest } from '../auth/auth-requests.js';
import type { LogEntry } from '../client/options.js';
import type { EngineEvent, LogoutScope } from '../engine/engine.js';
import type { Settings } from '../engine/resolve-options.js';
import type { SerializedResponse } from './remote-response.js';
import type { SerializedSession } from './serialize-error.js';
import type { SerializedRequest } from './serialize-request.js';

/** The settings as JSON: the worker's name. Functions stay on the page, and the worker requests their results from it. */
export interface WorkerSettings extends Omit<Settings, 'authHeaders' | 'shouldRefresh' | 'onLog' | 'isolation'> {
  readonly asksForHeaders: boolean;
  readonly asksForRejection: boolean;
}

/** The entries of the page's storage: null if there is no such entry, undefined if nothing can be stored. */
export type StorageEntries = Record<string, string | null | undefined>;

export interface ConnectRequest {
  readonly storage: StorageEntries;
  /** Whether this worker replaces one that ended while a user was signed in. */
  readonly resume: boolean;
}

export interface ConnectResponse {
  /** Undefined if the page has received it as an event. */
  readonly session: SerializedSession | undefined;
  /** As in `SessionEvent`. */
  readonly mustStoreLogout: boolean;
  readonly entries: readonly LogEntry[];
}

export interface SessionEvent {
  readonly event: EngineEvent;
  readonly detail: unknown;
  readonly session: SerializedSession | undefined;
  /** Whether the page must store a logout before it hands the logout to the worker. */
  readonly mustStoreLogout: boolean;
}

/** The requests and notifications of a page to the worker. */
export interface WorkerMethods {
  connect: { params: ConnectRequest; result: ConnectResponse };
  restored: { params: undefined };
  fetch: { params: SerializedRequest; result: SerializedResponse };
  login: { params: LoginRequest; result: unknown };
  restore: { params: undefined; result: unknown };
  refresh: { params: undefined; result: unknown };
  logout: { params: LogoutScope; result: boolean };
  /** The parameter is the least remaining lifetime in milliseconds. */
  getAccessToken: { params: number; result: string };
  hidden: { params: undefined };
  resumed: { params: { readonly by: string; readonly storage: StorageEntries } };
  /** The worker responds at once, which shows that it is alive. */
  ping: { params: undefined; result: boolean };
  /** A port that the page listens on: it closes when the worker ends. */
  holdPort: { params: MessagePort };
  /** The page is unloaded: its `keepalive` calls continue, also those that follow. Or, with `disposed`, its client was disposed. */
  disconnect: { params: { readonly disposed: boolean } };
}

/** The requests and notifications of the worker to its pages. */
export interface PageMethods {
  sessionEvent: { params: SessionEvent };
  logEntry: { params: LogEntry };
  readStorage: { params: undefined; result: StorageEntries };
  /** No value: remove the entry. */
  writeStorage: { params: { readonly key: string; readonly value: string | undefined } };
  /** The cookies that scripts can read. */
  readCookies: { params: undefined; result: string };
  /** The result of `options.authHeaders`. */
  authHeaders: { params: undefined; result: [string, string][] };
  /** The result of `options.shouldRefresh`. */
  isTokenRejected: { params: SerializedResponse; result: boolean };
  stepUpRequired: { params: SerializedResponse };
}
