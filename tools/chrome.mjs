// The flags with which the tests start Chromium: root in a container has no sandbox, and the browser sends no requests of its own.
export const CHROME_ARGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

/** Starts a Chromium under Playwright, which `npm test` and the benches install: a module that needs it loads before that. */
export async function launchChromium(executablePath) {
  const { chromium } = await import('playwright-core');
  return chromium.launch({ executablePath, args: CHROME_ARGS });
}
