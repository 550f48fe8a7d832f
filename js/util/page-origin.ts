/** The origin of the page. Undefined without a page, and for a page without one: a sandboxed frame, `data:` and `file:`. */
export function pageOrigin(): string | undefined {
  const origin = globalThis.location?.origin;
  // A sandboxed frame has the origin "null", but `location.origin` is that of its URL. (A page may replace the global `origin`,
  // so its value is not used.)
  return globalThis.origin !== 'null' && /^https?:/.test(origin) ? origin : undefined;
}
