// Signs an idle user out: the events of the page that count as activity, the timer, and the storage by which tabs share it. This
// file loads only with the option `idleTimeoutSeconds`. `IdleClock` decides.
import { PAGE_STORAGE } from '../browser/key-value-store.js';
import { storagePrefix } from '../browser/persisted-state.js';
import type { Notify } from '../engine/engine.js';
import { IdleClock, type IdleInput } from './idle-clock.js';
import type { AuthClientOptions } from './options.js';

/** What a user does. (`scroll` is not among them: a page may scroll by itself. Its causes are.) */
const ACTIVITY = ['pointerdown', 'pointermove', 'keydown', 'wheel', 'touchstart', 'touchmove'];
/** What changes whether the page is visible. */
const VISIBILITY = ['visibilitychange', 'pageshow', 'pagehide', 'resume', 'focus'];

/** The client that signs the idle user out. */
export interface IdleHost {
  /** `name` is that of the client's storage. */
  readonly settings: { readonly name: string };
  logout(scope: 'session'): Promise<unknown>;
}

/** The options of idle sign-out. */
export type IdleOptions = Pick<AuthClientOptions, 'idleTimeoutSeconds' | 'idleWarningSeconds' | 'crossTab'>;

/** The watch of one client. */
export interface Idle {
  /**
   * The status of the session is known, or the client restores it. `isNewSession`: the user comes back from an identity provider;
   * the last activity was before the sign-in.
   */
  start(isSignedIn: boolean | undefined, isNewSession?: boolean): void;
  /** Whether the user is idle, so that this is the reason for a sign-out now. */
  isOver(): boolean;
  /** The app says that the user is active. */
  stayActive(): void;
  /** The session of the client has changed. */
  setSignedIn(isSignedIn: boolean | undefined): void;
  stop(): void;
}

/** Watches the user of this page. `notify` emits the events. */
export function watchIdle(host: IdleHost, options: IdleOptions, notify: Notify): Idle {
  const { idleTimeoutSeconds = 0, crossTab = true } = options;
  const timeoutMs = idleTimeoutSeconds * 1000;
  const warningMs = (options.idleWarningSeconds ?? Math.min(60, idleTimeoutSeconds / 2)) * 1000;
  const clock = new IdleClock({ timeoutMs, warningMs }, document.visibilityState !== 'hidden');
  const prefix = storagePrefix(host.settings.name);
  const key = `${prefix}:active-at`;
  /** The sign-in that the storage knows. Its activity is not that of another one, which may be hours older. */
  const signInKey = () => PAGE_STORAGE.read(`${prefix}:sign-in-key`) ?? '';
  let watched = signInKey();
  const listening = new AbortController();
  const { signal } = listening;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function handle(input: IdleInput): void {
    if (signal.aborted) return;
    const { publish, endWarning, warn, signOut, timerMs } = clock.handle(input, Date.now());
    if (publish !== undefined && crossTab) PAGE_STORAGE.write(key, `${publish} ${signInKey()}`);
    if (endWarning) notify('idle-warning-ended', {});
    if (warn !== undefined) notify('idle-warning', { signOutAt: warn });
    clearTimeout(timer);
    if (signOut) host.logout('session').catch(() => {});
    else if (timerMs !== undefined) timer = setTimeout(handle, timerMs, 'timer');
  }

  /** The storage has what this tab missed while it was hidden or asleep. */
  function read(): void {
    const [, activeAt, of] = /^(\d+) (.*)$/s.exec((crossTab && PAGE_STORAGE.read(key)) || '') ?? [];
    if (of === signInKey() && Number(activeAt) > 0) handle({ activeAt: Number(activeAt) });
  }

  function changeVisibility({ type }: Event): void {
    const isHidden = document.visibilityState === 'hidden' || type === 'pagehide';
    if (!isHidden) read();
    handle(isHidden ? 'hidden' : 'visible');
  }

  function onActivity(event: Event): void {
    // Chromium sends `pointermove` when the page moves below the pointer.
    const { movementX = 1, movementY = 1 } = event as PointerEvent;
    const isByUser = event.isTrusted && (event.type !== 'pointermove' || movementX !== 0 || movementY !== 0);
    if (isByUser) stayActive();
  }

  /** The activity that wakes a page comes after the time that passed before. */
  function stayActive(): void {
    read();
    handle('activity');
  }

  for (const name of ACTIVITY) addEventListener(name, onActivity, { signal, capture: true, passive: true });
  for (const name of VISIBILITY) addEventListener(name, changeVisibility, { signal, capture: true });
  addEventListener('storage', (event) => event.key === key && read(), { signal });

  function setSignedIn(isSignedIn: boolean | undefined): void {
    if (isSignedIn) {
      const present = signInKey();
      handle(present === watched ? 'signed-in' : 'new-sign-in');
      watched = present;
    } else if (isSignedIn === false) {
      handle('signed-out');
      PAGE_STORAGE.write(key, undefined);
    }
  }

  return {
    start(isSignedIn, isNewSession) {
      if (isNewSession) PAGE_STORAGE.write(key, undefined);
      read();
      // The user left the last page of this browser, without a sign-out, and comes back too late.
      if (isSignedIn !== false && clock.isOver(Date.now())) host.logout('session').catch(() => {});
      else setSignedIn(isSignedIn);
    },
    // Another tab, which knows more of its own user's activity, may be the first to end the session.
    isOver: () => clock.isOver(Date.now(), 2 * clock.intervalMs),
    stayActive,
    setSignedIn,
    stop() {
      listening.abort();
      clearTimeout(timer);
    },
  };
}
