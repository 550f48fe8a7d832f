// What touches a token, as the platform offered it when this module was loaded. A script that comes later and replaces
// `fetch`, `Headers.prototype.set` or `JSON.parse` replaces it for itself: nothing here is looked up again.
//
// Rules for whoever handles a token: call these and no method of an object; hand over no object literal that inherits from
// `Object.prototype` (a getter there sees it); let no promise resolve to what holds a token (a getter `then` sees it).

const { bind, call } = Function.prototype;
// biome-ignore lint/suspicious/noExplicitAny: a method of whatever kind
type Method = (...args: any[]) => any;
/** A method as a function of the object it is called on. */
const free: <F extends Method>(method: F) => (self: ThisParameterType<F>, ...args: Parameters<F>) => ReturnType<F> =
  bind.bind(call) as never;
/** Where a browser has no such property (Firefox: `Request.prototype.body`), undefined, as everywhere. */
const getter = <T, K extends keyof T>(prototype: T, name: K): ((self: T) => T[K]) => {
  const get = prototype && Object.getOwnPropertyDescriptor(prototype, name)?.get;
  return (get ? free(get) : () => undefined) as never;
};

/** Whether other scripts run beside this one, and not a worker's only. */
export const onPage = 'document' in globalThis;
export const { fetch, Request, Headers, XMLHttpRequest, URLSearchParams } = globalThis;
export const { parse, stringify } = JSON;
export const { hasOwn } = Object;

export const indexOf = free(String.prototype.indexOf);
export const slice = free(String.prototype.slice);
export const exec = free(RegExp.prototype.exec);

const request = Request?.prototype;
export const bodyOf = getter(request, 'body');
export const credentialsOf = getter(request, 'credentials');
export const headersOf = getter(request, 'headers');
export const methodOf = getter(request, 'method');
export const referrerOf = getter(request, 'referrer');
export const referrerPolicyOf = getter(request, 'referrerPolicy');
export const signalOf = getter(request, 'signal');
export const urlOf = getter(request, 'url');
export const clone = request && free(request.clone);

const headers = Headers?.prototype;
export const setHeader = headers && free(headers.set);
export const hasHeader = headers && free(headers.has);
export const deleteHeader = headers && free(headers.delete);

// There is none in Node, where nothing is ever sent.
const xhr = XMLHttpRequest?.prototype;
export const open = xhr && free(xhr.open as (method: string, url: string) => void);
export const send = xhr && free(xhr.send);
export const abort = xhr && free(xhr.abort);
export const setRequestHeader = xhr && free(xhr.setRequestHeader);
export const getResponseHeader = xhr && free(xhr.getResponseHeader);
export const listen = xhr && free(xhr.addEventListener as (type: string, listener: () => void) => void);
export const setCredentials =
  xhr && free(Object.getOwnPropertyDescriptor(xhr, 'withCredentials')?.set as (on: boolean) => void);
export const statusOf = getter(xhr, 'status');
export const textOf = getter(xhr, 'responseText');
export const addressOf = getter(xhr, 'responseURL');
