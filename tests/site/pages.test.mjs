// The documentation site in a browser, after `npm run docs:site`.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { chromium } from 'playwright-core';
import { CHROME_ARGS } from '../../tools/chrome.mjs';
import { root } from '../../tools/run.mjs';
import { serveSite } from '../../tools/site.mjs';
import { violations } from '../e2e/axe.mjs';

const built = path.join(root, 'target/site');
const screenshots = path.join(root, 'target/screenshots');

const PHONE = { width: 375, height: 800 };
const DESKTOP = { width: 1280, height: 900 };

let browser;
let site;

before(async () => {
  mkdirSync(screenshots, { recursive: true });
  site = await serveSite();
  browser = await chromium.launch({ executablePath: process.env.CHROME, args: CHROME_ARGS });
});

after(async () => {
  await browser?.close();
  await site?.stop();
});

/**
 * Runs a test with a page of its own. A request to another origin, a response that is not a success, and an error that the page
 * does not catch fail the test.
 */
async function withPage(options, body) {
  const context = await browser.newContext({ viewport: DESKTOP, reducedMotion: 'reduce', ...options });
  const problems = [];
  try {
    const page = await context.newPage();
    page.on('pageerror', (error) => problems.push(error.message));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    page.on('request', (request) => {
      if (!request.url().startsWith(site.url) && !request.url().startsWith('data:')) problems.push(request.url());
    });
    page.on(
      'response',
      (response) => response.status() >= 400 && problems.push(`${response.status()} ${response.url()}`),
    );
    await body(page);
    assert.deepEqual(problems, []);
  } finally {
    await context.close();
  }
}

/** Opens a page and waits until Vue controls it. */
async function open(page, place) {
  await page.goto(new URL(place, site.url).href);
  await page.waitForFunction(() => document.querySelector('#app')?.__vue_app__ !== undefined);
}

const heading = (page) => page.locator('h1').first().textContent();

test('the home page shows the name, the pictures and the text of the README', () =>
  withPage({}, async (page) => {
    await open(page, '.');
    assert.match(await heading(page), /tokenward/);
    await page.getByRole('heading', { name: 'Not for you if' }).waitFor();
    const picture = page.locator('img.only-light');
    await picture.scrollIntoViewIfNeeded();
    await page.waitForFunction(() => document.querySelector('img.only-light').naturalWidth > 0);
    assert.equal(await page.locator('img.only-dark').isVisible(), false);
  }));

test('links lead to pages, to anchors, and to files of the repository', () =>
  withPage({}, async (page) => {
    await open(page, 'start/quick-start');
    assert.match(await heading(page), /Quick start/);
    await page.locator('.vp-doc').getByRole('link', { name: 'development' }).first().click();
    await page.waitForURL('**/guides/development');
    await open(page, 'start/demo');
    const { repository } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
    const address = repository.url.replace(/^git\+|\.git$/g, '');
    const link = page.locator('.vp-doc').getByRole('link', { name: 'examples' });
    assert.equal(await link.getAttribute('href'), `${address}/tree/main/examples`);
  }));

test('the search finds the option "remember"', () =>
  withPage({}, async (page) => {
    await open(page, 'reference/options');
    await page.locator('#local-search button').click();
    await page.locator('#localsearch-input').fill('remember');
    const result = page.locator('#localsearch-list a.result[href*="/reference/server-option"]').first();
    await result.click();
    await page.waitForURL('**/reference/server-option#*');
    assert.match(await page.locator('.vp-doc').textContent(), /remember/);
  }));

test('the button for the theme switches to dark', () =>
  withPage({ colorScheme: 'light' }, async (page) => {
    await open(page, '.');
    await page.locator('.VPNavBarAppearance .VPSwitchAppearance').click();
    await page.waitForFunction(() => document.documentElement.classList.contains('dark'));
    assert.equal(await page.locator('img.only-light').isVisible(), false);
  }));

for (const [size, viewport] of Object.entries({ phone: PHONE, desktop: DESKTOP }))
  for (const colorScheme of ['light', 'dark'])
    test(`${size}, ${colorScheme}: no axe violation, no horizontal overflow`, () =>
      withPage({ viewport, colorScheme }, async (page) => {
        for (const place of ['.', 'explanation/secrecy', 'reference/errors/OFFLINE']) {
          await open(page, place);
          assert.deepEqual(await violations(page), [], place);
          const overflow = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          );
          assert.equal(overflow, 0, place);
          const name = place === '.' ? 'home' : path.basename(place);
          await page.screenshot({ path: path.join(screenshots, `site-${name}-${size}-${colorScheme}.png`) });
        }
      }));

const pages = () =>
  readdirSync(built, { recursive: true })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.html') && name !== '404.html');

const idsOf = (html) => new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));

/** The link's anchor if the page that it leads to lacks it. */
function missing(from, link) {
  const target = new URL(link, `http://site/${from.replace(/(index)?\.html$/, '')}`);
  const place = decodeURI(target.pathname.slice(1));
  const file = place === '' || place.endsWith('/') ? `${place}index.html` : `${place}.html`;
  if (!existsSync(path.join(built, file))) return `${from}: ${link}: expected the page ${file}`;
  const anchor = decodeURIComponent(target.hash.slice(1));
  const known = anchor === '' || idsOf(readFileSync(path.join(built, file), 'utf8')).has(anchor);
  return known ? undefined : `${from}: ${link}: expected the anchor on ${file}`;
}

test('every link between pages has a page and an anchor', () => {
  const broken = pages().flatMap((name) => {
    const html = readFileSync(path.join(built, name), 'utf8');
    const links = [...html.matchAll(/<a [^>]*href="([^"]+)"/g)].map(([, link]) => link.replaceAll('&amp;', '&'));
    const internal = [...new Set(links)].filter((link) => !/^[a-z][a-z0-9+.-]*:|^\/assets\//i.test(link));
    return internal.map((link) => missing(name, link)).filter(Boolean);
  });
  assert.deepEqual(broken, []);
});

test('every document is a page', () => {
  const documents = readdirSync(path.join(root, 'docs'), { recursive: true }).filter((name) => name.endsWith('.md'));
  assert.ok(documents.length > 50);
  // The README is the home page; ARCHITECTURE, CHANGELOG, CONTRIBUTING and SECURITY are pages too.
  assert.equal(pages().length, documents.length + 5);
});
