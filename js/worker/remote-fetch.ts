// The app's calls, on a page whose tokens are in a worker: calls to the API go to the worker, all others are plain `fetch`.
import * as captured from '../browser/captured-globals.js';
import { abortable } from '../util/abortable.js';
import { abortReason } from '../util/compat.js';
import { isRequest, isView } from './captured-platform.js';
import { deserializeResponse } from './remote-response.js';
import { type DescribedCall, describeCall, isDescribed, readInit, SAFE_METHOD } from './serialize-request.js';
import { type WorkerConnection, WorkerEnded, type WorkerRpc } from './worker-connection.js';

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
    const given = readInit(init);
    // It takes the body of the call, as `fetch` does, and everything is read from it.
    const request = new captured.Request(input, given);
    if (!this.#needsToken(request)) return captured.fetch(request);
    // Every request has a signal; most have none that the caller can abort.
    const signal = given?.signal || isRequest(input) ? captured.signalOf(request) : undefined;
    if (signal?.aborted) throw abortReason(signal); // `fetch` does not touch a stream then
    const described = describeCall(input, given, request);
    const call = isDescribed(described) ? described : await abortable(described, signal);
    return this.#send(call, SAFE_METHOD.test(captured.methodOf(request)), signal);
  }

  #needsToken(request: Request): boolean {
    const url = captured.urlOf(request);
    const isApi = this.#origins.some((origin) => url.startsWith(origin));
    const hasAuthorization = () => captured.hasHeader(captured.headersOf(request), 'authorization');
    return isApi && !this.#authEndpoints.has(url) && !hasAuthorization();
  }

  /** If the worker ends, a call with a safe method goes to the next worker; any other may have reached the server. */
  async #send({ serialized, upload }: DescribedCall, isSafe: boolean, signal: AbortSignal | undefined) {
    for (;;) {
      // Without a wait if there is a worker: the page may be unloading.
      const rpc = this.#connection.connected() ?? (await this.#nextWorker(upload, signal));
      this.#connection.requestSent();
      try {
        const { body } = serialized.init;
        // The client's own copy can be transferred if it is not needed again.
        const transfer = isView(body) && !isSafe ? [body.buffer as ArrayBuffer] : [];
        const params = upload ? { ...serialized, stream: rpc.streams.upload(upload, signal) } : serialized;
        const options = { __proto__: null, signal, transfer };
        const response = await rpc.request('fetch', params, options);
        return deserializeResponse(response, rpc.streams, signal);
      } catch (error) {
        if (this.#disposal.aborted || !(error instanceof WorkerEnded) || !isSafe || upload) throw error;
      }
    }
  }

  async #nextWorker(upload: DescribedCall['upload'], signal: AbortSignal | undefined): Promise<WorkerRpc> {
    try {
      return await abortable(this.#connection.start(), signal);
    } catch (error) {
      upload?.cancel(error).catch(() => {});
      throw error;
    }
  }
}
