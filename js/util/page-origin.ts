/** The origin of the page. Undefined without a page, and for a page without one: a sandboxed frame, `data:` and `file:`. */
export function pageOrigin(): string | undefined {
  // A sandboxed frame has the origin "null", but `location.origin` is that of its URL.
  const { location, origin = location?.origin } = globalThis;
  return /^https?:/.test(origin) ? origin : undefined;
}
