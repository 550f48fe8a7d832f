// The engine's side of the channel between tabs: which sign-in a message is about, and when it is handled.
import { openBroadcast } from '../browser/broadcast.js';
import type { Schedule } from '../browser/lock.js';
import { type PersistedState, relationOf, type SessionRelation, STORAGE_LAG_MS } from '../browser/persisted-state.js';
import type { TabEvent, TabMessage } from '../browser/tab-message.js';

export interface CrossTab {
  /** Sends the other tabs a message about the sign-in that this client knows. */
  broadcast(event: TabEvent): void;
  close(): void;
}

/** A client that is not shared neither sends nor receives. */
export function openCrossTab(
  name: string,
  shared: boolean,
  state: PersistedState,
  schedule: Schedule,
  onMessage: (message: TabMessage, relation: SessionRelation) => void,
): CrossTab {
  let retry: ReturnType<typeof setTimeout> | undefined;
  const channel = shared
    ? openBroadcast(name, (message) => {
        const handle = () => onMessage(message, relationOf(state, message.key));
        schedule(() => {
          // A message may arrive before the storage of another process shows its sign-in: a sign-in that looks stale is checked again.
          if (message.type === 'signed-in' && relationOf(state, message.key) === 'stale')
            retry = setTimeout(() => schedule(handle), STORAGE_LAG_MS);
          else handle();
        });
      })
    : undefined;
  return {
    broadcast(event) {
      const message: TabMessage = { ...event, v: 1, key: state.known };
      if (channel) schedule(() => channel.postMessage(message));
    },
    close() {
      clearTimeout(retry);
      channel?.close();
    },
  };
}
