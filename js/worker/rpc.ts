// Requests, notifications and their results over a message port, with the types of `protocol.ts`. A rejection arrives as the
// same kind of error, and an abort reaches the other end.
import { hasOwn } from '../browser/captured-globals.js';
import type { AuthErrorClass } from '../engine/auth-errors.js';
import { now } from '../util/clock.js';
import { abortReason } from '../util/compat.js';
import { BodyStreams, type StreamMessage } from './body-stream.js';
import type { Port } from './port.js';
import { type SerializedResponse, WithTransfer } from './remote-response.js';
import { deserializeError, serializeError } from './serialize-error.js';

export type Method<Methods> = keyof Methods & string;
export type Params<Methods, M extends keyof Methods> = Methods[M] extends { params: infer P } ? P : never;
// biome-ignore lint/suspicious/noConfusingVoidType: a handler without a result returns nothing
export type Result<Methods, M extends keyof Methods> = Methods[M] extends { result: infer R } ? R : void;

/** A function for each method. What it throws is the caller's rejection. */
export type Handlers<Methods> = {
  readonly [M in Method<Methods>]: (
    params: Params<Methods, M>,
    signal?: AbortSignal,
  ) => Promised<Result<Methods, M> | WithTransfer<Result<Methods, M>>>;
};
type Promised<T> = T | Promise<T>;

interface RequestOptions {
  readonly signal?: AbortSignal | null | undefined;
  readonly transfer?: Transferable[] | undefined;
}
const NO_OPTIONS = { __proto__: null } as RequestOptions;

type Message =
  | { readonly request: number; readonly method: string; readonly params: unknown; readonly abortable: boolean }
  | { readonly method: string; readonly params: unknown }
  | { readonly response: number; readonly result: unknown }
  | { readonly response: number; readonly error: unknown }
  | { readonly abort: number; readonly reason: unknown }
  /** Shows that the other end is alive: it works through many requests, or through long ones. */
  | { readonly alive: true }
  | StreamMessage;

/** An end that has sent nothing for this time confirms that a request has arrived. */
const QUIET_MS = 1_000;

/** Not `in`: the page may have a property of that name on `Object.prototype`. */
const has = <K extends string>(message: Message, name: K): message is Extract<Message, Record<K, unknown>> =>
  hasOwn(message, name);

interface PendingRequest {
  resolve(result: unknown): void;
  reject(reason: unknown): void;
}

/** A request of the other end that is being served. */
interface ServedRequest {
  /** Undefined if the other end cannot abort it. */
  readonly controller: AbortController | undefined;
  /** Whether it continues when the other end has left. */
  readonly outlives: boolean;
}

/** Whether a request continues when the page that sent it has left. */
export type Outlives = (method: string, params: unknown) => boolean;

/** One end of a port: calls the methods of the other end (`Remote`) and serves its own (`Local`). */
export class Rpc<Remote, Local> {
  readonly streams: BodyStreams;
  readonly #port: Port;
  readonly #handlers: Handlers<Local>;
  readonly #AuthError: AuthErrorClass;
  readonly #pending = new Map<number, PendingRequest>();
  readonly #serving = new Map<number, ServedRequest>();
  readonly #outlives: Outlives;
  #lastId = 0;
  #received = 0;
  #sentAt = 0;
  #otherEndLeft = false;

  constructor(port: Port, handlers: Handlers<Local>, AuthError: AuthErrorClass, outlives: Outlives = () => false) {
    this.#port = port;
    this.#handlers = handlers;
    this.#AuthError = AuthError;
    this.#outlives = outlives;
    this.streams = new BodyStreams((message, transfer) => this.#post(message, transfer), {
      serialize: serializeError,
      deserialize: (error) => this.#deserializeError(error),
    });
    port.onmessage = ({ data }: { readonly data: Message | null }) => {
      this.#received += 1;
      if (data) this.#receive(data);
    };
  }

  /** Resolves with the other end's result. An abort rejects it immediately with the signal's reason and cancels the request at the other end. */
  request<M extends Method<Remote>>(
    method: M,
    params: Params<Remote, M>,
    { signal, transfer }: RequestOptions = NO_OPTIONS,
  ): Promise<Result<Remote, M>> {
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise<unknown>((resolve, reject) => {
      if (signal?.aborted) return reject(abortReason(signal));
      const abort = () => {
        this.#pending.delete(id);
        const reason = signal && abortReason(signal);
        reject(reason);
        this.#post({ abort: id, reason: serializeError(reason) });
      };
      const unlisten = () => signal?.removeEventListener('abort', abort);
      signal?.addEventListener('abort', abort);
      this.#pending.set(id, {
        resolve(result) {
          unlisten();
          resolve(result);
        },
        reject(reason) {
          unlisten();
          reject(reason);
        },
      });
      try {
        this.#post({ request: id, method, params, abortable: signal != null }, transfer);
      } catch (error) {
        this.#pending.delete(id);
        unlisten();
        reject(error);
      }
    }) as Promise<Result<Remote, M>>;
  }

  /** Calls a method without waiting for its result. */
  notify<M extends Method<Remote>>(method: M, params: Params<Remote, M>, transfer?: Transferable[]) {
    this.#post({ method, params }, transfer);
  }

  /** Whether a result, or the rest of a body that is being read, is still to come. */
  hasPending(): boolean {
    return this.#pending.size > 0 || this.streams.isAwaited();
  }

  /** How many messages have arrived: each shows that the other end is alive. */
  received(): number {
    return this.#received;
  }

  /**
   * The other end receives nothing more. What it has sent, or sends until it has ended, counts only if it outlives the other
   * end; all else is aborted.
   */
  otherEndLeft() {
    this.#otherEndLeft = true;
    this.#end(undefined, ({ outlives }) => !outlives);
  }

  /** Rejects pending requests, aborts what this end does for the other, and closes the port. */
  close(reason: unknown) {
    this.#end(reason, () => true);
    this.#port.onmessage = null;
    this.#port.close?.();
  }

  #end(reason: unknown, aborts: (served: ServedRequest) => boolean) {
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
    for (const served of this.#serving.values()) if (aborts(served)) served.controller?.abort();
    this.streams.close(reason);
  }

  #receive(message: Message) {
    if (this.#otherEndLeft && !(has(message, 'request') && this.#outlives(message.method, message.params))) return;
    if (has(message, 'request')) {
      if (now() - this.#sentAt > QUIET_MS) this.#post({ alive: true });
      this.#serve(message);
    } else if (has(message, 'method')) this.#call(message.method, message.params);
    else if (has(message, 'response')) this.#settle(message);
    else if (has(message, 'abort'))
      this.#serving.get(message.abort)?.controller?.abort(this.#deserializeError(message.reason));
    else if (!has(message, 'alive')) this.streams.handle(message);
  }

  #settle(message: Extract<Message, { response: number }>) {
    const pending = this.#pending.get(message.response);
    this.#pending.delete(message.response);
    if (has(message, 'error')) pending?.reject(this.#deserializeError(message.error));
    else if (pending) pending.resolve(message.result);
    else {
      // The caller has aborted, so the rest of the body is not wanted.
      const { result } = message;
      if (typeof result === 'object' && result && hasOwn(result, 'rest')) {
        const { rest } = result as SerializedResponse;
        if (rest) this.streams.refuse(rest);
      }
    }
  }

  async #serve({ request, method, params, abortable }: Extract<Message, { request: number }>) {
    const controller = abortable ? new AbortController() : undefined;
    this.#serving.set(request, { controller, outlives: this.#outlives(method, params) });
    try {
      const result = await this.#call(method, params, controller?.signal);
      if (result instanceof WithTransfer) this.#post({ response: request, result: result.value }, result.transfer);
      else this.#post({ response: request, result });
    } catch (error) {
      this.#post({ response: request, error: serializeError(error) });
    }
    this.#serving.delete(request);
  }

  /** Unknown methods are ignored: a page can post any message to the worker. */
  #call(method: string, params: unknown, signal?: AbortSignal): unknown {
    if (!hasOwn(this.#handlers, method)) return undefined;
    return this.#handlers[method as Method<Local>](params as never, signal);
  }

  #post(message: Message, transfer: Transferable[] = []) {
    this.#sentAt = now();
    this.#port.postMessage(message, transfer);
  }

  #deserializeError(error: unknown): unknown {
    return deserializeError(error, this.#AuthError);
  }
}
