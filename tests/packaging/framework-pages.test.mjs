// The code of docs/guides/frameworks, as the pages print it, compiles in strict mode against the packed package: the apps in TypeScript
// with their own compilers. (tests/js/framework-pages.test.mjs parses the code in every language.)
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { root } from '../../tools/run.mjs';
import { bin, here, program } from './gateway.mjs';

const STRICT = {
  target: 'es2022',
  module: 'preserve',
  lib: ['es2022', 'dom', 'dom.iterable'],
  types: [],
  strict: true,
  skipLibCheck: true,
};
const REACT = { ...STRICT, jsx: 'react-jsx', types: ['react', 'react-dom'], noEmit: true };
const TSC = [bin('tsc')];

/** Each page: the folder in which the tools find its packages, the compiler and its settings. `also`: files of another page. */
const PAGES = {
  react: { compilerOptions: REACT },
  'react-router': { compilerOptions: REACT, also: { page: 'react', file: 'src/Restoring.tsx' } },
  nextjs: { compilerOptions: REACT },
  astro: { compilerOptions: REACT },
  solid: { compilerOptions: { ...STRICT, jsx: 'preserve', jsxImportSource: 'solid-js', noEmit: true } },
  angular: {
    folder: 'angular',
    compiler: [path.join(here, 'angular/node_modules/.bin/ngc')],
    compilerOptions: { ...STRICT, experimentalDecorators: true, outDir: 'out' },
    angularCompilerOptions: { strictTemplates: true },
  },
};

/** The code blocks in TypeScript that name their file in the first line: `[[name, code]]`. */
function filesOf(page) {
  const text = readFileSync(path.join(root, `docs/guides/frameworks/${page}.md`), 'utf8');
  return [...text.matchAll(/^```tsx?\n\/\/ (\S+\.tsx?)\n([\s\S]*?)^```$/gm)].map(([, name, code]) => [name, code]);
}

for (const [page, { folder = '', compiler = TSC, also, ...settings }] of Object.entries(PAGES))
  test(`the app of docs/guides/frameworks/${page}.md compiles in strict mode`, { timeout: 120_000 }, async () => {
    const app = path.join(here, folder, `framework-page-${page}`);
    rmSync(app, { recursive: true, force: true });
    const borrowed = also ? filesOf(also.page).filter(([name]) => name === also.file) : [];
    const config = ['tsconfig.json', JSON.stringify({ ...settings, include: ['src', 'app'] })];
    for (const [name, code] of [...filesOf(page), ...borrowed, config]) {
      mkdirSync(path.join(app, path.dirname(name)), { recursive: true });
      writeFileSync(path.join(app, name), code);
    }
    await program(app, [...compiler, '-p', app]);
  });
