// Two ends of a message port, one on the page and one in the worker: questions and their answers, bodies in pieces and no
// more of them under way than the other end has asked for, errors that arrive as what they were.
import type { AuthErrors } from './engine.js';
import type { AuthErrorCode, AuthError as Failure } from './errors.js';

/** What a question is answered with, or who shall hear it. Throws and rejects as whoever asked shall see it. */
export type Hear = (what: string, detail: never, signal?: AbortSignal) => unknown;

export interface Link {
  /** Resolves with the other end's answer. Aborted, it rejects at once with the signal's reason, and the other end is told. */
  ask(what: string, detail?: unknown, signal?: AbortSignal | null, transfer?: Transferable[]): Promise<unknown>;
  tell(what: string, detail?: unknown, transfer?: Transferable[]): void;
  /** A response, ready to be sent; what comes within a moment of its head travels with it. */
  pack(response: Response): Promise<Packed>;
  /** The response that came, as `fetch` would have given it. */
  unpack(packed: Head, signal?: AbortSignal | null): Response;
  /** A stream, ready to be sent: its number, under which the other end reads it. */
  pour(stream: ReadableStream<Uint8Array>): number;
  /** A stream that comes; `early` is what is here already. */
  draw(id: number, signal?: AbortSignal | null, early?: Uint8Array[]): ReadableStream<Uint8Array>;
  /** Whether an answer is still to come. */
  waiting(): boolean;
  /** Whoever waits for an answer is told, and what is under way for the other end is aborted. */
  close(reason: unknown): void;
}

/** A response without what only its end of the port has. */
export interface Head {
  readonly status: number;
  readonly statusText: string;
  /** Names and values in turn: one array is copied sooner than many. */
  readonly headers: string[];
  readonly url: string;
  readonly redirected: boolean;
  readonly type: ResponseType;
  /** The pieces that came with the head; null where there is no body. */
  readonly body: Uint8Array[] | null;
  /** The stream of the rest; 0 where there is none. */
  readonly rest: number;
}

/** An answer, and what of it is handed over instead of copied. */
export class Packed {
  readonly value: unknown;
  readonly transfer: Transferable[];

  constructor(value: unknown, transfer: Transferable[]) {
    this.value = value;
    this.transfer = transfer;
  }
}

/** What may have no body (Fetch §2.2.6), though `fetch` gives an empty one with it. */
const NO_BODY = new Set([204, 205, 304]);
/** So much of a body may be under way, unread. */
const WINDOW = 512 * 1024;
/** A body of which so few bytes are announced travels whole. */
const SMALL = 64 * 1024;
/** Bytes that were read are acknowledged in portions of so many. */
const PORTION = 128 * 1024;
/** What comes within so many milliseconds of the head travels with it. */
const MOMENT = 3;

/** What one end tells the other. */
type Message =
  | { ask: number; what: string; detail: unknown; abortable: boolean }
  | { what: string; detail: unknown }
  | { answer: number; value: unknown }
  | { answer: number; error: unknown }
  | { abort: number; reason: unknown }
  | { stream: number; piece: Uint8Array }
  | { stream: number; end: unknown }
  | { more: number; bytes: number }
  | { stop: number };

interface Sink {
  take(piece: Uint8Array): void;
  /** Undefined: it was all. */
  end(error: unknown): void;
}

/** A port, or a worker seen from either side. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  // biome-ignore lint/suspicious/noExplicitAny: each of them has an event of its own
  onmessage: ((this: any, event: MessageEvent) => any) | null;
}

const { hasOwn } = Object;
/** Not `in`: a page may have something of that name on `Object.prototype`. */
const has = <K extends string>(data: Message, name: K): data is Extract<Message, Record<K, unknown>> =>
  hasOwn(data, name);

export function createLink(port: Port, hear: Hear, AuthError: AuthErrors): Link {
  const unpackError = (packed: unknown) => unpacked(packed, AuthError);
  let count = 0;
  const asked = new Map<number, { resolve(value: unknown): void; reject(reason: unknown): void }>();
  const underWay = new Map<number, AbortController>();
  const sinks = new Map<number, Sink>();
  const sources = new Map<number, { more(bytes: number): void; stop(): void }>();
  const post = (message: Message, transfer: Transferable[] = []) => port.postMessage(message, transfer);

  async function answer(id: number, what: string, detail: unknown, abortable: boolean) {
    const aborting = abortable ? new AbortController() : undefined;
    if (aborting) underWay.set(id, aborting);
    try {
      const value = await hear(what, detail as never, aborting?.signal);
      if (value instanceof Packed) post({ answer: id, value: value.value }, value.transfer);
      else post({ answer: id, value });
    } catch (error) {
      post({ answer: id, error: packError(error) });
    }
    underWay.delete(id);
  }

  port.onmessage = ({ data }: MessageEvent<Message>) => {
    if (has(data, 'ask')) answer(data.ask, data.what, data.detail, data.abortable);
    else if (has(data, 'what')) hear(data.what, data.detail as never);
    else if (has(data, 'answer')) {
      const waiting = asked.get(data.answer);
      asked.delete(data.answer);
      if (has(data, 'error')) waiting?.reject(unpackError(data.error));
      else if (waiting) waiting.resolve(data.value);
      // Whoever asked has left; the rest of the body is not wanted.
      else if ((data.value as Head | undefined)?.rest) post({ stop: (data.value as Head).rest });
    } else if (has(data, 'abort')) underWay.get(data.abort)?.abort(unpackError(data.reason));
    else if (has(data, 'piece')) sinks.get(data.stream)?.take(data.piece);
    else if (has(data, 'end')) sinks.get(data.stream)?.end(data.end);
    else if (has(data, 'more')) sources.get(data.more)?.more(data.bytes);
    else sources.get(data.stop)?.stop();
  };

  /** Sends what the reader yields, as far as the other end wants it. */
  function send(reader: ReadableStreamDefaultReader<Uint8Array>, first: Promise<ReadableStreamReadResult<Uint8Array>>) {
    count += 1;
    const id = count;
    let window = 0; // until the other end is there to read
    let wake = () => {};
    sources.set(id, {
      more(bytes) {
        window += bytes;
        wake();
      },
      stop() {
        sources.delete(id);
        wake();
        reader.cancel().catch(() => {});
      },
    });
    const room = async () => {
      while (window <= 0 && sources.has(id)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    };
    const run = async () => {
      await room();
      try {
        for (let next = await first; !next.done && sources.has(id); next = await reader.read()) {
          const piece = own(next.value);
          window -= piece.byteLength;
          post({ stream: id, piece }, [piece.buffer]);
          await room();
        }
        if (sources.has(id)) post({ stream: id, end: undefined });
      } catch (error) {
        if (sources.has(id)) post({ stream: id, end: packError(error) });
      }
      sources.delete(id);
    };
    first.catch(() => {}); // looked at when the other end is there
    run();
    return id;
  }

  const link: Link = {
    ask(what, detail, signal, transfer) {
      count += 1;
      const id = count;
      return new Promise((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const stop = () => {
          asked.delete(id);
          reject(signal?.reason);
          post({ abort: id, reason: packError(signal?.reason) });
        };
        const settled = () => signal?.removeEventListener('abort', stop);
        signal?.addEventListener('abort', stop);
        asked.set(id, {
          resolve(value) {
            settled();
            resolve(value);
          },
          reject(reason) {
            settled();
            reject(reason);
          },
        });
        try {
          post({ ask: id, what, detail, abortable: signal != null }, transfer);
        } catch (error) {
          asked.delete(id);
          settled();
          reject(error);
        }
      });
    },
    tell: (what, detail, transfer) => post({ what, detail }, transfer),
    pour: (stream) => {
      const reader = stream.getReader();
      return send(reader, reader.read());
    },
    async pack(response) {
      const { status, statusText, url, redirected, type, body } = response;
      const head = { status, statusText, headers: flat(response.headers), url, redirected, type };
      if (!body) return new Packed({ ...head, body: null, rest: 0 } satisfies Head, []);
      // Nobody streams a few kilobytes of which the length is told; the platform reads them at once.
      if (Number(response.headers.get('content-length') ?? Number.NaN) <= SMALL) {
        const whole = new Uint8Array(await response.arrayBuffer());
        return new Packed({ ...head, body: [whole], rest: 0 } satisfies Head, [whole.buffer]);
      }
      const reader = body.getReader();
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<undefined>((resolve) => {
        timer = setTimeout(resolve, MOMENT);
      });
      let size = 0;
      let rest = 0;
      for (;;) {
        const coming = reader.read();
        const next = size < WINDOW ? await Promise.race([coming, late]).catch(() => undefined) : undefined;
        if (!next) {
          rest = send(reader, coming);
          break;
        }
        if (next.done) break;
        const piece = own(next.value);
        size += piece.byteLength;
        pieces.push(piece);
      }
      clearTimeout(timer);
      return new Packed(
        { ...head, body: pieces, rest } satisfies Head,
        pieces.map(({ buffer }) => buffer),
      );
    },
    unpack(head, signal) {
      const { status, statusText, headers, body, rest } = head;
      const content = body && !NO_BODY.has(status) ? (rest ? link.draw(rest, signal, body) : joined(body)) : null;
      // No app can make a response without a status.
      return new Answered(
        content,
        { status: status || 200, statusText, headers: paired(headers) },
        head,
        rest ? signal : null,
      );
    },
    draw(id, signal, early = []) {
      const pieces = [...early];
      let unread = 0;
      let ended = false;
      let failure: unknown;
      let wake = () => {};
      const forget = () => {
        sinks.delete(id);
        signal?.removeEventListener('abort', abort);
      };
      const end = (error: unknown) => {
        ended = true;
        failure = error;
        forget();
        wake();
      };
      const abort = () => {
        post({ stop: id });
        pieces.length = 0;
        end(signal?.reason);
      };
      sinks.set(id, {
        take(piece) {
          pieces.push(piece);
          wake();
        },
        end: (error) => end(error && unpackError(error)),
      });
      signal?.addEventListener('abort', abort);
      post({ more: id, bytes: WINDOW });
      return new ReadableStream<Uint8Array>(
        bytes({
          async pull(controller) {
            while (pieces.length === 0 && !ended) {
              await new Promise<void>((resolve) => {
                wake = resolve;
              });
            }
            const piece = pieces.shift();
            if (piece) {
              unread += piece.byteLength;
              controller.enqueue(piece);
              if (unread >= PORTION && !ended) {
                post({ more: id, bytes: unread });
                unread = 0;
              }
            } else if (failure === undefined) {
              controller.close();
              // Somebody may be waiting with a buffer of their own.
              (controller as { byobRequest?: ReadableStreamBYOBRequest | null }).byobRequest?.respond(0);
            } else controller.error(failure);
          },
          cancel() {
            if (!ended) post({ stop: id });
            forget();
          },
        }),
        { highWaterMark: 0 },
      );
    },
    waiting: () => asked.size > 0,
    close(reason) {
      for (const { reject } of asked.values()) reject(reason);
      asked.clear();
      for (const aborting of underWay.values()) aborting.abort();
      for (const sink of sinks.values()) sink.end(packError(reason));
      for (const source of [...sources.values()]) source.stop();
      port.onmessage = null;
      if (port instanceof MessagePort) port.close();
    },
  };
  return link;
}

/** Headers as names and values in turn, and back. */
export function flat(headers: Headers): string[] {
  const all: string[] = [];
  for (const [name, value] of headers) all.push(name, value);
  return all;
}
export const paired = (all: readonly string[]): [string, string][] =>
  Array.from({ length: all.length / 2 }, (_, at) => [all[2 * at] as string, all[2 * at + 1] as string]);

/** The bytes in a buffer that is theirs alone and can be handed over. */
const own = (piece: Uint8Array): Uint8Array<ArrayBuffer> =>
  (piece.byteLength === piece.buffer.byteLength ? piece : piece.slice()) as Uint8Array<ArrayBuffer>;

function joined(pieces: Uint8Array[]): Uint8Array<ArrayBuffer> {
  if (pieces.length === 1) return pieces[0] as Uint8Array<ArrayBuffer>;
  const whole = new Uint8Array(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.byteLength;
  }
  return whole;
}

/** A stream of bytes, as the body of a response is, where the browser can make one. */
const bytes = (source: UnderlyingDefaultSource<Uint8Array>): UnderlyingDefaultSource<Uint8Array> =>
  'ReadableByteStreamController' in globalThis ? ({ ...source, type: 'bytes' } as never) : source;

type Told = Pick<Head, 'status' | 'url' | 'redirected' | 'type'>;

/** A response that says of itself what no app can make one say. */
class Answered extends Response {
  readonly #told: Told;
  readonly #signal: AbortSignal | null | undefined;

  constructor(body: BodyInit | null, init: ResponseInit, told: Told, signal: AbortSignal | null | undefined) {
    super(body, init);
    this.#told = told;
    this.#signal = signal;
  }
  override get status() {
    return this.#told.status;
  }
  override get ok() {
    return this.#told.status > 199 && this.#told.status < 300;
  }
  override get url() {
    return this.#told.url;
  }
  override get redirected() {
    return this.#told.redirected;
  }
  override get type() {
    return this.#told.type;
  }
  override clone(): Response {
    const { body, headers, statusText } = super.clone();
    const status = this.#told.status || 200;
    return new Answered(body, { status, statusText, headers }, this.#told, this.#signal);
  }
  override text() {
    return this.#read(super.text());
  }
  override json() {
    return this.#read(super.json());
  }
  override blob() {
    return this.#read(super.blob());
  }
  override arrayBuffer() {
    return this.#read(super.arrayBuffer());
  }
  override formData() {
    return this.#read(super.formData());
  }
  override bytes() {
    return this.#read(super.bytes());
  }
  /** Chromium tells whoever reads a stream of ours to its end that the network failed, whatever was the matter. */
  #read<T>(reading: Promise<T>): Promise<T> {
    const signal = this.#signal;
    if (!signal) return reading;
    return reading.catch((error: unknown) => {
      throw signal.aborted ? signal.reason : error;
    });
  }
}

interface PackedError {
  readonly kind: 'auth' | 'dom' | 'type' | 'other' | 'value';
  readonly name?: string;
  readonly message?: string;
  readonly details?: Record<string, unknown>;
  readonly value?: unknown;
}

/** An error as data. What cannot be sent is told by its text. */
export function packError(error: unknown): PackedError {
  if (error instanceof Error && error.name === 'AuthError') {
    const { code, message, status, retryable, retryAfter } = error as Failure;
    const details = { retryable, ...(status !== null && { status }), ...(retryAfter !== null && { retryAfter }) };
    return { kind: 'auth', name: code, message: message.slice(code.length + 2), details };
  }
  if (error instanceof Error || error instanceof DOMException) {
    const { name, message } = error;
    const kind = error instanceof DOMException ? 'dom' : error instanceof TypeError ? 'type' : 'other';
    return { kind, name, message };
  }
  try {
    return { kind: 'value', value: structuredClone(error) };
  } catch {
    return { kind: 'value', value: String(error) };
  }
}

export function unpacked(packed: unknown, AuthError: AuthErrors): unknown {
  const { kind, name = '', message = '', details, value } = packed as PackedError;
  if (kind === 'auth') return new AuthError(name as AuthErrorCode, message, details);
  if (kind === 'dom') return new DOMException(message, name);
  if (kind === 'type') return new TypeError(message);
  return kind === 'other' ? Object.assign(new Error(message), { name }) : value;
}
