// What an error says about a wrong option or argument.

/** The message of `INVALID_OPTIONS`: the place, what was expected, what came, and a fix if one is known. */
export function invalidMessage(where: string, expected: string, received: unknown, fix: string | false = ''): string {
  const shown =
    typeof received === 'string'
      ? JSON.stringify(received)
      : typeof received === 'object' && received
        ? `an ${Array.isArray(received) ? 'array' : 'object'}`
        : String(received);
  return `${where}: expected ${expected}, got ${shown.slice(0, 80)}${fix || ''}`;
}
