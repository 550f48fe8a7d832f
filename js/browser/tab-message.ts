// The messages between the tabs of one origin. They never hold a token. Tabs may run different releases, and every script
// of the origin can post to the channel: a message is checked before it is used, and ignored if it is not valid.
import type { SignedOutReason } from '../client/session.js';
import { isValidKey, MAX_WAIT_MS } from './persisted-state.js';

/** What a tab tells the others. */
export interface TabEvent {
  readonly type: 'signed-in' | 'signed-out' | 'refreshed' | 'refresh-failed' | 'lock-stolen';
  /** `signed-in`, `refreshed`: the user's id; absent if the server names none. */
  readonly subject?: string | undefined;
  /** `signed-out`. */
  readonly reason?: SignedOutReason | undefined;
  /** `refresh-failed`: for how long the server asked to wait; 0 if it did not. */
  readonly waitMs?: number | undefined;
  /** `refresh-failed`: how many attempts have failed. */
  readonly failures?: number | undefined;
}

/** The event with the version of the format, and the idempotency key of the sign-in that it is about. */
export interface TabMessage extends TabEvent {
  readonly v: 1;
  readonly key?: string | undefined;
}

/** In the order of the core's enum. */
export const SIGNED_OUT_REASONS: readonly SignedOutReason[] = [
  'no-session',
  'logout',
  'expired',
  'revoked',
  'token-reused',
  'other-tab',
];

const isNumberUpTo = (most: number, value: unknown) => typeof value === 'number' && value >= 0 && value <= most;

/** The message, or undefined if it is not valid. */
export function parseTabMessage(data: unknown): TabMessage | undefined {
  if (typeof data !== 'object' || !data) return undefined;
  const { v, type, key, subject, reason, waitMs, failures } = data as Record<string, unknown>;
  const valid =
    v === 1 &&
    (key === undefined || isValidKey(key)) &&
    (type === 'signed-in' || type === 'refreshed'
      ? subject === undefined || typeof subject === 'string'
      : type === 'signed-out'
        ? SIGNED_OUT_REASONS.includes(reason as SignedOutReason)
        : type === 'refresh-failed'
          ? isNumberUpTo(MAX_WAIT_MS, waitMs) && isNumberUpTo(0xffff, failures)
          : type === 'lock-stolen');
  return valid ? (data as TabMessage) : undefined;
}
