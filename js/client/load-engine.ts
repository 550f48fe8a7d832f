// Loads the engine: after a failure again, at increasing intervals, when the page is online, and when a call needs it.
import type { Engine, ImportFile } from '../engine/engine.js';
import { AuthError } from './errors.js';

/** A slow connection may need more time than an auth request. */
const SLOW_MS = 10_000;
const LONGEST_DELAY_MS = 30_000;

const unavailable = (file: string, cause: unknown) => {
  const inServiceWorker = 'ServiceWorkerGlobalScope' in globalThis;
  const reason = (cause as Error)?.message ?? cause;
  return new AuthError(
    'ENGINE_UNAVAILABLE',
    `${file} could not be loaded: ${reason}${inServiceWorker ? '; a service worker needs the entry tokenward/static' : ''}`,
    { cause, retryable: !inServiceWorker },
  );
};

let imports = 0;

/** Firefox remembers that an import failed, so the second attempt has another specifier. */
export const importFile: ImportFile = (name, load) =>
  load()
    .catch((error: Error) => {
      const url = /imported module: ([^\s#]+)/.exec(error?.message)?.[1];
      if (!url) throw error;
      imports += 1;
      return import(/* @vite-ignore */ /* webpackIgnore: true */ /* turbopackIgnore: true */ `${url}#${imports}`);
    })
    .catch((cause) => {
      throw unavailable(name, cause);
    });

export interface EngineLoader {
  /** Rejects after the limit, or at once with an error that is not retryable. The attempts continue. */
  engine(): Promise<Engine>;
  stop(): void;
}

export function createEngineLoader(
  open: () => Promise<Engine>,
  limitMs: number,
  onFailed: (error: AuthError, retryAt: number | null) => void,
): EngineLoader {
  let failures = 0;
  let failure: AuthError | undefined;
  let attempt: Promise<Engine> | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stopped = false;
  let onOpened = (_: Engine) => {};
  const opened = new Promise<Engine>((resolve) => {
    onOpened = resolve;
  });

  function tryOnce(): Promise<Engine> {
    pause();
    attempt ??= open().then(
      (engine) => {
        onOpened(engine);
        return engine;
      },
      (cause) => {
        attempt = undefined;
        failure = cause instanceof AuthError ? cause : unavailable('the engine', cause);
        if (!stopped) onFailed(failure, failure.retryable || failure.code === 'WORKER_UNAVAILABLE' ? tryLater() : null);
        throw failure;
      },
    );
    return attempt;
  }

  function tryLater(): number {
    const delayMs = Math.min(LONGEST_DELAY_MS, 1000 * 2 ** failures) * (0.5 + Math.random() / 2);
    failures += 1;
    timer = setTimeout(tryAgain, delayMs);
    globalThis.addEventListener?.('online', tryAgain);
    return Date.now() + delayMs;
  }

  const tryAgain = () => void tryOnce().catch(() => {});

  function pause() {
    if (timer === undefined) return;
    clearTimeout(timer);
    timer = undefined;
    globalThis.removeEventListener?.('online', tryAgain);
  }

  return {
    engine() {
      let limit: ReturnType<typeof setTimeout>;
      const expired = new Promise<never>((_, reject) => {
        const expire = () => reject(failure ?? unavailable('the engine', `no response in ${SLOW_MS / 1000} s`));
        limit = setTimeout(() => {
          if (failure || limitMs >= SLOW_MS) expire();
          else limit = setTimeout(expire, SLOW_MS - limitMs);
        }, limitMs);
      });
      const tried = tryOnce().catch((error: AuthError) => {
        if (!error.retryable) throw error;
        return opened;
      });
      return Promise.race([tried, opened, expired]).finally(() => clearTimeout(limit));
    },
    stop() {
      stopped = true;
      pause();
    },
  };
}
