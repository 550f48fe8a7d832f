// npm run bench:secrecy: counts the hostile scripts that obtain a token from tokenward, in each mode, and from other clients:
// the tables of docs/explanation/secrecy.md. About an hour; `ONLY=peers` omits tokenward, `PEER=name` and `PROBE=name` select.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { installLeakDetector } from '../tests/xss/leak-detector.mjs';
import { groups, PROBES } from '../tests/xss/probes.mjs';
import { reversed, useIt } from '../tests/xss/use.mjs';
import { buildPackage } from '../tools/build.mjs';
import { launchChromium } from '../tools/chrome.mjs';
import { main, run, say, UserError } from '../tools/run.mjs';
import { setUpTests } from '../tools/setup.mjs';
import { buildServer } from '../tools/start.mjs';
import { buildPeers, PEERS } from './peers/build.mjs';
import { startPeerServer } from './peers/server.mjs';

const USER = { email: 'ada@example.com', password: 'analytical engine' };
/** The headers of the page, the same as for tokenward. */
const headers = { 'content-security-policy': "worker-src 'self'" };
const AT_ONCE = 3;
const PAGE_TIMEOUT = 20_000;

await main(async () => {
  const tools = await setUpTests();
  const table = {};
  if (process.env.ONLY !== 'peers') {
    await buildPackage(tools);
    await buildServer();
    Object.assign(table, await attackTokenward(tools));
  }
  const files = await buildPeers();
  const browser = await launchChromium(tools.chrome);
  try {
    for (const [title, name] of Object.entries(PEERS).filter(([title]) => title.includes(process.env.PEER ?? ''))) {
      say(`hostile scripts: ${title}`);
      const attack = (probe, early) => attackPeer(browser, { files, name, probe, early });
      // A peer that does not work leaks nothing.
      if (!(await attack(undefined, false)).works) throw new UserError(`${title} did not work without a probe`);
      const [late, early] = [await attackAll(attack, false), await attackAll(attack, true)];
      const attempts = await refreshByHand(browser, { files, name });
      console.log(`late, ${title}: ${late.leaks.join(' · ')}`);
      console.log(`early, ${title}: ${early.leaks.join(' · ')}`);
      console.log(`stopped by: late ${late.broken.join(' · ') || 'none'}; early ${early.broken.join(' · ') || 'none'}`);
      console.log(`refreshes by hand, ${title}: ${attempts.join(' · ') || 'none'}`);
      table[title] = { late: late.leaks.length, early: early.leaks.length, 'by hand': attempts.length };
    }
  } finally {
    await browser.close();
  }
  console.log(`\nprobes of ${PROBES.length} that obtained a token`);
  console.table(table);
});

/** Runs each set of tests/xss, with one probe per page; returns the table that the tests write. */
async function attackTokenward({ chrome, firefox, geckodriver }) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'tokenward-secrecy-'));
  const TABLE = path.join(folder, 'table.json');
  try {
    const args = ['--test', '--test-reporter=spec', '--test-concurrency=1', 'tests/xss/'];
    const env = { ALL: '1', ALONE: '1', TABLE, CHROME: chrome, FIREFOX: firefox, GECKODRIVER: geckodriver };
    await run(process.execPath, args, { env });
    return JSON.parse(readFileSync(TABLE, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The probes that obtained a token, and those that stopped the client before. */
async function attackAll(attack, early) {
  const leaks = [];
  const broken = [];
  const queue = groups(true).flat();
  const worker = async () => {
    for (let probe = queue.shift(); probe; probe = queue.shift()) {
      const { found, works } = await attack(probe, early);
      if (found > 0) leaks.push(probe.name);
      else if (!works) broken.push(probe.name);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { leaks: leaks.sort(), broken: broken.sort() };
}

/** Runs `work` on a page with the peer, at an origin of its own. */
async function withPeer(browser, { files, name, scripts }, work) {
  const page = () => `<!doctype html><title>${name}</title><body></body>`;
  const server = await startPeerServer({ files, page, headers });
  const context = await browser.newContext();
  let timer;
  try {
    const tab = await context.newPage();
    for (const script of scripts) await tab.addInitScript(script);
    await tab.goto(`${server.origin}/`);
    const timeout = new Promise((_, reject) => {
      timer = setTimeout(reject, PAGE_TIMEOUT, new Error('the page did not answer'));
    });
    return await Promise.race([work(tab, server), timeout]);
  } finally {
    clearTimeout(timer);
    await context.close();
    await server.stop();
  }
}

function signIn(tab, name) {
  return tab.evaluate(
    async ([file, user]) => {
      const { open } = await import(file);
      globalThis.auth = await open();
      globalThis.AuthClient = (auth.client ?? auth).constructor;
      await auth.login(user);
    },
    [`/peers/${name}.js`, USER],
  );
}

async function attackPeer(browser, { files, name, probe, early }) {
  const patch = probe ? `leakDetector.patch(${JSON.stringify(probe)})` : '';
  const scripts = [installLeakDetector, ...(early ? [patch] : [])];
  return withPeer(browser, { files, name, scripts }, async (tab, { issued }) => {
    await signIn(tab, name).catch((error) => {
      if (!early) throw error;
    });
    if (!early) await tab.evaluate(patch);
    await tab.evaluate(useIt, USER);
    const tokens = [...issued].map(reversed);
    return { found: await tab.evaluate((all) => leakDetector.count(all), tokens), works: issued.size >= 3 };
  }).catch((error) => {
    if (process.env.DEBUG) console.error(probe?.name, error.message);
    return { found: 0, works: false };
  });
}

/** The attempts to call the refresh endpoint by hand that gave a token. */
function refreshByHand(browser, { files, name }) {
  return withPeer(browser, { files, name, scripts: [] }, async (tab) => {
    await signIn(tab, name);
    return tab.evaluate(async () => {
      const stored = () => /"refresh_token":"([^"]+)"/.exec(Object.values({ ...localStorage }).join())?.[1];
      const url = stored() ? '/supabase/token?grant_type=refresh_token' : '/auth/refresh';
      const body = () => stored() && JSON.stringify({ refresh_token: stored() });
      const init = () => ({ method: 'POST', credentials: 'include', body: body() });
      const frame = document.body.appendChild(document.createElement('iframe'));
      const attempts = {
        fetch: () => fetch(url, init()).then((response) => response.text()),
        XMLHttpRequest: () =>
          new Promise((resolve) => {
            const xhr = new XMLHttpRequest();
            xhr.open('POST', url);
            xhr.onloadend = () => resolve(xhr.responseText);
            xhr.send(body());
          }),
        'fetch of an iframe': () => frame.contentWindow.fetch(url, init()).then((response) => response.text()),
      };
      const succeeded = [];
      for (const [name, attempt] of Object.entries(attempts)) {
        if (/eyJ/.test(await attempt())) succeeded.push(name);
        await auth.refresh().catch(() => {});
        await auth.login({ email: 'ada@example.com', password: 'analytical engine' });
      }
      return succeeded;
    });
  });
}
