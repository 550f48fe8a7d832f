// Where each file of the repository is on the site: the one place that decides what a link in the Markdown leads to.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '');
export const packageJson = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));

/** The address of the repository, from package.json. */
export const repository = packageJson.repository.url.replace(/^git\+/, '').replace(/\.git$/, '');

/** Files outside of `docs/` that are pages. */
const PAGES = {
  'README.md': 'index.md',
  'ARCHITECTURE.md': 'architecture.md',
  'CHANGELOG.md': 'changelog.md',
  'CONTRIBUTING.md': 'contributing.md',
  'SECURITY.md': 'security.md',
  // TypeDoc calls the page of the main entry `index.md`, and the list of the entries `README.md`.
  'docs/reference/api/index.md': 'reference/api/tokenward.md',
};

/** The page that shows a file, as a path on the site that ends with `.md`; undefined if no page does. */
export function pageOf(file) {
  if (PAGES[file]) return PAGES[file];
  if (!file.startsWith('docs/') || !file.endsWith('.md')) return undefined;
  return file.slice('docs/'.length).replace(/(^|\/)README\.md$/, '$1index.md');
}

/** Patterns of the Markdown files that are no pages. VitePress does not descend into the folders. */
export const otherMarkdown = () =>
  readdirSync(root, { withFileTypes: true }).flatMap((entry) => {
    if (entry.isDirectory() || entry.isSymbolicLink()) return entry.name === 'docs' ? [] : [`${entry.name}/**`];
    return entry.name.endsWith('.md') && !PAGES[entry.name] ? [entry.name] : [];
  });

const isExternal = (link) => /^([a-z][a-z0-9+.-]*:|\/\/)/i.test(link);

/**
 * What a link in `file` leads to on the site: a link to a page (from the root of the site), a link to the repository, or the
 * same link if it is external or an anchor. Throws if the file does not exist.
 */
export function resolveLink(file, link) {
  if (isExternal(link) || link.startsWith('#')) return link;
  const [target, anchor] = link.split('#');
  const hash = anchor === undefined ? '' : `#${anchor}`;
  const found = path.posix.join(path.posix.dirname(file), decodeURI(target)).replace(/\/$/, '');
  if (found.startsWith('..') || !existsSync(path.join(root, found)))
    throw new Error(`${file}: expected the link "${link}" to lead to a file of the repository, found none`);
  const isFolder = statSync(path.join(root, found)).isDirectory();
  const page = pageOf(isFolder ? `${found}/README.md` : found);
  if (page && existsSync(path.join(root, isFolder ? `${found}/README.md` : found))) return `/${page}${hash}`;
  return `${repository}/${isFolder ? 'tree' : 'blob'}/main/${encodeURI(found)}${hash}`;
}

/** The address of a picture in `file`, relative to the file, so that Vite bundles it. */
export function resolvePicture(file, link) {
  if (isExternal(link)) throw new Error(`${file}: expected a picture of the repository, found ${link}`);
  if (!existsSync(path.join(root, path.posix.dirname(file), link)))
    throw new Error(`${file}: expected the picture "${link}" in the repository, found none`);
  return link.startsWith('.') ? link : `./${link}`;
}
