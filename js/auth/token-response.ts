// Reads the response of an auth endpoint: the tokens for the token store, and the rest, which is no secret.
import { hasOwn, indexOf, keys, lastIndexOf, slice, toLowerCase } from '../browser/captured-globals.js';
import { parseJson, readPath, readText } from './json.js';
import { decodeJwtPayload } from './jwt.js';
import type { Answer } from './server.js';
import type { IssuedTokens } from './token-store.js';
import type { UserIdentity } from './users.js';

export interface TokenResponse {
  /** The error code of the body: `{error: {code}}`, `{code}`, `{error: "text"}` and the like. */
  readonly code: string | undefined;
  /** The error's message for people. */
  readonly message: string | undefined;
  /** Whether the body states a failure: of a router or a proxy, it does not. */
  readonly isRefusal: boolean;
  /** Whether the body is a page for people. */
  readonly isPage: boolean;
  /** Whether a further step follows. */
  readonly isStep: boolean;
  /** The JSON of a refusal or a first step, if it holds no token. */
  readonly body: unknown;
  /** Lifetime of the access token in seconds; NaN if the response does not say. */
  readonly expiresIn: number;
  /** The JWT's `exp − iat` in seconds; NaN if it has none. */
  readonly jwtLifetime: number;
  /** Undefined if the response grants no access token. */
  readonly issued: IssuedTokens | undefined;
  /** The names of the members of a response that should grant an access token and does not, without their values. */
  readonly found: string;
}

const idOrUndefined = (value: unknown) => (value === undefined ? undefined : `${value}`);
const textOrUndefined = (value: unknown) => (typeof value === 'string' ? value : undefined);

/** What a user and the claims of a token say about who it is. */
export const identityOf = (user: unknown, claims: unknown): UserIdentity => ({
  userId: idOrUndefined(readPath(user, 'id') ?? readPath(user, 'pk') ?? readPath(user, 'user_id')),
  sub: idOrUndefined(readPath(user, 'sub') ?? readPath(claims, 'sub') ?? readPath(claims, 'user_id')),
});

/** The value of a header; null if there is none. */
export type ReadHeader = (name: string) => string | null;
export const noHeader: ReadHeader = () => null;

/** The value at the first of these places that has one. */
function readFirst(places: readonly string[], json: unknown, header: ReadHeader): unknown {
  for (let at = 0; at < places.length; at += 1) {
    const place = places[at] as string;
    const value = indexOf(place, '@') === 0 ? header(toLowerCase(slice(place, 1))) : readPath(json, place);
    if (value !== undefined && value !== null && value !== '') return value;
  }
  return undefined;
}

/** Never pass the result through a promise: it holds tokens (see `captured-globals.ts`). */
export function parseTokenResponse(
  ok: boolean,
  text: string,
  answer: Answer,
  header: ReadHeader = noHeader,
  userFromIdToken = false,
): TokenResponse {
  const json = parseJson(text);
  const isPage = isHtml(text, header);
  const isStep = (readFirst(answer.step, json, header) ?? false) !== false;
  const isNull = json === null && text.length < 16 && indexOf(text, 'null') >= 0;
  const holdsToken =
    readFirst(answer.access ?? [], json, header) !== undefined || readFirst(answer.refresh, json, header) !== undefined;
  const isJson = typeof json === 'object' && json !== null;
  const saysNo = ok && (isNull || (isJson && isNoToken(json, answer)));
  const grants = ok && !isStep && !isPage && !isNull && !(saysNo && !answer.access);
  const issued = grants ? readTokens(json, answer, header, userFromIdToken) : undefined;
  // (A success may hold a token at a place that the options do not name: its strings are not passed on.)
  const isReadable = (!ok || saysNo) && !holdsToken;
  const code = isReadable ? codeOf(json) : undefined;
  const plainText = json === null && !isPage && !isNull && !ok && text.length <= 1_000 && text ? text : undefined;
  const message = isReadable ? (messageOf(json) ?? plainText) : undefined;
  return {
    code,
    message: message && slice(message, 0, 200),
    isRefusal: saysNo || (!ok && isJson && !!(code || message)),
    isPage,
    isStep,
    body: isJson && (isStep || !ok) && !holdsToken ? json : undefined,
    expiresIn: readLifetime(answer.expiresIn, json, header),
    jwtLifetime: Number(readPath(issued?.claims, 'exp')) - Number(readPath(issued?.claims, 'iat')),
    issued,
    found: ok && !issued ? memberNames(json) || 'no JSON object' : '',
  };
}

/** (Many servers call each answer HTML, also one that is empty.) */
function isHtml(text: string, header: ReadHeader): boolean {
  let at = 0;
  while (at < text.length && (text[at] as string) <= ' ') at += 1;
  return text[at] === '<' || (text.length > 1_000 && indexOf(toLowerCase(header('content-type') ?? ''), 'html') >= 0);
}

/** Whether a successful response says that there is no session: `{success: false}`, or null where a token is due. */
function isNoToken(json: object, { access, user }: Answer): boolean {
  if (readPath(json, 'success') === false) return true;
  const places = access ?? user;
  for (let at = 0; at < places.length; at += 1) if (isNullAt(json, places[at] as string)) return true;
  return false;
}

function isNullAt(json: object, place: string): boolean {
  const dot = lastIndexOf(place, '.');
  const holder = dot > 0 ? readPath(json, slice(place, 0, dot)) : json;
  const name = slice(place, dot + 1);
  return (
    typeof holder === 'object' &&
    holder !== null &&
    hasOwn(holder, name) &&
    (holder as Record<string, unknown>)[name] === null
  );
}

function codeOf(json: unknown): string | undefined {
  for (let at = 0; at < CODES.length; at += 1) {
    const code = readPath(json, CODES[at] as string);
    if (typeof code === 'string') return code;
  }
  const number = readPath(json, 'error.code') ?? readPath(json, 'code');
  return typeof number === 'number' ? `${number}` : undefined;
}

const CODES = [
  'error.code',
  'errors.0.extensions.code',
  'errors.0.code',
  'error_code',
  'code',
  '__type',
  'error',
  'error.status',
  'error.name',
];

const MESSAGES = [
  'error.message',
  'error_description',
  'message',
  'detail',
  'msg',
  'errors',
  'title',
  'non_field_errors',
];

/** The message of the error, at the first place that has one. */
function messageOf(json: unknown): string | undefined {
  for (let at = 0; at < MESSAGES.length; at += 1) {
    const found = firstText(readPath(json, MESSAGES[at] as string), 4);
    if (found) return found;
  }
  const error = firstText(readPath(json, 'error'), 1);
  if (error || typeof json !== 'object' || json === null) return error;
  // `{"email": ["This field is required."]}`
  const names = keys(json);
  for (let at = 0; at < names.length; at += 1) {
    const name = names[at] as string;
    const first = readPath(readPath(json, name), '0');
    if (typeof first === 'string') return `${name}: ${first}`;
  }
  return undefined;
}

/** The first text in a value: of an object its message, else its first member. */
function firstText(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || depth === 0) return undefined;
  const own = readPath(value, 'message') ?? readPath(value, 'msg') ?? readPath(value, 'detail');
  if (typeof own === 'string') return own;
  const names = keys(value);
  for (let at = 0; at < names.length; at += 1) {
    const found = firstText((value as Record<string, unknown>)[names[at] as string], depth - 1);
    if (found) return found;
  }
  return undefined;
}

/** Seconds; NaN if there is no lifetime. A place may name its unit: `expires ms`, `expiresAt at`. */
function readLifetime(places: readonly string[], json: unknown, header: ReadHeader): number {
  for (let at = 0; at < places.length; at += 1) {
    const place = places[at] as string;
    const blank = indexOf(place, ' ');
    const unit = blank < 0 ? 's' : slice(place, blank + 1);
    const value = readFirst([blank < 0 ? place : slice(place, 0, blank)], json, header);
    const seconds = value === undefined ? Number.NaN : inSeconds(value, unit, Date.parse(header('date') ?? ''));
    if (!Number.isNaN(seconds)) return seconds;
  }
  return Number.NaN;
}

/** `serverNow` is NaN if the response does not show it. */
function inSeconds(value: unknown, unit: string, serverNow: number): number {
  const number = typeof value === 'string' ? Number(value.trim() || Number.NaN) : Number(value);
  if (unit === 'ms') return number / 1000;
  if (unit !== 'at') return number;
  // A date, or a number of seconds or of milliseconds.
  const at = !Number.isNaN(number) ? (number > 1e11 ? number : number * 1000) : Date.parse(String(value));
  return (at - (serverNow || Date.now())) / 1000;
}

function readTokens(
  json: unknown,
  answer: Answer,
  header: ReadHeader,
  userFromIdToken: boolean,
): IssuedTokens | undefined {
  const { access } = answer;
  const accessToken = access ? withoutScheme(textOrUndefined(readFirst(access, json, header)) ?? '') : '';
  if (!accessToken && access) {
    // `{success: true}` without a field for a token: both tokens are in cookies that no script sees.
    if (readPath(json, 'success') !== true || namesToken(json, 8)) return undefined;
  }
  const named = readFirst(answer.user, json, header) ?? null;
  const refreshToken = textOrUndefined(readFirst(answer.refresh, json, header)) ?? '';
  // (The place may be the whole body.)
  const given = holds(named, accessToken, refreshToken, 6) ? null : named;
  const user = given ?? (userFromIdToken ? decodeJwtPayload(readText(json, 'id_token')) : null);
  const claims = decodeJwtPayload(accessToken);
  return {
    accessToken,
    refreshToken,
    type: readPath(json, 'token_type'),
    user,
    claims,
    identity: identityAt(answer.subject, user, json, claims),
  };
}

/** The user in the answer of `server.user`: at the places of `answer.user`, in `data`, or the whole body. */
export function userIn(json: unknown, { user }: Answer): unknown {
  const data = readPath(json, 'data');
  return readFirst(user, json, noHeader) ?? (typeof data === 'object' ? data : json);
}

/** Who the user is, by the places that the options name, if they name any. */
export function identityAt(subject: readonly string[], user: unknown, json: unknown, claims: unknown): UserIdentity {
  if (subject.length === 0) return identityOf(user, claims);
  // Names of different places are names of different kinds: only like is compared with like.
  const at = (place: string | undefined) =>
    place === undefined
      ? undefined
      : idOrUndefined(readPath(user, place) ?? readPath(json, place) ?? readPath(claims, place));
  return { userId: at(subject[1]), sub: at(subject[0]) };
}

/** The tokens that the page before kept for this one. */
export function restoredTokens(kept: unknown, answer: Answer): IssuedTokens | undefined {
  const accessToken = readText(kept, 'access');
  if (!accessToken) return undefined;
  const user = readPath(kept, 'user') ?? null;
  const claims = decodeJwtPayload(accessToken);
  return { accessToken, refreshToken: '', user, claims, identity: identityAt(answer.subject, user, null, claims) };
}

/** Whether a value contains one of these strings. A value that is nested too deep counts as one that does. */
export function holds(value: unknown, one: string, other: string, depth: number): boolean {
  if (typeof value === 'string') return value !== '' && (value === one || value === other);
  if (typeof value !== 'object' || value === null) return false;
  const names = keys(value);
  for (let at = 0; at < names.length; at += 1)
    if (depth === 0 || holds((value as Record<string, unknown>)[names[at] as string], one, other, depth - 1))
      return true;
  return false;
}

/** A header `Authorization` has the scheme before the token. */
function withoutScheme(text: string): string {
  const blank = indexOf(text, ' ');
  return blank < 0 ? text : slice(text, blank + 1);
}

/** The names of the members and of those inside them, such as `success, data.token`. */
function memberNames(value: unknown, prefix = ''): string {
  if (typeof value !== 'object' || value === null) return '';
  let names = '';
  const all = keys(value);
  for (let at = 0; at < all.length && at < 20; at += 1) {
    const name = slice(all[at] as string, 0, 40);
    const inner = prefix ? '' : memberNames((value as Record<string, unknown>)[name], `${name}.`);
    names += `${names && ', '}${inner || prefix + name}`;
  }
  return names;
}

/**
 * Whether a member of the JSON, at most `depth` levels deep, is named like a token. (No regular expression reads a string that holds
 * tokens: `RegExp.input` would show the text to every later script.)
 */
function namesToken(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null || depth === 0) return false;
  const names = keys(value);
  for (let at = 0; at < names.length; at += 1) {
    const name = toLowerCase(names[at] as string);
    const isToken = indexOf(name, 'token') >= 0 && indexOf(name, 'csrf') < 0 && indexOf(name, 'xsrf') < 0;
    if (isToken || namesToken((value as Record<string, unknown>)[names[at] as string], depth - 1)) return true;
  }
  return false;
}
