// The site that the benchmarks open: the package, the peers, and the page that measures.
import { copyFileSync, cpSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../tools/run.mjs';
import { startServer } from '../tools/servers.mjs';
import { inBrowser } from './browser.mjs';

/** Writes the site to a folder. `peers` is a folder of modules; without it, the site contains tokenward alone. */
export function makeSite(site, peers) {
  cpSync(path.join(root, 'pkg'), path.join(site, 'pkg'), { recursive: true });
  if (peers) cpSync(peers, path.join(site, 'peers'), { recursive: true });
  copyFileSync(path.join(root, 'benches/page.js'), path.join(site, 'bench.js'));
  const scripts = '<script src="/settings.js"></script><script type="module" src="/bench.js"></script>';
  writeFileSync(path.join(site, 'index.html'), `<!doctype html><title>running</title><body>${scripts}</body>`);
  writeFileSync(path.join(site, 'tab.html'), '<!doctype html><title>a tab</title>');
  return site;
}

/** Runs one bench of `page.js` against a real server, and returns its result. */
export async function runOn(site, chrome, settings, options) {
  writeFileSync(path.join(site, 'settings.js'), `globalThis.BENCH = ${JSON.stringify(settings)};`);
  const server = await startServer({ REFRESH_LIMIT: '1000000', LOGIN_LIMIT: '1000000', DEMO_DIR: site });
  try {
    return await inBrowser(chrome, server.url, options);
  } finally {
    await server.stop();
  }
}
