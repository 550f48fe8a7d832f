// A call of the app as data, as the worker receives it: with the values of the moment of the call, whatever the app changes
// later, and whatever realm its objects are from.
import * as shared from '../browser/captured-globals.js';
import * as captured from './captured-platform.js';
import { flattenHeaders } from './remote-response.js';

export interface SerializedRequest {
  readonly url: string;
  /** What differs from the defaults of a `Request`. */
  readonly init: RequestInit;
  /** Names and values in turn. */
  readonly headers: string[];
  /** The entries of a form, which cannot be cloned. */
  readonly form: [string, FormDataEntryValue][] | undefined;
  /** The text of `URLSearchParams`. */
  readonly search: string | undefined;
  /** The number of the stream with the body. */
  readonly stream: number | undefined;
}

/** A call that is ready to be sent. */
export interface DescribedCall {
  readonly serialized: SerializedRequest;
  /** The reader of the app's stream, if that is the body. */
  readonly upload: ReadableStreamDefaultReader<Uint8Array> | undefined;
}

/** Methods that may be sent twice (RFC 9110 §9.2.1). */
export const SAFE_METHOD = /^(GET|HEAD|OPTIONS)$/;

const DEFAULTS: RequestInit = {
  method: 'GET',
  mode: 'cors',
  credentials: 'same-origin',
  cache: 'default',
  redirect: 'follow',
  referrerPolicy: '',
  integrity: '',
  keepalive: false,
};

/** The members of `RequestInit` in the browsers' types and beyond. */
const MEMBERS = [
  ...[
    'adAuctionHeaders',
    'auth',
    'attributionReporting',
    'body',
    'browsingTopics',
    'cache',
    'credentials',
    'duplex',
    'headers',
  ],
  ...['integrity', 'keepalive', 'method', 'mode', 'priority', 'privateToken', 'redirect', 'referrer', 'referrerPolicy'],
  ...['retryOptions', 'sharedStorageWritable', 'signal', 'targetAddressSpace', 'window'],
];
/** Those that a `Request` does not show. (`auth` is a member of this package's own.) */
const HIDDEN_MEMBERS = ['auth', 'priority', 'targetAddressSpace'];

type Init = Record<string, unknown>;
const isObject = (value: unknown): value is object =>
  (typeof value === 'object' && value !== null) || typeof value === 'function';

/** The caller's members as they are now, without any that a script put on `Object.prototype`. */
export function readInit(init: RequestInit | undefined): RequestInit | undefined {
  if (!isObject(init)) return init; // `Request` decides
  const read = { __proto__: null } as unknown as Init;
  for (const name of MEMBERS) if (captured.hasMember(init, name)) read[name] = (init as Init)[name];
  read.headers = readHeaders(read.headers);
  read.body = readBody(read.body);
  return read;
}

/** The pairs of an array or an object of headers, whose names keep their spelling; a `Headers` object has lost it. */
function readHeaders(headers: unknown): unknown {
  if (!isObject(headers)) return headers;
  if (captured.isHeaders(headers)) return new shared.Headers(headers as Headers);
  if (!captured.hasMember(headers, Symbol.iterator))
    return captured
      .ownKeys(headers)
      .filter((name) => captured.getOwnPropertyDescriptor(headers, name)?.enumerable)
      .map((name) => [`${name as string}`, `${(headers as Init)[name as string]}`]);
  const pairs = [...(headers as Iterable<unknown>)];
  // `Request` rejects anything else.
  return pairs.every(isObject)
    ? pairs.map((pair) => Array.from(pair as Iterable<unknown>, (part) => `${part}`))
    : pairs;
}

/** A copy of the body as it is now. A value that has none of the types of a body is converted to a string, as `fetch` does it. */
function readBody(body: unknown): unknown {
  if (body === undefined || body === null || typeof body === 'string') return body;
  const { isBlob, isBuffer, isForm, isSearch, isStream, isView, copyBytes } = captured;
  if (isBuffer(body) || (isView(body) && isBuffer(captured.bufferOf(body)))) return copyBytes(body as BufferSource);
  return isBlob(body) || isView(body) || isForm(body) || isSearch(body) || isStream(body) ? body : `${body}`;
}

/**
 * `init` comes from `readInit`, and `request` is made of it. A promise only if the body is inside the `Request`, where it must be
 * read.
 */
export function describeCall(
  input: RequestInfo | URL,
  init: RequestInit | undefined,
  request: Request,
): DescribedCall | Promise<DescribedCall> {
  const body = init?.body;
  const describe = (more: Partial<SerializedRequest>, upload?: DescribedCall['upload'], sent?: BodyInit) => {
    const described = describeInit(request, init);
    if (sent !== undefined) described.body = sent;
    if (upload) described.duplex = 'half';
    const none = { form: undefined, search: undefined, stream: undefined };
    const headers = describeHeaders(input, init, request);
    const serialized = { ...none, ...more, url: shared.urlOf(request), init: described as RequestInit, headers };
    return { __proto__: null, serialized, upload } as unknown as DescribedCall;
  };
  if (captured.isStream(body)) {
    const stream = shared.bodyOf(request);
    // Where `Request` does not know streams, its body is their text.
    return stream ? describe({}, captured.getReader(stream)) : describe({}, undefined, `${body}`);
  }
  if (captured.isForm(body)) return describe({ form: entriesOf(body as FormData) });
  if (captured.isSearch(body)) return describe({ search: captured.searchText(body as URLSearchParams) });
  if (body !== undefined && body !== null) return describe({}, undefined, body);
  const hasBody = captured.isRequest(input) && shared.bodyOf(request) !== null;
  if (!hasBody || /^(GET|HEAD)$/.test(shared.methodOf(request))) return describe({});
  return captured.readBlob(request).then((inside) => describe({}, undefined, inside.size ? inside : undefined));
}

export const isDescribed = (value: DescribedCall | Promise<DescribedCall>): value is DescribedCall =>
  shared.hasOwn(value, 'serialized');

function entriesOf(form: FormData): [string, FormDataEntryValue][] {
  const entries: [string, FormDataEntryValue][] = [];
  captured.forEachEntry(form, (value, name) => entries.push([name, value]));
  return entries;
}

/** Names and values in turn, as the caller spelled them if that is known. */
function describeHeaders(input: RequestInfo | URL, init: RequestInit | undefined, request: Request): string[] {
  const given = init?.headers;
  if (Array.isArray(given)) return given.flat() as string[];
  const flat = flattenHeaders(shared.headersOf(request));
  const at = flat.findIndex((name, index) => index % 2 === 0 && name === 'content-type');
  if (at < 0) return flat;
  const from = given ? (given as Headers) : captured.isRequest(input) ? shared.headersOf(input as Request) : undefined;
  // The worker adds the type of the body where it sends it: a form gets its boundary there.
  if (from && shared.hasHeader(from, 'content-type')) flat[at] = 'Content-Type';
  else flat.splice(at, 2);
  return flat;
}

function describeInit(request: Request, init: RequestInit | undefined): Init {
  const referrer = shared.referrerOf(request);
  const described = {
    __proto__: null,
    referrer: referrer === 'about:client' ? location.href : referrer,
  } as unknown as Init;
  for (const name of Object.keys(DEFAULTS) as (keyof RequestInit & keyof Request)[])
    if (request[name] !== DEFAULTS[name]) described[name] = request[name];
  if (isObject(init))
    for (const name of HIDDEN_MEMBERS) if ((init as Init)[name] !== undefined) described[name] = (init as Init)[name];
  return described;
}

/** The body again, in the worker. */
export function deserializeBody({ init, form, search }: SerializedRequest): BodyInit | null | undefined {
  if (search !== undefined) return new URLSearchParams(search);
  if (form === undefined) return init.body;
  const restored = new FormData();
  for (const [name, value] of form) {
    if (typeof value === 'string') restored.append(name, value);
    else restored.append(name, value, value.name);
  }
  return restored;
}
