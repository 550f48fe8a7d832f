// The tabs of one origin: a lock, so that one of them at a time speaks to the auth server, and a channel for news.
import type { Mark } from './mark.js';

/** As `Mark.about` says. */
const PAST = 2;
const SIGNED_IN = 0;
const REFRESHED = 2;

/** What tabs tell each other; the meaning of `kind` is in `src/web/news.rs`. Never a token. */
interface News {
  readonly kind: number;
  readonly text: string | undefined;
  readonly wait: number;
  readonly failures: number;
  readonly mark: string | undefined;
}

export interface Tabs {
  /** Asks for the lock, or takes it from whoever has it; `granted` is called when it is ours. */
  lock(flight: number, steal: boolean): void;
  /** Gives the lock back, or stops asking for it. */
  unlock(): void;
  tell(kind: number, text: string | undefined, wait: number, failures: number): void;
  close(): void;
}

export interface Ears {
  granted(flight: number): void;
  heard(about: number, kind: number, text: string | undefined, wait: number, failures: number): void;
  /** As `World.current`: what is decided on the storage, or tells that it has changed, waits its turn. */
  current(then: () => void): void;
}

/**
 * Without Web Locks (pages that are not secure contexts, old browsers) nothing is waited for: the jitter of renewals
 * keeps tabs apart, and `Idempotency-Key` makes those that meet all the same repeat each other's refresh.
 */
export function createTabs(slot: string, shared: boolean, mark: Mark, ears: Ears): Tabs {
  const locks = shared ? globalThis.navigator?.locks : undefined;
  const channel = shared && globalThis.BroadcastChannel ? new BroadcastChannel(slot) : undefined;
  let release = () => {};
  let again: ReturnType<typeof setTimeout> | undefined;
  if (channel) {
    channel.onmessage = ({ data }: MessageEvent<Partial<News> | null>) => {
      const { kind, text, wait, failures, mark: key } = data ?? {};
      // Other versions of us may be open, and so may pages that only know the channel's name.
      if (typeof kind !== 'number' || !((text === undefined || typeof text === 'string') && Number(wait) >= 0)) return;
      const hear = () => ears.heard(mark.about(key), kind, text, Number(wait), Number(failures) || 0);
      ears.current(() => {
        // News may overtake the storage of another process: a sign-in that looks past is looked at once more.
        if (kind === SIGNED_IN && mark.about(key) === PAST) again = setTimeout(() => ears.current(hear), 250);
        else hear();
      });
    };
  }
  return {
    lock(flight, steal) {
      release();
      const leaving = new AbortController();
      const { signal } = leaving;
      const grant = () => ears.current(() => signal.aborted || ears.granted(flight));
      if (!locks) {
        release = () => leaving.abort();
        return queueMicrotask(grant);
      }
      const held = new Promise<void>((resolve) => {
        release = () => {
          leaving.abort();
          resolve();
        };
      });
      locks
        .request(slot, steal ? { steal } : { signal }, () => {
          grant();
          return held;
        })
        // Left, or taken by another tab: nothing to do. No lock to be had at all: go on without.
        .catch(({ name }) => name === 'AbortError' || grant());
    },
    unlock: () => ears.current(release),
    tell(kind, text, wait, failures) {
      // A success ends what the server asked for; a failure that asks for nothing changes nothing.
      if (wait > 0 || kind === SIGNED_IN || kind === REFRESHED) mark.postpone(wait);
      const news: News = { kind, text, wait, failures, mark: mark.key() };
      if (channel) ears.current(() => channel.postMessage(news));
    },
    close() {
      release();
      clearTimeout(again);
      channel?.close();
    },
  };
}
