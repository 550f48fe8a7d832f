/**
 * The moments at which a page that slept, froze or was offline comes back, and those at which nobody sees it any more. A
 * worker hears of them from its pages.
 */
export function onWaking(woke: (by: string) => void, hid: () => void, signal: AbortSignal) {
  if (!globalThis.document) return;
  for (const name of ['visibilitychange', 'resume', 'pageshow', 'online']) {
    const listener = () => {
      const hidden = document.visibilityState === 'hidden';
      if (!hidden || name !== 'visibilitychange') woke(name);
      if (hidden) hid();
    };
    addEventListener(name, listener, { capture: true, signal });
  }
  if (document.visibilityState === 'hidden') hid();
}
