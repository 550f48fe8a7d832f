// The messages between the tabs of one origin. They never hold a token. Tabs may run different releases, and every script
// of the origin can post to the channel: a message is checked before it is used, and ignored if it is not valid.
import type { SignedOutReason } from '../client/session.js';
import { isValidKey, MAX_WAIT_MS } from './persisted-state.js';

/** What a tab tells the others. `subject` is the user's id as text; absent if the server names none. */
export type TabEvent =
  | { readonly type: 'signed-in' | 'refreshed'; readonly subject?: string | undefined }
  | { readonly type: 'signed-out'; readonly reason: SignedOutReason }
  | { readonly type: 'refresh-failed'; readonly waitMs: number; readonly failures: number }
  | { readonly type: 'lock-stolen' };

/** The event with the version of the format, and the idempotency key of the sign-in that it is about. */
export type TabMessage = TabEvent & { readonly v: 1; readonly key?: string | undefined };

const REASONS: readonly unknown[] = [
  'no-session',
  'logout',
  'expired',
  'revoked',
  'token-reused',
  'other-tab',
] satisfies SignedOutReason[];

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
        ? REASONS.includes(reason)
        : type === 'refresh-failed'
          ? isNumberUpTo(MAX_WAIT_MS, waitMs) && isNumberUpTo(0xffff, failures)
          : type === 'lock-stolen');
  return valid ? (data as TabMessage) : undefined;
}
