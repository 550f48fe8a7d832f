// Decides when an idle user is warned and signed out. It reads no clock and sets no timer: its inputs state the time, and its
// output says what to do. Times are milliseconds since the epoch by the wall clock, because the time for which the machine sleeps
// counts as idle.

/**
 * What happened in this tab. `new-sign-in`: the user signed in, here or in another tab, and did not come back to a session.
 * `{ activeAt }`: the user was active in another tab, or on an earlier page.
 */
export type IdleInput =
  | 'signed-in'
  | 'new-sign-in'
  | 'signed-out'
  | 'activity'
  | 'timer'
  | 'hidden'
  | 'visible'
  | { readonly activeAt: number };

/** What the caller does, in this order. */
export interface IdleOutput {
  /** Tell the other tabs that the user was active then. */
  readonly publish?: number;
  /** The user was active during the warning. */
  readonly endWarning?: true;
  /** Warn the user of the sign-out at this time. */
  readonly warn?: number;
  /** Sign the user out. */
  readonly signOut?: true;
  /** Call again with `'timer'` after this time; undefined: without a timer. */
  readonly timerMs?: number;
}

/** Times in milliseconds. */
export interface IdleConfig {
  /** A user without activity for so long is signed out. */
  readonly timeoutMs: number;
  /** The warning comes so long before. */
  readonly warningMs: number;
}

const LONGEST_TIMER_MS = 3_600_000;

/** One tab's part in the decision. */
export class IdleClock {
  readonly #timeoutMs: number;
  readonly #warningMs: number;
  /** A tab tells the others of activity at most once in this time. */
  readonly intervalMs: number;
  /** The last activity, and the last one in this tab. */
  #lastActive = 0;
  #activeHere = 0;
  #published = Number.NEGATIVE_INFINITY;
  #isSignedIn = false;
  #isVisible: boolean;
  /** The sign-out of which the user was warned; 0: of none. */
  #warnedOf = 0;

  constructor({ timeoutMs, warningMs }: IdleConfig, isVisible: boolean) {
    this.#timeoutMs = timeoutMs;
    this.#warningMs = warningMs;
    this.intervalMs = Math.min(10_000, timeoutMs / 20);
    this.#isVisible = isVisible;
  }

  /** Whether the user was idle for the whole time, or for all but `toleranceMs` of it. */
  isOver(now: number, toleranceMs = 0): boolean {
    return this.#lastActive > 0 && now - this.#lastActive >= this.#timeoutMs - toleranceMs;
  }

  handle(input: IdleInput, now: number): IdleOutput {
    // The wall clock was set back.
    if (this.#lastActive > now + this.intervalMs) this.#lastActive = now;
    if (input === 'hidden' || input === 'visible') this.#isVisible = input === 'visible';
    if (input === 'new-sign-in') {
      this.#isSignedIn = true;
      return this.#active(now, true);
    }
    if (input === 'signed-in' && !this.#isSignedIn) {
      this.#isSignedIn = true;
      // Who signs in, or opens a page, is active. A page that the browser opens in the background says nothing of its user.
      if (this.#isVisible || this.#lastActive === 0) return this.#active(now, true);
    }
    if (input === 'signed-out') {
      const endWarning = this.#warnedOf > 0;
      this.#isSignedIn = false;
      this.#warnedOf = 0;
      return endWarning ? { endWarning } : {};
    }
    if (typeof input === 'object') this.#learn(input.activeAt, now);
    if (!this.#isSignedIn) return {};
    if (now - this.#lastActive >= this.#timeoutMs) {
      this.#isSignedIn = false;
      return { signOut: true };
    }
    if (input === 'activity') return this.#active(now, this.#warnedOf > 0);
    // The other tabs must not take the last activity of this one for an earlier one.
    const publish = input === 'hidden' && this.#activeHere > this.#published ? this.#publish(this.#activeHere) : {};
    return { ...publish, ...this.#warn(now), ...this.#timer(now) };
  }

  #active(now: number, mustPublish: boolean): IdleOutput {
    this.#lastActive = this.#activeHere = now;
    const isDue = mustPublish || now - this.#published >= this.intervalMs || now < this.#published;
    return { ...(isDue && this.#publish(now)), ...this.#warn(now), ...this.#timer(now) };
  }

  #publish(at: number): IdleOutput {
    this.#published = at;
    return { publish: at };
  }

  /** Another tab does not tell of each activity: its user may have been active for one interval more. */
  #learn(activeAt: number, now: number): void {
    if (activeAt <= now + this.intervalMs) this.#lastActive = Math.max(this.#lastActive, activeAt + this.intervalMs);
  }

  #warn(now: number): IdleOutput {
    const signOutAt = this.#lastActive + this.#timeoutMs;
    const isDue = now >= signOutAt - this.#warningMs;
    if (this.#warnedOf > 0 && !isDue) {
      this.#warnedOf = 0;
      return { endWarning: true };
    }
    // (A page that was frozen learns of activity in another tab so late that the next sign-out is near, too.)
    if (!this.#isVisible || !isDue || this.#warningMs === 0 || this.#warnedOf === signOutAt) return {};
    this.#warnedOf = signOutAt;
    return { warn: signOutAt };
  }

  /** A hidden page sets no timer: it decides when it is visible again. */
  #timer(now: number): IdleOutput {
    if (!this.#isVisible) return {};
    const end = this.#lastActive + this.#timeoutMs - (this.#warnedOf > 0 ? 0 : this.#warningMs);
    return { timerMs: Math.min(Math.max(end - now, 0), LONGEST_TIMER_MS) };
  }
}
