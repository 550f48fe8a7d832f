// The page's lifecycle (Page Visibility, Page Lifecycle, `online`): when it is hidden, and when it resumes.

/** Called with the name of the event that resumed the page; a worker receives these calls from its pages. */
export interface LifecycleListener {
  resumed(by: string): void;
  hidden(): void;
}

/** Observes the page until the signal aborts. Without a page there is nothing to observe. */
export function observePageLifecycle(listener: LifecycleListener, signal: AbortSignal) {
  if (!globalThis.document) return;
  for (const name of ['visibilitychange', 'resume', 'pageshow', 'online']) {
    const onEvent = () => {
      const hidden = document.visibilityState === 'hidden';
      if (!hidden || name !== 'visibilitychange') listener.resumed(name);
      if (hidden) listener.hidden();
    };
    addEventListener(name, onEvent, { capture: true, signal });
  }
  if (document.visibilityState === 'hidden') listener.hidden();
}
