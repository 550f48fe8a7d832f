// The anchors of a Markdown file, as GitHub makes them.

const withoutFences = (text) => text.replace(/^(`{3,}|~{3,}).*?^\1/gms, '');

/** The anchor of a heading. */
export const slug = (heading) =>
  heading
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\p{M}_ -]/gu, '')
    .replaceAll(' ', '-');

/** Every anchor of a document: its headings (a repeated one gets a number) and its ids. */
export function anchorsOf(text) {
  const seen = new Map();
  const anchors = new Set();
  for (const [, heading] of withoutFences(text).matchAll(/^#{1,6} (.+)$/gm)) {
    const anchor = slug(heading);
    const count = seen.get(anchor) ?? 0;
    seen.set(anchor, count + 1);
    anchors.add(count ? `${anchor}-${count}` : anchor);
  }
  for (const [, id] of text.matchAll(/\bid="([^"]+)"/g)) anchors.add(id);
  return anchors;
}

/** The text without code, in which brackets are no links. */
export const withoutCode = (text) => withoutFences(text).replace(/(`+).+?\1/g, '');
