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

/** A sign-in or a logout at the provider, which this tab began. */
export interface PkceRecord {
  readonly kind: 'sign-in' | 'logout';
  readonly state: string;
  /** When it was begun: milliseconds since the epoch. */
  readonly at: number;
  /** Path, query and fragment of the page to return to. */
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

export const removeRecord = (clientName: string) => TAB_STORAGE.write(keyOf(clientName), undefined);

/** The record; undefined if there is none, or if another script wrote one that is not valid. */
export function readRecord(clientName: string): PkceRecord | undefined {
  try {
    const record = JSON.parse(TAB_STORAGE.read(keyOf(clientName)) ?? 'null');
    return record && isState(record.state) && isPathOfPage(record.returnTo) && Number.isFinite(record.at)
      ? record
      : undefined;
  } catch {
    return undefined;
  }
}

/** Whether another client of the page began the request: two providers may return to one address. */
export function isOfOtherClient(state: string): boolean {
  try {
    return Object.keys(sessionStorage).some(
      (key) => /^tokenward:v1:.*:pkce$/s.test(key) && `${sessionStorage.getItem(key)}`.includes(`"${state}"`),
    );
  } catch {
    return false;
  }
}

function isPathOfPage(address: unknown): boolean {
  return typeof address === 'string' && new URL(address, location.href).origin === pageOrigin();
}

/** The parameters of a response, which are removed from an address. */
const PARAMETERS = ['code', 'state', 'iss', 'session_state', 'error', 'error_description', 'error_uri'];

/** The response in the address of the page. */
export interface ReceivedResponse extends AuthorizationResponse {
  readonly state: string;
  /** The address without it: path, query and fragment. */
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
  const inFragment = new URLSearchParams(url.hash.slice(1));
  const isFragment = isState(inFragment.get('state'));
  const parameters = isFragment ? inFragment : url.searchParams;
  const state = parameters.get('state');
  if (!isState(state)) return undefined;
  const [code, error, iss] = ['code', 'error', 'iss'].map((name) => parameters.get(name) ?? undefined);
  for (const name of PARAMETERS) parameters.delete(name);
  if (isFragment) url.hash = '';
  return { state, code, error, iss, rest: url.pathname + url.search + url.hash };
}
