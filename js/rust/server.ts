// The option `server` of the Rust client. It is a module of its own, which only the apps that describe their server load.
import { parseJson } from '../auth/json.js';
import type { ServerOptions } from '../client/server-options.js';
import { validateServer } from '../client/validate-options.js';
import type { PlatformOptions } from './platform.js';

/**
 * Sets what the server speaks, given as JSON or as the value itself. If a member is wrong, returns its path, what is valid and
 * what came.
 */
export function setServer(options: PlatformOptions, given: unknown): string[] | undefined {
  try {
    options.server = validateServer('server', typeof given === 'string' ? parseJson(given) : given) as ServerOptions;
    return undefined;
  } catch (error) {
    const parts = /^\w+: (.*?): expected (.*), got (.*)$/s.exec((error as Error).message)?.slice(1);
    // (A circular object, or a getter that throws.)
    return parts ?? ['server', 'data that describes a server', `${error}`];
  }
}
