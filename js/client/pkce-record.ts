// What a tab stores about the sign-in that it began, and what it reads from the address when the provider returns to it
// (docs/reference/wire-formats.md). The record is in the tab's storage; it holds no verifier and no token.
import { TAB_STORAGE } from '../browser/key-value-store.js';
import { storagePrefix } from '../browser/persisted-state.js';
import { pageOrigin } from '../util/page-origin.js';
import { isState } from './pkce-verifier.js';

/** What the provider answered: the parameters of RFC 6749 §4.1.2 and RFC 9207 §2. */
export interface AuthorizationResponse {
  readonly code?: string | undefined;
  readonly error?: string | undefined;
  readonly iss?: string | undefined;
}

/** For whom a record is: the response to another issuer's request, or to another client's, is not for this one (RFC 9700 §4.4.2). */
export interface RecordOwner {
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
}

/** A sign-in or a logout at the provider, which this tab began. */
export interface PkceRecord extends RecordOwner {
  readonly kind: 'sign-in' | 'logout';
  readonly state: string;
  /** When it was begun: milliseconds since the epoch. */
  readonly at: number;
  /** The absolute address of the page to return to. (A path may begin with two slashes, and a page may have another base.) */
  readonly returnTo: string;
  /** How often it was begun again, because the provider's answer was lost. */
  readonly attempt: number;
  readonly prompt?: string | undefined;
  readonly acrValues?: string | undefined;
  readonly maxAge?: number | undefined;
  /** What the provider answered, until the next page takes it. */
  readonly response?: AuthorizationResponse | undefined;
  /** A page exchanges the code. */
  readonly isExchanging?: boolean | undefined;
}

const keyOf = (clientName: string) => `${storagePrefix(clientName)}:pkce`;

/** Returns whether the tab could store it. */
export function storeRecord(clientName: string, record: PkceRecord): boolean {
  const text = JSON.stringify(record);
  TAB_STORAGE.write(keyOf(clientName), text);
  return TAB_STORAGE.read(keyOf(clientName)) === text;
}

function parseRecord(clientName: string): PkceRecord | undefined {
  try {
    return JSON.parse(TAB_STORAGE.read(keyOf(clientName)) ?? 'null') ?? undefined;
  } catch {
    return undefined;
  }
}

/** Removes the record. With `state`, only the one of this request: a newer one stays. */
export function removeRecord(clientName: string, state?: string) {
  if (state === undefined || parseRecord(clientName)?.state === state) TAB_STORAGE.write(keyOf(clientName), undefined);
}

/** The record; undefined if there is none, if it is for another owner, or if another script wrote one that is not valid. */
export function readRecord(clientName: string, owner: RecordOwner): PkceRecord | undefined {
  const record = parseRecord(clientName);
  const isValid =
    record &&
    isState(record.state) &&
    isAddressOfPage(record.returnTo) &&
    Number.isFinite(record.at) &&
    record.issuer === owner.issuer &&
    record.clientId === owner.clientId &&
    record.redirectUri === owner.redirectUri;
  return isValid ? record : undefined;
}

/** Whether another client of the page began the request: two clients of one provider may have the same address. */
export function isOfOtherClient(state: string, clientName: string): boolean {
  try {
    return Object.keys(sessionStorage).some(
      (key) =>
        key !== keyOf(clientName) &&
        /^tokenward:v1:.*:pkce$/s.test(key) &&
        `${sessionStorage.getItem(key)}`.includes(`"${state}"`),
    );
  } catch {
    return false;
  }
}

function isAddressOfPage(address: unknown): boolean {
  try {
    return typeof address === 'string' && new URL(address).origin === pageOrigin();
  } catch {
    return false;
  }
}

/** The parameters of a response, which are removed from an address. */
const PARAMETERS = ['code', 'state', 'iss', 'session_state', 'error', 'error_description', 'error_uri'];

/** The response in the address of the page. */
export interface ReceivedResponse extends AuthorizationResponse {
  readonly state: string;
  /** The absolute address without it, and without what else looks like a response. */
  readonly rest: string;
}

/**
 * Reads a response from the address: from the fragment, or from the query of a provider that knows no `response_mode`. Undefined if
 * the address is not `redirectUri`, or has no response to a request of this client.
 */
export function readResponse(href: string, redirectUri: string): ReceivedResponse | undefined {
  const url = new URL(href);
  const wanted = new URL(redirectUri);
  if (url.origin !== wanted.origin || url.pathname !== wanted.pathname) return undefined;
  const fragment = new URLSearchParams(url.hash.slice(1));
  const isFragment = isState(fragment.get('state'));
  const isQuery = isState(url.searchParams.get('state'));
  if (!isFragment && !isQuery) return undefined;
  const parameters = isFragment ? fragment : url.searchParams;
  const [state, code, error, iss] = ['state', 'code', 'error', 'iss'].map((name) => parameters.get(name) ?? undefined);
  if (isFragment) url.hash = '';
  if (isQuery) for (const name of PARAMETERS) url.searchParams.delete(name);
  return { state: state as string, code, error, iss, rest: url.href };
}
