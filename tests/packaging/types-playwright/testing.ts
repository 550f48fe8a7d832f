// `tokenward/testing` and `tokenward/testing/playwright`, with the types of Playwright.
import type { BrowserContext, Page } from 'playwright-core';
import { createFakeBrowser, createFakeServer, createTestAuth, type FakeServer, type TestAuth } from 'tokenward/testing';
import { advanceClock, createSavedSignIn, routeFakeServer, type SavedSignIn } from 'tokenward/testing/playwright';

interface User {
  id: string;
  roles: string[];
}
const ada: User = { id: '1', roles: ['admin'] };

const server = createFakeServer<User>({
  login: ({ email }) => (email === 'ada@example.com' ? ada : null),
  claims: ({ roles }) => ({ roles }),
  api: (request, user) => (request.method === 'GET' ? { json: user } : { status: 405 }),
  now: () => 0,
});
server satisfies FakeServer<User>;
server.failNext('refresh', 'response-lost');
server.failNext('login', { status: 429, headers: { 'retry-after': '3' } });
// @ts-expect-error: no such fault
server.failNext('refresh', 'lost');
// @ts-expect-error: no such call
server.failNext('restore', 'request-lost');
// @ts-expect-error: the counts are read-only
server.counts.refreshes = 0;

const browser = createFakeBrowser(server);
browser.signIn(ada);
// @ts-expect-error: another user
browser.signIn({ name: 'Ada' });
export const auth: TestAuth<User> = createTestAuth({ browser });
export const asFetch: typeof globalThis.fetch = browser.fetch;
createFakeServer({ login: () => null }).counts.reuseAlarms satisfies number;

export async function onPage(page: Page, context: BrowserContext) {
  await routeFakeServer(page, browser);
  await routeFakeServer(context, browser, { isApi: ({ hostname }) => hostname === 'api.example.com' });
  await advanceClock(page, server, 60);
  // @ts-expect-error: a browser, not a server
  await routeFakeServer(page, server);
  const newContext = async () => context;
  const saved: SavedSignIn<BrowserContext> = createSavedSignIn('a.json', newContext, async (one: Page) => {
    await one.goto('/login');
  });
  await saved.save(context);
  return saved.storageState();
}
