// The navigation: the titles are the first headings of the documents. A document that is not in the order comes after the others.
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pageOf, root } from './places.mjs';

const SECTIONS = [
  { text: 'Start', folder: 'docs/start', first: ['quick-start', 'demo'] },
  {
    text: 'Guides',
    folder: 'docs/guides',
    first: [
      ...['choose-a-mode', 'development', 'recipes', 'connect-your-server', 'write-your-own-server', 'sign-in', 'pkce'],
      ...['rust', 'testing', 'migration', 'troubleshooting'],
    ],
  },
  {
    text: 'Frameworks',
    folder: 'docs/guides/frameworks',
    first: ['README', 'react', 'react-router', 'nextjs', 'vue', 'nuxt', 'svelte', 'solid', 'angular', 'astro'],
  },
  { text: 'Servers', folder: 'docs/guides/servers', first: [] },
  {
    text: 'Reference',
    folder: 'docs/reference',
    first: ['client', 'options', 'server-option', 'servers', 'supported-tools', 'platforms'],
    also: ['docs/reference/errors/README.md'],
  },
  { text: 'Errors', folder: 'docs/reference/errors', first: ['README'] },
  { text: 'Types', folder: 'docs/reference/api', first: ['README', 'index'] },
  { text: 'Explanation', folder: 'docs/explanation', first: ['secrecy', 'guarantees', 'performance', 'wishes'] },
  { text: 'Decisions', folder: 'docs/decisions', first: ['README'] },
];

const PROJECT = ['ARCHITECTURE.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md'];

/** Titles that say too little outside of their folder. */
const TITLES = {
  'docs/reference/api/README.md': 'All entries',
  'docs/reference/api/index.md': 'tokenward',
  'docs/guides/frameworks/README.md': 'All frameworks',
};

const linkOf = (file) => `/${pageOf(file).replace(/(index)?\.md$/, '')}`;

function titleOf(file) {
  const heading = /^# (.+)$/m.exec(readFileSync(path.join(root, file), 'utf8'))?.[1];
  if (!heading) throw new Error(`${file}: expected a heading "# …" as its title, found none`);
  return TITLES[file] ?? heading.replaceAll('`', '').replaceAll('\\', '');
}

const item = (file) => ({ text: titleOf(file), link: linkOf(file) });

function itemsOf({ folder, first, also = [] }) {
  const names = readdirSync(path.join(root, folder)).filter((name) => name.endsWith('.md'));
  const ordered = first.map((name) => `${name}.md`);
  const gone = ordered.filter((name) => !names.includes(name));
  if (gone.length) throw new Error(`navigation: expected ${gone} in ${folder}, found ${names}`);
  const others = names.filter((name) => !ordered.includes(name)).sort();
  return [...[...ordered, ...others].map((name) => `${folder}/${name}`), ...also].map(item);
}

/** Sections with a sidebar of their own, because they have many documents. */
const OWN_SIDEBAR = ['docs/decisions', 'docs/reference/errors'];
const hasOwnSidebar = ({ folder }) => OWN_SIDEBAR.includes(folder);
const group = (section) => ({ text: section.text, items: itemsOf(section) });

export function sidebar() {
  const project = {
    text: 'Project',
    items: ['docs/decisions/README.md', 'docs/glossary.md', ...PROJECT].map(item),
  };
  const documents = SECTIONS.filter((section) => !hasOwnSidebar(section)).map(group);
  const own = SECTIONS.filter(hasOwnSidebar).map((section) => [
    `/${section.folder.slice('docs/'.length)}/`,
    [group(section)],
  ]);
  return { ...Object.fromEntries(own), '/': [...documents, project] };
}

/** The bar at the top: the first page of each section. */
export const nav = () =>
  SECTIONS.filter(({ text }) => !['Frameworks', 'Servers', 'Errors', 'Types'].includes(text)).map((section) => ({
    text: section.text,
    link: itemsOf(section)[0].link,
    activeMatch: `^/${section.folder.slice('docs/'.length)}/`,
  }));
