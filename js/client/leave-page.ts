// Navigations to an identity provider. The user may come back to the page: by the Back button the browser shows it as it was.
import { abortable } from '../util/abortable.js';

/** Navigates. The promise stays pending; it rejects with the reason of `ending`, also if the user comes back to this page. */
export function leavePage(address: string, ending: AbortController, onBack: () => void): Promise<never> {
  const { signal } = ending;
  const onShow = ({ persisted }: PageTransitionEvent) => {
    if (!persisted) return;
    ending.abort(new DOMException('the user came back to the page', 'AbortError'));
    onBack();
  };
  addEventListener('pageshow', onShow, { signal });
  location.assign(address);
  return abortable(new Promise<never>(() => {}), signal);
}

/** Navigates. The promise resolves if the user comes back to this page. */
export function leaveForLogout(address: string): Promise<void> {
  const cameBack = new Promise<void>((resolve) => {
    const listening = new AbortController();
    const onShow = ({ persisted }: PageTransitionEvent) => {
      if (!persisted) return;
      listening.abort();
      resolve();
    };
    addEventListener('pageshow', onShow, { signal: listening.signal });
  });
  location.assign(address);
  return cameBack;
}
