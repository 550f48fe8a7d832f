// The platform functions that handle a token, captured when this module loads. A script that later replaces `fetch`,
// `Headers.prototype.set` or `JSON.parse` replaces it for its own calls only: the client does not look these up again.
//
// Rules for code that handles a token: call these functions and no method of an object; pass no object literal that
// inherits from `Object.prototype` (a getter there would receive it); let no promise resolve to a value that holds a token
// (a getter `then` on `Object.prototype` would receive it).

const { bind, call } = Function.prototype;
// biome-ignore lint/suspicious/noExplicitAny: any method
type Method = (...args: any[]) => any;
/** The method as a function whose first argument is the object it is called on. */
export const uncurryThis: <F extends Method>(
  method: F,
) => (self: ThisParameterType<F>, ...args: Parameters<F>) => ReturnType<F> = bind.bind(call) as never;
/** Returns undefined if the browser has no such property (Firefox: `Request.prototype.body`), as a lookup would. */
export const getter = <T, K extends keyof T>(prototype: T, name: K): ((self: T) => T[K]) => {
  const get = prototype && Object.getOwnPropertyDescriptor(prototype, name)?.get;
  return (get ? uncurryThis(get) : () => undefined) as never;
};

/** Whether this is a page, where other scripts run, and not a worker. */
export const onPage = 'document' in globalThis;
const page = globalThis.document;
export const { Request, Headers, XMLHttpRequest, URL, URLSearchParams } = globalThis;
export let { fetch } = globalThis;
let adopted = false;
/**
 * Replaces the captured `fetch` by the one that `index.js` captured: the app may have replaced the global one before this module
 * loaded, even by `auth.fetch`. Only the first call has an effect, so that no later script can replace it.
 */
export function adoptFetch(native: typeof fetch | undefined) {
  if (!adopted && native) fetch = native;
  adopted = true;
}
export const { parse, stringify } = JSON;
export const { getPrototypeOf, keys, prototype: objectPrototype } = Object;

export const indexOf = uncurryThis(String.prototype.indexOf);
export const lastIndexOf = uncurryThis(String.prototype.lastIndexOf);
export const slice = uncurryThis(String.prototype.slice);
export const toLowerCase = uncurryThis(String.prototype.toLowerCase);
/** As `Object.hasOwn`, which browsers before 2022 lack. */
export const hasOwn: (self: object, name: PropertyKey) => boolean = uncurryThis(Object.prototype.hasOwnProperty);

export const hrefOf = getter(URL?.prototype, 'href');
const baseUriOf = getter(globalThis.Node?.prototype, 'baseURI');
/** What relative URLs of requests are relative to. */
export const baseUrl = (): string | undefined => (onPage ? baseUriOf(page) : globalThis.location?.href);

const request = Request?.prototype;
export const bodyOf = getter(request, 'body');
export const credentialsOf = getter(request, 'credentials');
export const headersOf = getter(request, 'headers');
export const methodOf = getter(request, 'method');
export const referrerOf = getter(request, 'referrer');
export const referrerPolicyOf = getter(request, 'referrerPolicy');
export const signalOf = getter(request, 'signal');
export const urlOf = getter(request, 'url');
export const clone = request && uncurryThis(request.clone);

const headers = Headers?.prototype;
export const setHeader = headers && uncurryThis(headers.set);
export const hasHeader = headers && uncurryThis(headers.has);
export const deleteHeader = headers && uncurryThis(headers.delete);

// Node has no XMLHttpRequest; there, no auth request is sent.
const xhr = XMLHttpRequest?.prototype;
export const open = xhr && uncurryThis(xhr.open as (method: string, url: string) => void);
export const send = xhr && uncurryThis(xhr.send);
export const abort = xhr && uncurryThis(xhr.abort);
export const setRequestHeader = xhr && uncurryThis(xhr.setRequestHeader);
export const getAllResponseHeaders = xhr && uncurryThis(xhr.getAllResponseHeaders);
export const addListener = xhr && uncurryThis(xhr.addEventListener as (type: string, listener: () => void) => void);
export const setCredentials =
  xhr && uncurryThis(Object.getOwnPropertyDescriptor(xhr, 'withCredentials')?.set as (on: boolean) => void);
export const statusOf = getter(xhr, 'status');
export const responseTextOf = getter(xhr, 'responseText');
export const responseUrlOf = getter(xhr, 'responseURL');
