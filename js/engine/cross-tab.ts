// The engine's side of the channel between tabs: which sign-in a message is about, and when it is handled.
import { openBroadcast } from '../browser/broadcast.js';
import type { Schedule } from '../browser/lock.js';
import {
  hasStorage,
  holdsKey,
  notBeforeWait,
  type PersistedState,
  relationOf,
  type SessionRelation,
  STORAGE_LAG_MS,
} from '../browser/persisted-state.js';
import type { TabEvent, TabMessage } from '../browser/tab-message.js';
import { ownMembers } from '../util/own-members.js';

export interface CrossTab {
  /** Sends the other tabs a message about the sign-in that this client knows. */
  broadcast(event: TabEvent): void;
  close(): void;
}

/**
 * How long a message waits for the storage to agree with it. Every script of the origin can post messages, and the storage of
 * another process may lag behind the channel: a message that the storage contradicts is checked again, and ignored in the end.
 */
const CHECKS_MS = [STORAGE_LAG_MS, 8 * STORAGE_LAG_MS];

/** A client that is not shared neither sends nor receives. */
export function openCrossTab(
  name: string,
  shared: boolean,
  state: PersistedState,
  schedule: Schedule,
  onMessage: (message: TabMessage, relation: SessionRelation) => void,
): CrossTab {
  let closed = false;
  const receive = (message: TabMessage, checks: number) => {
    if (closed) return;
    const relation = relationOf(state, message.key);
    const { type, waitMs = 0 } = message;
    // Time has passed since the sender stored its wait, so the storage may hold a shorter one, and that one counts.
    const storedWaitMs = type === 'refresh-failed' && hasStorage(state) ? notBeforeWait(state) : waitMs;
    const isAhead = type === 'signed-in' && relation === 'stale';
    const isDoubtful =
      (type === 'signed-out' && relation === 'same' && holdsKey(state)) || (waitMs > 0 && storedWaitMs === 0);
    const delayMs = CHECKS_MS[checks];
    if (delayMs !== undefined && (isDoubtful || (isAhead && checks === 0)))
      setTimeout(() => schedule(() => receive(message, checks + 1)), delayMs);
    else if (!isDoubtful) onMessage(ownMembers({ ...message, waitMs: Math.min(waitMs, storedWaitMs) }), relation);
  };
  const channel = shared ? openBroadcast(name, (message) => schedule(() => receive(message, 0))) : undefined;
  return {
    broadcast(event) {
      const message: TabMessage = { ...event, v: 1, key: state.known };
      if (channel) schedule(() => channel.postMessage(message));
    },
    close() {
      closed = true;
      channel?.close();
    },
  };
}
