// The names of the numbers that cross the wasm border, in the order of the Rust enums.
import type { Endpoint } from '../auth/auth-requests.js';
import type { SessionRelation, StorageSnapshot } from '../browser/persisted-state.js';
import { SIGNED_OUT_REASONS, TAB_EVENTS } from '../browser/tab-message.js';
import type { AuthErrorCode } from '../client/errors.js';
import type { Session } from '../client/session.js';
import { MESSAGES } from './auth-errors.js';
import type { EngineEvent } from './engine.js';

export const CODES = Object.keys(MESSAGES) as AuthErrorCode[];
export const REASONS = SIGNED_OUT_REASONS;
export const STATUSES: Session['status'][] = ['restoring', 'signed-in', 'signed-out'];
export const EVENTS: EngineEvent[] = ['changed', 'signed-in', 'account-changed', 'refreshed', 'signed-out'];
export const ENDPOINTS: Endpoint[] = ['refresh', 'login', 'logout', 'logoutAll'];
export const RESTORES = ['never', 'always', 'auto'];
export const HINTS: StorageSnapshot['hint'][] = ['same', 'removed', 'other'];
export const RELATIONS: SessionRelation[] = ['same', 'current', 'stale'];
export const MESSAGE_TYPES = TAB_EVENTS;

/** What a server's error code says about the session: it is over (1), its token was reused (2), it was revoked (3). */
export const SESSION_CODES: Readonly<Record<string, number>> = {
  NO_REFRESH_TOKEN: 1,
  INVALID_REFRESH_TOKEN: 1,
  invalid_grant: 1,
  REFRESH_TOKEN_REUSED: 2,
  TOKEN_REVOKED: 3,
};
