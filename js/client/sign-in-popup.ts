// The wait for the window of a sign-in. The server ends it on a page of its own (`/auth/done`), which sends the result on a channel:
// the window has no opener, and a Cross-Origin-Opener-Policy may sever it from this page.
import { now } from '../util/clock.js';

const CHANNEL = 'tokenward:sign-in';
const LOOK_EVERY_MS = 200;
/**
 * A window that a Cross-Origin-Opener-Policy severs seems to be closed, and this may be at any time: the response decides. The window
 * counts as closed if this page gets the focus within this time of it, as when a user closes a window. One that was severed keeps
 * the focus.
 */
const FOCUS_MS = 500;
/** The message of a window that closed itself may arrive later than the fact that it is closed. */
const MESSAGE_MS = 500;
/** The server accepts no result that arrives later. */
const LONGEST_WAIT_MS = 10 * 60_000;

/** Undefined if the page can have no channel. */
export function openChannel(): BroadcastChannel | undefined {
  try {
    return new BroadcastChannel(CHANNEL);
  } catch {
    return undefined;
  }
}

export interface OpenedPopup {
  readonly popup: Window;
  readonly channel: BroadcastChannel;
  readonly id: string;
  /** Ends the wait. */
  readonly signal: AbortSignal;
}

export interface PopupWait extends OpenedPopup {
  /** Asks the server. Resolves with whether the sign-in shows: the page has a session, and had none before. */
  hasSession(): Promise<boolean>;
  /** The window was taken for closed, and reports its result all the same. */
  onLateResult(result: string): void;
}

/**
 * Resolves with the result of the window: a mark without `~`. Rejects with `POPUP_CLOSED` as a string if the user closed it, and
 * with `STALE_SIGN_IN` if it cannot be known and the time is over.
 */
export function resultOfPopup(wait: PopupWait): Promise<string> {
  const { popup, channel, id, signal } = wait;
  return new Promise((resolve, reject) => {
    let isSettled = false;
    const settle = (how: () => void) => {
      clearInterval(looking);
      isSettled = true;
      how();
    };
    const close = () => {
      clearInterval(looking);
      clearTimeout(limit);
      channel.close();
      removeEventListener('focus', onFocus);
    };
    /** When the window was still there, when it was gone, and when this page got the focus. */
    let openAt = now();
    let goneAt: number | undefined;
    let focusAt = Number.NEGATIVE_INFINITY;
    const look = () => {
      if (goneAt !== undefined) return;
      if (!popup.closed) {
        openAt = now();
        return;
      }
      clearInterval(looking);
      goneAt = now();
      if (isClosed()) setTimeout(confirm, MESSAGE_MS);
    };
    const isClosed = () => goneAt !== undefined && focusAt >= openAt && focusAt <= goneAt + FOCUS_MS;
    const onFocus = () => {
      const wasGone = goneAt !== undefined;
      if (!isClosed()) focusAt = now();
      look();
      if (wasGone) setTimeout(confirm, isClosed() ? MESSAGE_MS : 0);
    };
    addEventListener('focus', onFocus);
    const looking = setInterval(look, LOOK_EVERY_MS);
    const limit = setTimeout(() => {
      // A window that is still open reports to the user itself.
      if (popup.closed) {
        close();
        settle(() => reject('STALE_SIGN_IN'));
      }
    }, LONGEST_WAIT_MS);
    signal.addEventListener('abort', close);
    channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (typeof data !== 'string' || !data.startsWith(`${id}~`)) return;
      const result = data.slice(id.length + 1);
      close();
      if (isSettled) wait.onLateResult(result);
      else settle(() => resolve(result));
    };
    const confirm = async () => {
      if (isSettled || signal.aborted) return;
      const shows = await wait.hasSession();
      if (isSettled || signal.aborted || (!shows && !isClosed())) return;
      removeEventListener('focus', onFocus);
      // (The channel stays open: the window may be open all the same.)
      if (!shows) return settle(() => reject('POPUP_CLOSED'));
      close();
      settle(() => resolve('signed-in'));
    };
  });
}
