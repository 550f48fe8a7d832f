// Reads JSON that may hold tokens: with captured functions, and own properties only.
import { hasOwn, indexOf, parse, slice } from '../browser/captured-globals.js';

/** The value, or null if the text is not JSON. */
export function parseJson(text: string): unknown {
  try {
    return parse(text);
  } catch {
    return null;
  }
}

/** `readPath({data: {token: 1}}, 'data.token')` is 1, and `'.'` is the value itself; undefined if there is no such value. */
export function readPath(value: unknown, path: string): unknown {
  let found = value;
  for (let at = 0; path !== '.' && at <= path.length; ) {
    const dot = indexOf(path, '.', at);
    const end = dot < 0 ? path.length : dot;
    const name = slice(path, at, end);
    if (typeof found !== 'object' || found === null || !hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
    at = end + 1;
  }
  return found ?? undefined;
}

/** The text at the path; empty if there is none. */
export function readText(value: unknown, path: string): string {
  const text = readPath(value, path);
  return typeof text === 'string' ? text : '';
}
