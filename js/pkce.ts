// The package `tokenward/pkce`: the client of an app without a server of its own, which signs in at an identity provider by authorization
// code and PKCE in the page (docs/guides/pkce.md). Use `auth.signIn` of `tokenward` if the app has a server.
import { invalidMessage } from './client/invalid-message.js';
import { PkceSignIn } from './client/pkce.js';
import type { PkceOptions } from './client/pkce-options.js';
import { checkPkceOptions, clientNameOf, type ProviderSettings } from './client/validate-pkce.js';
import { withEngine } from './client/with-engine.js';
import { AuthClient, AuthError, type RegisteredUser, type SignInOptions } from './index.js';
import { isSameData } from './util/is-same-data.js';

export type { PkceOptions, ProviderMetadata } from './client/pkce-options.js';
export type * from './index.js';
export { AuthError } from './index.js';

/** The clients of this page that are not disposed. */
interface LiveClient {
  readonly options: PkceOptions;
  readonly provider: ProviderSettings;
  readonly auth: PkceClient<never>;
}
const clients = new Set<LiveClient>();

/**
 * A client of `createPkceClient`: an `AuthClient` whose functions speak to the provider. (`logout({ scope: 'global' })` rejects with
 * `INVALID_OPTIONS`: a provider has no such call for a page.)
 */
export type PkceClient<User = RegisteredUser> = {
  /** @deprecated Rejects with `INVALID_OPTIONS`: the app has no server. Use `signIn`. */
  readonly login: (...given: unknown[]) => Promise<never>;
  /** @deprecated Rejects with `INVALID_OPTIONS`: the app has no server. Use `signIn`. */
  readonly adopt: (...given: unknown[]) => Promise<never>;
  /** Goes to the provider: the promise stays pending, or rejects if the page stays. */
  readonly signIn: (options?: Omit<SignInOptions, 'provider'>) => Promise<never>;
} & AuthClient<User>;

const invalid = (where: string, expected: string, received: unknown): never => {
  throw new AuthError('INVALID_OPTIONS', invalidMessage(where, expected, received));
};

/**
 * Makes the client of an app without a server. `auth.signIn()` goes to the provider and comes back; the user is the claims of the ID
 * token. A second call with the same options returns the same client while that is not disposed: a code is exchanged once. (Functions
 * and stores among the options are the same only if they are one object.) Clients of two issuers need a `redirectUri` each.
 * `login` and `adopt` reject with `INVALID_OPTIONS`, and so does `logout({ scope: 'global' })`.
 *
 * Sources: RFC 7636, RFC 9207, RFC 9700, OpenID Connect Core 1.0 §3.1.
 *
 * @throws {AuthError} `INVALID_OPTIONS`, which names the option, what was expected and what came.
 * @example
 * const auth = createPkceClient({ issuer: 'https://id.example.com', clientId: 'spa', apiOrigins: ['https://api.example.com'] });
 * button.onclick = () => auth.signIn();
 */
export function createPkceClient<User = RegisteredUser>(options: PkceOptions): PkceClient<User> {
  const { provider, rest } = checkPkceOptions(options, invalid);
  const { name: given, timeoutSeconds = 10, remember } = rest;
  const isName = given === undefined || (typeof given === 'string' && given !== '');
  // (`AuthClient` refuses another one.)
  const name = isName ? clientNameOf(provider, given) : given;
  const present = [...clients].find((live) => isSameData(live.options, options));
  if (present) return present.auth as unknown as PkceClient<User>;
  checkRedirect(provider);
  const flow = new PkceSignIn({ provider, name, remember, timeoutMs: timeoutSeconds * 1000 }, AuthError, invalid);
  const auth = new AuthClient<User>(withEngine({ ...rest, name, transport: 'body' }, flow.open));
  if (!globalThis.document) return replaceFunctions(auth, flow, () => {});
  flow.start(auth as AuthClient<unknown>);
  const live: LiveClient = { options: { ...options }, provider, auth: auth as never };
  clients.add(live);
  return replaceFunctions(auth, flow, () => clients.delete(live));
}

/**
 * Two issuers that return to one address can be mixed up (RFC 9700 §4.4): a hostile one sends the browser on to the other one, and
 * receives its code. (A provider that sends `iss`, RFC 9207, is no help: the hostile one says whether it does.)
 */
function checkRedirect({ issuer, redirectUri }: ProviderSettings) {
  for (const { provider } of clients)
    if (provider.redirectUri === redirectUri && provider.issuer !== issuer)
      invalid(
        'options.redirectUri',
        `an address to which no other issuer returns (${provider.issuer} does to this one)`,
        redirectUri,
      );
}

/** The functions of a client that speak to a server of the app speak to the provider instead. */
function replaceFunctions<User>(auth: AuthClient<User>, flow: PkceSignIn, forget: () => void): PkceClient<User> {
  const { logout, dispose } = auth;
  const noServer = (where: string) => async () => invalid(where, 'auth.signIn, because the app has no server', where);
  return Object.assign(auth, {
    login: noServer('login'),
    adopt: noServer('adopt'),
    signIn: (options: SignInOptions = {}) =>
      globalThis.document ? flow.signIn(options) : Promise.reject(invalidPage()),
    logout: async ({ scope, returnTo }: { scope?: string; returnTo?: string } = {}) => {
      if (scope !== undefined && scope !== 'session' && scope !== 'provider')
        invalid('logout.scope', '"session" or "provider"', scope);
      if (scope !== 'provider') return flow.logout(() => logout());
      flow.checkReturnTo(returnTo);
      return flow.signOut(() => logout(), returnTo);
    },
    dispose: () => {
      forget();
      flow.dispose();
      dispose();
    },
  }) as PkceClient<User>;
}

const invalidPage = () => new AuthError('INVALID_OPTIONS', invalidMessage('signIn', 'a page', 'none'));
