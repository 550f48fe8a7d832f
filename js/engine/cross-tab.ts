// The engine's side of the channel between tabs: which sign-in a message is about, and when it is handled.
import { type Broadcast, openBroadcast } from '../browser/broadcast.js';
import type { Schedule } from '../browser/lock.js';
import type { PersistedState, SessionRelation } from '../browser/persisted-state.js';
import type { TabEvent, TabMessage } from '../browser/tab-message.js';

/** How long the storage of another process may lag behind its messages. */
const STORAGE_LAG_MS = 250;

export type OnTabMessage = (message: TabMessage, relation: SessionRelation) => void;

export class CrossTab {
  readonly #storage: PersistedState;
  readonly #schedule: Schedule;
  readonly #channel: Broadcast | undefined;
  readonly #onMessage: OnTabMessage;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /** A client that is not shared neither posts nor receives. */
  constructor(name: string, shared: boolean, storage: PersistedState, schedule: Schedule, onMessage: OnTabMessage) {
    this.#storage = storage;
    this.#schedule = schedule;
    this.#onMessage = onMessage;
    this.#channel = shared ? openBroadcast(name, (message) => this.#receive(message)) : undefined;
  }

  /** Tells the other tabs what happened to the sign-in that this client knows. */
  post(event: TabEvent) {
    const channel = this.#channel;
    const message: TabMessage = { ...event, v: 1, key: this.#storage.idempotencyKey() };
    if (channel) this.#schedule(() => channel.post(message));
  }

  close() {
    clearTimeout(this.#retry);
    this.#channel?.close();
  }

  #receive(message: TabMessage) {
    const relationNow = () => this.#storage.relationOf(message.key);
    const handle = () => this.#onMessage(message, relationNow());
    this.#schedule(() => {
      // A message may overtake the storage of another process: a sign-in that looks stale is checked once more.
      if (message.type === 'signed-in' && relationNow() === 'stale')
        this.#retry = setTimeout(() => this.#schedule(handle), STORAGE_LAG_MS);
      else handle();
    });
  }
}
