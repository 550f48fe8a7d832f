// The headers of a request that carries the access token (RFC 6750, RFC 9449), and what else the server wants with each call.
import { headersOf, setHeader } from '../browser/captured-globals.js';
import { apiValues, fillHeaders, mentions } from './template.js';

/** Sets the headers of an API call. */
export type Authorize = (request: Request, accessToken: string, cookies: string) => void;

/** Whether the headers of API calls hold cookies. */
export const needsCookies = (api: Readonly<Record<string, string>>): boolean => mentions(api, 'cookie:');

/** What precedes the access token in the header `authorization`, such as `Bearer `. Undefined if the server wants other headers. */
export function onlyScheme(api: Readonly<Record<string, string>>): string | undefined {
  const scheme = /^(\S+ )\{access\}$/.exec(api.authorization ?? '')?.[1];
  return Object.keys(api).length === 1 ? scheme : undefined;
}

/** `api` are the headers' templates. */
export function authorizer(api: Readonly<Record<string, string>>): Authorize {
  const scheme = onlyScheme(api);
  if (scheme)
    return (request, accessToken) => {
      if (accessToken) setHeader(headersOf(request), 'authorization', scheme + accessToken);
    };
  return (request, access, cookies) =>
    fillHeaders(api, apiValues(access, cookies), (name, value) => setHeader(headersOf(request), name, value));
}
