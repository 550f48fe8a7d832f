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
    const isAhead = type === 'signed-in' && relation === 'stale';
    const isDoubtful =
      (type === 'signed-out' && relation === 'same' && holdsKey(state)) ||
      (type === 'refresh-failed' && hasStorage(state) && waitMs > notBeforeWait(state) + STORAGE_LAG_MS);
    const delayMs = CHECKS_MS[checks];
    if (delayMs !== undefined && (isDoubtful || (isAhead && checks === 0)))
      setTimeout(() => schedule(() => receive(message, checks + 1)), delayMs);
    else if (!isDoubtful) onMessage(message, relation);
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
