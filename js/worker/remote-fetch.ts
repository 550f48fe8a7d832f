// The app's calls, on a page whose tokens are in a worker: calls to the API go to the worker, all others are plain `fetch`.

import { fetch } from '../browser/captured-globals.js';
import { abortable } from '../util/abortable.js';
import { abortReason } from '../util/compat.js';
import { deserializeResponse } from './remote-response.js';
import { isSerialized, SAFE_METHOD, type SerializedRequest, serializeRequest } from './serialize-request.js';
import { type WorkerConnection, WorkerEnded } from './worker-connection.js';

export class RemoteFetch {
  readonly #connection: WorkerConnection;
  readonly #origins: readonly string[];
  readonly #authEndpoints: Set<string>;
  readonly #disposal: AbortSignal;

  constructor(
    connection: WorkerConnection,
    origins: readonly string[],
    authEndpoints: readonly string[],
    disposal: AbortSignal,
  ) {
    this.#connection = connection;
    this.#origins = origins;
    this.#authEndpoints = new Set(authEndpoints);
    this.#disposal = disposal;
  }

  async fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    if (this.#disposal.aborted) throw abortReason(this.#disposal);
    const stream = init?.body instanceof ReadableStream ? init.body : undefined;
    // This Request only serves to read its members, so it must not consume the stream.
    const request = new Request(input, stream ? { ...init, body: new Uint8Array() } : init);
    if (!this.#needsToken(request)) return stream ? fetch(input, init) : fetch(request);
    // Every request has a signal; most have none that the caller can abort.
    const signal = init?.signal || input instanceof Request ? request.signal : undefined;
    const described = serializeRequest(request, init, stream !== undefined);
    const serialized = isSerialized(described) ? described : await abortable(described, signal);
    return this.#send(serialized, SAFE_METHOD.test(request.method), stream, signal);
  }

  #needsToken({ url, headers }: Request): boolean {
    const isApi = this.#origins.some((origin) => url.startsWith(origin));
    return isApi && !this.#authEndpoints.has(url) && !headers.has('authorization');
  }

  /** If the worker ends, a call with a safe method goes to the next worker; any other may have reached the server. */
  async #send(
    serialized: SerializedRequest,
    isSafe: boolean,
    stream: ReadableStream<Uint8Array> | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Response> {
    for (;;) {
      const rpc = this.#connection.connected() ?? (await abortable(this.#connection.start(), signal));
      this.#connection.requestSent();
      try {
        const { body } = serialized.init;
        // The client's own copy can be transferred if it is not needed again.
        const transfer = ArrayBuffer.isView(body) && !isSafe ? [body.buffer as ArrayBuffer] : [];
        const params = stream ? { ...serialized, stream: rpc.streams.send(stream.getReader()) } : serialized;
        const response = await rpc.request('fetch', params, { signal, transfer });
        return deserializeResponse(response, rpc.streams, signal);
      } catch (error) {
        if (this.#disposal.aborted || !(error instanceof WorkerEnded) || !isSafe) throw error;
      }
    }
  }
}
