// The messages between the tabs of one origin. They never hold a token. Tabs may run different releases, and every script
// of the origin can post to the channel: a message is checked before it is used, and ignored if it is not valid.
import type { EngineReason } from '../client/session.js';
import { ownMembers } from '../util/own-members.js';
import { isValidKey, MAX_WAIT_MS } from './persisted-state.js';

export const TAB_EVENTS = ['signed-in', 'signed-out', 'refreshed', 'refresh-failed', 'lock-stolen'] as const;

export const SIGNED_OUT_REASONS: readonly EngineReason[] = [
  'no-session',
  'logout',
  'expired',
  'revoked',
  'token-reused',
  'other-tab',
  'restore-failed',
];

/** What a tab reports to the others. */
export interface TabEvent {
  readonly type: (typeof TAB_EVENTS)[number];
  /** `signed-in`, `refreshed`: `user.id`, and the claim `sub`; absent if the server does not name them. */
  readonly userId?: string | undefined;
  readonly sub?: string | undefined;
  /** `signed-out`. */
  readonly reason?: EngineReason | undefined;
  /** `refresh-failed`: for how long the server asked to wait; absent or 0 if it did not. */
  readonly waitMs?: number | undefined;
  /** `refresh-failed`: how many attempts have failed. */
  readonly failures?: number | undefined;
}

/** The event with the version of the format, and the idempotency key of the sign-in that it is about. */
export interface TabMessage extends TabEvent {
  readonly v: 1;
  readonly key?: string | undefined;
}

const isUpTo = (most: number, value: unknown) => typeof value === 'number' && value >= 0 && value <= most;

/** The message, or undefined if it is not valid. */
export function parseTabMessage(data: unknown): TabMessage | undefined {
  const message = ownMembers(data as TabMessage | null);
  const {
    v,
    type,
    key = '-',
    userId = '',
    sub = '',
    reason,
    waitMs = 0,
    failures = 0,
  } = message as unknown as Record<string, unknown>;
  const valid =
    v === 1 &&
    TAB_EVENTS.includes(type as TabEvent['type']) &&
    isValidKey(key) &&
    typeof userId === 'string' &&
    typeof sub === 'string' &&
    (type !== 'signed-out' || SIGNED_OUT_REASONS.includes(reason as EngineReason)) &&
    isUpTo(MAX_WAIT_MS, waitMs) &&
    isUpTo(0xffff, failures);
  return valid ? message : undefined;
}
