// The accessibility check of the tests that look at pages.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../../tools/run.mjs';

const axe = readFileSync(path.join(root, 'node_modules/axe-core/axe.min.js'), 'utf8');

/** The violations that axe finds: rule and elements. */
export async function violations(page) {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    const { violations, passes } = await globalThis.axe.run({ runOnly: tags });
    if (!passes.some(({ id }) => id === 'color-contrast')) return ['axe did not check colour contrast'];
    return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(', ')}`);
  });
}
