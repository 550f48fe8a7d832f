// Requests, notifications and their results over a message port, with the types of `protocol.ts`. A rejection arrives as the
// same kind of error, and an abort reaches the other end.
import { hasOwn } from '../browser/captured-globals.js';
import type { AuthErrorClass } from '../engine/auth-errors.js';
import { abortReason } from '../util/compat.js';
import { BodyStreams, type StreamMessage } from './body-stream.js';
import { type SerializedResponse, WithTransfer } from './remote-response.js';
import { deserializeError, serializeError } from './serialize-error.js';

/** A port, or a worker seen from either side. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  // biome-ignore lint/suspicious/noExplicitAny: each kind of port has its own type of event
  onmessage: ((this: any, event: MessageEvent) => any) | null;
}

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
  readonly transfer?: Transferable[];
}

type Message =
  | { readonly request: number; readonly method: string; readonly params: unknown; readonly abortable: boolean }
  | { readonly method: string; readonly params: unknown }
  | { readonly response: number; readonly result: unknown }
  | { readonly response: number; readonly error: unknown }
  | { readonly abort: number; readonly reason: unknown }
  | StreamMessage;

/** Not `in`: the page may have a property of that name on `Object.prototype`. */
const has = <K extends string>(message: Message, name: K): message is Extract<Message, Record<K, unknown>> =>
  hasOwn(message, name);

interface PendingRequest {
  resolve(result: unknown): void;
  reject(reason: unknown): void;
}

/** One end of a port: calls the methods of the other end (`Remote`) and serves its own (`Local`). */
export class Rpc<Remote, Local> {
  readonly streams: BodyStreams;
  readonly #port: Port;
  readonly #handlers: Handlers<Local>;
  readonly #AuthError: AuthErrorClass;
  readonly #pending = new Map<number, PendingRequest>();
  /** The other end's requests that it may abort. */
  readonly #serving = new Map<number, AbortController>();
  #lastId = 0;

  constructor(port: Port, handlers: Handlers<Local>, AuthError: AuthErrorClass) {
    this.#port = port;
    this.#handlers = handlers;
    this.#AuthError = AuthError;
    this.streams = new BodyStreams((message, transfer) => this.#post(message, transfer), {
      serialize: serializeError,
      deserialize: (error) => this.#deserializeError(error),
    });
    port.onmessage = ({ data }: MessageEvent<Message | null>) => {
      if (data) this.#receive(data);
    };
  }

  /** Resolves with the other end's result. An abort rejects it immediately with the signal's reason and cancels the request at the other end. */
  request<M extends Method<Remote>>(
    method: M,
    params: Params<Remote, M>,
    { signal, transfer }: RequestOptions = {},
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

  /** Whether a result is still to come. */
  hasPending(): boolean {
    return this.#pending.size > 0;
  }

  /** Rejects pending requests, aborts what this end does for the other, and closes the port. */
  close(reason: unknown) {
    for (const { reject } of this.#pending.values()) reject(reason);
    this.#pending.clear();
    for (const controller of this.#serving.values()) controller.abort();
    this.streams.close(reason);
    this.#port.onmessage = null;
    if (this.#port instanceof MessagePort) this.#port.close();
  }

  #receive(message: Message) {
    if (has(message, 'request')) this.#serve(message);
    else if (has(message, 'method')) this.#call(message.method, message.params);
    else if (has(message, 'response')) this.#settle(message);
    else if (has(message, 'abort')) this.#serving.get(message.abort)?.abort(this.#deserializeError(message.reason));
    else this.streams.handle(message);
  }

  #settle(message: Extract<Message, { response: number }>) {
    const pending = this.#pending.get(message.response);
    this.#pending.delete(message.response);
    if (has(message, 'error')) pending?.reject(this.#deserializeError(message.error));
    else if (pending) pending.resolve(message.result);
    else {
      // The caller has aborted, so the rest of the body is not wanted.
      const rest = (message.result as SerializedResponse | undefined)?.rest;
      if (rest) this.streams.refuse(rest);
    }
  }

  async #serve({ request, method, params, abortable }: Extract<Message, { request: number }>) {
    const controller = abortable ? new AbortController() : undefined;
    if (controller) this.#serving.set(request, controller);
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
    this.#port.postMessage(message, transfer);
  }

  #deserializeError(error: unknown): unknown {
    return deserializeError(error, this.#AuthError);
  }
}
