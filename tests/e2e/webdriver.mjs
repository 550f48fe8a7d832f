// Browsers driven by W3C WebDriver: Firefox, and WebKitGTK on Linux (`npm test` names their drivers).
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freePort, until } from '../../tools/servers.mjs';

export const ENGINES = {
  Firefox: {
    driver: process.env.GECKODRIVER,
    args: (port, folder) => ['--port', String(port), '--profile-root', folder],
    capabilities: { 'moz:firefoxOptions': { binary: process.env.FIREFOX, args: ['-headless'] } },
  },
  WebKitGTK: {
    driver: process.env.WEBKIT_DRIVER,
    args: (port) => [`--port=${port}`],
    capabilities: {},
    display: true,
  },
};

/** Starts a browser by its driver: `open(url)` opens a tab, `run(tab, function, argument)` runs a function in it. */
export async function startBrowser({ driver, args, capabilities, display }) {
  const port = await freePort();
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tokenward-'));
  const env = { ...process.env, TMPDIR: folder };
  const screen = display ? spawn('Xvfb', ['-displayfd', '1'], { stdio: ['ignore', 'pipe', 'ignore'] }) : undefined;
  if (screen) {
    env.DISPLAY = `:${String(await new Promise((resolve) => screen.stdout.once('data', resolve))).trim()}`;
    // A container that runs as root has no sandbox. The browser only opens pages of 127.0.0.1.
    env.WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS = '1';
  }
  const program = spawn(driver, args(port, folder), { stdio: 'ignore', env });
  const ended = new Promise((resolve) => program.on('exit', resolve));
  const stop = async () => {
    program.kill();
    await ended;
    screen?.kill();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  const ask = async (method, where, body, limit = 30_000) => {
    const headers = { 'content-type': 'application/json' };
    const init = { method, headers, ...(body && { body: JSON.stringify(body) }), signal: AbortSignal.timeout(limit) };
    const response = await fetch(`http://127.0.0.1:${port}${where}`, init);
    const { value } = await response.json();
    if (!response.ok) throw new Error(`${value.error}: ${value.message}`);
    return value;
  };
  /** The driver listens a moment after it starts, and a browser starts slowly on a busy machine. */
  const newSession = async () => {
    await until(
      () => fetch(`http://127.0.0.1:${port}/status`).catch(() => null),
      () => `${driver} does not answer on port ${port}`,
    );
    return (await ask('POST', '/session', { capabilities: { alwaysMatch: capabilities } }, 90_000)).sessionId;
  };
  const session = await newSession().catch(async (error) => {
    await stop();
    throw error;
  });
  const to = (method, where, body, limit) => ask(method, `/session/${session}${where}`, body, limit);
  const script = (code, argument) =>
    to(
      'POST',
      '/execute/async',
      {
        script: `const [given, done] = arguments; (${code})(given).then((value) => done({ value }), (error) => done({ error: String(error) }));`,
        args: [argument ?? null],
      },
      110_000,
    );
  await to('POST', '/timeouts', { script: 100_000 });
  return {
    async open(url) {
      const { handle } = await to('POST', '/window/new', { type: 'tab' });
      await to('POST', '/window', { handle });
      await to('POST', '/url', { url });
      return handle;
    },
    async run(handle, body, argument) {
      await to('POST', '/window', { handle });
      const { value, error } = await script(body, argument);
      if (error) throw new Error(error);
      return value;
    },
    /** Opens the URL in the current tab. */
    visit: (url) => to('POST', '/url', { url }),
    present: () => to('GET', '/window'),
    title: () => to('GET', '/title'),
    async stop() {
      await to('DELETE', '').catch(() => {});
      await stop();
    },
  };
}
