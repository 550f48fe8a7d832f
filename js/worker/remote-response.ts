// Responses that cross a message port: how they are sent, and how the receiver restores them.
import { abortReason } from '../util/compat.js';
import { type BodyStreams, inOwnBuffer, WINDOW } from './body-stream.js';
import * as captured from './captured-platform.js';

/** A response as data. */
export interface SerializedResponse {
  readonly status: number;
  readonly statusText: string;
  /** Names and values in turn: one array is cloned faster than many. */
  readonly headers: string[];
  readonly url: string;
  readonly redirected: boolean;
  readonly type: ResponseType;
  /** The chunks that travel with the head; null if `Response.body` is null. */
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

/** Statuses with which the constructor of `Response` accepts no body (Fetch §2.2.6), though `fetch` gives an empty one. */
const NULL_BODY_STATUS = new Set([204, 205, 304]);
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
  const { headers, body, rest } = serialized;
  // The body is a stream while something can still fail it: the network, or an abort.
  const content = body && (rest || signal ? streams.receive(rest, signal, body) : joinChunks(body));
  return new RemoteResponse(content, pairHeaders(headers), serialized, signal);
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

/** The status for the constructor of `Response`: 200 instead of one that it rejects. */
const constructibleStatus = (status: number, body: unknown) =>
  status < 200 || status > 599 || (body !== null && NULL_BODY_STATUS.has(status)) ? 200 : status;

/** The headers of a response from the network cannot be changed. */
const IMMUTABLE = { __proto__: null } as unknown as PropertyDescriptorMap;
for (const name of ['append', 'delete', 'set']) {
  const value = () => {
    throw new TypeError(`Headers.${name}: the headers of a response from the network are immutable`);
  };
  IMMUTABLE[name] = { __proto__: null, value } as PropertyDescriptor;
}

type Head = Pick<SerializedResponse, 'status' | 'statusText' | 'url' | 'redirected' | 'type'>;

/** A response with the properties that no constructor can set. */
class RemoteResponse extends captured.Response {
  readonly #head: Head;
  readonly #signal: AbortSignal | null | undefined;
  /** Whether an abort ended an earlier attempt to read the body. */
  #isAborted = false;

  constructor(body: BodyInit | null, headers: HeadersInit, head: Head, signal: AbortSignal | null | undefined) {
    super(body, { __proto__: null, status: constructibleStatus(head.status, body), headers } as ResponseInit);
    this.#head = head;
    this.#signal = signal;
    Object.defineProperties(super.headers, IMMUTABLE);
  }
  override get status() {
    return this.#head.status;
  }
  override get statusText() {
    return this.#head.statusText;
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
    const { body, headers } = super.clone();
    return new RemoteResponse(body, headers, this.#head, this.#signal);
  }
  override text() {
    return this.#read(() => super.text());
  }
  override json() {
    return this.#read(() => super.json());
  }
  override blob() {
    return this.#read(() => super.blob());
  }
  override arrayBuffer() {
    return this.#read(() => super.arrayBuffer());
  }
  override formData() {
    return this.#read(() => super.formData());
  }
  override bytes() {
    return this.#read(() => super.bytes());
  }
  /** Chromium reports every error of a stream that a script made as a network error; this restores the reason of an abort. */
  #read<T>(read: () => Promise<T>): Promise<T> {
    const signal = this.#signal;
    if (this.#isAborted) return Promise.reject(signal?.reason);
    const isUsed = this.bodyUsed || this.body?.locked;
    const reading = read();
    if (!signal || isUsed) return reading;
    return reading.catch((error: unknown) => {
      this.#isAborted = signal.aborted;
      throw signal.aborted ? abortReason(signal) : error;
    });
  }
}

// Libraries compare the class of a response by its name.
Object.defineProperty(RemoteResponse.prototype, 'constructor', {
  __proto__: null,
  value: captured.Response,
  configurable: true,
  writable: true,
} as PropertyDescriptor);
