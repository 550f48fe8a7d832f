// What the site changes in the Markdown of the repository: links, pictures and anchors.
import path from 'node:path';
import { slug } from '../../tools/markdown-anchors.mjs';
import { resolveLink, resolvePicture, root } from './places.mjs';

/** The anchors that GitHub gives to headings, so that a link holds in both places. */
export const anchor = { slugify: slug };

const sourceOf = ({ realPath, path: page }) => path.relative(root, realPath ?? page).replaceAll('\\', '/');

/** A picture in two themes becomes two images: the visitor chooses the theme on the page, not only in the system. */
const themed = (html) =>
  html.replace(
    /<picture>\s*<source media="\(prefers-color-scheme: dark\)" srcset="([^"]+)">\s*<img ([^>]*?)src="([^"]+)">\s*<\/picture>/g,
    (_, dark, rest, light) =>
      `<p><img ${rest}class="only-light" loading="lazy" src="${light}"><img ${rest}class="only-dark" loading="lazy" src="${dark}"></p>`,
  );

function resolveHtml(file, html) {
  return themed(html)
    .replace(/\bhref="([^"]+)"/g, (_, link) => `href="${resolveLink(file, link)}"`)
    .replace(/\bsrc="([^"]+)"/g, (_, link) => `src="${resolvePicture(file, link)}"`);
}

function resolveToken(file, token) {
  if (token.type === 'link_open') token.attrSet('href', resolveLink(file, token.attrGet('href')));
  if (token.type === 'image') token.attrSet('src', resolvePicture(file, token.attrGet('src')));
  if (/^html_(block|inline)$/.test(token.type)) token.content = resolveHtml(file, token.content);
  // Vue must not evaluate `{{ … }}` in code.
  if (token.type === 'code_inline') token.attrSet('v-pre', '');
  for (const child of token.children ?? []) resolveToken(file, child);
}

/** A plugin of markdown-it. */
export function adaptMarkdown(md) {
  md.core.ruler.push('adapt-to-site', ({ tokens, env }) => {
    const file = sourceOf(env);
    for (const token of tokens) resolveToken(file, token);
    // The home page shows name and description above the text.
    if (file === 'README.md' && tokens[0]?.tag === 'h1') tokens.splice(0, 3);
  });
}
