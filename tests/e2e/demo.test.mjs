// End-to-end tests of the demo page with the demo server in Chromium.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { anchorsOf } from '../../tools/markdown-anchors.mjs';
import { root } from '../../tools/run.mjs';
import { REDIS_KEYS, startRedis, startServer } from '../../tools/servers.mjs';
import { violations } from './axe.mjs';
import { closeBrowser, openBrowser, until, withPage } from './harness.mjs';

const screenshots = path.join(root, 'target/screenshots');

before(async () => {
  mkdirSync(screenshots, { recursive: true });
  await openBrowser();
});
after(closeBrowser);

const status = (page, wanted) => page.waitForSelector(`[data-status=${wanted}]`);
const result = (page, text) =>
  page.waitForFunction((wanted) => document.getElementById('result').textContent.includes(wanted), text);
const screenshot = (page, name) => page.screenshot({ path: path.join(screenshots, `${name}.png`), fullPage: true });

async function signIn(page, server, account = 'ada@example.com') {
  await page.goto(server.url);
  await status(page, 'signed-out');
  await page.selectOption('#account', account);
  await page.click('#login button');
  await status(page, 'signed-in');
  // Waits for the requests that the page sends on its own, so that the test counts only its own requests.
  await page.waitForSelector('#sessions-body tr');
  await page.waitForSelector('[data-watched]');
}

/** Signs in at the demo's identity provider, by redirect. */
async function signInAtProvider(page, server) {
  await page.goto(server.url);
  await status(page, 'signed-out');
  await page.click('#provider-redirect');
  await page.click('#account-0');
  await status(page, 'signed-in');
  await page.waitForSelector('#sessions-body tr');
  await page.waitForSelector('[data-watched]');
}

/** Signs the same user in on a page of another browser context. */
async function inAnotherBrowser(context, server) {
  const page = await (await context.browser().newContext()).newPage();
  await signIn(page, server);
  return page;
}

/** Causes a fault, and checks the outcome that the page reports. */
async function runFault(page, fault, expected) {
  await page.click(`#fault-${fault}`);
  await page.waitForFunction(
    (id) => / after [\d.]+ m?s\.$/.test(document.querySelector(`[for=${id}]`).textContent),
    `fault-${fault}`,
    { timeout: 40_000 },
  );
  assert.match(await page.textContent(`[for=fault-${fault}]`), expected);
}

/** Waits until the page signs out without user input. */
async function isSignedOutWithoutInput(page) {
  await page.waitForSelector('[data-status=signed-out]', { timeout: 15_000 });
  assert.match(await page.textContent('#status-text'), /signed out \((revoked|expired)\)/);
}

test('a user signs in, calls each API and signs out', () =>
  withPage({}, async ({ page, server }) => {
    await page.goto(server.url);
    await status(page, 'signed-out');
    await screenshot(page, '1-signed-out');
    await signIn(page, server);
    await screenshot(page, '2-signed-in');
    for (const [call, answer] of [
      ['GET /api/me', '→ 200 {"id":"demo-admin","email":"ada@example.com"'],
      ['GET /api/admin', '→ 200 {"secret"'],
      ['POST /api/echo', '→ 200 {"hello":"world"}'],
    ]) {
      await page.click(`[data-call="${call}"]`);
      await result(page, answer);
    }
    await page.click('#logout');
    await status(page, 'signed-out');
    await result(page, 'the server confirmed it');
    assert.equal(await server.counted('logout'), 1);
  }));

test('a user signs in at the demo provider, by redirect and in a popup, and signs out there', () =>
  withPage({}, async ({ page, context, server }) => {
    await page.goto(server.url);
    await status(page, 'signed-out');
    await page.click('#provider-redirect');
    await page.waitForSelector('#cancel');
    assert.deepEqual(await violations(page), []);
    await screenshot(page, '3-provider');
    await page.click('#cancel');
    await result(page, 'ACCESS_DENIED');
    assert.equal(page.url(), `${server.url}/`);
    await page.click('#provider-redirect');
    await page.click('#account-1');
    await status(page, 'signed-in');
    assert.equal(await page.textContent('#user'), 'grace@example.com');
    assert.equal(page.url(), `${server.url}/`);
    await page.click('#logout-provider');
    await status(page, 'signed-out');
    await page.waitForURL(`${server.url}/`);
    const popup = context.waitForEvent('page');
    await page.click('#provider-popup');
    // The provider has ended its session, and asks again.
    await (await popup).click('#account-0');
    await result(page, 'signed in at the provider as ada@example.com');
    await page.click('#logout');
    await status(page, 'signed-out');
    await page.click('#provider-popup');
    await result(page, 'signed in at the provider as ada@example.com');
  }));

test('100 concurrent calls at expiry cause exactly one refresh', () =>
  withPage({ ACCESS_TTL: '10' }, async ({ page, server }) => {
    await signIn(page, server);
    // The client of a hidden page schedules no refresh, so the first call finds the token expired.
    await page.evaluate(() => {
      Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    });
    // On a busy machine another request of the page may renew the token first, or the next token may expire before the last call.
    const storm = async () => {
      await page.waitForFunction(() => document.getElementById('ends-in').textContent === '0 s');
      const started = Date.now();
      await page.evaluate(() => document.getElementById('result').replaceChildren());
      const rotated = await server.counted('refresh_rotated');
      const unauthorised = await server.counted('api_unauthorised');
      await page.click('[data-storm="100"]');
      await result(page, '100 answered with 200');
      const text = await page.textContent('#result');
      if (Date.now() - started >= 10_000 || text.includes(' 0 refreshes')) return false;
      assert.match(text, /100 answered with 200, 0 received a 401 first, 1 refresh/);
      assert.equal((await server.counted('refresh_rotated')) - rotated, 1);
      assert.equal(await server.counted('api_unauthorised'), unauthorised, 'the client sends no expired token');
      return true;
    };
    const describe = () => 'no storm began with an expired token and ended before the next one expired';
    await until(storm, describe, { seconds: 300 });
  }));

test('100 concurrent calls with a rejected token cause exactly one refresh', () =>
  withPage({}, async ({ page, server }) => {
    await signIn(page, server);
    await page.click('#expire');
    await result(page, 'treats the current token as expired');
    await page.click('[data-storm="100"]');
    await result(page, '100 answered with 200, 100 received a 401 first, 1 refresh');
    assert.equal(await server.counted('refresh_rotated'), 1);
    assert.equal(await server.counted('refresh_reused'), 0);
    assert.equal(await server.counted('api_unauthorised'), 100);
    await screenshot(page, '3-after-100-calls');
  }));

test('a reload restores the session without showing the login form', () =>
  withPage({}, async ({ page, server }) => {
    await signIn(page, server);
    await page.addInitScript(() => {
      globalThis.statuses = new Set();
      new MutationObserver(() => {
        const shown = document.getElementById('status')?.dataset.status;
        if (shown) globalThis.statuses.add(shown);
      }).observe(document, { subtree: true, childList: true, attributes: true });
    });
    await page.reload();
    await status(page, 'signed-in');
    assert.deepEqual(await page.evaluate(() => [...globalThis.statuses]), ['restoring', 'signed-in']);
    assert.equal(await page.textContent('#user'), 'ada@example.com');
    assert.equal(await server.counted('refresh_rotated'), 1);
  }));

test('after a sign-out, a reload sends no auth request', () =>
  withPage({}, async ({ page, server }) => {
    await signIn(page, server);
    const before = await server.counted('refresh_refused'); // the question of a new browser
    await page.click('#logout');
    await result(page, 'the server confirmed it');
    await page.reload();
    await status(page, 'signed-out');
    assert.equal(await server.counted('refresh_refused'), before);
    assert.equal(await server.counted('refresh_rotated'), 0);
  }));

test('the client refreshes the token before it expires', () =>
  withPage({ ACCESS_TTL: '12' }, async ({ page, server }) => {
    await signIn(page, server);
    await page.waitForFunction(() => document.getElementById('log').textContent.includes('refreshed'));
    assert.equal(await server.counted('refresh_rotated'), 1);
    assert.equal(await server.counted('api_unauthorised'), 0);
  }));

test('a 403 reaches the caller and causes no refresh', () =>
  withPage({}, async ({ page, server }) => {
    await signIn(page, server, 'grace@example.com');
    await page.click('[data-call="GET /api/admin"]');
    await result(page, '→ 403');
    assert.equal(await server.counted('refresh_rotated'), 0);
  }));

test('a wrong password shows an error message, and the correct one works afterwards', () =>
  withPage({}, async ({ page, server }) => {
    await page.goto(server.url);
    await status(page, 'signed-out');
    await page.fill('#password', 'wrong');
    await page.click('#login button');
    await result(page, 'INVALID_CREDENTIALS');
    await result(page, 'wrong email or password');
    await page.fill('#password', 'analytical engine');
    await page.click('#login button');
    await status(page, 'signed-in');
  }));

test('a global sign-out signs another browser out at once', () =>
  withPage({}, async ({ page, context, server }) => {
    await signIn(page, server);
    const otherPage = await inAnotherBrowser(context, server);
    await page.click('#logout-all');
    await result(page, 'the server confirmed it');
    await isSignedOutWithoutInput(otherPage);
    await otherPage.context().close();
  }));

for (const count of [10, 1000]) {
  test(`${count} concurrent calls with a rejected token cause exactly one refresh`, () =>
    withPage({}, async ({ page, server }) => {
      await signIn(page, server);
      await page.click('#expire');
      await result(page, 'treats the current token as expired');
      await page.click(`[data-storm="${count}"]`);
      await page.waitForFunction(() => document.getElementById('result').textContent.includes('refresh'), null, {
        timeout: 300_000,
      });
      assert.match(
        await page.textContent('#result'),
        new RegExp(`^${count} calls in .*: ${count} answered with 200, ${count} received a 401 first, 1 refresh$`),
      );
      assert.equal(await server.counted('refresh_rotated'), 1);
      assert.equal(await server.counted('api_unauthorised'), count);
      assert.equal(await page.getAttribute('#progress', 'value'), String(count));
      assert.match(
        await page.getAttribute('#latencies', 'aria-label'),
        /median .*, 95 % within .*, shortest .*, longest/,
      );
      assert.notEqual(await page.locator('#bars rect').count(), 0);
    }));
}

test('the timeline and its table show each tab and each token generation', () =>
  withPage({}, async ({ page, context, server }) => {
    await signIn(page, server);
    const [second] = await Promise.all([context.waitForEvent('page'), page.click('#another-tab')]);
    await status(second, 'signed-in');
    await page.click('#refresh');
    await result(page, 'a new token');
    await second.click('[data-call="GET /api/me"]');
    await result(second, '→ 200');
    await page.click('#table-of-all summary');
    const rows = async () =>
      (await page.locator('#rows tr').allTextContents()).map((row) => row.replace(/^.*?(?=tab \d)/, ''));
    await page.waitForFunction(() => document.getElementById('rows').textContent.includes('/api/me → 200'));
    const [all, has] = [await rows(), (wanted) => (row) => wanted.test(row)];
    // The first tab signs in, the second restores, the first refreshes: each rotation appears in its own tab.
    for (const wanted of [
      /^tab 1 \(this one\)signed in/,
      /^tab 1 \(this one\)access token.*generation 0$/,
      /^tab 2access token.*generation 1$/,
      /^tab 1 \(this one\)access token.*generation 2$/,
      /^tab 2refresh.*→ 200$/,
      /^tab 2request answered.*\/api\/me → 200$/,
    ])
      assert.ok(all.some(has(wanted)), `${wanted} in\n${all.join('\n')}`);
    assert.equal(await server.counted('refresh_rotated'), 2);
    await second.close();
    await page.click('#refresh');
    await page.waitForFunction(() => document.getElementById('rows').textContent.includes('tab 2, closed'));
  }));

test('the timeline follows the current time, stops on a drag, describes the entry under the pointer, and works with keys', () =>
  withPage(
    {},
    async ({ page, server }) => {
      await signIn(page, server);
      const pointed = (text) =>
        page.waitForFunction((wanted) => document.getElementById('pointed').textContent.startsWith(wanted), text);
      const live = () => page.getAttribute('#live', 'aria-pressed');
      const { x, y, width } = await page.locator('#timeline').boundingBox();
      // The token row, just left of the current time, which is at three quarters of the width.
      await page.waitForTimeout(1500);
      await page.mouse.move(x + 58 + (width - 58) * 0.75 - 4, y + 28);
      await pointed('tab 1 (this one): access token, generation 0');
      assert.equal(await live(), 'true');
      await page.mouse.down();
      await page.mouse.move(x + width * 0.4, y + 28, { steps: 5 });
      await page.mouse.up();
      assert.equal(await live(), 'false', 'a drag ends the live view');
      await page.mouse.move(x + width * 0.4 - 4, y + 28);
      // The token has moved with the pointer.
      await pointed('tab 1 (this one): access token, generation 0');
      await page.mouse.move(x, y - 20);
      await page.waitForFunction(() => document.getElementById('pointed').textContent === '');
      await page.focus('#live');
      await page.keyboard.press('Enter');
      assert.equal(await live(), 'true');
      await page.focus('#zoom-in');
      await page.keyboard.press('Enter');
      assert.equal(await live(), 'true', 'a zoom keeps the live view');
      await page.focus('#earlier');
      await page.keyboard.press('Enter');
      assert.equal(await live(), 'false');
    },
    { reducedMotion: 'no-preference' },
  ));

test('ending a session in the list signs the other browser out at once', () =>
  withPage({}, async ({ page, context, server }) => {
    await signIn(page, server);
    const otherPage = await inAnotherBrowser(context, server);
    await page.click('#sessions-again');
    await page.waitForFunction(() => document.querySelectorAll('#sessions-body tr').length === 2);
    assert.equal(await page.locator('#sessions-body tr[data-current]').count(), 1);
    await page.click('#sessions-body tr:not([data-current]) button');
    await isSignedOutWithoutInput(otherPage);
    await page.waitForFunction(() => document.querySelectorAll('#sessions-body tr').length === 1);
    assert.equal(await page.getAttribute('#status', 'data-status'), 'signed-in');
    assert.equal(await server.counted('revoked'), 1);
    await otherPage.context().close();
  }));

test('the inspector shows claims and events, and neither the page nor the report contains a token', () =>
  withPage({}, async ({ page, context, server }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    const tokens = [];
    page.on('response', async (response) => {
      if (!/\/auth\/(login|refresh)/.test(response.url()) || !response.ok()) return;
      tokens.push((await response.json()).accessToken);
    });
    await signIn(page, server);
    await page.click('#refresh');
    await result(page, 'a new token');
    const shown = await page.textContent('#snapshot');
    for (const wanted of ['signed-in', 'claims.email', 'ada@example.com', 'claims.generation'])
      assert.ok(shown.includes(wanted), wanted);
    assert.match(shown, /expiresAt.*, in \d+ s/);
    await page.click('#report');
    await page.waitForFunction(() => document.getElementById('report-words').textContent.startsWith('Copied'));
    const report = await page.evaluate(() => navigator.clipboard.readText());
    assert.equal(await page.inputValue('#report-text'), report);
    for (const wanted of [
      'status: signed-in',
      'auth-request endpoint=refresh status=200',
      'generation: 1',
      'email: (string, omitted)',
    ])
      assert.ok(report.includes(wanted), `${wanted} in\n${report}`);
    while (tokens.length < 2) await page.waitForTimeout(20);
    const everything = report + (await page.evaluate(() => document.documentElement.outerHTML));
    for (const token of tokens)
      assert.ok(!everything.includes(token.slice(-40)), 'the page or the report contains a token');
    assert.ok(!report.includes('ada@'), 'the report contains an email address');
    assert.ok(!report.includes(await page.evaluate(() => document.getElementById('user').textContent)));
  }));

/** Records every layout shift of a page, with the elements that moved. */
const recordShifts = (page) =>
  page.addInitScript(() => {
    globalThis.shifts = [];
    new PerformanceObserver((list) => {
      for (const { value, sources } of list.getEntries())
        shifts.push(`${value.toFixed(4)} ${sources.map(({ node }) => node?.id || node?.nodeName).join(' ')}`);
    }).observe({ type: 'layout-shift', buffered: true });
  });

/** The shifts that a user sees, after two more frames: the browser reports a shift after the frame that shows it. */
const largeShifts = (page) =>
  page.evaluate(async () => {
    for (let frames = 0; frames < 3; frames += 1) await new Promise(requestAnimationFrame);
    await new Promise((resolve) => setTimeout(resolve));
    if (!PerformanceObserver.supportedEntryTypes.includes('layout-shift')) return ['not supported'];
    return shifts.filter((shift) => Number.parseFloat(shift) > 0.005);
  });

test('the layout does not shift on load, on session restore or during 100 concurrent calls', () =>
  withPage({}, async ({ page, server }) => {
    await recordShifts(page);
    await signIn(page, server);
    await page.reload();
    await status(page, 'signed-in');
    await page.click('[data-storm="100"]');
    await result(page, '100 answered');
    assert.deepEqual(await largeShifts(page), []);
  }));

test('the layout does not shift when the scripts arrive after the first paint', () =>
  withPage({}, async ({ page, server }) => {
    await recordShifts(page);
    let arrive;
    const held = new Promise((resolve) => {
      arrive = resolve;
    });
    await page.route('**/assets/*.js', async (route) => {
      await held;
      await route.continue();
    });
    const opened = page.goto(server.url);
    await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0);
    arrive();
    await opened;
    await status(page, 'signed-out');
    assert.deepEqual(await largeShifts(page), []);
  }));

test('the keyboard reaches and operates all controls', () =>
  withPage({}, async ({ page, server }) => {
    await page.goto(server.url);
    await status(page, 'signed-out');
    await page.focus('#password');
    await page.keyboard.press('Enter');
    await status(page, 'signed-in');
    await page.evaluate(() => document.activeElement.blur());
    const reached = new Set();
    for (let presses = 0; presses < 80; presses += 1) {
      await page.keyboard.press('Tab');
      const id = await page.evaluate(() => {
        const { id, dataset } = document.activeElement;
        return id || dataset.call || dataset.storm || '';
      });
      if (id === 'report') break;
      if (id === 'fault-expire') await page.keyboard.press('Space');
      reached.add(id);
    }
    const buttons = ['refresh', 'logout', 'one-call', '100', 'zoom-in', 'another-tab', 'fault-expire', 'log'];
    for (const id of buttons) assert.ok(reached.has(id), `${id} among ${[...reached]}`);
    await page.waitForFunction(() => document.querySelector('[for=fault-expire]').textContent.includes('renewed'));
  }));

test('while Redis does not answer, the user stays signed in; the client refreshes when Redis is back', async () => {
  const redis = await startRedis();
  const logged = (page, wanted) =>
    page.waitForFunction((text) => document.getElementById('log').textContent.includes(text), wanted);
  try {
    await withPage({ ...REDIS_KEYS, REDIS_URL: redis.url }, async ({ page, server }) => {
      await signIn(page, server);
      redis.pause();
      await page.click('#refresh');
      await logged(page, 'refresh-failed code=');
      assert.equal(await page.getAttribute('#status', 'data-status'), 'signed-in');
      redis.resume();
      await page.click('#refresh');
      await logged(page, 'refreshed status=signed-in');
      await page.click('[data-call="GET /api/me"]');
      await result(page, '→ 200');
      assert.equal(await server.counted('refresh_reused'), 0);
    });
  } finally {
    await redis.stop();
  }
});

/** Fills the form of the own-server page, runs the check, and returns the findings by severity. */
async function check(page, server, form) {
  await page.goto(`${server.url}/own-server`);
  await status(page, 'signed-out');
  await page.click('#own-form summary');
  for (const [name, value] of Object.entries(form)) {
    const input = page.locator(`#own-form [name="${name}"]`);
    if ((await input.evaluate(({ localName }) => localName)) === 'select') await input.selectOption(value);
    else await input.fill(value);
  }
  await page.click('#own-check');
  await page.waitForFunction(() => !document.getElementById('own-check').disabled, null, { timeout: 30_000 });
  const found = await page.locator('#own-results li').evaluateAll((items) =>
    items.map((item) => {
      const what = item.querySelector('strong');
      return [item.className, what.textContent, what.nextSibling.textContent.trim()];
    }),
  );
  const of = (mark) => Object.fromEntries(found.filter(([one]) => one === mark).map(([, what, hint]) => [what, hint]));
  return { good: of('good'), bad: of('bad'), note: of('note') };
}

const CREDENTIALS = JSON.stringify({ email: 'ada@example.com', password: 'analytical engine' });

test('own server: the check finds no error in a correct server, and the page works with it', () =>
  withPage({}, async ({ page, server }) => {
    const own = await startServer({ ALLOWED_ORIGINS: server.url });
    try {
      const found = await check(page, server, { baseUrl: own.url, credentials: CREDENTIALS });
      assert.deepEqual(found.bad, {});
      const good = ['CORS', 'Login', 'expiresIn', 'Clock', 'Cache-Control', 'Refresh', 'API', 'Logout'];
      assert.deepEqual(Object.keys(found.good), good);
      assert.match(found.note.Cookie, /HttpOnly; Secure; Path; and SameSite/);
      for (const event of ['login_ok', 'refresh_rotated', 'logout']) assert.equal(await own.counted(event), 1, event);
      await Promise.all([page.waitForEvent('load'), page.click('#own-form [type=submit]')]);
      await status(page, 'signed-out');
      await page.fill('#credentials', CREDENTIALS);
      await page.click('#login button');
      await status(page, 'signed-in');
      await page.click('[data-storm="10"]');
      await result(page, '10 answered with 200');
      assert.equal(await page.textContent('#n-requests'), '10');
      await page.click('#refresh');
      await result(page, 'a new token');
      await page.click('#own-check');
      await page.waitForFunction(() => document.getElementById('own-results').textContent.includes('Sign out first'));
      await page.reload();
      await status(page, 'signed-in');
      const kept = await page.evaluate(() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }]));
      assert.ok(!kept.includes('analytical'), 'the page stores no password');
    } finally {
      await own.stop();
    }
  }));

test('own server: the check accepts a refresh token in the body and an OAuth 2 token endpoint', () =>
  withPage({}, async ({ page, server }) => {
    const credentials = JSON.stringify({ ...JSON.parse(CREDENTIALS), transport: 'body' });
    const found = await check(page, server, { transport: 'body', credentials });
    assert.deepEqual(found.bad, {});
    assert.match(found.good.Rotation, /new refresh token/);
    const oauth = await startServer({ DIALECT: 'oauth2', ALLOWED_ORIGINS: server.url });
    try {
      const form = { baseUrl: oauth.url, protocol: 'oauth2', transport: 'body' };
      const user = JSON.stringify({ username: 'ada@example.com', password: 'analytical engine' });
      const oauthResult = await check(page, server, { ...form, credentials: user });
      assert.deepEqual(oauthResult.bad, {});
      assert.match(oauthResult.good.Rotation, /new refresh token/);
    } finally {
      await oauth.stop();
    }
  }));

test('own server: the check reports missing CORS, no server, wrong credentials, wrong paths and invalid JSON', () =>
  withPage({}, async ({ page, server }) => {
    const closed = await startServer({});
    try {
      const { bad } = await check(page, server, { baseUrl: closed.url, credentials: CREDENTIALS });
      for (const header of ['Allow-Origin: ', 'Allow-Credentials: true', 'Allow-Headers: content-type, authorization'])
        assert.ok(bad.CORS.includes(`Access-Control-${header}`), bad.CORS);
      assert.ok(bad.CORS.includes(server.url));
    } finally {
      await closed.stop();
    }
    const stopped = await check(page, server, { baseUrl: closed.url, credentials: CREDENTIALS });
    assert.match(stopped.bad.Server, /does not answer/);
    const refused = await check(page, server, { credentials: '{"email": "ada@example.com", "password": "wrong"}' });
    assert.match(refused.bad.Login, /refused the credentials \(“wrong email or password”\)/);
    const wrongPath = await check(page, server, { credentials: CREDENTIALS, 'endpoints.login': '/login' });
    assert.match(wrongPath.bad.Login, /There is no POST .*\/login: set endpoints\.login/);
    const invalid = await check(page, server, { credentials: 'ada, analytical engine' });
    assert.match(invalid.bad.Form, /credentials: expected a JSON object/);
    assert.ok(!invalid.bad.Form.includes('analytical'));
  }));

test('own server: the check names what the responses lack and the fix', () =>
  withPage({}, async ({ page, server }) => {
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    let answers = [];
    const own = createServer(async (request, response) => {
      for await (const _ of request);
      response.setHeader('access-control-allow-origin', server.url);
      response.setHeader('access-control-allow-credentials', 'true');
      response.setHeader('access-control-allow-headers', 'content-type, authorization');
      if (request.method === 'OPTIONS') return response.end();
      const { status = 200, cookie, body } = answers.find(({ path }) => path === request.url) ?? { status: 404 };
      if (cookie) response.setHeader('set-cookie', cookie);
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(JSON.stringify(body ?? {}));
    });
    await new Promise((resolve) => own.listen(0, '127.0.0.1', resolve));
    const form = { baseUrl: `http://127.0.0.1:${own.address().port}`, credentials: CREDENTIALS };
    const now = Math.floor(Date.now() / 1000);
    try {
      const late = `${part({})}.${part({ sub: 'ada', iat: now + 300, exp: now + 1200 })}.x`;
      const login = { data: { token: late, refreshToken: 'r', account: { id: 1 } }, expires: 900 };
      answers = [
        { path: '/auth/login', cookie: 'refresh=abc; Path=/', body: login },
        { path: '/auth/refresh', status: 401, body: { error: 'no cookie' } },
        { path: '/api/me' },
      ];
      const nameless = await check(page, server, form);
      assert.match(nameless.bad['Access token'], /set fields\.accessToken to “data\.token”/);
      const fields = { 'fields.accessToken': 'data.token', 'fields.refreshToken': 'data.refreshToken' };
      // Removes the cookie of the previous check, so that this check counts it as new.
      await page.context().clearCookies();
      const { bad, note } = await check(page, server, { ...form, ...fields });
      assert.match(note.expiresIn, /Missing: .*exp and iat \(900 s\)/);
      assert.match(note.User, /is it “data\.account”/);
      assert.match(bad.Clock, /clock is .* ahead/);
      assert.match(bad['Cache-Control'], /no-store/);
      assert.match(bad['Refresh token'], /in the body, where scripts can read it/);
      assert.match(bad.Cookie, /Scripts can read “refresh”: set HttpOnly/);
      assert.match(bad.Refresh, /401.*“no cookie”.*Path must cover.*SameSite=None; Secure/);
      assert.match(bad.API, /responds with 200 without a token/);
      assert.match(bad.Logout, /set endpoints\.logout/);
      answers = [
        { path: '/auth/login', body: { accessToken: 'opaque', refreshToken: 'same' } },
        { path: '/auth/refresh', body: { accessToken: 'opaque', refreshToken: 'same' } },
        { path: '/api/me', status: 401 },
        { path: '/auth/logout' },
      ];
      const opaque = await check(page, server, { ...form, transport: 'body' });
      assert.match(opaque.bad.expiresIn, /Missing, and the token has no exp/);
      assert.match(opaque.bad.Rotation, /stays the same/);
      assert.match(opaque.bad.API, /does not accept the token: 401/);
      assert.match(opaque.good.Logout, /has ended/);
      for (const [body, paste] of [
        [
          { access: 'a', refresh: 'r' },
          "import { simplejwt } from 'tokenward/servers/simplejwt'; new AuthClient({ server: simplejwt, remember: 'browser' })",
        ],
        [
          { jwt: 'a', user: { id: 1 } },
          "import { strapi } from 'tokenward/servers/strapi'; new AuthClient({ server: strapi })",
        ],
        [{ data: { access_token: 'a', expires: 900_000, refresh_token: 'r' } }, 'directusJson'],
        [{ access_token: 'a', token_type: 'bearer' }, 'fastapiUsers'],
      ]) {
        answers = [{ path: '/auth/login', body }];
        const { note: notes } = await check(page, server, form);
        assert.ok(notes.Preset.includes(paste), notes.Preset);
      }
    } finally {
      own.closeAllConnections();
      own.close();
    }
  }));

for (const [size, viewport] of Object.entries({
  phone: { width: 375, height: 800 },
  desktop: { width: 1280, height: 900 },
  wide: { width: 1920, height: 1080 },
})) {
  for (const colorScheme of ['light', 'dark'])
    test(`${size}, ${colorScheme}: no axe violation, no horizontal overflow, no CSP violation`, () =>
      withPage({}, async ({ page, server }) => {
        await page.setViewportSize(viewport);
        await page.emulateMedia({ colorScheme });
        await page.goto(server.url);
        await status(page, 'signed-out');
        assert.deepEqual(await violations(page), []);
        await signIn(page, server);
        await page.click('#table-of-all summary');
        await page.click('[data-storm="10"]');
        await result(page, '10 answered');
        await page.click('#fault-lose-refresh');
        await page.waitForFunction(() =>
          document.querySelector('[for=fault-lose-refresh]').textContent.includes('renewed'),
        );
        await page.click('#report');
        assert.deepEqual(await violations(page), []);
        const overflow = () =>
          page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.equal(await overflow(), 0);
        await screenshot(page, `4-${size}-${colorScheme}`);
        await page.goto(`${server.url}/own-server`);
        await page.click('#own-form summary');
        await page.click('#own-check');
        await page.waitForSelector('#own-results li');
        assert.deepEqual(await violations(page), []);
        assert.equal(await overflow(), 0);
        await screenshot(page, `5-own-server-${size}-${colorScheme}`);
        assert.deepEqual(
          page.lines.filter((line) => /Content Security Policy/.test(line)),
          [],
        );
      }));
}

for (const [fault, expected, counts] of [
  ['expire', /^renewed\. Still signed in/, { refresh_rotated: 1, api_unauthorised: 1 }],
  [
    'lose-refresh',
    /refresh failed \(SERVER_ERROR, 504\), renewed\. Still/,
    { refresh_rotated: 1, refresh_repeated: 1 },
  ],
  [
    'unavailable',
    /refresh failed \(SERVER_ERROR, 503\).*renewed\. Still signed in after 1\d\.\d s/,
    { refresh_rotated: 1 },
  ],
  [
    'rate-limited',
    /refresh failed \(RATE_LIMITED, 429\), renewed\. Still signed in after ([5-9]|1\d)\.\d s/,
    { refresh_rotated: 1 },
  ],
  ['slow', /^renewed\. Still signed in after ([3-9]|1\d)\.\d s/, { refresh_rotated: 1 }],
  ['store-away', /refresh failed \(SERVER_ERROR, 503\).*renewed\. Still signed in/, { refresh_rotated: 1 }],
  [
    'revoke',
    /^signed out \((revoked|expired)\)(, (SESSION_ENDED|SIGNED_OUT))?\. Signed out/,
    { revoked: 1, refresh_rotated: 0 },
  ],
  [
    'theft',
    /^the thief got new tokens, signed out \(token-reused\), the thief’s next refresh: refused\. Signed out/,
    { refresh_rotated: 1, refresh_reused: 1 },
  ],
  // (The refused refresh is the question of a new browser.)
  ['everywhere', /^signed out \(logout\)\. Signed out/, { revoked: 1, refresh_rotated: 0, refresh_refused: 1 }],
]) {
  test(`fault ${fault}: the page reports the expected outcome`, () =>
    withPage({}, async ({ page, server }) => {
      await signIn(page, server);
      await runFault(page, fault, expected);
      const counted = {};
      for (const name of Object.keys(counts)) counted[name] = await server.counted(name);
      assert.deepEqual(counted, counts);
    }));
}

for (const [fault, expected] of [
  ['lose-exchange', /renewed.*Still signed in/],
  ['provider-down', /^PROVIDER_UNAVAILABLE\. Still signed in/],
  ['wrong-issuer', /^PROVIDER_REFUSED\. Still signed in/],
  ['provider-logout', /^signed out \((revoked|expired)\)(, (SESSION_ENDED|SIGNED_OUT))?\. Signed out/],
]) {
  test(`fault ${fault}: the page reports the expected outcome`, () =>
    withPage({}, async ({ page, server }) => {
      await signInAtProvider(page, server);
      await runFault(page, fault, expected);
    }));
}

test('the tour signs in, expires the token, sends 100 calls and loses an answer, one step with each press', () =>
  withPage({}, async ({ page, server }) => {
    await page.goto(server.url);
    await status(page, 'signed-out');
    assert.deepEqual(await page.locator('#tour-steps strong').allTextContents(), [
      'Sign in',
      'Expire the token',
      '100 calls at once',
      'A lost answer',
    ]);
    const results = [
      /^signed in as ada@example\.com$/,
      /treats the current token as expired/,
      /100 answered with 200, 100 received a 401 first, 1 refresh$/,
      /renewed.*Still signed in/,
    ];
    for (const [at, expected] of results.entries()) {
      await page.click('#tour-next');
      await page.waitForSelector(`#tour-steps li:nth-child(${at + 1})[data-step=done]`);
      assert.match(await page.textContent(`#tour-steps li:nth-child(${at + 1}) output`), expected);
      assert.equal(await page.locator('#tour-steps [data-current]').count(), 1);
    }
    assert.equal(await page.textContent('#tour-next'), 'Start again');
    assert.equal(await page.textContent('#n-refused'), '100');
    assert.equal(await server.counted('refresh_reused'), 0);
    assert.deepEqual(await violations(page), []);
    await screenshot(page, '4-after-the-tour');
    // Once more, as a user who is signed in.
    await page.click('#tour-next');
    await page.waitForFunction(() => document.querySelector('#tour-steps output').textContent.includes('already'));
    assert.equal(await page.locator('#tour-steps [data-step=done]').count(), 1);
  }));

test('a step of the tour that fails says why, and can be taken again', () =>
  withPage({}, async ({ page, server }) => {
    await page.goto(server.url);
    await status(page, 'signed-out');
    await page.route('**/auth/login', (route) => route.fulfill({ status: 503, body: '' }), { times: 1 });
    await page.click('#tour-next');
    await page.waitForFunction(() => document.querySelector('#tour-steps output').textContent.includes('SERVER_ERROR'));
    assert.equal(await page.locator('#tour-steps [data-step=done]').count(), 0);
    await page.waitForSelector('#tour-next:enabled');
    await page.click('#tour-next');
    await page.waitForSelector('#tour-steps [data-step=done]');
    await status(page, 'signed-in');
  }));

test('a desktop shows the tour and the timeline without scrolling, and each panel has its code and its document', () =>
  withPage({}, async ({ page, server }) => {
    await page.setViewportSize({ width: 1280, height: 800 });
    await page.goto(server.url);
    await status(page, 'signed-out');
    for (const id of ['tour-next', 'timeline']) {
      const { y, height } = await page.locator(`#${id}`).boundingBox();
      assert.ok(y + height <= 800, `${id} ends at ${y + height}`);
    }
    const missing = await page.evaluate(() => {
      const panels = [...document.querySelectorAll('main > section')].filter((one) => one.checkVisibility());
      return panels
        .filter(({ id }) => id !== 'tour')
        .filter((one) => !one.querySelector('pre code') || !one.querySelector('a[href*="/docs/"]'))
        .map((one) => one.querySelector('h2').textContent);
    });
    assert.deepEqual(missing, []);
    const links = await page.evaluate(() =>
      [...document.querySelectorAll('a[href*="/docs/"]')].map(({ href }) => href),
    );
    for (const link of links) {
      const [file, anchor] = link.slice(link.indexOf('/docs/') + 1).split('#');
      const text = readFileSync(path.join(root, file), 'utf8');
      assert.ok(!anchor || anchorsOf(text).has(anchor), link);
    }
  }));
