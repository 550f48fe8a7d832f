// A call that is sent without a `Request` object, which costs more time and memory than all else that a call needs: its URL is
// a string, and so is each value of its init.
import * as captured from '../browser/captured-globals.js';

/** Its objects have no prototype and no getters, so no script of the page receives them. They hold no token. */
export interface SimpleRequest {
  /** Absolute. */
  readonly url: string;
  /** Without `headers`. */
  readonly init: Strings;
  readonly headers: Strings;
}

type Strings = Readonly<Record<string, string>>;

const NONE = Object.freeze({ __proto__: null } as unknown as Strings);

/**
 * The simple form of a call, or undefined if it has none, or an authorization of its own: then only `new Request(input, init)`
 * reads it as the browser does. The result does not change if the caller changes its objects.
 */
export function simpleRequest(input: unknown, init: unknown): SimpleRequest | undefined {
  if (typeof input !== 'string') return undefined;
  const url = resolveUrl(input);
  if (!url) return undefined;
  if (init === undefined) return { url, init: NONE, headers: NONE };
  if (!isPlain(init)) return undefined;
  const members = { __proto__: null, ...init } as unknown as Strings & { headers?: unknown };
  const given: unknown = members.headers;
  delete members.headers;
  if (!hasStrings(members, isStringMember)) return undefined;
  if (given === undefined) return { url, init: members, headers: NONE };
  if (!isPlain(given)) return undefined;
  const headers = { __proto__: null, ...given } as unknown as Strings;
  return hasStrings(headers, isNotAuthorization) ? { url, init: members, headers } : undefined;
}

let lastBase: string | undefined;
let lastOrigin = '';

/** The absolute URL of a request to `url`, or undefined if the browser refuses it. */
function resolveUrl(url: string): string | undefined {
  try {
    const base = captured.baseUrl();
    if (base !== lastBase) {
      lastOrigin = captured.slice(captured.hrefOf(new captured.URL('/', base)), 0, -1);
      lastBase = base;
    }
    const absolute = url[0] === '/' && url[1] !== '/' ? lastOrigin + url : url;
    return NORMAL_URL.test(absolute) ? absolute : captured.hrefOf(new captured.URL(url, base));
  } catch {
    return undefined;
  }
}

/**
 * A URL that the parser, which takes longer than all else here, would leave as it is: it has no escape in the path, no part of
 * the path that begins with a dot, and no fragment. (Its host may not be normal, but then the token is not for this host.)
 */
const NORMAL_URL = /^https?:\/\/[\w.:-]+(\/([\w~@:-][\w.~@:-]*)?)+(\?[\w.~@:=&+%-]*)?$/;

/** The call as an object. */
export const toRequest = ({ url, init, headers }: SimpleRequest): Request =>
  new captured.Request(url, { __proto__: null, ...init, headers } as RequestInit);

/** Whether it is an object literal. What another object inherits, such as `Headers`, only the browser reads. */
function isPlain(value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false;
  const prototype = captured.getPrototypeOf(value);
  return prototype === null || prototype === captured.objectPrototype;
}

function hasStrings(members: Strings, allows: (name: string) => boolean): boolean {
  const names = captured.keys(members);
  for (let at = 0; at < names.length; at += 1) {
    const name = names[at] as string;
    if (typeof members[name] !== 'string' || !allows(name)) return false;
  }
  return true;
}

const isStringMember = (name: string) =>
  name === 'method' ||
  name === 'body' ||
  name === 'credentials' ||
  name === 'mode' ||
  name === 'cache' ||
  name === 'redirect';

const isNotAuthorization = (name: string) => captured.toLowerCase(name) !== 'authorization';
