// The connection of a page to its worker: starts the worker, notices its end, and starts the next one.

import type { AuthError } from '../client/errors.js';
import type { AuthErrorClass } from '../engine/auth-errors.js';
import { now } from '../util/clock.js';
import { abortReason } from '../util/compat.js';
import { afterTime, watchLiveness } from './liveness.js';
import type { ConnectRequest, ConnectResponse, PageMethods, WorkerMethods } from './protocol.js';
import { type Handlers, type Method, type Params, type Result, Rpc } from './rpc.js';
import { type StartedWorker, startWorker, type WorkerKind, workerUnavailable } from './start-worker.js';

/** A worker that has not loaded after this time never will. */
const LOAD_TIMEOUT_MS = 30_000;
/** A worker that ends earlier is not replaced before the next call. */
const MIN_LIFE_MS = 3_000;

export type WorkerRpc = Rpc<WorkerMethods, PageMethods>;

/** The worker ended before it answered. For the app this is what a broken network connection is. */
export class WorkerEnded extends TypeError {}
const workerEnded = () => new WorkerEnded('the worker in which this call was made has ended');

export interface ConnectionDependencies {
  readonly kind: WorkerKind;
  /** As JSON. No later script can change what the next worker starts with. */
  readonly settings: string;
  readonly handlers: Handlers<PageMethods>;
  readonly AuthError: AuthErrorClass;
  /** Aborts when the client is disposed. */
  readonly disposal: AbortSignal;
  connectRequest(): ConnectRequest;
  onConnected(response: ConnectResponse): void;
  onEnded(): void;
}

export class WorkerConnection {
  readonly #with: ConnectionDependencies;
  #starting: Promise<WorkerRpc> | undefined;
  /** The worker that is starting or connected. */
  #latest: WorkerRpc | undefined;
  /** The worker that has answered. */
  #connected: WorkerRpc | undefined;
  /** False if the worker reported that it cannot use WebAssembly. */
  #withWasm = true;
  #requestSent = () => {};

  constructor(dependencies: ConnectionDependencies) {
    this.#with = dependencies;
  }

  /** The worker, if it is connected. */
  connected(): WorkerRpc | undefined {
    return this.#connected;
  }

  /** The worker, if it is connected or starting. */
  latest(): WorkerRpc | undefined {
    return this.#latest;
  }

  /** From now on the worker is pinged until it has answered. */
  requestSent() {
    this.#requestSent();
  }

  /** Calls the worker; again with the next worker if this one ends before it answers. */
  async request<M extends Method<WorkerMethods>>(
    method: M,
    params: Params<WorkerMethods, M>,
    signal?: AbortSignal | null,
  ): Promise<Result<WorkerMethods, M>> {
    const { disposal } = this.#with;
    for (;;) {
      if (disposal.aborted) throw abortReason(disposal);
      const rpc = this.#connected ?? (await this.start());
      this.#requestSent();
      try {
        return await rpc.request(method, params, { __proto__: null, signal } as { signal: typeof signal });
      } catch (error) {
        if (this.#connected === rpc || disposal.aborted || !(error instanceof WorkerEnded)) throw error;
      }
    }
  }

  /** Starts a worker, unless one is starting. */
  start(): Promise<WorkerRpc> {
    if (this.#starting) return this.#starting;
    const starting = this.#open().catch((error: unknown) => {
      if (this.#starting === starting) this.#starting = undefined;
      throw error;
    });
    this.#starting = starting;
    return starting;
  }

  async #open(): Promise<WorkerRpc> {
    const { kind, settings, handlers, AuthError } = this.#with;
    const worker = startWorker(kind, settings, AuthError, this.#withWasm);
    const rpc: WorkerRpc = new Rpc(worker.port, handlers, AuthError);
    const startedAt = now();
    const onDead = () => this.#onDead(rpc, worker, startedAt);
    worker.onEnd(onDead);
    this.#requestSent = watchLiveness(rpc, onDead);
    rpc.streams.onAwaited = this.#requestSent;
    this.#latest = rpc;
    return this.#connect(rpc, worker, onDead);
  }

  async #connect(rpc: WorkerRpc, worker: StartedWorker, onDead: () => void): Promise<WorkerRpc> {
    const stopTimeout = afterTime(LOAD_TIMEOUT_MS, onDead);
    try {
      const connecting = rpc.request('connect', this.#with.connectRequest());
      this.#with.onConnected(await Promise.race([connecting, worker.failed]));
      this.#connected = rpc;
      return rpc;
    } catch (error) {
      if (this.#latest === rpc) this.#latest = undefined;
      rpc.close(error);
      worker.terminate();
      if (this.#withWasm && (error as AuthError)?.code === 'WASM_UNAVAILABLE') {
        this.#withWasm = false;
        console.warn(`tokenward: the worker uses the JavaScript build of the core: ${(error as AuthError).message}`);
        return this.#open();
      }
      throw error instanceof WorkerEnded ? workerUnavailable(error, this.#with.AuthError) : error;
    } finally {
      stopTimeout();
    }
  }

  #onDead(rpc: WorkerRpc, worker: StartedWorker, startedAt: number) {
    if (this.#latest !== rpc) return;
    const livedLong = this.#connected === rpc && now() - startedAt > MIN_LIFE_MS;
    this.#latest = undefined;
    this.#connected = undefined;
    this.#starting = undefined;
    worker.terminate();
    rpc.close(workerEnded());
    if (this.#with.disposal.aborted) return;
    this.#with.onEnded();
    // A worker that ends at once is not started again and again; the next call starts it.
    if (livedLong) this.start().catch(() => {});
  }
}
