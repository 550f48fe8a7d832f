// Runs at most so many tasks at once; the others wait in the order in which they came.

/** Returns a function that runs a task, now or when one of the running tasks has settled. */
export function limitConcurrency(limit: number): <T>(task: () => Promise<T>) => Promise<T> {
  let running = 0;
  let next = 0;
  const waiting: (() => void)[] = [];
  return async (task) => {
    if (running < limit) running += 1;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      const start = waiting[next];
      next += 1;
      if (start) start();
      else {
        running -= 1;
        next = waiting.length = 0;
      }
    }
  };
}
