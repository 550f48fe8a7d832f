// Bodies that cross a message port in chunks. The receiver grants a window: no more bytes than that are sent unread. A stream
// is not transferred as such, because several small messages are cheaper than one transferred stream.
import { hasOwn } from '../browser/captured-globals.js';
import { abortReason } from '../util/compat.js';
import { createDeferred } from '../util/deferred.js';

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
  | { readonly cancel: number };

export type PostStreamMessage = (message: StreamMessage, transfer?: Transferable[]) => void;
type Chunk = ReadableStreamReadResult<Uint8Array>;

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

/** Sends what a reader yields, as far as the receiver's window allows. */
class OutgoingStream {
  readonly #id: number;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #post: PostStreamMessage;
  readonly #wakeup = new Wakeup();
  #window = 0; // until the receiver grants one
  #cancelled = false;

  constructor(id: number, reader: ReadableStreamDefaultReader<Uint8Array>, post: PostStreamMessage) {
    this.#id = id;
    this.#reader = reader;
    this.#post = post;
  }

  grant(bytes: number) {
    this.#window += bytes;
    this.#wakeup.wake();
  }

  cancel() {
    this.#cancelled = true;
    this.#wakeup.wake();
    this.#reader.cancel().catch(() => {});
  }

  /** `first` is the result of a read that was started already. */
  async run(first: Promise<Chunk>, serializeError: ErrorCodec['serialize']) {
    first.catch(() => {}); // handled below, after the receiver has granted a window
    await this.#room();
    try {
      for (let next = await first; !next.done && !this.#cancelled; next = await this.#reader.read()) {
        const chunk = inOwnBuffer(next.value);
        this.#window -= chunk.byteLength;
        this.#post({ stream: this.#id, chunk }, [chunk.buffer]);
        await this.#room();
      }
      if (!this.#cancelled) this.#post({ stream: this.#id, error: undefined });
    } catch (error) {
      if (!this.#cancelled) this.#post({ stream: this.#id, error: serializeError(error) });
    }
  }

  async #room() {
    while (this.#window <= 0 && !this.#cancelled) await this.#wakeup.wait();
  }
}

/** The source of a stream whose chunks arrive as messages. */
class IncomingStream {
  readonly #id: number;
  readonly #post: PostStreamMessage;
  readonly #onEnd: () => void;
  readonly #chunks: Uint8Array[];
  readonly #wakeup = new Wakeup();
  /** Bytes that were read and are not acknowledged yet. */
  #read = 0;
  #ended = false;
  #error: unknown;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #pulling = false;

  constructor(id: number, received: readonly Uint8Array[], post: PostStreamMessage, onEnd: () => void) {
    this.#id = id;
    this.#post = post;
    this.#onEnd = onEnd;
    this.#chunks = [...received];
  }

  push(chunk: Uint8Array) {
    this.#chunks.push(chunk);
    this.#wakeup.wake();
  }

  /** Undefined: the stream is complete. */
  end(error: unknown) {
    this.#ended = true;
    this.#error = error;
    this.#onEnd();
    // A reader may wait for the end without reading on.
    if (!this.#pulling) this.#settle();
    this.#wakeup.wake();
  }

  abort(reason: unknown) {
    this.#post({ cancel: this.#id });
    this.#chunks.length = 0;
    this.end(reason);
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>) {
    this.#controller = controller;
  }

  async pull() {
    this.#pulling = true;
    while (this.#chunks.length === 0 && !this.#ended) await this.#wakeup.wait();
    const chunk = this.#chunks.shift();
    if (chunk) {
      const { byteLength } = chunk; // a byte stream detaches the chunk's buffer
      this.#controller?.enqueue(chunk);
      this.#acknowledge(byteLength);
    }
    this.#pulling = false;
    // The end of a body arrives with its last byte, if it is known by then.
    this.#settle();
  }

  /** Closes the stream, or fails it, when it has ended and every chunk is read. */
  #settle() {
    const controller = this.#controller as
      | (ReadableStreamDefaultController<Uint8Array> & { byobRequest?: ReadableStreamBYOBRequest | null })
      | undefined;
    if (!controller || !this.#ended || this.#chunks.length > 0) return;
    this.#controller = undefined;
    if (this.#error !== undefined) return controller.error(this.#error);
    controller.close();
    // A reader with its own buffer may be waiting.
    controller.byobRequest?.respond(0);
  }

  cancel() {
    this.#controller = undefined;
    if (!this.#ended) this.#post({ cancel: this.#id });
    this.#onEnd();
  }

  #acknowledge(bytes: number) {
    this.#read += bytes;
    if (this.#read < PORTION || this.#ended) return;
    this.#post({ grant: this.#id, bytes: this.#read });
    this.#read = 0;
  }
}

/** A byte stream, as the body of a response is, if the browser can make one. */
function readableStream(incoming: IncomingStream): ReadableStream<Uint8Array> {
  const source = {
    start: (controller: ReadableStreamDefaultController<Uint8Array>) => incoming.start(controller),
    pull: () => incoming.pull(),
    cancel: () => incoming.cancel(),
  };
  const byteSource = 'ReadableByteStreamController' in globalThis ? ({ ...source, type: 'bytes' } as never) : source;
  return new ReadableStream<Uint8Array>(byteSource, { highWaterMark: 0 });
}

/** All streams of one end of a port. */
export class BodyStreams {
  readonly #post: PostStreamMessage;
  readonly #errors: ErrorCodec;
  readonly #outgoing = new Map<number, OutgoingStream>();
  readonly #incoming = new Map<number, IncomingStream>();
  #lastId = 0;

  constructor(post: PostStreamMessage, errors: ErrorCodec) {
    this.#post = post;
    this.#errors = errors;
  }

  /** Starts to send a stream, and returns the number under which the other end receives it. */
  send(reader: ReadableStreamDefaultReader<Uint8Array>, first = reader.read()): number {
    this.#lastId += 1;
    const id = this.#lastId;
    const stream = new OutgoingStream(id, reader, this.#post);
    this.#outgoing.set(id, stream);
    stream.run(first, this.#errors.serialize).finally(() => this.#outgoing.delete(id));
    return id;
  }

  /** The other end's stream of this number; `received` is what has arrived already. */
  receive(id: number, signal?: AbortSignal | null, received: readonly Uint8Array[] = []): ReadableStream<Uint8Array> {
    const abort = () => stream.abort(signal && abortReason(signal));
    const stream = new IncomingStream(id, received, this.#post, () => {
      this.#incoming.delete(id);
      signal?.removeEventListener('abort', abort);
    });
    this.#incoming.set(id, stream);
    signal?.addEventListener('abort', abort);
    this.#post({ grant: id, bytes: WINDOW });
    return readableStream(stream);
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
      this.#incoming.get(stream)?.end(error && this.#errors.deserialize(error));
    } else if (hasOwn(message, 'grant')) {
      const { grant, bytes } = message as Extract<StreamMessage, { grant: unknown }>;
      this.#outgoing.get(grant)?.grant(bytes);
    } else this.#outgoing.get((message as Extract<StreamMessage, { cancel: unknown }>).cancel)?.cancel();
  }

  /** Ends all streams: those that arrive with the reason as their error. */
  close(reason: unknown) {
    for (const stream of this.#incoming.values()) stream.end(reason);
    for (const stream of [...this.#outgoing.values()]) stream.cancel();
  }
}
