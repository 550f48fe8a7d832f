// Reads JSON that may hold tokens: with captured functions, and own properties only.
import { hasOwn, parse } from '../browser/captured-globals.js';

/** The value, or null if the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return null;
  }
}

/** `readPath({data: {token: 1}}, 'data.token')` is 1; undefined if there is no such value. */
export function readPath(value: unknown, path: string): unknown {
  let found = value;
  for (const name of path.split('.')) {
    if (typeof found !== 'object' || found === null || !hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found ?? undefined;
}
