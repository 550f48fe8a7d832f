// What the server speaks, complete and ready for use: the option `server` with the defaults and the shorthand of the other options.
import type { ServerAnswer, ServerCall, ServerOptions, TemplateValue } from '../client/server-options.js';
import { ownMembers } from '../util/own-members.js';

/** A request to an auth endpoint. The URL is absolute. */
export interface Call {
  readonly method: string;
  readonly url: string;
  readonly isForm: boolean;
  readonly body?: TemplateValue | undefined;
  readonly headers: Readonly<Record<string, string>>;
  /** A URL that is asked first. */
  readonly before?: string | undefined;
  readonly answer: Answer;
  /** `Authorization` of a second attempt after a 401: some servers end a session only for its user. */
  readonly authorizeOn401: string;
}

/** Where an answer has what the client needs: of several places the first that has a value. */
export interface Answer {
  /** Null: the session is a cookie. */
  readonly access: readonly string[] | null;
  readonly refresh: readonly string[];
  readonly expiresIn: readonly string[];
  readonly user: readonly string[];
  readonly subject: readonly string[];
  readonly step: readonly string[];
}

/** The calls by their names; a call that the server does not have is absent. */
export interface Server {
  readonly calls: Readonly<Record<string, Call | undefined>>;
  /** Headers of API calls. */
  readonly api: Readonly<Record<string, string>>;
  /** A URL that names the user, or `'id_token'`. */
  readonly user: string | undefined;
  readonly over: readonly string[];
  readonly notOver: readonly string[];
}

/** The options that are shorthand for parts of `server`. */
export interface Shorthand {
  readonly endpoints: Readonly<Record<string, string>>;
  readonly inBody: boolean;
  readonly oauth2: boolean;
  readonly tokenScheme: string;
  readonly clientId: string | undefined;
  readonly fields: Readonly<Record<'accessToken' | 'refreshToken' | 'expiresIn' | 'user', string>>;
}

const lowerCased = (headers: Readonly<Record<string, string>>, edit = (text: string) => text) =>
  Object.fromEntries(Object.entries(headers).map(([name, text]) => [name.toLowerCase(), edit(text)]));

const withClientId = (headers: Readonly<Record<string, string>>, clientId = '') =>
  lowerCased(headers, (text) => text.split('{clientId}').join(clientId));

const listed = (places: string | readonly string[] | null | undefined): readonly string[] =>
  typeof places === 'string' ? [places] : (places ?? []);

function mergeAnswer(base: Answer, { access, ...rest }: ServerAnswer): Answer {
  const merged: Record<string, readonly string[] | null> = { ...base };
  for (const [name, places] of Object.entries(rest)) merged[name] = listed(places);
  if (access !== undefined) merged.access = access === null ? null : listed(access);
  return merged as unknown as Answer;
}

/** `resolve` makes a path an absolute URL. */
export function completeServer(server: ServerOptions, given: Shorthand, resolve: (path: string) => string): Server {
  const { inBody, oauth2, tokenScheme, clientId, fields } = given;
  const answer = mergeAnswer(
    {
      access: [fields.accessToken],
      refresh: [fields.refreshToken],
      expiresIn: [fields.expiresIn],
      user: [fields.user],
      subject: [],
      step: [],
    },
    ownMembers(server.answer),
  );
  const authorization = `${tokenScheme} {access}`;
  const complete = (name: string, path: string, body: TemplateValue | undefined, described?: ServerCall) => {
    const call = ownMembers(described);
    const { method = 'POST' } = call;
    return ownMembers<Call>({
      method,
      url: resolve(call.path ?? path),
      isForm: (call.as ?? (oauth2 ? 'form' : 'json')) === 'form',
      // (A GET has none.)
      body: (call.body === undefined && method !== 'GET' ? body : call.body) as TemplateValue | undefined,
      headers: call.headers ? lowerCased(call.headers) : name === 'logoutAll' ? { authorization } : {},
      before: call.before && resolve(call.before),
      answer: call.answer ? mergeAnswer(answer, ownMembers(call.answer)) : answer,
      authorizeOn401: name === 'logout' && !oauth2 && !call.headers ? authorization : '',
    });
  };
  const refresh = inBody ? { [fields.refreshToken.replace(/.*\./, '')]: '{refresh}' } : undefined;
  // RFC 6749 §4.3 and §6, RFC 7009 §2.1.
  const revocation = { token: '{refresh}', token_type_hint: 'refresh_token', client_id: '{clientId}' };
  const bodies: Record<string, TemplateValue | undefined> = {
    login: oauth2 ? { grant_type: 'password', '...': '{credentials}', client_id: '{clientId}' } : '{credentials}',
    refresh: oauth2 ? { grant_type: 'refresh_token', refresh_token: '{refresh}', client_id: '{clientId}' } : refresh,
    logout: oauth2 ? revocation : refresh,
    logoutAll: oauth2 ? revocation : refresh,
  };
  const calls: Record<string, Call | undefined> = {};
  for (const [name, call] of Object.entries(server.calls ?? {}))
    calls[name] = complete(name, `/${name}`, '{credentials}', call);
  for (const [name, path] of Object.entries(given.endpoints)) {
    const call = server[name as 'login'];
    calls[name] = call === null ? undefined : complete(name, path, bodies[name], call);
  }
  return {
    calls,
    api: { ...(server.api ? withClientId(server.api, clientId) : { authorization }) },
    user: server.user === undefined || server.user === 'id_token' ? server.user : resolve(server.user),
    over: server.over ?? [],
    notOver: server.notOver ?? [],
  };
}

/** The URLs of the calls that are no API calls. (A session in a cookie may be asked for by an API call.) */
export const authUrls = ({ calls }: Pick<Server, 'calls'>): string[] =>
  Object.values(calls).flatMap((call) => (call && call.method !== 'GET' ? [call.url] : []));
