// Finds out whether a worker is alive by pings. A lock per page and worker would tell at once, but a page that holds or awaits
// one is not kept in the back-forward cache.

/** A worker that leaves a request unanswered for this long is pinged, and has as long to answer the ping. */
export const PING_AFTER_MS = 3_000;

/** What is asked for its liveness. */
export interface LivenessTarget {
  hasPending(): boolean;
  request(method: 'ping', params: undefined): Promise<unknown>;
}

/** Returns the function to call when a request is sent: pings follow while one is pending. */
export function watchLiveness(target: LivenessTarget, onDead: () => void): () => void {
  let watching = false;
  const check = () => {
    watching = target.hasPending();
    if (!watching) return;
    const pingedAt = performance.now();
    const silence = setTimeout(() => {
      // A page that was frozen in between could not receive an answer.
      if (performance.now() - pingedAt < 2 * PING_AFTER_MS) onDead();
    }, PING_AFTER_MS);
    const answered = () => clearTimeout(silence);
    target.request('ping', undefined).then(answered, answered);
    setTimeout(check, 2 * PING_AFTER_MS);
  };
  return () => {
    if (!watching) setTimeout(check, PING_AFTER_MS);
    watching = true;
  };
}
