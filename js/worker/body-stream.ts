// Bodies that cross a message port in chunks. The receiver grants a window: no more bytes than that are sent unread. A stream
// is not transferred as such, because several small messages are cheaper than one transferred stream.
import { hasOwn } from '../browser/captured-globals.js';
import { abortReason } from '../util/compat.js';
import { createDeferred } from '../util/deferred.js';
import * as captured from './captured-platform.js';

/** How many bytes may be sent before the receiver has read them. */
export const WINDOW = 512 * 1024;
/** The receiver acknowledges bytes in portions of this size. */
const PORTION = 128 * 1024;

/** What the two ends of a stream send each other. `stream` is the sender's number of the stream. */
export type StreamMessage =
  | { readonly stream: number; readonly chunk: Uint8Array }
  /** Undefined: the stream is complete. */
  | { readonly stream: number; readonly error: unknown }
  | { readonly grant: number; readonly bytes: number }
  | { readonly cancel: number; readonly reason?: unknown };

export type PostStreamMessage = (message: StreamMessage, transfer?: Transferable[]) => void;
type Reader = ReadableStreamDefaultReader<Uint8Array>;
type Chunk = ReadableStreamReadResult<Uint8Array>;
type Controller = ReadableStreamDefaultController<Uint8Array> & { byobRequest?: ReadableStreamBYOBRequest | null };

interface ErrorCodec {
  serialize(error: unknown): unknown;
  deserialize(error: unknown): unknown;
}

/** A signal for a loop that waits for something to change. */
class Wakeup {
  #next = createDeferred<void>();

  wait(): Promise<void> {
    this.#next = createDeferred();
    return this.#next.promise;
  }
  wake() {
    this.#next.resolve();
  }
}

/** The bytes in a buffer of their own, which can be transferred. */
export const inOwnBuffer = (chunk: Uint8Array): Uint8Array<ArrayBuffer> =>
  (chunk.byteLength === chunk.buffer.byteLength ? chunk : chunk.slice()) as Uint8Array<ArrayBuffer>;

/** The app may use the buffer of its chunk again. */
function copyOfChunk(chunk: unknown): Uint8Array<ArrayBuffer> {
  if (captured.isBytes(chunk)) return captured.copyBytes(chunk as Uint8Array);
  throw new TypeError(`a stream as the body of a request: expected chunks of Uint8Array, got ${typeof chunk}`);
}

/** Sends what a reader yields, as far as the receiver's window allows. */
class OutgoingStream {
  readonly #id: number;
  readonly #reader: Reader;
  readonly #post: PostStreamMessage;
  readonly #take: (chunk: Uint8Array) => Uint8Array<ArrayBuffer>;
  readonly #wakeup = new Wakeup();
  #window = 0; // until the receiver grants one
  #ended = false;

  constructor(id: number, reader: Reader, post: PostStreamMessage, isOfApp: boolean) {
    this.#id = id;
    this.#reader = reader;
    this.#post = post;
    this.#take = isOfApp ? copyOfChunk : inOwnBuffer;
  }

  grant(bytes: number) {
    this.#window += bytes;
    this.#wakeup.wake();
  }

  cancel(reason: unknown) {
    this.#ended = true;
    this.#wakeup.wake();
    this.#reader.cancel(reason).catch(() => {});
  }

  /** `first` is the result of a read that was started already. */
  async run(first: Promise<Chunk>, serializeError: ErrorCodec['serialize']) {
    const fail = (error: unknown) => {
      if (!this.#ended) this.#post({ stream: this.#id, error: serializeError(error) });
      this.#ended = true;
      this.#wakeup.wake();
    };
    first.catch(() => {}); // handled below, after the receiver has granted a window
    // The receiver learns of an error at once, also while nobody reads.
    this.#reader.closed.catch(fail);
    await this.#room();
    try {
      for (let next = await first; !next.done && !this.#ended; next = await this.#reader.read()) {
        const chunk = this.#take(next.value);
        this.#window -= chunk.byteLength;
        this.#post({ stream: this.#id, chunk }, [chunk.buffer]);
        await this.#room();
      }
      if (!this.#ended) this.#post({ stream: this.#id, error: undefined });
      this.#ended = true;
    } catch (error) {
      fail(error);
      this.#reader.cancel(error).catch(() => {});
    }
  }

  async #room() {
    while (this.#window <= 0 && !this.#ended) await this.#wakeup.wait();
  }
}

/** The source of a stream whose chunks arrive as messages. */
class IncomingStream {
  readonly #id: number;
  readonly #post: PostStreamMessage;
  readonly #onEnd: () => void;
  readonly #onAwaited: () => void;
  readonly #chunks: Uint8Array[];
  readonly #wakeup = new Wakeup();
  /** Bytes that were read and are not acknowledged yet. */
  #read = 0;
  /** Whether no more chunks arrive. */
  #ended: boolean;
  #controller: Controller | undefined;
  #pulling = false;

  /** With the number 0, `received` is the whole body. */
  constructor(
    id: number,
    received: readonly Uint8Array[],
    post: PostStreamMessage,
    onEnd: () => void,
    onAwaited: () => void,
  ) {
    this.#id = id;
    this.#ended = id === 0;
    this.#onAwaited = onAwaited;
    this.#post = post;
    this.#onEnd = onEnd;
    this.#chunks = received.filter(({ byteLength }) => byteLength > 0);
  }

  /** Whether a reader waits for the other end. */
  isAwaited(): boolean {
    return this.#pulling && !this.#ended && this.#chunks.length === 0;
  }

  push(chunk: Uint8Array) {
    if (chunk.byteLength > 0) this.#chunks.push(chunk);
    this.#wakeup.wake();
  }

  /** The stream is complete. */
  end() {
    this.#ended = true;
    this.#onEnd();
    // A reader may wait for the end without reading on.
    if (!this.#pulling) this.#closeIfRead();
    this.#wakeup.wake();
  }

  /** The error counts at once, also before chunks that nobody has read. */
  fail(error: unknown) {
    this.#chunks.length = 0;
    this.#controller?.error(error);
    this.#controller = undefined;
    this.end();
  }

  abort(reason: unknown) {
    if (!this.#ended) this.#post({ cancel: this.#id });
    this.fail(reason);
  }

  start(controller: Controller) {
    this.#controller = controller;
    this.#closeIfRead();
  }

  async pull() {
    this.#pulling = true;
    if (this.isAwaited()) this.#onAwaited();
    while (this.#chunks.length === 0 && !this.#ended) await this.#wakeup.wait();
    const chunk = this.#chunks.shift();
    if (chunk) {
      const { byteLength } = chunk; // a byte stream detaches the chunk's buffer
      this.#controller?.enqueue(chunk);
      this.#acknowledge(byteLength);
    }
    this.#pulling = false;
    // The end of a body arrives with its last byte, if it is known by then.
    this.#closeIfRead();
  }

  /** Closes the stream when it has ended and every chunk is read. */
  #closeIfRead() {
    const controller = this.#controller;
    if (!controller || !this.#ended || this.#chunks.length > 0) return;
    this.#controller = undefined;
    controller.close();
    // A reader with its own buffer may be waiting.
    controller.byobRequest?.respond(0);
  }

  cancel(reason: unknown) {
    this.#controller = undefined;
    this.#chunks.length = 0;
    if (!this.#ended) this.#post(reason === undefined ? { cancel: this.#id } : { cancel: this.#id, reason });
    this.end();
  }

  #acknowledge(bytes: number) {
    this.#read += bytes;
    if (this.#read < PORTION || this.#ended) return;
    this.#post({ grant: this.#id, bytes: this.#read });
    this.#read = 0;
  }
}

/** A byte stream, as the body of a response is, if the browser can make one. */
function readableStream(incoming: IncomingStream, serialize: ErrorCodec['serialize']): ReadableStream<Uint8Array> {
  const source = {
    __proto__: null,
    start: (controller: Controller) => incoming.start(controller),
    pull: () => incoming.pull(),
    cancel: (reason: unknown) => incoming.cancel(reason === undefined ? reason : serialize(reason)),
    type: 'ReadableByteStreamController' in globalThis ? 'bytes' : undefined,
  };
  return new captured.ReadableStream<Uint8Array>(source as never, { __proto__: null, highWaterMark: 0 } as never);
}

/** All streams of one end of a port. */
export class BodyStreams {
  readonly #post: PostStreamMessage;
  readonly #errors: ErrorCodec;
  readonly #outgoing = new Map<number, OutgoingStream>();
  readonly #incoming = new Map<number, IncomingStream>();
  /** Called when a reader begins to wait for bytes of the other end. */
  onAwaited = () => {};
  #lastId = 0;
  #closed = false;

  constructor(post: PostStreamMessage, errors: ErrorCodec) {
    this.#post = post;
    this.#errors = errors;
  }

  /** Starts to send a stream, and returns the number under which the other end receives it. */
  send(reader: Reader, first = reader.read()): number {
    const { id, stream } = this.#add(reader, false);
    this.#run(id, stream, first);
    return id;
  }

  /** Starts to send a stream of the app, which learns the reason of an abort. */
  upload(reader: Reader, signal: AbortSignal | undefined): number {
    const { id, stream } = this.#add(reader, true);
    const abort = () => stream.cancel(signal?.reason);
    signal?.addEventListener('abort', abort);
    if (signal?.aborted) abort();
    this.#run(id, stream, reader.read()).finally(() => signal?.removeEventListener('abort', abort));
    return id;
  }

  /** The other end's stream of this number; `received` is what has arrived already: the whole body if the number is 0. */
  receive(id: number, signal?: AbortSignal | null, received: readonly Uint8Array[] = []): ReadableStream<Uint8Array> {
    const onEnd = () => {
      this.#incoming.delete(id);
      signal?.removeEventListener('abort', abort);
    };
    const stream = new IncomingStream(id, received, this.#post, onEnd, () => this.onAwaited());
    // A signal that lives long does not keep the bodies that nobody reads.
    const kept = new WeakRef(stream);
    const abort = () => kept.deref()?.abort(signal && abortReason(signal));
    if (id !== 0) this.#incoming.set(id, stream);
    signal?.addEventListener('abort', abort);
    if (id !== 0) this.#post({ grant: id, bytes: WINDOW });
    return readableStream(stream, this.#errors.serialize);
  }

  /** Whether a reader waits for bytes of the other end. */
  isAwaited(): boolean {
    for (const stream of this.#incoming.values()) if (stream.isAwaited()) return true;
    return false;
  }

  /** The other end's stream of this number is not wanted. */
  refuse(id: number) {
    this.#post({ cancel: id });
  }

  handle(message: StreamMessage) {
    if (hasOwn(message, 'chunk')) {
      const { stream, chunk } = message as Extract<StreamMessage, { chunk: unknown }>;
      this.#incoming.get(stream)?.push(chunk);
    } else if (hasOwn(message, 'stream')) {
      const { stream, error } = message as Extract<StreamMessage, { error: unknown }>;
      if (error === undefined) this.#incoming.get(stream)?.end();
      else this.#incoming.get(stream)?.fail(this.#errors.deserialize(error));
    } else if (hasOwn(message, 'grant')) {
      const { grant, bytes } = message as Extract<StreamMessage, { grant: unknown }>;
      this.#outgoing.get(grant)?.grant(bytes);
    } else if (hasOwn(message, 'cancel')) {
      const { cancel, reason } = message as Extract<StreamMessage, { cancel: unknown }>;
      this.#outgoing.get(cancel)?.cancel(hasOwn(message, 'reason') ? this.#errors.deserialize(reason) : undefined);
    }
  }

  /** Ends all streams, also those that are sent later: those that arrive with the reason as their error. */
  close(reason: unknown) {
    this.#closed = true;
    for (const stream of [...this.#incoming.values()]) stream.fail(reason);
    for (const stream of [...this.#outgoing.values()]) stream.cancel(reason);
  }

  #add(reader: Reader, isOfApp: boolean) {
    this.#lastId += 1;
    const id = this.#lastId;
    const stream = new OutgoingStream(id, reader, this.#post, isOfApp);
    this.#outgoing.set(id, stream);
    return { id, stream };
  }

  #run(id: number, stream: OutgoingStream, first: Promise<Chunk>): Promise<void> {
    if (this.#closed) stream.cancel(undefined);
    return stream.run(first, this.#errors.serialize).finally(() => this.#outgoing.delete(id));
  }
}
