// Checks the options of `createPkceClient` and the metadata of a provider.
import { hasOwn } from '../browser/captured-globals.js';
import { ownMembers } from '../util/own-members.js';
import { pageOrigin } from '../util/page-origin.js';
import type { AuthClientOptions } from './options.js';
import type { PkceOptions, ProviderMetadata, ServerOption } from './pkce-options.js';
import type { ThrowInvalid } from './sign-in-options.js';

/** The options of the provider, valid and complete. */
export interface ProviderSettings {
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scope: string;
  readonly resource: string | undefined;
  readonly parameters: Readonly<Record<string, string>>;
  readonly postLogoutRedirectUri: string;
  readonly metadata: ProviderMetadata | undefined;
}

const OF_SERVER: readonly ServerOption[] = [
  ...(['authHeaders', 'baseUrl', 'dpop', 'endpoints', 'fields', 'idempotencyKey', 'protocol', 'server'] as const),
  ...(['tokenScheme', 'transport'] as const),
];
/** Parameters that the client sets itself, or by an option. */
const RESERVED = [
  ...['client_id', 'code_challenge', 'code_challenge_method', 'nonce', 'redirect_uri', 'request', 'request_uri'],
  ...['resource', 'response_mode', 'response_type', 'scope', 'state'],
  ...['prompt', 'login_hint', 'acr_values', 'max_age'],
];

/** Whether a URL is protected: https, or http on this computer. */
export function isProtected(value: unknown): value is string {
  try {
    const { protocol, hostname, username, password } = new URL(value as string);
    const isLocal = /^(localhost|127\.0\.0\.1|\[::1\]|.*\.localhost)$/.test(hostname);
    return (
      typeof value === 'string' &&
      !username &&
      !password &&
      (protocol === 'https:' || (protocol === 'http:' && isLocal))
    );
  } catch {
    return false;
  }
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';

function ownAddress(invalid: ThrowInvalid, where: string, value: unknown): string {
  const origin = pageOrigin();
  try {
    // (Without a page, as on a server, an address is only checked for its form.)
    const url = new URL(value as string, origin ?? 'http://localhost');
    if (isText(value) && (!origin || url.origin === origin) && !url.search && !url.hash) return url.href;
  } catch {
    // It is no address.
  }
  return invalid(where, 'an address of this origin without a query or a fragment', value);
}

function checkParameters(invalid: ThrowInvalid, value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== 'object' || !value || Array.isArray(value)) invalid('options.parameters', 'an object', value);
  for (const [name, text] of Object.entries(value)) {
    if (RESERVED.includes(name))
      invalid(`options.parameters.${name}`, 'a parameter that the client does not set', name);
    if (typeof text !== 'string') invalid(`options.parameters.${name}`, 'a string', text);
  }
  return ownMembers(value as Record<string, string>);
}

/** Checks the options of the provider. Returns them, and the options of `AuthClient`, which its constructor checks. */
export function checkPkceOptions(
  options: PkceOptions,
  invalid: ThrowInvalid,
): { provider: ProviderSettings; rest: AuthClientOptions } {
  if (typeof options !== 'object' || !options || Array.isArray(options)) invalid('options', 'an object', options);
  for (const name of OF_SERVER)
    if (hasOwn(options, name))
      invalid(`options.${name}`, 'an option of the provider: the client asks the provider itself', name);
  const { issuer, clientId, redirectUri, scope, resource, parameters, postLogoutRedirectUri, metadata, ...rest } =
    ownMembers(options);
  if (!isProtected(issuer) || /[?#\s]/.test(issuer))
    invalid('options.issuer', 'an https URL (http on localhost) without a query, a fragment or blanks', issuer);
  if (!isText(clientId)) invalid('options.clientId', 'a string that is not empty', clientId);
  const asked = scope ?? 'openid profile';
  if (!isText(asked) || !asked.split(' ').includes('openid'))
    invalid('options.scope', 'scopes with blanks between them, one of them openid', scope);
  if (resource !== undefined && !isText(resource)) invalid('options.resource', 'a string that is not empty', resource);
  const returnsTo = ownAddress(invalid, 'options.redirectUri', redirectUri ?? '/');
  const provider = {
    issuer,
    clientId,
    redirectUri: returnsTo,
    scope: asked,
    resource,
    parameters: checkParameters(invalid, parameters ?? {}),
    postLogoutRedirectUri: ownAddress(invalid, 'options.postLogoutRedirectUri', postLogoutRedirectUri ?? returnsTo),
    metadata: metadata && checkMetadata(metadata, issuer, invalid),
  };
  return { provider, rest };
}

/**
 * The name of the client, for its storages and its tabs. It names the issuer and the client id, also if the app gives a name: clients of two
 * providers never share a token.
 */
export function clientNameOf(
  { issuer, clientId }: Pick<ProviderSettings, 'issuer' | 'clientId'>,
  name?: string,
): string {
  const id = clientId.replace(/[% ]/g, (character) => (character === ' ' ? '%20' : '%25'));
  return `${issuer} ${id}${name === undefined ? '' : ` ${name}`}`;
}

function checkMetadata(metadata: ProviderMetadata, issuer: string, invalid: ThrowInvalid): ProviderMetadata {
  const wrong = typeof metadata === 'object' && metadata ? wrongMember(metadata, issuer) : 'issuer';
  if (wrong)
    invalid(
      `options.metadata.${wrong}`,
      EXPECTED[wrong] ?? '',
      (metadata as unknown as Record<string, unknown>)?.[wrong],
    );
  return readMetadata(metadata);
}

type Member = keyof ProviderMetadata;

const EXPECTED: Readonly<Partial<Record<Member, string>>> & Readonly<Record<string, string>> = {
  issuer: 'the same text as options.issuer',
  authorization_endpoint: 'an https URL',
  token_endpoint: 'an https URL',
  revocation_endpoint: 'an https URL',
  end_session_endpoint: 'an https URL',
  code_challenge_methods_supported: 'a list with S256',
};

/** The member of the metadata that is missing or wrong; undefined if none is. */
export function wrongMember(given: object, issuer: string): Member | undefined {
  const metadata = ownMembers(given as ProviderMetadata);
  const {
    revocation_endpoint: revocation,
    end_session_endpoint: end,
    code_challenge_methods_supported: methods,
  } = metadata;
  if (metadata.issuer !== issuer) return 'issuer';
  if (!isProtected(metadata.authorization_endpoint)) return 'authorization_endpoint';
  if (!isProtected(metadata.token_endpoint)) return 'token_endpoint';
  if (revocation !== undefined && !isProtected(revocation)) return 'revocation_endpoint';
  if (end !== undefined && !isProtected(end)) return 'end_session_endpoint';
  // (RFC 8414 §2: without the member, the provider says nothing about PKCE. Entra ID has none, and supports it.)
  if (methods !== undefined && !(Array.isArray(methods) && methods.includes('S256')))
    return 'code_challenge_methods_supported';
  return undefined;
}

/** A copy of what the client uses. It inherits nothing: no promise that resolves to it asks the page for a function `then`. */
export function readMetadata(given: object): ProviderMetadata {
  const metadata = ownMembers(given as ProviderMetadata);
  const modes = metadata.response_modes_supported;
  return Object.freeze(
    ownMembers({
      issuer: metadata.issuer,
      authorization_endpoint: metadata.authorization_endpoint,
      token_endpoint: metadata.token_endpoint,
      ...(metadata.revocation_endpoint !== undefined && { revocation_endpoint: metadata.revocation_endpoint }),
      ...(metadata.end_session_endpoint !== undefined && { end_session_endpoint: metadata.end_session_endpoint }),
      ...(Array.isArray(modes) && { response_modes_supported: modes }),
      authorization_response_iss_parameter_supported: metadata.authorization_response_iss_parameter_supported === true,
    }),
  );
}
