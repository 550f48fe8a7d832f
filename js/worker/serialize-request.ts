// A call of the app as data, as the worker receives it.
import { hasOwn } from '../browser/captured-globals.js';
import { flattenHeaders } from './remote-response.js';

export interface SerializedRequest {
  readonly url: string;
  /** What differs from the defaults of a `Request`. */
  readonly init: RequestInit;
  /** Names and values in turn. */
  readonly headers?: string[];
  /** The body if it is a form, which cannot be cloned. */
  readonly form?: [string, FormDataEntryValue][];
  /** The number of the stream with the body. */
  readonly stream?: number;
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

/** A promise only if the body is inside the `Request`, where it must be read. With `streams` the body is sent as a stream. */
export function serializeRequest(
  request: Request,
  init: RequestInit | undefined,
  streams: boolean,
): SerializedRequest | Promise<SerializedRequest> {
  const { url, method } = request;
  const body = init?.body;
  // The form gets its boundary where it is sent, unless the app set the content type.
  if (body instanceof FormData && !new Headers(init?.headers).has('content-type'))
    request.headers.delete('content-type');
  const headers = flattenHeaders(request.headers);
  const described = describeInit(request, init);
  const withInit = (more: RequestInit): SerializedRequest => ({
    url,
    init: Object.assign(described, more),
    ...(headers.length > 0 && { headers }),
  });
  if (streams) return withInit({ duplex: 'half' } as RequestInit);
  if (body instanceof FormData) return { ...withInit({}), form: [...body] };
  if (body != null) return withInit({ body: cloneableBody(body) });
  if (SAFE_METHOD.test(method) && request.body == null) return withInit({});
  return request.blob().then((inside) => withInit(inside.size ? { body: inside } : {}));
}

export const isSerialized = (value: SerializedRequest | Promise<SerializedRequest>): value is SerializedRequest =>
  hasOwn(value, 'url');

function describeInit(request: Request, init: RequestInit | undefined): RequestInit {
  const described: Record<string, unknown> = {
    referrer: request.referrer === 'about:client' ? location.href : request.referrer,
  };
  for (const name of Object.keys(DEFAULTS) as (keyof RequestInit & keyof Request)[])
    if (request[name] !== DEFAULTS[name]) described[name] = request[name];
  if (init?.priority) described.priority = init.priority;
  return described;
}

/** A copy of the body as it is now. */
function cloneableBody(body: BodyInit): BodyInit {
  if (body instanceof Blob || body instanceof ArrayBuffer) return body;
  if (!ArrayBuffer.isView(body)) return String(body);
  // A view would be cloned with its whole buffer.
  return new Uint8Array(body.buffer as ArrayBuffer, body.byteOffset, body.byteLength).slice();
}

/** The form again, in the worker. */
export function deserializeForm(entries: readonly [string, FormDataEntryValue][]): FormData {
  const form = new FormData();
  for (const [name, value] of entries) {
    if (typeof value === 'string') form.append(name, value);
    else form.append(name, value, value.name);
  }
  return form;
}
