// npm run bench:sign-in: sign-in at a provider with tokenward, and with clients that exchange the code on the page. Each scenario
// runs in a browser of its own, against oidc-provider on another site. Prints a table; nothing in it is asserted.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { buildPackage } from '../tools/build.mjs';
import { main, root } from '../tools/run.mjs';
import { installed, setUpTests } from '../tools/setup.mjs';
import { buildServer } from '../tools/start.mjs';

const CLIENTS = {
  tokenward: 'tokenward',
  'oidc-client-ts': 'oidc',
  'auth0-spa-js': 'auth0',
  '@axa-fr/oidc-client': 'axa',
};
/** A scenario that takes longer has no answer. */
const LIMIT_MS = 40_000;

const built = path.join(root, 'target/sign-in-pages');

async function buildPages() {
  const { build } = await import('esbuild');
  const entryPoints = Object.values(CLIENTS).map((name) => path.join(root, 'benches/sign-in', `${name}.js`));
  const external = ['../../pkg/index.js'];
  await build({ bundle: true, format: 'esm', minify: true, target: 'es2022', outdir: built, entryPoints, external });
}

/** auth0-spa-js has fixed paths, and expects an issuer that ends with a slash. */
async function startTenant(issuer) {
  const server = http.createServer(async (request, response) => {
    const { pathname, search } = new URL(request.url, issuer);
    response.setHeader('access-control-allow-origin', request.headers.origin ?? '*');
    response.setHeader('access-control-allow-headers', '*, content-type, auth0-client');
    if (request.method === 'OPTIONS') return response.writeHead(204).end();
    if (pathname !== '/oauth/token') return response.writeHead(302, { location: `${issuer}/auth${search}` }).end();
    let body = '';
    for await (const chunk of request) body += chunk;
    const form = new URLSearchParams(body.startsWith('{') ? JSON.parse(body) : body);
    const answer = await fetch(`${issuer}/token`, { method: 'POST', body: form }).catch(() => undefined);
    if (!answer) return request.socket.destroy();
    let text = await answer.text();
    if (answer.ok) {
      const tokens = JSON.parse(text);
      // (The library does not verify the signature of an ID token that it fetched itself.)
      const [header, payload, signature] = tokens.id_token.split('.');
      const claims = {
        ...JSON.parse(Buffer.from(payload, 'base64url')),
        iss: `${url}/`,
      };
      tokens.id_token = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
      text = JSON.stringify(tokens);
    }
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(text);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://localhost:${server.address().port}`;
  return {
    url,
    stop: () => {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Runs a scenario with one client. Returns what the user sees, in a few words. */
async function runOne(name, run) {
  const { openUser, startSignIn } = await import('../tests/sign-in/harness.mjs');
  const world = await startSignIn({
    publicClient: (app) => ({ redirect_uris: ['callback', 'popup', 'silent'].map((end) => `${app}/app/${end}`) }),
  });
  const tenant = await startTenant(world.provider.issuer);
  const user = await openUser(world);
  const settings = { issuer: world.provider.issuer, tenant: tenant.url, page: `${world.app}/app` };
  const html = `<!doctype html><title>app</title><script>globalThis.settings = ${JSON.stringify(settings)};</script>
    <script type="module" src="/page/${name}.js"></script>`;
  const script = readFileSync(path.join(built, `${name}.js`), 'utf8').replaceAll('../../pkg/index.js', '/pkg/index.js');
  for (const place of ['/app', '/app/callback', '/app/popup', '/app/silent']) world.proxy.pages.set(place, () => html);
  world.proxy.pages.set(`/page/${name}.js`, () => script);
  let timer;
  const limit = new Promise((resolve) => {
    timer = setTimeout(() => resolve('no answer'), LIMIT_MS);
  });
  try {
    const tab = (place = '/app') => user.tab(place);
    const failed = (error) => `failed: ${error.message.split('\n')[0].replace(/^page\.\w+: /, '')}`;
    return await Promise.race([run({ ...world, name, user, tab }).catch(failed), limit]);
  } finally {
    clearTimeout(timer);
    await user.close();
    await tenant.stop();
    await world.stop();
  }
}

const isServer = (name) => name === 'tokenward';
const begin = (page) => page.evaluate(() => void driver.signIn('/app?here').catch(() => {}));

/** Waits until the page has tried what it has to, and says what came of it. */
async function stateOf(page) {
  await page.waitForFunction(() => globalThis.settled, undefined, { polling: 50 });
  const error = await page.evaluate(() =>
    settled.then(
      () => undefined,
      (reason) => reason.error ?? reason.code ?? reason.message,
    ),
  );
  const isSignedIn = await page
    .waitForFunction(() => driver.isSignedIn(), undefined, { timeout: 4_000, polling: 100 })
    .then(() => true)
    .catch(() => false);
  if (!isSignedIn) return error ? `error: ${error}` : 'signed out';
  if (error) return `signed in + error`;
  const renews = await page.evaluate(() =>
    driver.refresh().then(
      () => true,
      () => false,
    ),
  );
  return renews ? 'ok' : 'grant is over';
}

/** Signs in, and waits until the browser is back at the app. */
async function signIn({ app, user, tab }, name = 'ada') {
  const page = await tab();
  await stateOf(page);
  await begin(page);
  await user.enter(page, name);
  await page.waitForURL((url) => url.origin === app);
  return page;
}

const SCENARIOS = {
  async 'sign-in'(world) {
    return stateOf(await signIn(world));
  },
  async 'two tabs at once'({ app, user, tab }) {
    const tabs = [await tab('/app?1'), await tab('/app?2')];
    for (const page of tabs) {
      await stateOf(page);
      await begin(page);
      await page.waitForURL(/interaction/);
    }
    for (const page of tabs) {
      await user.enter(page);
      await page.waitForURL((url) => url.origin === app);
    }
    return (await Promise.all(tabs.map(stateOf))).join(' · ');
  },
  async 'callback run twice'(world) {
    await world.user.context.addInitScript(() => localStorage.setItem('strict', '1'));
    return stateOf(await signIn(world));
  },
  async 'reload during the exchange'({ app, provider, name, user, tab }) {
    const page = await tab();
    await stateOf(page);
    let callback;
    page.on('request', (request) => {
      if (request.isNavigationRequest() && /[?&]code=/.test(request.url())) callback = request.url();
    });
    let open;
    provider.faults.holdExchange = new Promise((resolve) => {
      open = resolve;
    });
    await begin(page);
    await user.enter(page);
    while (provider.counts.redeemed === 0) await page.waitForTimeout(50);
    const again = isServer(name) ? page.goto(callback) : page.reload();
    provider.faults.holdExchange = undefined;
    open();
    await again;
    await page.waitForURL((url) => url.origin === app);
    return stateOf(page);
  },
  async 'callback address again'(world) {
    let callback;
    world.user.context.on('request', (request) => {
      if (request.isNavigationRequest() && request.url().startsWith(world.app) && /[?&]code=/.test(request.url()))
        callback = request.url();
    });
    const page = await signIn(world);
    await stateOf(page);
    await page.goto(callback);
    return stateOf(page);
  },
  async "the exchange's answer is lost"(world) {
    world.provider.faults.loseAnswers = 1;
    return stateOf(await signIn(world));
  },
  async 'token endpoint answers 503 twice'(world) {
    world.provider.faults.refuseExchanges = 2;
    return stateOf(await signIn(world));
  },
  async 'wrong iss (RFC 9207)'(world) {
    world.provider.faults.callback = (parameters) => parameters.set('iss', 'https://evil.example');
    return (await stateOf(await signIn(world))) === 'ok' ? 'accepted' : 'refused';
  },
  async 'reload later'(world) {
    const page = await signIn(world);
    await stateOf(page);
    await page.goto(`${world.app}/app`);
    return stateOf(page);
  },
  async 'second tab'(world) {
    await stateOf(await signIn(world));
    return stateOf(await world.tab());
  },
  async "a refresh's answer is lost"(world) {
    const page = await signIn(world);
    await stateOf(page);
    let lost = 0;
    if (isServer(world.name))
      world.proxy.fault = ({ path: place }) =>
        place === '/auth/refresh' && lost++ === 0 ? { lose: 'answer' } : undefined;
    else world.provider.faults.loseAnswers = 1;
    await page.evaluate(() => driver.refresh().catch(() => {}));
    return stateOf(page);
  },
  async 'signed out at the provider'(world) {
    const page = await signIn(world);
    await stateOf(page);
    const other = await world.tab('/blank');
    await other.goto(`${world.provider.issuer}/session/end`);
    await other.waitForURL(/session\/end\/success/);
    const call = () =>
      page.evaluate(() =>
        driver.call?.().then(
          (answer) => answer.status,
          () => 'over',
        ),
      );
    if ((await call()) === 'over') return 'over at once';
    return (await stateOf(page)) === 'ok' ? 'stays signed in' : 'over at next refresh';
  },
  async popup(world) {
    return byPopup(world);
  },
  async 'popup under COOP'(world) {
    world.provider.faults.coop = true;
    return byPopup(world);
  },
};

async function byPopup({ user, tab }) {
  const page = await tab();
  await stateOf(page);
  if (!(await page.evaluate(() => Boolean(driver.popup)))) return 'no popup';
  const opened = page.waitForEvent('popup');
  await page.evaluate(() => {
    globalThis.settled = driver.popup();
    settled.catch(() => {});
  });
  await user.enter(await opened);
  return stateOf(page);
}

await main(async () => {
  const tools = await setUpTests();
  process.env.CHROME = tools.chrome;
  await installed('tests/backends', 'the provider');
  await installed('benches', 'the clients that tokenward is compared with');
  if (!process.env.BUILT) {
    await buildPackage(tools);
    await buildServer();
  }
  await buildPages();
  const { closeBrowser, openBrowser } = await import('../tests/e2e/harness.mjs');
  await openBrowser();
  const names = Object.keys(CLIENTS);
  const width = Math.max(...Object.keys(SCENARIOS).map((name) => name.length));
  console.log(`${''.padEnd(width)}  ${names.map((name) => name.padEnd(22)).join('')}`);
  for (const [scenario, run] of Object.entries(SCENARIOS)) {
    if (!scenario.includes(process.env.ONLY ?? '')) continue;
    const cells = [];
    for (const name of names) cells.push((await runOne(CLIENTS[name], run)).slice(0, 20).padEnd(22));
    console.log(`${scenario.padEnd(width)}  ${cells.join('')}`);
  }
  await closeBrowser();
});
