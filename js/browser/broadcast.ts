// The channel on which the tabs of one origin send each other messages.
import { parseTabMessage, type TabMessage } from './tab-message.js';

/** Opens the channel; messages that are not valid are ignored. Undefined if the browser has no channels. */
export function openBroadcast(name: string, onMessage: (message: TabMessage) => void): BroadcastChannel | undefined {
  let channel: BroadcastChannel;
  try {
    channel = new BroadcastChannel(name);
  } catch {
    return undefined; // there is none, or the page has no origin
  }
  channel.onmessage = ({ data }: MessageEvent<unknown>) => {
    const message = parseTabMessage(data);
    if (message) onMessage(message);
  };
  return channel;
}
