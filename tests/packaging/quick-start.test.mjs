// The apps of docs/start/quick-start.md, as the page prints them: the types of the React app, and both apps in Chromium with the
// demo server. The guards must hold while a page is displayed.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { chromium } from 'playwright-core';
import { CHROME_ARGS } from '../../tools/chrome.mjs';
import { root } from '../../tools/run.mjs';
import { startServer } from '../../tools/servers.mjs';
import { bin, here, program, sendFile, startGateway } from './gateway.mjs';

const ADA = ['ada@example.com', 'analytical engine'];
const GRACE = ['grace@example.com', 'nanoseconds'];

/** Each app: the part of the page with its files, and the files that a new Vite project has. */
const APPS = {
  React: {
    entry: 'main.tsx',
    given: {
      'vite.config.mjs': "import react from '@vitejs/plugin-react';\nexport default { plugins: [react()] };\n",
      'tsconfig.json': JSON.stringify({
        compilerOptions: {
          target: 'es2022',
          module: 'preserve',
          lib: ['es2022', 'dom', 'dom.iterable'],
          jsx: 'react-jsx',
          types: ['vite/client', 'react', 'react-dom'],
          strict: true,
          skipLibCheck: true,
          noEmit: true,
        },
        include: ['src'],
      }),
    },
  },
  Vue: {
    entry: 'main.ts',
    given: { 'vite.config.mjs': "import vue from '@vitejs/plugin-vue';\nexport default { plugins: [vue()] };\n" },
  },
};

let server;
let browser;

before(async () => {
  server = await startServer();
  browser = await chromium.launch({ executablePath: process.env.CHROME, args: CHROME_ARGS });
});

after(async () => {
  await browser?.close();
  await server?.stop();
});

/** The code blocks of a part of the quick start that name their file in the first line: `[[name, code]]`. */
function filesOf(heading) {
  const text = readFileSync(path.join(root, 'docs/start/quick-start.md'), 'utf8');
  const part = text.split(/^## /m).find((one) => one.startsWith(heading));
  return [...part.matchAll(/```\w+\n(?:\/\/|<!--) (src\/[\w.]+).*\n([\s\S]*?)```/g)].map(([, name, code]) => [
    name,
    code,
  ]);
}

/** Writes an app where the tools find the packages of the tests. Returns its folder. */
function writeApp(name) {
  const { entry, given } = APPS[name];
  const folder = path.join(here, `quick-start-${name.toLowerCase()}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(path.join(folder, 'src'), { recursive: true });
  const id = name === 'React' ? 'root' : 'app';
  const page = `<!doctype html><html lang="en"><title>app</title><div id="${id}"></div><script type="module" src="/src/${entry}"></script></html>`;
  const files = [...filesOf('# Quick start'), ...filesOf(name), ...Object.entries(given)];
  for (const [file, code] of [...files, ['index.html', page]]) writeFileSync(path.join(folder, file), code);
  return folder;
}

for (const name of Object.keys(APPS)) {
  describe(`the ${name} app of the quick start`, () => {
    let folder;
    let site;
    let context;

    before(async () => {
      folder = writeApp(name);
      await program(folder, [bin('vite'), 'build', '--outDir', 'dist', '--emptyOutDir']);
      site = await startGateway(server.url, (_, response, pathname) => {
        // A second client on the page's origin, for tests that need a sign-in which the app does not offer.
        const local = pathname.replace(/^\/tokenward\//, '/../../node_modules/tokenward/pkg/');
        const file = path.join(folder, 'dist', local);
        sendFile(response, path.extname(file) && existsSync(file) ? file : path.join(folder, 'dist/index.html'));
      });
    });

    after(() => site?.stop());

    /** Runs a test in a browser context of its own; an uncaught error of a page fails it. */
    const inBrowser = (title, work) =>
      test(title, { timeout: 120_000 }, async () => {
        context = await browser.newContext();
        const errors = [];
        context.on('weberror', (event) => errors.push(event.error().message));
        try {
          await work(await context.newPage());
          assert.deepEqual(errors, []);
        } finally {
          await context.close();
        }
      });

    const signIn = async (page, [email, password]) => {
      await page.getByLabel('Email').fill(email);
      await page.getByLabel('Password').fill(password);
      await page.getByRole('button', { name: 'Sign in' }).click();
    };

    const open = async (page, place, account) => {
      await page.goto(site.url + place);
      if (account) await signIn(page, account);
    };

    const heading = (page, text) => page.getByRole('heading', { name: text });

    /** Signs another user in, as a second app of the origin would. */
    const switchUser = async (account) => {
      const page = await context.newPage();
      await page.route(`${site.url}/other`, (route) =>
        route.fulfill({ body: '<!doctype html>', contentType: 'text/html' }),
      );
      await page.goto(`${site.url}/other`);
      await page.evaluate(async ([email, password]) => {
        const { AuthClient } = await import('/tokenward/index.js');
        const auth = new AuthClient();
        await auth.ready;
        await auth.login({ email, password });
      }, account);
      return page;
    };

    if (name === 'React') test('it compiles in strict mode', () => program(folder, [bin('tsc'), '-p', folder]));

    inBrowser('it reports a wrong password, signs in, calls the API and survives a reload', async (page) => {
      await open(page, '/', [ADA[0], 'wrong']);
      await page.getByRole('alert').filter({ hasText: 'Wrong email or password.' }).waitFor();
      await signIn(page, ADA);
      await heading(page, 'Home').waitFor();
      await page.getByRole('button', { name: 'Call the API' }).click();
      await page.getByText('"email":"ada@example.com"').waitFor();
      await page.reload();
      await heading(page, 'Home').waitFor();
    });

    inBrowser('it returns to path, query and hash after a sign-in', async (page) => {
      await open(page, '/?tab=calls&page=2#total');
      await page.waitForURL(`${site.url}/login**`);
      await signIn(page, ADA);
      await page.waitForURL(`${site.url}/?tab=calls&page=2#total`);
      await heading(page, 'Home').waitFor();
    });

    inBrowser('a sign-out hides the page that is displayed, and the next sign-in returns to it', async (page) => {
      await open(page, '/?tab=calls&page=2#total', ADA);
      await heading(page, 'Home').waitFor();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.waitForURL(`${site.url}/login**`);
      await page.getByRole('button', { name: 'Sign in' }).waitFor();
      assert.equal(await heading(page, 'Home').count(), 0);
      assert.equal(await page.getByText('ada@example.com').count(), 0);
      await signIn(page, ADA);
      await page.waitForURL(`${site.url}/?tab=calls&page=2#total`);
    });

    inBrowser('a sign-out in another tab hides the page, and a sign-in there shows it again', async (page) => {
      await open(page, '/?tab=calls#total', ADA);
      await heading(page, 'Home').waitFor();
      const other = await context.newPage();
      await open(other, '/');
      await other.getByRole('button', { name: 'Sign out' }).click();
      await page.waitForURL(`${site.url}/login**`);
      assert.equal(await heading(page, 'Home').count(), 0);
      await signIn(other, ADA);
      await page.waitForURL(`${site.url}/?tab=calls#total`);
      await heading(page, 'Home').waitFor();
    });

    inBrowser('a session that the server ends hides the page at the next call', async (page) => {
      await open(page, '/', ADA);
      await heading(page, 'Home').waitFor();
      await page.route('**/api/me', (route) => route.fulfill({ status: 401 }));
      await page.route('**/auth/refresh', (route) =>
        route.fulfill({ status: 401, json: { error: { code: 'INVALID_REFRESH_TOKEN', message: '' } } }),
      );
      await page.getByRole('button', { name: 'Call the API' }).click();
      await page.waitForURL(`${site.url}/login**`);
      assert.equal(await heading(page, 'Home').count(), 0);
    });

    inBrowser('a page for one role hides when a user without the role signs in elsewhere', async (page) => {
      await open(page, '/admin', ADA);
      await heading(page, 'Administration').waitFor();
      const other = await switchUser(GRACE);
      await page.getByText('Only administrators may see this page.').waitFor();
      assert.equal(await heading(page, 'Administration').count(), 0);
      assert.equal(await page.getByRole('link', { name: 'Admin' }).count(), 0);
      await page.getByText('grace@example.com').waitFor();
      await other.close();
      await page.getByRole('link', { name: 'Home' }).click();
      await heading(page, 'Home').waitFor();
      await switchUser(ADA);
      await page.getByRole('link', { name: 'Admin' }).click();
      await heading(page, 'Administration').waitFor();
    });

    inBrowser('a change of user discards the state of the page', async (page) => {
      await open(page, '/', ADA);
      await page.getByRole('button', { name: 'Call the API' }).click();
      await page.getByText('"email":"ada@example.com"').waitFor();
      await switchUser(GRACE);
      await page.getByText('grace@example.com').waitFor();
      assert.equal(await page.getByText('ada@example.com').count(), 0);
    });

    inBrowser('while the server is away, it says so and shows neither page nor form', async (page) => {
      await open(page, '/?tab=calls', ADA);
      await heading(page, 'Home').waitFor();
      await page.route('**/auth/refresh', (route) => route.fulfill({ status: 503 }));
      await page.reload();
      await page.getByRole('status').filter({ hasText: 'The server cannot be reached. Trying again …' }).waitFor();
      assert.equal(await heading(page, 'Home').count(), 0);
      assert.equal(await page.getByRole('button', { name: 'Sign in' }).count(), 0);
      await page.unroute('**/auth/refresh');
      await heading(page, 'Home').waitFor();
      assert.equal(page.url(), `${site.url}/?tab=calls`);
    });

    inBrowser('a crafted login link does not lead to another origin', async (page) => {
      await open(page, '/login?redirect=//example.com/phishing', ADA);
      await page.getByText('ada@example.com').waitFor();
      assert.equal(new URL(page.url()).origin, site.url);
    });
  });
}
