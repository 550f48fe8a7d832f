import '@angular/compiler'; // the test bed compiles the components
import { HttpClient, HttpContext, HttpEventType, provideHttpClient, withInterceptors } from '@angular/common/http';
import { Component, provideZonelessChangeDetection } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { BrowserTestingModule, platformBrowserTesting } from '@angular/platform-browser/testing';
import { provideRouter, Router } from '@angular/router';
import { RouterTestingHarness } from '@angular/router/testing';
import { firstValueFrom, toArray } from 'rxjs';
import {
  AUTH_RETRY,
  injectAuth,
  injectIdleWarning,
  injectRole,
  injectSession,
  provideAuth,
  provideAuthBackend,
  requireAuth,
} from 'tokenward/angular';
import { createTestAuth } from 'tokenward/testing';
import { afterEach, expect, test, vi } from 'vitest';

TestBed.initTestEnvironment(BrowserTestingModule, platformBrowserTesting());
afterEach(() => TestBed.resetTestingModule());

const configure = (auth, ...providers) =>
  TestBed.configureTestingModule({ providers: [provideZonelessChangeDetection(), provideAuth(auth), ...providers] });
const injected = (get) => TestBed.runInInjectionContext(get);

const eventually = (get, value) => vi.waitFor(() => expect(get()).toEqual(value));

test('injectSession returns signals that follow the session', async () => {
  const auth = createTestAuth({ user: { name: 'Ada' }, claims: { role: 'admin' }, expiresAt: 5 });
  configure(auth);
  const { session, status, user, claims, expiresAt, reason } = injected(() => injectSession());
  expect([status(), user().name, claims().role, expiresAt(), reason()]).toEqual(['signed-in', 'Ada', 'admin', 5, null]);
  auth.test.signOut('revoked');
  await eventually(
    () => [status(), user(), claims(), expiresAt(), reason()],
    ['signed-out', null, null, null, 'revoked'],
  );
  expect(session()).toBe(auth.session);
});

test('a component shows the session without zone.js', async () => {
  class Name {
    session = injectSession();
  }
  const component = Component({ template: '{{ session.status() }} {{ session.user()?.name }}' })(Name) ?? Name;
  const auth = createTestAuth({ user: { name: 'Ada' } });
  configure(auth);
  const fixture = TestBed.createComponent(component);
  await fixture.whenStable();
  expect(fixture.nativeElement.textContent).toBe('signed-in Ada');
  auth.test.signIn({ name: 'Bob' });
  await eventually(() => fixture.nativeElement.textContent, 'signed-in Bob');
});

test('injectAuth returns the client, and without provideAuth throws an error that names it', () => {
  const auth = createTestAuth();
  configure(auth);
  expect(injected(() => injectAuth())).toBe(auth);
  TestBed.resetTestingModule();
  expect(() => injected(() => injectAuth())).toThrow(/provideAuth\(auth\)/);
});

test('injectRole follows the session', async () => {
  const auth = createTestAuth({ user: { role: 'admin' } });
  configure(auth);
  const isAdmin = injected(() => injectRole('admin'));
  const isEither = injected(() => injectRole(() => ['admin', 'user']));
  expect([isAdmin(), isEither()]).toEqual([true, true]);
  auth.test.signIn({ role: 'user' });
  await eventually(() => [isAdmin(), isEither()], [false, true]);
  auth.test.signOut();
  await eventually(() => [isAdmin(), isEither()], [false, false]);
});

test('injectIdleWarning follows the warning, also one that began before, until its injector is destroyed', async () => {
  const auth = createTestAuth({ user: {} });
  configure(auth);
  const signOutAt = injected(() => injectIdleWarning());
  expect(signOutAt()).toBe(null);
  auth.test.warnIdle(1_800_000_000_000);
  await eventually(signOutAt, 1_800_000_000_000);
  auth.stayActive();
  await eventually(signOutAt, null);
  auth.test.warnIdle(1_800_000_000_000);
  await eventually(() => injected(() => injectIdleWarning())(), 1_800_000_000_000);
  auth.stayActive();
  await eventually(signOutAt, null);
  TestBed.resetTestingModule();
  const warned = new Promise((resolve) => void auth.on('idle-warning', resolve));
  auth.test.warnIdle(1_800_000_000_000);
  await warned;
  expect(signOutAt()).toBe(null);
});

test('the end of the app removes its listener and does not dispose the client', async () => {
  const auth = createTestAuth({ user: {} });
  configure(auth);
  const { status } = injected(() => injectSession());
  TestBed.resetTestingModule();
  auth.test.signOut();
  await auth.login({});
  auth.test.signOut();
  await eventually(() => auth.session.status, 'signed-out');
  expect(status()).toBe('signed-in');
});

async function routed(auth) {
  class Page {}
  const component = Component({ template: '' })(Page) ?? Page;
  const requiredRole = ['admin', 'root'];
  configure(
    auth,
    provideRouter([
      { path: '', component },
      { path: 'login', component },
      { path: 'forbidden', component },
      { path: 'mine', component, canActivate: [requireAuth()] },
      { path: 'area', canActivate: [requireAuth()], children: [{ path: 'page', component }] },
      { path: 'admin', component, canActivate: [requireAuth({ requiredRole, forbidden: '/forbidden' })] },
    ]),
  );
  await RouterTestingHarness.create();
  return TestBed.inject(Router);
}

const at = (router, url) => vi.waitFor(() => expect(router.url).toBe(url));

test('the guard redirects to the login with the target as a parameter', async () => {
  const router = await routed(createTestAuth());
  await router.navigateByUrl('/mine?page=2#total');
  expect(router.url).toBe('/login?redirect=%2Fmine%3Fpage%3D2%23total');
  await router.navigateByUrl('/');
  expect(router.url).toBe('/');
});

test('the guard waits for the restore', async () => {
  const auth = createTestAuth({ status: 'restoring' });
  const router = await routed(auth);
  const navigation = router.navigateByUrl('/mine');
  auth.test.signIn({ name: 'Ada' });
  await navigation;
  expect(router.url).toBe('/mine');
});

test('the guard checks roles, also when another user signs in while the route is displayed', async () => {
  const auth = createTestAuth({ user: { roles: ['reader'] } });
  const router = await routed(auth);
  await router.navigateByUrl('/admin');
  expect(router.url).toBe('/forbidden?redirect=%2Fadmin');
  auth.test.signIn({ roles: ['root'] });
  await router.navigateByUrl('/admin');
  expect(router.url).toBe('/admin');
  auth.test.signIn({ roles: ['reader'] });
  await at(router, '/forbidden?redirect=%2Fadmin');
});

for (const path of ['/mine?page=2', '/area/page'])
  test(`the guard redirects when the session ends while ${path} is displayed`, async () => {
    const auth = createTestAuth({ user: { name: 'Ada' } });
    const router = await routed(auth);
    await router.navigateByUrl(path);
    expect(router.url).toBe(path);
    auth.test.signOut('expired');
    await at(router, `/login?redirect=${encodeURIComponent(path)}`);
  });

test('the guard does not redirect from a public route', async () => {
  const auth = createTestAuth({ user: { name: 'Ada' } });
  const router = await routed(auth);
  await router.navigateByUrl('/mine');
  await router.navigateByUrl('/');
  const navigate = vi.spyOn(router, 'navigateByUrl');
  await auth.logout();
  expect(navigate).not.toHaveBeenCalled();
});

function http(fetch, interceptors = [], options = {}) {
  const auth = createTestAuth({ user: {}, fetch, ...options });
  configure(auth, provideHttpClient(withInterceptors(interceptors)), provideAuthBackend());
  return TestBed.inject(HttpClient);
}

test('HttpClient sends its requests through auth.fetch, below the interceptors', async () => {
  const fetch = vi.fn(async () => Response.json({ ok: true }, { status: 201, headers: { 'x-id': '7' } }));
  const withHeader = (request, next) => next(request.clone({ setHeaders: { 'x-app': 'a' } }));
  const client = http(fetch, [withHeader]);
  const response = await firstValueFrom(
    client.post('/api/items?a=1', { name: 'x' }, { observe: 'response', params: { b: 2 }, withCredentials: true }),
  );
  expect([response.status, response.body, response.headers.get('x-id')]).toEqual([201, { ok: true }, '7']);
  const [url, { method, headers, body, credentials, auth }] = fetch.mock.lastCall;
  expect([url, method, body, credentials, auth]).toEqual([
    '/api/items?a=1&b=2',
    'POST',
    '{"name":"x"}',
    'include',
    undefined,
  ]);
  expect([headers.get('x-app'), headers.get('content-type')]).toEqual(['a', 'application/json']);
});

test('HttpClient reads each type of body', async () => {
  const client = http(async (url) => new Response(url === '/empty' ? null : ")]}',\n[1]"));
  expect(await firstValueFrom(client.get('/x'))).toEqual([1]);
  expect(await firstValueFrom(client.get('/empty'))).toBe(null);
  expect(await firstValueFrom(client.get('/x', { responseType: 'text' }))).toBe(")]}',\n[1]");
  expect((await firstValueFrom(client.get('/x', { responseType: 'blob' }))).size).toBe(9);
  expect((await firstValueFrom(client.get('/x', { responseType: 'arraybuffer' }))).byteLength).toBe(9);
});

const errorOf = (observable) => firstValueFrom(observable).then(expect.unreachable, (error) => error);

test('a status that is no success, and a call that fails, are errors of HttpClient', async () => {
  const problem = http(async () => Response.json({ code: 'x' }, { status: 422 }));
  expect(await errorOf(problem.get('/x'))).toMatchObject({
    name: 'HttpErrorResponse',
    status: 422,
    error: { code: 'x' },
  });
  TestBed.resetTestingModule();
  const page = http(async () => new Response('<h1>', { status: 502 }));
  expect(await errorOf(page.get('/x'))).toMatchObject({ status: 502, error: '<h1>' });
  TestBed.resetTestingModule();
  const invalid = http(async () => new Response('<h1>'));
  expect(await errorOf(invalid.get('/x'))).toMatchObject({ status: 200, error: { name: 'SyntaxError', text: '<h1>' } });
  TestBed.resetTestingModule();
  const signedOut = http(async () => new Response(), [], { user: null });
  expect(await errorOf(signedOut.get('/x'))).toMatchObject({ status: 0, url: '/x', error: { code: 'SIGNED_OUT' } });
});

test('HttpClient reports the progress of a download', async () => {
  const body = new ReadableStream({
    start(controller) {
      for (const part of ['first ', 'second']) controller.enqueue(new TextEncoder().encode(part));
      controller.close();
    },
  });
  const client = http(async () => new Response(body, { headers: { 'content-length': '12' } }));
  const events = await firstValueFrom(
    client.get('/x', { responseType: 'text', observe: 'events', reportProgress: true }).pipe(toArray()),
  );
  expect(events[0].type).toBe(HttpEventType.Sent);
  expect(events[1].type).toBe(HttpEventType.ResponseHeader);
  expect(events.at(-2)).toMatchObject({ type: HttpEventType.DownloadProgress, loaded: 12, total: 12 });
  expect(events.at(-2).partialText).toBe('first second');
  expect(events.at(-1).body).toBe('first second');
});

test('unsubscribing aborts the request, and a time limit ends it', async () => {
  const hang = (_url, { signal }) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  const fetch = vi.fn(hang);
  const client = http(fetch);
  const subscription = client.get('/x').subscribe();
  await vi.waitFor(() => expect(fetch).toHaveBeenCalled());
  const [, { signal }] = fetch.mock.lastCall;
  expect(signal.aborted).toBe(false);
  subscription.unsubscribe();
  expect(signal.aborted).toBe(true);
  expect(await errorOf(client.get('/x', { timeout: 1 }))).toMatchObject({ status: 0, error: { name: 'TimeoutError' } });
});

test('AUTH_RETRY turns off the retry of one request', async () => {
  const fetch = vi.fn(async () => Response.json(1));
  await firstValueFrom(http(fetch).get('/x', { context: new HttpContext().set(AUTH_RETRY, false) }));
  expect(fetch.mock.lastCall[1].auth).toEqual({ retry: false });
});
