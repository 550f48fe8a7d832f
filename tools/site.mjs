// npm run docs:site: builds the documentation site from the Markdown of the repository, to target/site. A link without a target
// fails the build. npm run docs:serve: builds it and serves it on http://127.0.0.1:8081 (PORT chooses another port).
import path from 'node:path';
import { main, root, run, say } from './run.mjs';
import { installed, SETUP } from './setup.mjs';
import { buildOnce } from './stamp.mjs';

const SITE = {
  name: 'site',
  inputs: [
    ...['docs', 'README.md', 'ARCHITECTURE.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md'],
    ...['site', 'package.json', 'tools/site.mjs', 'tools/markdown-anchors.mjs'],
  ],
  outputs: ['target/site'],
};

/** Installs VitePress from the lockfile of the folder `site`. */
export const setUpSite = () => installed('site', 'VitePress, which builds the documentation site');

/** Builds the site. `base` is the path below which a web server offers it. */
export async function buildSite({ base = '/' } = {}) {
  say('documentation site: VitePress build, to target/site');
  const vitepress = path.join(root, 'site/node_modules/vitepress/bin/vitepress.js');
  await run(process.execPath, [vitepress, 'build', 'site'], { env: { SITE_BASE: base } });
}

/** Builds the site, unless its inputs have not changed since the last build. */
export const buildSiteOnce = () => buildOnce(SITE, () => buildSite());

/** Serves the built site. Resolves to its address and a function that ends the server. */
export async function serveSite({ port = 0, base = '/' } = {}) {
  const { preview } = await import('vite'); // installed only after this module is loaded
  const server = await preview({
    root,
    base,
    configFile: false,
    appType: 'mpa',
    logLevel: 'warn',
    build: { outDir: 'target/site' },
    preview: { host: '127.0.0.1', port, strictPort: true },
  });
  return { url: server.resolvedUrls.local[0], stop: () => server.close() };
}

if (process.argv[1] === path.join(root, 'tools/site.mjs'))
  await main(async () => {
    const base = process.env.SITE_BASE;
    await SETUP['node modules']();
    await setUpSite();
    await buildSite({ base });
    if (!process.argv.includes('--serve')) return;
    const { url } = await serveSite({ port: Number(process.env.PORT ?? 8081), base });
    console.log(`\n  ${url}\n`);
  });
