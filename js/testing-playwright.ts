// The package `tokenward/testing/playwright`: a fake server for the pages of Playwright, its clock, and a saved sign-in that no two
// pages use at the same time. It imports nothing: its parameters have the shapes of Playwright's objects.
import type { FakeBrowser } from './testing/fake-browser.js';
import type { FakeServer } from './testing/fake-server.js';

/** What `routeFakeServer` needs of Playwright's `Route`. */
export interface PlaywrightRoute {
  request(): {
    method(): string;
    url(): string;
    headers(): Record<string, string>;
    postData(): string | null;
  };
  fulfill(response: { status: number; headers: Record<string, string>; body: string }): Promise<void>;
  abort(errorCode?: string): Promise<void>;
}

/** What `routeFakeServer` needs of Playwright's `Page` or `BrowserContext`. */
export interface PlaywrightRoutes {
  route(url: (url: URL) => boolean, handler: (route: PlaywrightRoute) => Promise<void>): Promise<unknown>;
}

/** What `advanceClock` needs of Playwright's `Page` or `BrowserContext`. */
export interface PlaywrightClock {
  readonly clock: { fastForward(ticks: number | string): Promise<void> };
}

/** What `createSavedSignIn` needs of Playwright's `BrowserContext`. */
export interface PlaywrightContext<Page> {
  newPage(): Promise<Page>;
  storageState(options?: { path?: string }): Promise<unknown>;
  close(): Promise<void>;
}

export interface FakeServerRoutes {
  /** Which requests go to the API of the server; those to its auth endpoints always go there. Default: paths below `/api/`. */
  isApi?: (url: URL) => boolean;
}

const isBelowApi = ({ pathname }: URL) => pathname.startsWith('/api/');

/** Allows the page of another origin to read the response, as the server of an app would. */
const corsHeaders = (url: string, { origin }: Record<string, string>): Record<string, string> =>
  origin && origin !== new URL(url).origin
    ? { 'access-control-allow-origin': origin, 'access-control-allow-credentials': 'true' }
    : {};

/**
 * The auth requests and API calls of a page, or of all pages of a context, go to a fake browser's server. The cookie is in the fake
 * browser, so a reload and a second tab of the context share the session, and two contexts need a fake browser each. Playwright
 * does not route the requests of a shared worker.
 *
 * @example
 * const server = createFakeServer();
 * const browser = createFakeBrowser(server);
 * browser.signIn({ id: '1', email: 'ada@example.com' }); // the page begins signed in
 * await routeFakeServer(context, browser);
 * await page.goto('/');
 * server.expireAccessTokens();
 * await page.getByRole('button', { name: 'Load' }).click();
 * expect(server.counts).toMatchObject({ refreshes: 2, reuseAlarms: 0 }); // the restore, and the refresh after the 401
 */
export async function routeFakeServer<User>(
  target: PlaywrightRoutes,
  browser: FakeBrowser<User>,
  { isApi = isBelowApi }: FakeServerRoutes = {},
): Promise<void> {
  const belongsToServer = (url: URL) => browser.server.callOf(url.href) !== 'api' || isApi(url);
  await target.route(belongsToServer, async (route) => {
    const request = route.request();
    const [url, headers] = [request.url(), request.headers()];
    const response = await browser.send({ method: request.method(), url, headers, body: request.postData() ?? '' });
    // A page that was closed meanwhile has no use for the response.
    if (!response) return route.abort('connectionreset').catch(() => {});
    const { 'set-cookie': _, ...visible } = response.headers;
    await route
      .fulfill({ status: response.status, headers: { ...visible, ...corsHeaders(url, headers) }, body: response.body })
      .catch(() => {});
  });
}

/**
 * Moves the clock of a page (`page.clock`, which must be installed before the page loads) and that of a fake server together.
 * Playwright's clock is not that of a worker, so the client of the page needs `isolation: 'page'`.
 *
 * @example
 * await page.clock.install();
 * await page.goto('/');
 * await advanceClock(page, server, 900); // the access token has expired, for both
 */
export async function advanceClock<User>(
  page: PlaywrightClock,
  server: FakeServer<User>,
  seconds: number,
): Promise<void> {
  server.advanceSeconds(seconds);
  await page.clock.fastForward(seconds * 1000);
}

/** One sign-in on a real server, which the tests of a worker use one after another. */
export interface SavedSignIn<Context> {
  /** The file for the option `storageState` of a new context. Signs in when it is asked for the first time. */
  storageState(): Promise<string>;
  /** Saves the state of a context at the end of its test: its page may have refreshed, so the file has an old refresh token. */
  save(context: Context): Promise<void>;
}

/**
 * A sign-in on a real server, saved in a file. A copy of a refresh token that another page has rotated looks like a theft to the
 * server, so each worker of a test run needs a file of its own, and each test saves the state again.
 *
 * @example
 * export const test = base.extend<object, { signIn: SavedSignIn<BrowserContext> }>({
 *   signIn: [
 *     async ({ browser }, use, { parallelIndex }) => {
 *       const newContext = () => browser.newContext({ storageState: undefined });
 *       await use(createSavedSignIn(`.auth/${parallelIndex}.json`, newContext, signInOnTheLoginPage));
 *     },
 *     { scope: 'worker' },
 *   ],
 *   storageState: async ({ signIn }, use) => use(await signIn.storageState()),
 *   context: async ({ context, signIn }, use) => {
 *     await use(context);
 *     await signIn.save(context);
 *   },
 * });
 */
export function createSavedSignIn<Page, Context extends PlaywrightContext<Page>>(
  file: string,
  newContext: () => Promise<Context>,
  signIn: (page: Page) => Promise<void>,
): SavedSignIn<Pick<Context, 'storageState'>> {
  let saved: Promise<string> | undefined;
  const signInOnce = async () => {
    const context = await newContext();
    try {
      await signIn(await context.newPage());
      await context.storageState({ path: file });
      return file;
    } finally {
      await context.close();
    }
  };
  return {
    storageState: () => {
      saved ??= signInOnce();
      saved.catch(() => {
        saved = undefined; // the next test tries again
      });
      return saved;
    },
    save: async (context) => {
      await context.storageState({ path: file });
    },
  };
}
