// The platform's functions by which a page starts its worker, talks to it and reads a call, captured when this file loads. A
// script that replaces `Worker` or `MessagePort.prototype.postMessage` later neither sees the port nor changes how the next
// worker starts. (Not in captured-globals.ts, because a page without a worker does not need them.)
import { getter, hasOwn, uncurryThis } from '../browser/captured-globals.js';

/** The method as a function, or undefined if the browser lacks the class. */
// biome-ignore lint/suspicious/noExplicitAny: any method
const method = <F extends (...args: any[]) => any>(found: F | undefined) => (found && uncurryThis(found)) as never;

export const { Worker, SharedWorker, MessageChannel, ReadableStream, Response, FormData, URLSearchParams } = globalThis;
export const { getPrototypeOf } = Object;
export const { ownKeys, getOwnPropertyDescriptor } = Reflect;
export const { isView } = ArrayBuffer;
const ObjectPrototype = Object.prototype;
const Bytes = globalThis.Uint8Array;

type Post = (message: unknown, transfer: Transferable[]) => void;
type Listen = (type: string, listener: (event: Event) => void) => void;

export const addListener: (target: EventTarget, ...args: Parameters<Listen>) => void = method(
  EventTarget.prototype.addEventListener as Listen,
);
export const dataOf = getter(MessageEvent.prototype, 'data');
export const messageOf = getter(globalThis.ErrorEvent?.prototype, 'message');
const port = MessagePort.prototype;
export const postToPort: (to: MessagePort, ...args: Parameters<Post>) => void = method(port.postMessage as Post);
export const startPort: (started: MessagePort) => void = method(port.start);
export const closePort: (closed: MessagePort) => void = method(port.close);
export const postToWorker: (to: Worker, ...args: Parameters<Post>) => void = method(Worker?.prototype.postMessage);
export const terminate: (worker: Worker) => void = method(Worker?.prototype.terminate);
export const portOfWorker = getter(SharedWorker?.prototype, 'port');
export const firstPortOf = getter(MessageChannel.prototype, 'port1');
export const secondPortOf = getter(MessageChannel.prototype, 'port2');

/** Whether a value passes the check that a platform method makes of its `this`, in whatever realm the value was made. */
const hasBrand =
  (check: (value: never) => unknown) =>
  (value: unknown): boolean => {
    try {
      check(value as never);
      return true;
    } catch {
      return false;
    }
  };

const hasEntry = method(FormData.prototype.has) as (form: FormData, name: string) => boolean;
const hasParameter = method(URLSearchParams.prototype.has) as (search: URLSearchParams, name: string) => boolean;
const hasHeader = method(Headers.prototype.has) as (headers: Headers, name: string) => boolean;
const byteLengthOfBuffer = getter(ArrayBuffer.prototype, 'byteLength');

export const isBlob = hasBrand(getter(Blob.prototype, 'size'));
export const isBuffer = hasBrand(byteLengthOfBuffer);
export const isForm = hasBrand((value) => hasEntry(value, ''));
export const isSearch = hasBrand((value) => hasParameter(value, ''));
export const isHeaders = hasBrand((value) => hasHeader(value, 'x'));
export const isStream = hasBrand(getter(ReadableStream.prototype, 'locked'));
export const isRequest = hasBrand(getter(Request.prototype, 'url'));

export const forEachEntry: (form: FormData, call: (value: FormDataEntryValue, name: string) => void) => void = method(
  FormData.prototype.forEach,
);
export const searchText: (search: URLSearchParams) => string = method(URLSearchParams.prototype.toString);
export const getReader: (stream: ReadableStream<Uint8Array>) => ReadableStreamDefaultReader<Uint8Array> = method(
  ReadableStream.prototype.getReader as () => ReadableStreamDefaultReader,
);

export const readBlob: (request: Request) => Promise<Blob> = method(Request.prototype.blob);

const TypedArray = getPrototypeOf(Uint8Array.prototype) as Uint8Array;
const membersOf = (prototype: ArrayBufferView) => ({
  buffer: getter(prototype, 'buffer'),
  byteOffset: getter(prototype, 'byteOffset'),
  byteLength: getter(prototype, 'byteLength'),
});
const ofTypedArray = membersOf(TypedArray);
const ofDataView = membersOf(DataView.prototype);
const isTypedArray = hasBrand(ofTypedArray.buffer);
export const bufferOf = (view: ArrayBufferView) => (isTypedArray(view) ? ofTypedArray : ofDataView).buffer(view);
const tagOf = getter(TypedArray, Symbol.toStringTag);
/** Whether the value is a `Uint8Array`, of any realm. */
export const isBytes = (value: unknown) => isTypedArray(value) && tagOf(value as Uint8Array) === 'Uint8Array';
const sliceBytes = method(TypedArray.slice) as (bytes: Uint8Array) => Uint8Array<ArrayBuffer>;

/** The bytes of a buffer or a view as they are now; none if the buffer was transferred, as `fetch` reads it. */
export function copyBytes(source: ArrayBuffer | ArrayBufferView): Uint8Array<ArrayBuffer> {
  try {
    if (!isView(source)) return sliceBytes(new Bytes(source));
    const { buffer, byteOffset, byteLength } = isTypedArray(source) ? ofTypedArray : ofDataView;
    return sliceBytes(new Bytes(buffer(source), byteOffset(source), byteLength(source)));
  } catch {
    return new Bytes();
  }
}

/** Whether an object inherits nothing but is inherited by all others: the `Object.prototype` of any realm. */
const isRoot = (object: object) =>
  object === ObjectPrototype || (getPrototypeOf(object) === null && hasOwn(object, 'isPrototypeOf'));

/** Whether the caller's object has the member, itself or from its class. What a script puts on `Object.prototype` does not count. */
export function hasMember(object: object, name: PropertyKey): boolean {
  for (let holder: object | null = object; holder && !isRoot(holder); holder = getPrototypeOf(holder))
    if (getOwnPropertyDescriptor(holder, name)) return true;
  return false;
}
