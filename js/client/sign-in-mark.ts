// The mark that the server appends to the fragment when the browser returns from an identity provider
// (docs/reference/sign-in-endpoints.md). This is the part of the sign-in that every page loads.
import type { AuthClientOptions, SignInOptions } from './options.js';

/** `signed-in` or `sign-in-error=CODE`, and the address of the page without the mark. */
export type SignInMark = readonly [result: string, address: string];

let present: SignInMark | undefined;

/**
 * Reads the mark and removes it from the address. Every client that is made in the same task receives it: StrictMode makes a client
 * twice.
 */
export function takeMark(): SignInMark | undefined {
  const { href, hash } = location;
  const [mark, result] = /~(?:signed-out|(signed-in|sign-in-error=[^~]*))$/.exec(hash) ?? [];
  if (mark) {
    const address = href.slice(0, -mark.length).replace(/#$/, '');
    try {
      history.replaceState(history.state, '', address);
    } catch {
      // A frame without an origin cannot change its address.
    }
    if (result) present = [result, address];
    setTimeout(() => {
      present = undefined;
    });
  }
  return present;
}

/**
 * Opens the window of a sign-in, empty: this must happen in the task of the click, before the rest is loaded. Null if the browser
 * blocks it, or if the server is on another origin, whose messages would not arrive here.
 */
export const openPopup = ({ display }: SignInOptions, { baseUrl, endpoints }: AuthClientOptions): Window | null =>
  display === 'popup' && new URL(endpoints?.start ?? '', baseUrl ?? location.href).origin === location.origin
    ? open('', '_blank', 'width=500,height=640')
    : null;

/** The key of what a tab stores about the sign-in that it began. */
export const BEGUN = 'tokenward:v1:sign-in-begun';

/** The user does not come back from the sign-in that this tab began, or has signed out since. */
export function forgetBegun() {
  try {
    sessionStorage.removeItem(BEGUN);
  } catch {
    // The storage is blocked, or there is none.
  }
}
