// Which preset of `tokenward/servers` fits the answer to a login.

/** The answer to a login: the path that was asked, and the JSON. */
export interface LoginAnswer {
  readonly url: string;
  readonly body: unknown;
  /** Whether scripts can read a cookie of this name. */
  readonly hasCookie: (name: string) => boolean;
}

interface Preset {
  /** The file in `tokenward/servers`. */
  readonly file: string;
  readonly name: string;
  readonly product: string;
  /** Whether the refresh token is in the body, so that `remember` decides about a reload. */
  readonly inBody?: boolean;
  readonly needsClientId?: boolean;
  readonly fits: (answer: LoginAnswer) => boolean;
}

/** `valueAt({data: {token: 1}}, 'data.token')` is 1. */
export const valueAt = (body: unknown, path: string): unknown =>
  path.split('.').reduce<unknown>((value, name) => (Object(value) as Record<string, unknown>)[name], body);

const has = (body: unknown, ...paths: readonly string[]) => paths.every((path) => valueAt(body, path) !== undefined);
const path = ({ url }: LoginAnswer, pattern: RegExp) => pattern.test(new URL(url).pathname);
const oauth = ({ body }: LoginAnswer) => has(body, 'access_token', 'token_type', 'expires_in');

/** The first that fits counts: those that are recognised by a path come before those that share its members. */
const PRESETS: readonly Preset[] = [
  {
    file: 'cognito',
    name: 'cognito',
    product: 'Amazon Cognito',
    inBody: true,
    needsClientId: true,
    fits: ({ body }) => has(body, 'AuthenticationResult') || has(body, 'ChallengeName'),
  },
  {
    file: 'firebase',
    name: 'firebase',
    product: 'Firebase Authentication',
    inBody: true,
    needsClientId: true,
    fits: ({ body }) => has(body, 'idToken', 'localId'),
  },
  {
    file: 'directus',
    name: 'directusJson',
    product: 'Directus in the mode json',
    inBody: true,
    fits: ({ body }) => has(body, 'data.access_token', 'data.expires', 'data.refresh_token'),
  },
  {
    file: 'directus',
    name: 'directus',
    product: 'Directus in the mode cookie',
    fits: ({ body }) => has(body, 'data.access_token', 'data.expires'),
  },
  {
    file: 'strapi',
    name: 'strapiBody',
    product: 'Strapi with the refresh token in the body',
    inBody: true,
    fits: ({ body }) => has(body, 'jwt', 'user', 'refreshToken'),
  },
  {
    file: 'strapi',
    name: 'strapi',
    product: 'Strapi',
    fits: ({ body }) => has(body, 'jwt', 'user'),
  },
  {
    file: 'dj-rest-auth',
    name: 'djRestAuth',
    product: 'dj-rest-auth',
    fits: ({ body }) => has(body, 'access', 'user.pk'),
  },
  {
    file: 'simplejwt',
    name: 'simplejwt',
    product: 'Django REST framework with simplejwt',
    inBody: true,
    fits: ({ body }) => has(body, 'access', 'refresh'),
  },
  {
    file: 'better-auth',
    name: 'betterAuth',
    product: 'better-auth',
    fits: (answer) => path(answer, /\/api\/auth\/sign-in\//) && has(answer.body, 'token', 'user'),
  },
  {
    file: 'supabase',
    name: 'supabase',
    product: 'Supabase',
    inBody: true,
    needsClientId: true,
    fits: (answer) => oauth(answer) && (has(answer.body, 'user.aud') || path(answer, /\/auth\/v1\/token$/)),
  },
  {
    file: 'aspnet-identity',
    name: 'aspnetIdentity',
    product: 'ASP.NET Core Identity',
    inBody: true,
    fits: ({ body }) => has(body, 'tokenType', 'accessToken', 'refreshToken'),
  },
  {
    file: 'keycloak',
    name: 'keycloak',
    product: 'Keycloak',
    inBody: true,
    needsClientId: true,
    fits: (answer) => oauth(answer) && path(answer, /\/realms\//),
  },
  {
    file: 'django-oauth-toolkit',
    name: 'djangoOauthToolkit',
    product: 'django-oauth-toolkit',
    inBody: true,
    needsClientId: true,
    fits: (answer) => oauth(answer) && path(answer, /\/o\/token\/?$/),
  },
  {
    file: 'laravel-passport',
    name: 'laravelPassport',
    product: 'Laravel Passport',
    inBody: true,
    needsClientId: true,
    fits: (answer) => oauth(answer) && path(answer, /\/oauth\/token$/) && !/auth0\.com$/.test(new URL(answer.url).host),
  },
  {
    file: 'auth0',
    name: 'auth0',
    product: 'Auth0',
    inBody: true,
    needsClientId: true,
    fits: (answer) => oauth(answer) && /auth0\.com$/.test(new URL(answer.url).host),
  },
  {
    file: 'fastapi-users',
    name: 'fastapiUsers',
    product: 'fastapi-users, or the tutorial of FastAPI',
    inBody: true,
    fits: ({ body }) => has(body, 'access_token', 'token_type') && !has(body, 'refresh_token'),
  },
  {
    file: 'flask-jwt-extended-headers',
    name: 'flaskJwtExtendedHeaders',
    product: 'Flask-JWT-Extended with tokens in headers',
    inBody: true,
    fits: ({ body }) => has(body, 'access_token', 'refresh_token') && !has(body, 'expires_in'),
  },
  {
    file: 'flask-jwt-extended',
    name: 'flaskJwtExtended',
    product: 'Flask-JWT-Extended with cookies',
    fits: ({ hasCookie }) => hasCookie('csrf_access_token'),
  },
  {
    file: 'laravel-sanctum',
    name: 'laravelSanctum',
    product: 'Laravel Sanctum',
    fits: ({ hasCookie }) => hasCookie('XSRF-TOKEN'),
  },
];

/** What to paste for the preset that fits; undefined if none does. */
export function recognisePreset(answer: LoginAnswer): { readonly product: string; readonly code: string } | undefined {
  const preset = PRESETS.find(({ fits }) => fits(answer));
  if (!preset) return undefined;
  const { file, name, product, inBody, needsClientId } = preset;
  const more = [
    `server: ${name}`,
    ...(inBody ? [`remember: 'browser'`] : []),
    ...(needsClientId ? [`clientId: '…'`] : []),
  ];
  return {
    product,
    code: `import { ${name} } from 'tokenward/servers/${file}'; new AuthClient({ ${more.join(', ')} })`,
  };
}
