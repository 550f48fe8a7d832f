// Reads the responses of auth endpoints: hands their tokens to the token store, keeps what the next page needs, and returns the rest.
import { stringify } from '../browser/captured-globals.js';
import type { AuthRequestDependencies, AuthResponse, Endpoint, LoginRequest } from './auth-requests.js';
import { parseJson, readPath } from './json.js';
import { parseRetryAfter } from './retry-after.js';
import type { Answer, Call } from './server.js';
import { mentions, type Values } from './template.js';
import { noHeader, parseTokenResponse, type ReadHeader, restoredTokens, type TokenResponse } from './token-response.js';
import type { IssuedTokens } from './token-store.js';

/** What the client reads instead of an answer if it has no token to send. */
const NO_TOKEN = '{"code":"NO_REFRESH_TOKEN"}';
export const isRevocation = (endpoint: Endpoint) => endpoint === 'logout' || endpoint === 'logoutAll';

/** One auth request, while it is prepared and sent. */
export interface Attempt {
  readonly endpoint: Endpoint;
  /** Undefined if the server has no such call. */
  readonly call: Call | undefined;
  readonly signal: AbortSignal;
  readonly login: LoginRequest | undefined;
  /** The tokens when the request was made: the token store may be cleared before it is sent. */
  readonly access: string;
  readonly refresh: string;
}

/** What auth requests work with, and what follows from the options. */
export interface AuthRequestContext extends AuthRequestDependencies {
  /** Whether the refresh token is in the bodies. */
  readonly inBody: boolean;
  /** Whether requests carry cookies that scripts can read. */
  readonly usesCookies: boolean;
  /** Whether the next page needs the access token: the server renews nothing, or renews with it. */
  readonly keepsAccess: boolean;
  /** While the store of the app is writing. */
  written: void | Promise<void> | undefined;
}

export const loginAnswer = ({ settings }: AuthRequestContext): Answer => (settings.server.calls.login as Call).answer;

export function readResponse(
  context: AuthRequestContext,
  attempt: Attempt,
  values: Values,
  status: number,
  header: ReadHeader,
  text: string,
): AuthResponse {
  const { call } = attempt;
  context.prover?.learnNonce(call?.url ?? '', header('dpop-nonce'));
  const isOk = status >= 200 && status < 300;
  const answer = call?.answer ?? loginAnswer(context);
  const { issued, ...rest } = parseTokenResponse(
    isOk,
    text,
    answer,
    header,
    context.settings.server.user === 'id_token',
  );
  const retryAfterMs = parseRetryAfter(header('retry-after'), header('date'));
  return receive(context, attempt, values, { ...rest, status, retryAfterMs }, issued);
}

/** Keeps the tokens of a response, and returns the rest. */
function receive(
  context: AuthRequestContext,
  attempt: Attempt,
  values: Values,
  rest: Omit<TokenResponse, 'issued'> & Pick<AuthResponse, 'status' | 'retryAfterMs'>,
  issued: IssuedTokens | undefined,
): AuthResponse {
  const { endpoint } = attempt;
  const { tokens, remembered, inBody } = context;
  // (Another tab may have kept the tokens of another user.)
  const present = readPath(values.kept, 'user') ?? tokens.profile().user;
  // (Each success of a session in a cookie would grant one, also that of a logout.)
  if (!issued || isRevocation(endpoint) || context.settings.refusesUser?.(issued.user, attempt, issued.type, present))
    return { ...rest, token: 0, subject: 0, renewable: false };
  const { refresh } = context.settings.server.calls;
  const isRefresh = endpoint === 'refresh';
  // A server that does not rotate the refresh token does not repeat it.
  issued.refreshToken = inBody ? issued.refreshToken || (isRefresh ? values.refresh : '') : '';
  const needsRefreshToken = inBody && mentions(refresh, 'refresh}');
  const renewable = !!refresh && (!needsRefreshToken || issued.refreshToken !== '');
  if (isRefresh && !tokens.currentId()) issued.user ??= readPath(values.kept, 'user') ?? null;
  // (A refresh repeats the user on some servers only.)
  const user = issued.user ?? (isRefresh ? tokens.profile().user : null);
  if (remembered) keep(context, issued, user, rest);
  return { ...rest, ...tokens.receive(issued, isRefresh), renewable };
}

/** Keeps for the next page what it needs. */
function keep(
  context: AuthRequestContext,
  { accessToken, refreshToken: refresh }: IssuedTokens,
  user: unknown,
  { expiresIn, jwtLifetime }: Pick<TokenResponse, 'expiresIn' | 'jwtLifetime'>,
) {
  // The smaller one counts, as in the core.
  const seconds = expiresIn > 0 && !(jwtLifetime < expiresIn && jwtLifetime > 0) ? expiresIn : jwtLifetime;
  const until = seconds > 0 ? Date.now() + seconds * 1000 : null;
  const access = context.keepsAccess ? accessToken : '';
  write(context, refresh, access, until, user);
}

function write(context: AuthRequestContext, refresh: unknown, access: unknown, until: unknown, user: unknown) {
  context.written = context.remembered?.write(stringify({ __proto__: null, refresh, access, until, user }));
}

/** Adds the user, who was asked for after the tokens had been kept. */
export async function keepUser(context: AuthRequestContext, token: number): Promise<void> {
  const { remembered, tokens } = context;
  const kept = parseJson((await remembered?.read()) || 'null');
  if (kept)
    write(context, readPath(kept, 'refresh'), readPath(kept, 'access'), readPath(kept, 'until'), tokens.userOf(token));
}

/** Without a token to send: continues with the access token of the page before, while it is valid; else there is no session. */
export function answerWithoutRequest(context: AuthRequestContext, attempt: Attempt, values: Values): AuthResponse {
  const until = Number(readPath(values.kept, 'until') ?? Number.POSITIVE_INFINITY);
  const { endpoint } = attempt;
  const canContinue = endpoint === 'refresh' && !context.tokens.currentId() && until > Date.now();
  const answer = loginAnswer(context);
  const issued = canContinue ? restoredTokens(values.kept, answer) : undefined;
  if (!issued) return readResponse(context, attempt, values, isRevocation(endpoint) ? 404 : 401, noHeader, NO_TOKEN);
  const expiresIn = Number.isFinite(until) ? (until - Date.now()) / 1000 : Number.NaN;
  const nothing = parseTokenResponse(false, '', answer);
  return receive(context, attempt, values, { ...nothing, expiresIn, status: 200, retryAfterMs: 0 }, issued);
}
