// Bar charts of two figures: the download of a minimal app, and the time of one call.
const WIDTH = 760;
const ROW = 26;
const LABEL = 220;

/** An SVG for light and dark colour schemes. */
export function chart({ size, stubbed }) {
  const bare = stubbed['bare fetch'].median;
  const panels = [
    ['Minimal app, KB (brotli)', size.map(({ name, bytes }) => [name, bytes / 1000])],
    [
      'One call, µs over bare fetch (fetch stubbed)',
      Object.entries(stubbed)
        .filter(([name]) => name !== 'bare fetch')
        .map(([name, { median }]) => [name, Math.max(0, median - bare)])
        .sort(([, one], [, other]) => one - other),
    ],
  ];
  let top = 0;
  const parts = panels.map(([title, rows]) => {
    const most = Math.max(...rows.map(([, value]) => value));
    const bars = rows.map(([name, value], row) => {
      const y = top + 34 + row * ROW;
      const width = Math.max(2, (value / most) * (WIDTH - LABEL - 80));
      const mark = name === 'tokenward' ? ' class="us"' : '';
      return `<text x="${LABEL - 8}" y="${y + 14}" text-anchor="end"${mark}>${name}</text><rect x="${LABEL}" y="${y}" width="${width.toFixed(1)}" height="18" rx="3"${mark}/><text x="${(LABEL + width + 6).toFixed(1)}" y="${y + 14}">${value.toFixed(1)}</text>`;
    });
    const text = `<text x="0" y="${top + 20}" class="title">${title}</text>${bars.join('')}`;
    top += 34 + rows.length * ROW + 16;
    return text;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top}" role="img" aria-label="Size, and cost of a call, of tokenward and other clients">
<style>text{font:13px system-ui,sans-serif;fill:#333}.title{font-weight:600}rect{fill:#9aa5b1}rect.us{fill:#1d5fd1}text.us{font-weight:600}@media(prefers-color-scheme:dark){text{fill:#ddd}rect{fill:#6b7683}rect.us{fill:#6ea0ff}}</style>
${parts.join('\n')}
</svg>
`;
}
