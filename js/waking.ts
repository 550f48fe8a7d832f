/** The moments at which a page that slept, froze or was offline comes back. A worker hears of them from its pages. */
export function onWaking(woke: (by: string) => void, signal: AbortSignal) {
  if (!globalThis.document) return;
  for (const name of ['visibilitychange', 'resume', 'pageshow', 'online']) {
    const listener = () => {
      if (document.visibilityState !== 'hidden' || name !== 'visibilitychange') woke(name);
    };
    addEventListener(name, listener, { capture: true, signal });
  }
}
