// Functions that older browsers and other hosts lack.

/** Why the signal aborted. (Browsers before 2022 give no reason.) */
export const abortReason = (signal: AbortSignal): unknown =>
  signal.reason ?? new DOMException('the call was aborted', 'AbortError');

/** As `queueMicrotask`: an error of the task is reported as an uncaught error. */
export const microtask = (task: () => void): void =>
  void Promise.resolve()
    .then(task)
    .catch((error) =>
      setTimeout(() => {
        throw error;
      }),
    );
