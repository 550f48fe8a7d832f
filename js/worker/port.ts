// The two kinds of port by which a page reaches its worker. They keep the platform's objects out of reach: a script that
// replaces a method of `MessagePort` or `Worker` sees neither the port nor a message.
import * as captured from './captured-platform.js';

/** A port, or a worker seen from either side. */
export interface Port {
  postMessage(message: unknown, transfer: Transferable[]): void;
  // biome-ignore lint/suspicious/noExplicitAny: each kind of port has its own type of event
  onmessage: ((this: any, event: never) => any) | null;
  close?(): void;
}

type Receive = (event: { readonly data: unknown }) => void;

/** The page's end of a connection. */
class PagePort implements Port {
  readonly postMessage: Port['postMessage'];
  readonly close: () => void;
  #receive: Receive | null = null;

  constructor(target: MessagePort | Worker, post: Port['postMessage'], close: () => void) {
    this.postMessage = post;
    this.close = close;
    captured.addListener(target, 'message', (event) => {
      // The receiver gets the data alone: the event names its port.
      this.#receive?.({ data: captured.dataOf(event as MessageEvent) });
    });
  }

  set onmessage(receive: Receive | null) {
    this.#receive = receive;
  }
}

export const portOfWorker = (worker: Worker): Port =>
  new PagePort(
    worker,
    (message, transfer) => captured.postToWorker(worker, message, transfer),
    () => {},
  );

/** The port of a shared worker. It starts to receive at once: the caller sets `onmessage` in the same task. */
export function portOfSharedWorker(port: MessagePort): Port {
  const opened = new PagePort(
    port,
    (message, transfer) => captured.postToPort(port, message, transfer),
    () => captured.closePort(port),
  );
  captured.startPort(port);
  return opened;
}

/** A list of one object to transfer, whose iterator belongs to it: one that a script replaced would receive the object. */
export function transferList<T extends Transferable>(only: T): T[] {
  let done = false;
  const next = () => {
    const result = { __proto__: null, done, value: done ? undefined : only };
    done = true;
    return result;
  };
  return { __proto__: null, [Symbol.iterator]: () => ({ __proto__: null, next }) } as unknown as T[];
}
