// What the client knows of a provider: its metadata (OpenID Connect Discovery 1.0), and what it speaks, as the option `server`.
import { parseJson } from '../auth/json.js';
import { sendTokenXhr } from '../auth/token-xhr.js';
import { ownMembers } from '../util/own-members.js';
import type { AuthError, AuthErrorCode } from './errors.js';
import type { ProviderMetadata } from './pkce-options.js';
import type { ServerOptions } from './server-options.js';
import { type ProviderSettings, readMetadata, wrongMember } from './validate-pkce.js';

/** Makes an error of the class that the app imports. */
export type CreateError = (code: AuthErrorCode, message: string) => AuthError;

/** The address of the metadata. */
export const discoveryAddress = (issuer: string) =>
  new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`).href;

/**
 * Asks the provider for its metadata. The request is the one of the client's captured functions: no script of the page may change
 * where the code is sent. Rejects with `PROVIDER_UNAVAILABLE`, or with `PROVIDER_REFUSED` if the metadata are not those of the issuer.
 */
export async function discover(
  { issuer, metadata }: ProviderSettings,
  timeoutMs: number,
  createError: CreateError,
): Promise<ProviderMetadata> {
  if (metadata) return metadata;
  const aborting = new AbortController();
  const timer = setTimeout(() => aborting.abort(), timeoutMs);
  const request = {
    __proto__: null,
    method: 'GET',
    url: discoveryAddress(issuer),
    headers: new Headers(),
    setHeaders: () => {},
    body: null,
    withCredentials: false,
    signal: aborting.signal,
  } as unknown as Parameters<typeof sendTokenXhr>[0];
  try {
    const read = await sendTokenXhr(request, (status, _, text) => readDiscovery(status, text, issuer));
    if (read.metadata) return read.metadata;
    throw createError(read.isWrong ? 'PROVIDER_REFUSED' : 'PROVIDER_UNAVAILABLE', read.detail);
  } catch (error) {
    throw (error as Partial<AuthError>)?.code
      ? error
      : createError('PROVIDER_UNAVAILABLE', 'its metadata cannot be read');
  } finally {
    clearTimeout(timer);
  }
}

interface Discovery {
  readonly metadata?: ProviderMetadata;
  /** What is wrong. */
  readonly detail: string;
  /** Whether the metadata are not those of this issuer. */
  readonly isWrong?: boolean;
}

function readDiscovery(status: number, text: string, issuer: string): Discovery {
  if (status !== 200) return { detail: `its metadata came with status ${status}` };
  const given = parseJson(text);
  if (typeof given !== 'object' || !given) return { detail: 'its metadata are no JSON object' };
  const wrong = wrongMember(given, issuer);
  if (wrong) return { detail: `the member ${wrong} of its metadata is missing or not as expected`, isWrong: true };
  return ownMembers({ metadata: readMetadata(given), detail: '' });
}

/** What the provider speaks. Without metadata it is asked for nothing: a page without tokens has nothing to ask. */
export function serverOf(
  metadata: ProviderMetadata | undefined,
  { issuer, resource }: ProviderSettings,
): ServerOptions {
  const path = metadata?.token_endpoint ?? issuer;
  const client = { client_id: '{clientId}', ...(resource && { resource }) };
  const revocation = metadata?.revocation_endpoint;
  const logout = revocation
    ? {
        path: revocation,
        as: 'form' as const,
        body: { token: '{refresh}', token_type_hint: 'refresh_token', client_id: '{clientId}' },
      }
    : null;
  return {
    login: { path, as: 'form', body: { grant_type: 'authorization_code', ...client, '...': '{credentials}' } },
    refresh: { path, as: 'form', body: { grant_type: 'refresh_token', ...client, refresh_token: '{refresh}' } },
    logout,
    logoutAll: logout,
    answer: { access: 'access_token', refresh: 'refresh_token', expiresIn: 'expires_in', user: null },
    user: 'id_token',
  };
}
