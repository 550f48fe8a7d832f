// Runs Chromium without a debugger, because watching its network would take longer than what is measured. The page reports its
// result in its title: `done ` and JSON in base64, or `failed: …`.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { CHROME_ARGS } from '../tools/chrome.mjs';
import { freePort } from '../tools/servers.mjs';

/** Opens the page and returns its result. */
export async function inBrowser(chrome, url, { timeout = 300_000, flags = [] } = {}) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tokenward-bench-'));
  const port = await freePort();
  const args = [...CHROME_ARGS, ...flags, '--headless', `--remote-debugging-port=${port}`, `--user-data-dir=${folder}`];
  const browser = spawn(chrome, [...args, url], { stdio: 'ignore' });
  const ended = new Promise((resolve) => browser.on('exit', resolve));
  try {
    for (const end = Date.now() + timeout; Date.now() < end; ) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      const targets = await fetch(`http://127.0.0.1:${port}/json/list`).then(
        (response) => response.json(),
        () => [],
      );
      const title = targets.find(({ type }) => type === 'page')?.title ?? '';
      if (title.startsWith('done ')) return JSON.parse(Buffer.from(title.slice(5), 'base64').toString());
      if (title.startsWith('failed')) throw new Error(title);
    }
    throw new Error(`the browser has not finished within ${timeout / 1000} s`);
  } finally {
    browser.kill();
    await ended;
    await remove(folder);
  }
}

/** Removes the profile. Processes of the browser may write to it for some seconds; after that it stays in the system's temporary folder. */
async function remove(folder) {
  for (let tries = 0; tries < 40; tries += 1) {
    try {
      return rmSync(folder, { recursive: true, force: true });
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }
}
