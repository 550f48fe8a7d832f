// `Retry-After` (RFC 9110 §10.2.3): seconds or a date.

/**
 * Milliseconds to wait; 0 if the header is absent or invalid. A date is compared with the server's own clock (its `Date`
 * header) if the response shows it.
 */
export function parseRetryAfter(retryAfter: string | null, date: string | null): number {
  const value = retryAfter ?? '';
  const waitMs = /^\s*\d+\s*$/.test(value)
    ? Number(value) * 1000
    : Date.parse(value) - (Date.parse(date ?? '') || Date.now());
  return Math.max(waitMs, 0) || 0;
}
