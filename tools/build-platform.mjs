// The JavaScript that the Rust client binds: `src/client/*.js`, made from js/rust and js/auth. The files are committed, so that
// a Rust app needs no Node. `npm run build:platform` writes them; `npm test` compares them with what it would write.
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { main, root, say, UserError } from './run.mjs';

const FILES = {
  'src/client/platform.js': 'js/rust/platform.ts',
  'src/client/idle.js': 'js/rust/idle.ts',
  'src/client/server.js': 'js/rust/server.ts',
  'src/client/sign_in.js': 'js/rust/sign-in.ts',
  'src/client/dpop.js': 'js/auth/dpop.ts',
};

/** The text of each file. */
async function bundlePlatform() {
  const { build } = await import('esbuild');
  const { minify } = await import('terser');
  const texts = {};
  for (const [file, source] of Object.entries(FILES)) {
    const { outputFiles } = await build({
      entryPoints: [path.join(root, source)],
      bundle: true,
      format: 'esm',
      target: 'es2022',
      write: false,
      legalComments: 'none',
      logLevel: 'warning',
    });
    const { code } = await minify(outputFiles[0].text, {
      module: true,
      ecma: 2022,
      compress: { passes: 3, keep_fargs: false, unsafe_arrows: true, unsafe_methods: true },
    });
    texts[file] = `// Generated from ${source} by \`npm run build:platform\`.\n${code}\n`;
  }
  return texts;
}

/** Fails if a committed file is not what its source says. */
export async function checkPlatform() {
  for (const [file, text] of Object.entries(await bundlePlatform()))
    if (readFileSync(path.join(root, file), 'utf8') !== text)
      throw new UserError(`${file} is older than its source: run npm run build:platform and commit the file`);
}

if (process.argv[1] === path.join(root, 'tools/build-platform.mjs'))
  await main(async () => {
    for (const [file, text] of Object.entries(await bundlePlatform())) {
      writeFileSync(path.join(root, file), text);
      say(`${file}: ${text.length} bytes`);
    }
  });
