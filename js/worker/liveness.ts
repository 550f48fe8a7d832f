// Finds out whether a worker is alive by its messages. A lock per page and worker would report its end at once, but the browser
// does not put a page that holds or awaits a lock into the back-forward cache.
import { now } from '../util/clock.js';

/** How often the silence of a worker is measured. */
const TICK_MS = 1_000;
/** A worker that owes a response and has sent no message for this time receives a ping, which it answers at once. */
const PING_AFTER_MS = 3_000;
/** A worker that owes a response and has sent nothing for this time has ended: a busy one sends something in between. */
const SILENCE_MS = 11_000;
/**
 * No tick counts for more: after the main thread of the page was blocked, or the page frozen, the messages that arrived meanwhile
 * are delivered before the next ticks.
 */
const MOST_PER_TICK_MS = 4_000;

/** Calls `onElapsed` after this time, in which the page could receive messages. Returns the function that stops it. */
export function afterTime(ms: number, onElapsed: () => void): () => void {
  let rest = ms;
  let tickedAt = now();
  const timer = setInterval(() => {
    const at = now();
    rest -= Math.min(at - tickedAt, MOST_PER_TICK_MS);
    tickedAt = at;
    if (rest > 0) return;
    clearInterval(timer);
    onElapsed();
  }, TICK_MS);
  return () => clearInterval(timer);
}

/** The end of the port that receives the pings. */
export interface LivenessTarget {
  /** Whether the other end owes a response or the rest of a body. */
  hasPending(): boolean;
  /** How many messages have arrived. */
  received(): number;
  request(method: 'ping', params: undefined): Promise<unknown>;
}

/** Returns the function to call when a request is sent: the worker is watched while one is pending. */
export function watchLiveness(target: LivenessTarget, onDead: () => void): () => void {
  let watching = false;
  let heard = 0;
  let silentMs = 0;
  let pinged = false;
  let tickedAt = 0;
  const restart = () => {
    heard = target.received();
    silentMs = 0;
    pinged = false;
  };
  const tick = () => {
    const at = now();
    silentMs += Math.min(at - tickedAt, MOST_PER_TICK_MS);
    tickedAt = at;
    watching = target.hasPending();
    if (target.received() !== heard) restart();
    if (!watching) return;
    if (silentMs >= SILENCE_MS) return onDead();
    if (silentMs >= PING_AFTER_MS && !pinged) {
      pinged = true;
      target.request('ping', undefined).catch(() => {});
    }
    setTimeout(tick, TICK_MS);
  };
  return () => {
    if (watching) return;
    watching = true;
    restart();
    tickedAt = now();
    setTimeout(tick, TICK_MS);
  };
}
