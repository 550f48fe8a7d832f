// Starts the worker of this tab, or joins the shared worker of all tabs. Everything used here is captured when this file loads,
// because a script that ends a worker could otherwise change how the next one starts.
import type { AuthError } from '../client/errors.js';
import type { AuthErrorClass } from '../engine/auth-errors.js';
import * as captured from './captured-platform.js';
import { type Port, portOfSharedWorker, portOfWorker, transferList } from './port.js';

export type WorkerKind = 'worker' | 'shared-worker';

export interface StartedWorker {
  readonly port: Port;
  /** Calls the function when the worker ends, in browsers that report it (Chromium 156 does not). */
  onEnd(listener: () => void): void;
  /** Rejects if the worker's script fails. */
  readonly failed: Promise<never>;
  terminate(): void;
}

/** The addresses of the worker's scripts; bundlers recognise these expressions. */
const scripts = (() => {
  try {
    return {
      withWasm: new URL('./worker.js', import.meta.url).href,
      withoutWasm: new URL('./worker-without-wasm.js', import.meta.url).href,
    };
  } catch (cause) {
    return { cause }; // a bundle in one classic script has no `import.meta.url`
  }
})();

/** Whether the browser has shared workers. */
export const hasSharedWorkers = captured.SharedWorker !== undefined;

/** The settings, as JSON, are the worker's name: it is fixed at the start, and no message can change it. */
export function startWorker(
  kind: WorkerKind,
  settings: string,
  AuthErrorType: AuthErrorClass,
  withWasm: boolean,
): StartedWorker {
  try {
    const url = withWasm ? scripts.withWasm : scripts.withoutWasm;
    if (!url) throw scripts.cause;
    const options = { __proto__: null, type: 'module', name: settings, extendedLifetime: true } as WorkerOptions;
    return kind === 'shared-worker' ? joinShared(url, options, AuthErrorType) : startOwn(url, options, AuthErrorType);
  } catch (cause) {
    throw workerUnavailable(cause, AuthErrorType);
  }
}

/** `extendedLifetime`: the worker outlives its last tab for a moment, and so survives a reload. */
function joinShared(url: string, options: WorkerOptions, AuthErrorType: AuthErrorClass): StartedWorker {
  const worker = new captured.SharedWorker(url, options);
  const port = captured.portOfWorker(worker);
  return {
    port: portOfSharedWorker(port),
    onEnd: (listener) => captured.addListener(port, 'close', listener),
    failed: failureOf(worker, AuthErrorType),
    terminate() {},
  };
}

function startOwn(url: string, options: WorkerOptions, AuthErrorType: AuthErrorClass): StartedWorker {
  const worker = new captured.Worker(url, options);
  const channel = new captured.MessageChannel();
  const lifePort = captured.firstPortOf(channel);
  const held = captured.secondPortOf(channel);
  captured.postToWorker(worker, { __proto__: null, method: 'holdPort', params: held }, transferList(held));
  return {
    port: portOfWorker(worker),
    onEnd(listener) {
      captured.addListener(lifePort, 'close', listener);
      captured.startPort(lifePort);
    },
    failed: failureOf(worker, AuthErrorType),
    terminate: () => captured.terminate(worker),
  };
}

function failureOf(worker: Worker | SharedWorker, AuthErrorType: AuthErrorClass): Promise<never> {
  const failed = new Promise<never>((_, reject) => {
    captured.addListener(worker, 'error', (event) => {
      let message: string | undefined;
      try {
        message = captured.messageOf(event as ErrorEvent);
      } catch {
        // The script could not be loaded: the event has no message.
      }
      reject(workerUnavailable(message, AuthErrorType));
    });
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
