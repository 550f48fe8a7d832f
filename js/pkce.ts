// The package `tokenward/pkce`: the client of an app without a server of its own, which signs in at an identity provider by authorization
// code and PKCE in the page (docs/guides/pkce.md). Use `auth.signIn` of `tokenward` if the app has a server.
import { invalidMessage } from './client/invalid-message.js';
import { PkceSignIn } from './client/pkce.js';
import type { PkceOptions } from './client/pkce-options.js';
import { checkPkceOptions } from './client/validate-pkce.js';
import { withEngine } from './client/with-engine.js';
import { AuthClient, AuthError, type RegisteredUser, type SignInOptions } from './index.js';

export type { PkceOptions, ProviderMetadata } from './client/pkce-options.js';
export type * from './index.js';
export { AuthError } from './index.js';

/** The clients of this page that are not disposed, by their options. */
const clients = new Map<string, AuthClient<never>>();

const invalid = (where: string, expected: string, received: unknown): never => {
  throw new AuthError('INVALID_OPTIONS', invalidMessage(where, expected, received));
};

/**
 * Makes the client of an app without a server. `auth.signIn()` goes to the provider and comes back; the user is the claims of the ID
 * token. A second call with the same options returns the same client while that is not disposed: a code is exchanged once.
 * `login` and `adopt` reject with `INVALID_OPTIONS`, and so does `logout({ scope: 'global' })`.
 *
 * Sources: RFC 7636, RFC 9207, RFC 9700, OpenID Connect Core 1.0 §3.1.
 *
 * @throws {AuthError} `INVALID_OPTIONS`, which names the option, what was expected and what came.
 * @example
 * const auth = createPkceClient({ issuer: 'https://id.example.com', clientId: 'spa', apiOrigins: ['https://api.example.com'] });
 * button.onclick = () => auth.signIn();
 */
export function createPkceClient<User = RegisteredUser>(options: PkceOptions): AuthClient<User> {
  const { provider, rest } = checkPkceOptions(options, invalid);
  const { name = `${provider.issuer} ${provider.clientId}`, timeoutSeconds = 10 } = rest;
  const key = JSON.stringify(options);
  const present = globalThis.document && clients.get(key);
  if (present) return present as unknown as AuthClient<User>;
  const flow = new PkceSignIn({ provider, name, timeoutMs: timeoutSeconds * 1000 }, AuthError, invalid);
  const auth = new AuthClient<User>(withEngine({ ...rest, name, transport: 'body' }, flow.open));
  if (globalThis.document) {
    flow.start(() => auth.session as AuthClient<unknown>['session']);
    clients.set(key, auth as unknown as AuthClient<never>);
  }
  return replaceFunctions(auth, flow, () => clients.delete(key));
}

/** The functions of a client that speak to a server of the app speak to the provider instead. */
function replaceFunctions<User>(auth: AuthClient<User>, flow: PkceSignIn, forget: () => void): AuthClient<User> {
  const { logout, dispose } = auth;
  const noServer = (where: string) => async () => invalid(where, 'auth.signIn, because the app has no server', where);
  return Object.assign(auth, {
    login: noServer('login'),
    adopt: noServer('adopt'),
    signIn: (options: SignInOptions = {}) =>
      globalThis.document ? flow.signIn(options) : Promise.reject(invalidPage()),
    logout: async ({ scope, returnTo }: { scope?: string; returnTo?: string } = {}) => {
      if (scope === 'global') invalid('logout.scope', '"session" or "provider"', scope);
      if (scope === 'provider') flow.checkReturnTo(returnTo);
      flow.end();
      if (scope !== 'provider') return logout(scope === undefined ? {} : { scope: scope as 'session' });
      return flow.signOut(() => logout(), returnTo);
    },
    dispose: () => {
      forget();
      flow.dispose();
      dispose();
    },
  });
}

const invalidPage = () => new AuthError('INVALID_OPTIONS', invalidMessage('signIn', 'a page', 'none'));
