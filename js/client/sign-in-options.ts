// Checks the options of `signIn`, and makes the address to which the page navigates.
import { brandOf } from '../util/brand.js';
import { pageOrigin } from '../util/page-origin.js';
import type { SignInOptions } from './options.js';

/** Throws `INVALID_OPTIONS`, with the place, what was expected and what came. */
export type ThrowInvalid = (where: string, expected: string, received: unknown) => never;

interface Check {
  readonly expected: string;
  readonly test: (value: unknown) => boolean;
}

/** The server takes a longer address for `/`. */
const LONGEST_ADDRESS = 1000;

const oneOf = (...choices: string[]): Check => ({
  expected: choices.map((choice) => `"${choice}"`).join(' or '),
  test: (value) => choices.includes(value as string),
});
const TEXT: Check = {
  expected: 'a string that is not empty',
  test: (value) => typeof value === 'string' && value !== '',
};

function isOfThisOrigin(address: unknown): boolean {
  try {
    return typeof address === 'string' && new URL(address, location.href).origin === pageOrigin();
  } catch {
    return false;
  }
}

/** An address to which the server may redirect. */
const RETURN_TO: Check = {
  expected: `an address of this origin, at most ${LONGEST_ADDRESS} characters long`,
  test: (value) => isOfThisOrigin(value) && new URL(value as string, location.href).href.length <= LONGEST_ADDRESS,
};

const CHECKS: Readonly<Record<keyof SignInOptions, Check>> = {
  returnTo: RETURN_TO,
  provider: TEXT,
  display: oneOf('redirect', 'popup'),
  prompt: oneOf('none', 'login', 'select_account', 'consent'),
  loginHint: TEXT,
  acrValues: TEXT,
  maxAge: {
    expected: 'a whole number of seconds',
    test: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  },
  signal: { expected: 'an AbortSignal', test: (value) => brandOf(value) === 'AbortSignal' },
};

/** Checks `returnTo` of a logout. */
export function checkReturnTo(returnTo: string | undefined, invalid: ThrowInvalid) {
  if (returnTo !== undefined && !RETURN_TO.test(returnTo)) invalid('logout.returnTo', RETURN_TO.expected, returnTo);
}

/** Returns the options that are set. */
export function checkSignIn(given: unknown, invalid: ThrowInvalid): SignInOptions {
  if (typeof given !== 'object' || !given || Array.isArray(given)) invalid('signIn', 'an object', given);
  // A handler that is passed on as it is receives the event.
  if ('currentTarget' in given) invalid('signIn', 'options: write () => signIn() instead of signIn', 'an event');
  const options = { __proto__: null } as unknown as Record<string, unknown>;
  for (const [name, value] of Object.entries(given)) {
    const check = Object.keys(CHECKS).includes(name) && CHECKS[name as keyof SignInOptions];
    if (!check) invalid(`signIn.${name}`, `one of ${Object.keys(CHECKS).join(', ')}`, name);
    if (value === undefined) continue;
    if (!check.test(value)) invalid(`signIn.${name}`, check.expected, value);
    options[name] = value;
  }
  return options as SignInOptions;
}

/** An address that the server accepts, without the origin if the server has the same one. */
function addressFor(server: URL, returnTo: string | undefined): string {
  const { origin, pathname, search, hash } = new URL(returnTo ?? location.href, location.href);
  const start = origin === server.origin ? '' : origin;
  const fits = (path: string) => start.length + path.length <= LONGEST_ADDRESS;
  // The address of the page may be longer than the server accepts.
  return start + ([pathname + search + hash, pathname + search].find(fits) ?? pathname);
}

/** The address of `/auth/start` for these options. */
export function startAddress(start: string, options: SignInOptions, popupId: string | undefined): string {
  const { returnTo, provider, prompt, loginHint, acrValues, maxAge } = options;
  const url = new URL(start);
  const values = {
    returnTo: addressFor(url, returnTo),
    provider,
    prompt,
    loginHint,
    acr: acrValues,
    maxAge,
    popup: popupId,
  };
  for (const [name, value] of Object.entries(values)) if (value !== undefined) url.searchParams.set(name, `${value}`);
  return url.href;
}

/** The address of `/auth/end`. */
export function endAddress(end: string, returnTo: string | undefined): string {
  const url = new URL(end);
  url.searchParams.set('returnTo', addressFor(url, returnTo));
  return url.href;
}
