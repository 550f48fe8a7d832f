// The package `tokenward/angular` (Angular 20 and later): the client and its session by injection, the back end of `HttpClient`, and a
// guard for routes. Functions without decorators: the package needs no Angular compiler.
import {
  HttpBackend,
  HttpContextToken,
  HttpErrorResponse,
  type HttpEvent,
  HttpEventType,
  HttpHeaderResponse,
  HttpHeaders,
  type HttpRequest,
  HttpResponse,
} from '@angular/common/http';
import {
  computed,
  DestroyRef,
  type EnvironmentProviders,
  InjectionToken,
  inject,
  makeEnvironmentProviders,
  NgZone,
  type Signal,
  signal,
} from '@angular/core';
import {
  type ActivatedRouteSnapshot,
  type CanActivateFn,
  NavigationEnd,
  type Route,
  Router,
  type UrlTree,
} from '@angular/router';
import { Observable } from 'rxjs';
import type { AuthClient, RegisteredUser, Session } from './index.js';
import { hasSomeRole, isTarget } from './util/guards.js';
import { onIdleWarning } from './util/idle-warning.js';

const CLIENT = new InjectionToken<AuthClient<unknown>>('the client of provideAuth(auth)');
const SESSION = new InjectionToken<Signal<Session<unknown>>>('the session of provideAuth(auth)');
const GUARDS = new InjectionToken<Guards>('the guarded routes');

/**
 * Provides the client. Make the client once; the end of the app unsubscribes its signals and does not dispose the client.
 *
 * @example
 * export const auth = new AuthClient();
 * bootstrapApplication(App, { providers: [provideAuth(auth), provideHttpClient(), provideAuthBackend(), provideRouter(routes)] });
 */
export function provideAuth<User>(client: AuthClient<User>): EnvironmentProviders {
  return makeEnvironmentProviders([
    { provide: CLIENT, useValue: client },
    { provide: SESSION, useFactory: sessionSignal },
    { provide: GUARDS, useFactory: watchGuards },
  ]);
}

/** A server makes an app for each page; the session does not change there. */
const isServer = () => typeof document === 'undefined';

function sessionSignal(): Signal<Session<unknown>> {
  const client = injectAuth<unknown>();
  const session = signal(client.session);
  if (!isServer()) inject(DestroyRef).onDestroy(client.subscribe((next) => session.set(next)));
  return session.asReadonly();
}

/**
 * The client: `login`, `signIn`, `logout`, `fetch` and the rest.
 *
 * @example
 * readonly auth = injectAuth();
 * @throws {Error} without `provideAuth`, or outside of an injection context.
 */
export function injectAuth<User = RegisteredUser>(): AuthClient<User> {
  const client = inject(CLIENT, { optional: true });
  if (!client) throw new Error('injectAuth and injectSession: expected provideAuth(auth) in the providers, found none');
  return client as AuthClient<User>;
}

/** The session and each of its members, as read-only signals. */
export interface SessionSignals<User = RegisteredUser> {
  readonly session: Signal<Session<User>>;
  readonly status: Signal<Session<User>['status']>;
  readonly user: Signal<User | null>;
  readonly claims: Signal<Session<User>['claims']>;
  readonly expiresAt: Signal<number | null>;
  readonly reason: Signal<Session<User>['reason']>;
  readonly error: Signal<Session<User>['error']>;
  readonly retryAt: Signal<Session<User>['retryAt']>;
}

/**
 * The session as signals. They work with zone.js and without.
 *
 * @example
 * readonly session = injectSession();
 * // In the template, `session.user()?.name` is the name of the user.
 */
export function injectSession<User = RegisteredUser>(): SessionSignals<User> {
  injectAuth(); // for its error
  const session = inject(SESSION) as Signal<Session<User>>;
  const member = <K extends keyof Session<User>>(name: K) => computed(() => session()[name]);
  return {
    session,
    status: member('status'),
    user: member('user'),
    claims: member('claims'),
    expiresAt: member('expiresAt'),
    reason: member('reason'),
    error: member('error'),
    retryAt: member('retryAt'),
  };
}

/**
 * Whether the user has this role, or one of these, as a signal that follows the session: `auth.hasRole`, which reads `user` and the
 * claims. For display only.
 *
 * @example
 * readonly isAdmin = injectRole('admin');
 */
export function injectRole(role: string | readonly string[] | (() => string | readonly string[])): Signal<boolean> {
  const client = injectAuth();
  const session = inject(SESSION);
  return computed(() => {
    const asked = typeof role === 'function' ? role() : role;
    return session().status === 'signed-in' && hasSomeRole(client, asked);
  });
}

/**
 * When the client signs the idle user out (`options.idleTimeoutSeconds`): milliseconds since the epoch, as a signal; null while no
 * warning is due.
 *
 * @example
 * readonly signOutAt = injectIdleWarning();
 * readonly stayActive = injectAuth().stayActive;
 * // In the template: a dialog while `signOutAt()` is a number, with a button that calls `stayActive()`.
 */
export function injectIdleWarning(): Signal<number | null> {
  const client = injectAuth();
  const signOutAt = signal(client.idleSignOutAt);
  inject(DestroyRef).onDestroy(onIdleWarning(client, () => signOutAt.set(client.idleSignOutAt)));
  return signOutAt.asReadonly();
}

/** The options of `requireAuth`. */
export interface RequireAuthOptions {
  /** The path of the page on which the user signs in. Default: `'/login'`. */
  login?: string;
  /** The path of the page for a user without the role. Default: `login`. */
  forbidden?: string;
  /** The user needs this role, or one of these. */
  requiredRole?: string | readonly string[];
}

/**
 * A guard for `canActivate`: redirects a signed-out user to `login`, with the path, query and hash of the route as `?redirect=`. A
 * navigation waits until the restore is settled. The guard also reacts while a route is displayed: to a sign-out here or in another
 * tab, to the end of the session on the server, and to a change of user. While the server cannot be reached, no user counts as signed
 * out. On a server the guard allows the route, which renders the restoring state.
 *
 * @example
 * { path: 'reports', component: Reports, canActivate: [requireAuth()] },
 * { path: 'admin', component: Admin, canActivate: [requireAuth({ requiredRole: 'admin', forbidden: '/forbidden' })] },
 */
export function requireAuth(options: RequireAuthOptions = {}): CanActivateFn {
  return async (route, { url }) => {
    const client = injectAuth();
    const guards = inject(GUARDS);
    if (isServer()) return true;
    await client.ready;
    return guards.check(route, options, url);
  };
}

/** The routes that a guard has checked. */
interface Guards {
  check(route: ActivatedRouteSnapshot, options: RequireAuthOptions, url: string): true | UrlTree;
}

/** Repeats the checks of the displayed routes when the session changes. */
function watchGuards(): Guards {
  const client = injectAuth<unknown>();
  const router = inject(Router);
  const zone = inject(NgZone);
  const guarded = new Map<Route, Set<RequireAuthOptions>>();
  const allows = ({ login = '/login', forbidden = login, requiredRole }: RequireAuthOptions, url: string) => {
    const { status } = client.session;
    if (status === 'restoring' || isTarget(url, client.session, login, forbidden)) return true;
    if (status === 'signed-in' && (requiredRole === undefined || hasSomeRole(client, requiredRole))) return true;
    return router.createUrlTree([status === 'signed-in' ? forbidden : login], { queryParams: { redirect: url } });
  };
  const recheck = () => {
    const displayed = [router.routerState.snapshot.root];
    for (const { routeConfig, children } of displayed) {
      displayed.push(...children);
      for (const options of (routeConfig && guarded.get(routeConfig)) ?? []) {
        const target = allows(options, router.url);
        if (target !== true) return void zone.run(() => router.navigateByUrl(target, { replaceUrl: true }));
      }
    }
  };
  if (!isServer()) {
    // The session may have changed since the guard ran.
    const events = router.events.subscribe((event) => event instanceof NavigationEnd && recheck());
    const stop = client.subscribe(recheck);
    inject(DestroyRef).onDestroy(() => {
      stop();
      events.unsubscribe();
    });
  }
  return {
    check({ routeConfig }, options, url) {
      if (routeConfig) guarded.set(routeConfig, (guarded.get(routeConfig) ?? new Set()).add(options));
      return allows(options, url);
    },
  };
}

/**
 * In the context of a request: false where a 401 means something else than a rejected token ([`auth.retry`](index.md) of `auth.fetch`).
 *
 * @example
 * http.post('/account/password', body, { context: new HttpContext().set(AUTH_RETRY, false) });
 */
export const AUTH_RETRY: HttpContextToken<boolean> = new HttpContextToken(() => true);

/**
 * `HttpClient` sends its requests through `auth.fetch`. List it after `provideHttpClient`. It is a back end, below all interceptors, and no
 * interceptor itself: an interceptor would need the token, which a worker does not give to the page, and would see each 401 before the
 * client has refreshed. So an interceptor of the app sees one response for each request, after refresh and retry.
 *
 * As Angular's `withFetch`, it reports the progress of downloads and not of uploads. A request that ends without a response fails
 * with an `HttpErrorResponse` whose `error` is the `AuthError`.
 *
 * @example
 * providers: [provideAuth(auth), provideHttpClient(withInterceptors([logging])), provideAuthBackend()]
 */
export function provideAuthBackend(): EnvironmentProviders {
  return makeEnvironmentProviders([{ provide: HttpBackend, useFactory: authBackend }]);
}

function authBackend(): HttpBackend {
  const { fetch } = injectAuth();
  const zone = inject(NgZone);
  return {
    handle: (request: HttpRequest<unknown>) =>
      new Observable<HttpEvent<unknown>>((observer) => {
        const aborter = new AbortController();
        const signals = request.timeout ? [aborter.signal, AbortSignal.timeout(request.timeout)] : [aborter.signal];
        const emit = (event: HttpEvent<unknown>) => zone.run(() => observer.next(event));
        emit({ type: HttpEventType.Sent });
        exchange(request, () => fetch(request.urlWithParams, initOf(request, AbortSignal.any(signals))), emit).then(
          () => zone.run(() => observer.complete()),
          (error) => zone.run(() => observer.error(asHttpError(error, request))),
        );
        return () => aborter.abort();
      }),
  };
}

type AuthFetch = AuthClient['fetch'];
type AuthInit = NonNullable<Parameters<AuthFetch>[1]>;

/** The members of a request that are those of `fetch`. */
const FETCH_OPTIONS = ['cache', 'credentials', 'integrity', 'keepalive', 'mode', 'priority', 'redirect', 'referrer'];

function initOf(request: HttpRequest<unknown>, signal: AbortSignal): AuthInit {
  const headers = new Headers();
  for (const name of request.headers.keys()) headers.set(name, request.headers.getAll(name)?.join(',') ?? '');
  if (!headers.has('accept')) headers.set('accept', 'application/json, text/plain, */*');
  const type = request.detectContentTypeHeader();
  if (type && !headers.has('content-type')) headers.set('content-type', type);
  const given = Object.entries(request).filter(([name, value]) => FETCH_OPTIONS.includes(name) && value);
  return {
    ...Object.fromEntries(given),
    ...(request.withCredentials && { credentials: 'include' }),
    ...(!request.context.get(AUTH_RETRY) && { auth: { retry: false } }),
    method: request.method,
    headers,
    body: request.serializeBody() as BodyInit | null,
    signal,
  };
}

async function exchange(
  request: HttpRequest<unknown>,
  send: () => Promise<Response>,
  emit: (event: HttpEvent<unknown>) => void,
): Promise<void> {
  const response = await send();
  const { status, statusText, redirected, ok } = response;
  const about = {
    headers: new HttpHeaders(response.headers),
    status,
    statusText,
    url: response.url || request.urlWithParams,
  };
  if (request.reportProgress) emit(new HttpHeaderResponse(about));
  const body = await bodyOf(response, request, emit).catch((error) => {
    throw new HttpErrorResponse({ ...about, error });
  });
  if (!ok) throw new HttpErrorResponse({ ...about, error: body });
  emit(new HttpResponse({ ...about, body, redirected }));
}

async function bodyOf(response: Response, request: HttpRequest<unknown>, emit: (event: HttpEvent<unknown>) => void) {
  const { responseType } = request;
  const bytes = await bytesOf(response, request, emit);
  if (responseType === 'arraybuffer') return bytes.buffer;
  if (responseType === 'blob') return new Blob([bytes], { type: response.headers.get('content-type') ?? '' });
  const text = new TextDecoder().decode(bytes);
  if (responseType === 'text') return text;
  const json = text.replace(/^\)\]\}',?\n/, '');
  try {
    return json === '' ? null : JSON.parse(json);
  } catch (error) {
    // The text of an error page.
    if (!response.ok) return text;
    throw Object.assign(error as Error, { text });
  }
}

/** Reads the body, and reports the progress if the request asks for it. */
async function bytesOf(
  response: Response,
  { reportProgress, responseType }: HttpRequest<unknown>,
  emit: (event: HttpEvent<unknown>) => void,
): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  const reader = response.body?.getReader();
  const total = Number(response.headers.get('content-length'));
  const decoder = new TextDecoder();
  let loaded = 0;
  let partialText = '';
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    chunks.push(part.value);
    loaded += part.value.length;
    if (!reportProgress) continue;
    if (responseType === 'text') partialText += decoder.decode(part.value, { stream: true });
    emit({
      type: HttpEventType.DownloadProgress,
      loaded,
      ...(total && { total }),
      ...(responseType === 'text' && { partialText }),
    });
  }
  const bytes = new Uint8Array(loaded);
  let start = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, start);
    start += chunk.length;
  }
  return bytes;
}

function asHttpError(error: unknown, { urlWithParams: url }: HttpRequest<unknown>): HttpErrorResponse {
  return error instanceof HttpErrorResponse ? error : new HttpErrorResponse({ error, status: 0, url });
}
