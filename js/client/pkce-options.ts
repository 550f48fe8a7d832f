// The options of `createPkceClient`.
import type { AuthClientOptions } from './options.js';

/** What a provider says about itself (OpenID Connect Discovery 1.0 §3, RFC 8414 §2), as far as the client uses it. */
export interface ProviderMetadata {
  readonly issuer: string;
  readonly authorization_endpoint: string;
  readonly token_endpoint: string;
  /** Where a logout revokes the refresh token (RFC 7009). */
  readonly revocation_endpoint?: string;
  /** Where `logout({ scope: 'provider' })` goes (OpenID Connect RP-Initiated Logout 1.0). */
  readonly end_session_endpoint?: string;
  readonly response_modes_supported?: readonly string[];
  readonly code_challenge_methods_supported?: readonly string[];
  /** Whether the authorization response has `iss` (RFC 9207). */
  readonly authorization_response_iss_parameter_supported?: boolean;
}

/** The options of `AuthClient` that say what a server of the app speaks: the provider's metadata take their place. */
export type ServerOption =
  | 'authHeaders'
  | 'baseUrl'
  | 'dpop'
  | 'endpoints'
  | 'fields'
  | 'idempotencyKey'
  | 'protocol'
  | 'server'
  | 'tokenScheme'
  | 'transport';

/** Settings of a client that signs in at an identity provider without a server of the app. */
export interface PkceOptions extends Omit<AuthClientOptions, ServerOption | 'clientId'> {
  /** The provider's issuer, as its metadata and its ID tokens state it, such as `https://id.example.com`. https, or http on this computer. */
  issuer: string;
  /** The id of a public client: one without a secret. */
  clientId: string;
  /** Where the provider returns to: an address of this origin that the provider knows, without a query and a fragment. Default: `/` of this origin. */
  redirectUri?: string;
  /** The scopes, with blanks between them; `openid` is one of them. Many providers give a refresh token only with `offline_access`. Default `'openid profile'`. */
  scope?: string;
  /** The API that the access token is for (RFC 8707). Default: what the provider decides. */
  resource?: string;
  /** Further parameters of the authorization request, such as Auth0's `audience`, or `ui_locales`. Default: none. */
  parameters?: Readonly<Record<string, string>>;
  /** Where the provider returns to after `logout({ scope: 'provider' })`; the provider must know it. Default: `redirectUri`. */
  postLogoutRedirectUri?: string;
  /** The provider's metadata, for a provider whose own a page cannot read. Default: `/.well-known/openid-configuration` below `issuer`. */
  metadata?: ProviderMetadata;
}
