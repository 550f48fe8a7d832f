// npm run screenshots: the demo page in use, on a desktop and a phone, light and dark, as PNGs in docs/screenshots (the
// README's) or in the folder that the argument names.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { launchChromium } from './chrome.mjs';
import { main, root, say } from './run.mjs';
import { startServer } from './servers.mjs';
import { setUpTests } from './setup.mjs';
import { buildDemo, buildPackageOnce, buildServer, demoDir } from './start.mjs';

const SIZES = { desktop: { width: 1280, height: 1240 }, phone: { width: 390, height: 844 } };

/** Prepares the page for the picture, with the actions of a visitor. */
export async function play(page, context, { url }) {
  const status = (wanted) => page.waitForSelector(`[data-status=${wanted}]`);
  const waitForText = (text) =>
    page.waitForFunction((wanted) => document.getElementById('result').textContent.includes(wanted), text);
  await page.goto(url);
  await status('signed-out');
  await page.click('#login button');
  await status('signed-in');
  const [other] = await Promise.all([context.waitForEvent('page'), page.click('#another-tab')]);
  await other.waitForSelector('[data-status=signed-in]');
  await page.waitForTimeout(3000);
  await other.click('[data-call="GET /api/me"]');
  await page.click('[data-call="GET /api/me"]');
  await page.waitForTimeout(2000);
  await page.click('#expire');
  await waitForText('treats the current token as expired');
  await page.click('[data-storm="100"]');
  await waitForText('1 refresh');
  await page.waitForTimeout(2000);
  await page.click('#fault-lose-refresh');
  await page.waitForFunction(() =>
    / after [\d.]+ m?s\.$/.test(document.querySelector('[for=fault-lose-refresh]').textContent),
  );
  await other.click('#refresh');
  await page.waitForTimeout(1500);
  await other.waitForTimeout(1500);
}

async function screenshots() {
  const folder = path.resolve(process.argv[2] ?? path.join(root, 'docs/screenshots'));
  const tools = await setUpTests();
  await buildPackageOnce(tools);
  await buildDemo();
  await buildServer();
  mkdirSync(folder, { recursive: true });
  const browser = await launchChromium(tools.chrome);
  try {
    for (const [size, viewport] of Object.entries(SIZES)) {
      for (const colorScheme of ['light', 'dark']) {
        const server = await startServer({ DEMO_DIR: demoDir, ACCESS_TTL: '60' });
        const context = await browser.newContext({
          viewport,
          colorScheme,
          deviceScaleFactor: size === 'phone' ? 2 : 1,
        });
        const page = await context.newPage();
        await play(page, context, server);
        // On a phone, the timeline and what is below it.
        await page.evaluate(
          (phone) => (phone ? document.getElementById('live-title').scrollIntoView() : scrollTo(0, 0)),
          size === 'phone',
        );
        const file = path.join(folder, `demo-${size}-${colorScheme}.png`);
        await page.screenshot({ path: file });
        say(file);
        await context.close();
        await server.stop();
      }
    }
  } finally {
    await browser.close();
  }
}

if (process.argv[1] === path.join(root, 'tools/screenshots.mjs')) await main(screenshots);
