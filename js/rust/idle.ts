// Idle sign-out for the Rust client (feature `idle`): the code of the npm package, with the Rust client behind it. It handles no
// token.
import { type Idle, watchIdle as watch } from '../client/idle.js';
import type { Settings } from '../engine/resolve-options.js';
import type { PlatformOptions } from './platform.js';

/** What the Rust client does for idle sign-out. */
export interface RustClient {
  logout(): void;
  /** `signOutAt`: milliseconds since the epoch. */
  onWarning(signOutAt: number): void;
  onWarningEnded(): void;
}

/** Watches the user of this page, if the options say so. */
export function watchIdle(
  options: PlatformOptions,
  settings: Pick<Settings, 'name'>,
  client: RustClient,
): Idle | undefined {
  if (!options.idleTimeoutSeconds || !globalThis.document) return undefined;
  return watch({ settings, logout: async () => client.logout() }, options, (event, detail) => {
    if (event === 'idle-warning') client.onWarning((detail as { signOutAt: number }).signOutAt);
    else client.onWarningEnded();
  });
}
