// The option `server`: what the server speaks, as data. Data and not functions: a function would see the tokens.

/**
 * A text with placeholders. The client fills them in for each try:
 * `{access}` the access token, `{refresh}` the refresh token, `{credentials}` what `login` was called with,
 * `{credentials.NAME}` one member of it, `{clientId}` `options.clientId`, `{cookie:NAME}` a cookie that scripts can read.
 * A member or a header whose placeholder has no value is left out.
 */
export type Template = string;

/** A member of a body: a template, another JSON value, or further members. The member `'...'` adds all members of an object. */
export type TemplateValue = Template | number | boolean | null | { readonly [name: string]: TemplateValue };

/** A request to an auth endpoint, as data. */
export interface ServerCall {
  /** Path below `baseUrl`, or a URL; may hold `{clientId}`. Default: that of `options.endpoints`. */
  readonly path?: string;
  /** HTTP method. Default `'POST'`. */
  readonly method?: string;
  /** Encoding of the body: `'json'` (default) or `'form'` (`application/x-www-form-urlencoded`). */
  readonly as?: 'json' | 'form';
  /** `'{credentials}'` (default of a login) sends them as they are; null sends no body. */
  readonly body?: Template | { readonly [name: string]: TemplateValue } | null;
  /** Headers, besides those of `options.authHeaders`, which win. */
  readonly headers?: { readonly [name: string]: Template };
  /** A path that is asked with GET first, for a server that sets its CSRF cookie there. */
  readonly before?: string;
  /** Where the answer to this call differs from `server.answer`. */
  readonly answer?: ServerAnswer;
}

/**
 * Where an answer has what the client needs: the path of a member (`'data.token'`), `'.'` for the whole body, `'@name'` for a
 * response header. Of several places, the first that has a value counts.
 */
export interface ServerAnswer {
  /** The access token. `null`: the session is a cookie, and every 2xx is a success. */
  readonly access?: string | readonly string[] | null;
  /** The refresh token, if it is in the body. */
  readonly refresh?: string | readonly string[] | null;
  /** The lifetime of the access token, with a unit: seconds by default, `'expires ms'`, or `'expiresAt at'` for a moment (seconds or milliseconds since 1970, or a date). */
  readonly expiresIn?: string | readonly string[] | null;
  /** The user. */
  readonly user?: string | readonly string[] | null;
  /** The member of the user, of the answer or of the token's claims that tells users apart. Default: `id`, `pk` or `user_id` of the user, `sub` or `user_id` of the claims. */
  readonly subject?: string | readonly string[] | null;
  /** A member that only the answer of a first step has: `login` then rejects with `LOGIN_STEP_REQUIRED` and the answer as `error.body`. */
  readonly step?: string | readonly string[] | null;
}

/** What the server speaks. Each member has a default, which `protocol`, `transport`, `endpoints` and `fields` change. */
export interface ServerOptions {
  readonly login?: ServerCall;
  /** `null`: the server renews nothing; the session ends with its token. */
  readonly refresh?: ServerCall | null;
  /** `null`: the server is told nothing. */
  readonly logout?: ServerCall | null;
  readonly logoutAll?: ServerCall | null;
  /** Further calls whose answers sign in, for `auth.login(credentials, { call: 'mfa' })`. */
  readonly calls?: { readonly [name: string]: ServerCall };
  /** Headers of API calls, filled in anew for each try. Default: `{ authorization: 'Bearer {access}' }`. */
  readonly api?: { readonly [name: string]: Template };
  readonly answer?: ServerAnswer;
  /** A path that is asked for the user with the new token if the answer has none; or `'id_token'`: the claims of the member `id_token`. */
  readonly user?: string;
  /** Answers to a refresh that end the session, besides the default ones: a status, an error code, or both (`'400 token_not_valid'`). */
  readonly over?: readonly string[];
  /** Answers to a refresh that do not end the session. */
  readonly notOver?: readonly string[];
}

/** A store of the app for the refresh token, such as the keychain of a native shell. */
export interface RememberStore {
  get(): string | null | undefined | Promise<string | null | undefined>;
  set(value: string): unknown;
  remove(): unknown;
}
