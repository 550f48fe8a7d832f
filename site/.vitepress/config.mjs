// The documentation site: VitePress over the Markdown of the repository, which stays where it is.
// `SITE_BASE` is the path below which a web server offers the site, `/` by default.
import path from 'node:path';
import { defineConfig } from 'vitepress';
import { adaptMarkdown, anchor } from './markdown.mjs';
import { nav, sidebar } from './navigation.mjs';
import { otherMarkdown, packageJson, pageOf, repository, root } from './places.mjs';

const ICON = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><path fill="#3451b2" d="M16 2 4 7v8c0 8 5 13 12 15 7-2 12-7 12-15V7z"/><path fill="none" stroke="#fff" stroke-width="3" d="m10 16 4 4 8-8"/></svg>`;

/** The start page is the README, with name and description as its head (theme/StartPage.vue). */
const START_PAGE = {
  layout: 'StartPage',
  sidebar: false,
  name: packageJson.name,
  tagline: packageJson.description,
  actions: [
    { theme: 'brand', text: 'Quick start', link: '/start/quick-start' },
    { theme: 'alt', text: 'Choose a mode', link: '/guides/choose-a-mode' },
    { theme: 'alt', text: 'What a script can get', link: '/explanation/secrecy' },
    { theme: 'alt', text: 'Repository', link: repository },
  ],
};

export default defineConfig({
  title: packageJson.name,
  description: packageJson.description,
  lang: 'en',
  base: process.env.SITE_BASE ?? '/',
  cleanUrls: true,
  srcDir: root,
  outDir: path.join(root, 'target/site'),
  cacheDir: path.join(root, 'target/site-cache'),
  srcExclude: otherMarkdown(),
  rewrites: pageOf,
  head: [['link', { rel: 'icon', href: `data:image/svg+xml,${encodeURIComponent(ICON)}` }]],
  markdown: {
    anchor,
    config: adaptMarkdown,
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
  },
  transformPageData(page) {
    if (page.relativePath === 'index.md')
      Object.assign(page, { title: packageJson.name, titleTemplate: false, frontmatter: START_PAGE });
  },
  themeConfig: {
    nav: nav(),
    sidebar: sidebar(),
    outline: [2, 3],
    search: { provider: 'local' },
    socialLinks: [{ icon: 'github', link: repository, ariaLabel: 'Repository' }],
    editLink: { pattern: `${repository}/edit/main/:path`, text: 'Change this page' },
  },
});
