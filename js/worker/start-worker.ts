// Starts the worker of this tab, or joins the shared worker of all tabs.
import type { AuthError } from '../client/errors.js';
import type { AuthErrorClass } from '../engine/auth-errors.js';
import type { WorkerSettings } from './protocol.js';
import type { Port } from './rpc.js';

export type WorkerKind = 'worker' | 'shared-worker';

export interface StartedWorker {
  readonly port: Port;
  /** Closes when the worker ends, in browsers that report it (Chromium 156 does not). */
  readonly lifePort: MessagePort;
  /** Rejects if the worker's script fails. */
  readonly failed: Promise<never>;
  terminate(): void;
}

/** The settings are the worker's name: it is fixed at the start, and no message can change it. */
export function startWorker(
  kind: WorkerKind,
  settings: WorkerSettings,
  AuthErrorType: AuthErrorClass,
  withWasm: boolean,
): StartedWorker {
  const name = JSON.stringify(settings);
  try {
    return kind === 'shared-worker'
      ? joinShared(name, AuthErrorType, withWasm)
      : startOwn(name, AuthErrorType, withWasm);
  } catch (cause) {
    throw workerUnavailable(cause, AuthErrorType);
  }
}

function joinShared(name: string, AuthErrorType: AuthErrorClass, withWasm: boolean): StartedWorker {
  // `extendedLifetime`: the worker outlives its last tab for a moment, and so survives a reload. (Bundlers need the URL and
  // the options as literals.)
  const worker = withWasm
    ? new SharedWorker(new URL('./worker.js', import.meta.url), {
        type: 'module',
        name,
        extendedLifetime: true,
      } as WorkerOptions)
    : new SharedWorker(new URL('./worker-without-wasm.js', import.meta.url), {
        type: 'module',
        name,
        extendedLifetime: true,
      } as WorkerOptions);
  const { port } = worker;
  return { port, lifePort: port, failed: failureOf(worker, AuthErrorType), terminate() {} };
}

function startOwn(name: string, AuthErrorType: AuthErrorClass, withWasm: boolean): StartedWorker {
  const worker = withWasm
    ? new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name })
    : new Worker(new URL('./worker-without-wasm.js', import.meta.url), { type: 'module', name });
  const { port1, port2 } = new MessageChannel();
  worker.postMessage({ method: 'holdPort', params: port2 }, [port2]);
  return {
    port: worker,
    lifePort: port1,
    failed: failureOf(worker, AuthErrorType),
    terminate: () => worker.terminate(),
  };
}

function failureOf(worker: Worker | SharedWorker, AuthErrorType: AuthErrorClass): Promise<never> {
  const failed = new Promise<never>((_, reject) => {
    worker.onerror = (event) => reject(workerUnavailable((event as ErrorEvent).message, AuthErrorType));
  });
  failed.catch(() => {});
  return failed;
}

export function workerUnavailable(cause: unknown, AuthErrorType: AuthErrorClass): AuthError {
  const reason = cause instanceof Error ? cause.message : (cause ?? 'no such file, or not allowed');
  return new AuthErrorType(
    'WORKER_UNAVAILABLE',
    `the worker could not be started (${reason}). Serve worker.js beside engine.js from the page's origin; ` +
      "a CSP needs worker-src 'self', and Trusted Types a default policy that accepts the URL of the worker",
    { cause },
  );
}
