// Finds out whether a worker is alive by pings. A lock per page and worker would report its end at once, but the
// browser does not put a page that holds or awaits a lock into the back-forward cache.
import { now } from '../util/clock.js';

/** A worker that has not responded to a request after this time receives a ping, and must respond to it within the same time. */
export const PING_AFTER_MS = 3_000;

/** The end of the port that receives the pings. */
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
    const pingedAt = now();
    const timeout = setTimeout(() => {
      // A page that was frozen in between could not receive the response.
      if (now() - pingedAt < 2 * PING_AFTER_MS) onDead();
    }, PING_AFTER_MS);
    const onResponse = () => clearTimeout(timeout);
    target.request('ping', undefined).then(onResponse, onResponse);
    setTimeout(check, 2 * PING_AFTER_MS);
  };
  return () => {
    if (!watching) setTimeout(check, PING_AFTER_MS);
    watching = true;
  };
}
