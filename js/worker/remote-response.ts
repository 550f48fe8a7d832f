// Responses that cross a message port: how they are sent, and how the receiver restores them.
import { abortReason } from '../util/compat.js';
import { type BodyStreams, inOwnBuffer, WINDOW } from './body-stream.js';

/** A response as data. */
export interface SerializedResponse {
  readonly status: number;
  readonly statusText: string;
  /** Names and values in turn: one array is cloned faster than many. */
  readonly headers: string[];
  readonly url: string;
  readonly redirected: boolean;
  readonly type: ResponseType;
  /** The chunks that travel with the head; null if there is no body. */
  readonly body: Uint8Array[] | null;
  /** The number of the stream with the rest of the body; 0 if there is none. */
  readonly rest: number;
}

/** A value to post, and the buffers in it that are transferred instead of copied. */
export class WithTransfer<T> {
  readonly value: T;
  readonly transfer: Transferable[];

  constructor(value: T, transfer: Transferable[]) {
    this.value = value;
    this.transfer = transfer;
  }
}

/** Statuses without a body (Fetch §2.2.6), though `fetch` gives an empty one with them. */
const NULL_BODY_STATUS = new Set([204, 205, 304]);
/** A body of at most this `Content-Length` travels whole. */
const SMALL_BODY = 64 * 1024;
/** Chunks that arrive within this time after the head travel with it: that halves the cost of a call. */
const HEAD_DELAY_MS = 3;

/** Headers as names and values in turn. */
export function flattenHeaders(headers: Headers): string[] {
  const flat: string[] = [];
  for (const [name, value] of headers) flat.push(name, value);
  return flat;
}

export const pairHeaders = (flat: readonly string[]): [string, string][] =>
  Array.from({ length: flat.length / 2 }, (_, at) => [flat[2 * at] as string, flat[2 * at + 1] as string]);

/** Takes the response's body. */
export async function serializeResponse(
  response: Response,
  streams: BodyStreams,
): Promise<WithTransfer<SerializedResponse>> {
  const { status, statusText, url, redirected, type, body } = response;
  const head = { status, statusText, headers: flattenHeaders(response.headers), url, redirected, type };
  if (!body) return new WithTransfer({ ...head, body: null, rest: 0 }, []);
  if (Number(response.headers.get('content-length') ?? Number.NaN) <= SMALL_BODY) {
    const whole = new Uint8Array(await response.arrayBuffer());
    return new WithTransfer({ ...head, body: [whole], rest: 0 }, [whole.buffer]);
  }
  const { chunks, rest } = await readStart(body.getReader(), streams);
  return new WithTransfer(
    { ...head, body: chunks, rest },
    chunks.map(({ buffer }) => buffer),
  );
}

/** Reads what arrives soon; the rest becomes a stream. */
async function readStart(reader: ReadableStreamDefaultReader<Uint8Array>, streams: BodyStreams) {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, HEAD_DELAY_MS);
  });
  let size = 0;
  let rest = 0;
  for (;;) {
    const reading = reader.read();
    const next = size < WINDOW ? await Promise.race([reading, late]).catch(() => undefined) : undefined;
    if (!next) {
      rest = streams.send(reader, reading);
      break;
    }
    if (next.done) break;
    const chunk = inOwnBuffer(next.value);
    size += chunk.byteLength;
    chunks.push(chunk);
  }
  clearTimeout(timer);
  return { chunks, rest };
}

/** The response as `fetch` would have returned it. */
export function deserializeResponse(
  serialized: SerializedResponse,
  streams: BodyStreams,
  signal?: AbortSignal | null,
): Response {
  const { status, statusText, headers, body, rest } = serialized;
  const hasBody = body && !NULL_BODY_STATUS.has(status);
  const content = hasBody ? (rest ? streams.receive(rest, signal, body) : joinChunks(body)) : null;
  const init = { status: constructibleStatus(status), statusText, headers: pairHeaders(headers) };
  return new RemoteResponse(content, init, serialized, rest ? signal : null);
}

function joinChunks(chunks: Uint8Array[]): Uint8Array<ArrayBuffer> {
  if (chunks.length === 1) return chunks[0] as Uint8Array<ArrayBuffer>;
  const whole = new Uint8Array(chunks.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

/** The constructor of `Response` rejects the status 0 of an opaque response. */
const constructibleStatus = (status: number) => status || 200;

type Head = Pick<SerializedResponse, 'status' | 'url' | 'redirected' | 'type'>;

/** A response with the properties that no constructor can set. */
class RemoteResponse extends Response {
  readonly #head: Head;
  readonly #signal: AbortSignal | null | undefined;

  constructor(body: BodyInit | null, init: ResponseInit, head: Head, signal: AbortSignal | null | undefined) {
    super(body, init);
    this.#head = head;
    this.#signal = signal;
  }
  override get status() {
    return this.#head.status;
  }
  override get ok() {
    return this.#head.status > 199 && this.#head.status < 300;
  }
  override get url() {
    return this.#head.url;
  }
  override get redirected() {
    return this.#head.redirected;
  }
  override get type() {
    return this.#head.type;
  }
  override clone(): Response {
    const { body, headers, statusText } = super.clone();
    const status = constructibleStatus(this.#head.status);
    return new RemoteResponse(body, { status, statusText, headers }, this.#head, this.#signal);
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
  /** Chromium reports every error of a stream that a script made as a network error; this restores the reason of an abort. */
  #read<T>(reading: Promise<T>): Promise<T> {
    const signal = this.#signal;
    if (!signal) return reading;
    return reading.catch((error: unknown) => {
      throw signal.aborted ? abortReason(signal) : error;
    });
  }
}
