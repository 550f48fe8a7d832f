// npm run build: the package in pkg/ (the wasm module is in tools/build-wasm.mjs), and its size. With `--dev`: panic messages,
// long names, readable bundles.
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { buildDir, buildWasm, glueDir, jsGlueDir } from './build-wasm.mjs';
import { main, root, run, say, UserError } from './run.mjs';
import { setUpBuild } from './setup.mjs';

const pkg = process.env.BUILD_DIR ? path.join(buildDir, 'pkg') : path.join(root, 'pkg');
const bin = (name) => path.join(root, 'node_modules/.bin', name);
/** What apps import. */
const ENTRIES = ['index', 'pkce', 'react', 'vue', 'solid', 'testing', 'testing-playwright'];
/** Entries that are ES modules only: for frameworks and tools that are, and the client with its engine. */
const ES_ENTRIES = ['svelte', 'angular', 'eager', 'vite'];
/** What the adapters import, and the app brings. */
const FRAMEWORKS = [
  '@angular/common',
  '@angular/core',
  '@angular/router',
  'react',
  'rxjs',
  'solid-js',
  'svelte',
  'vue',
];
/** The files of pkg/ and their sources. Those that are no entries load when they are needed. */
const SOURCES = {
  ...Object.fromEntries([...ENTRIES, ...ES_ENTRIES].map((name) => [name, `js/${name}.ts`])),
  engine: 'js/engine/engine.ts',
  'worker-client': 'js/worker/worker-client.ts',
  'sign-in': 'js/client/sign-in.ts',
  idle: 'js/client/idle.ts',
  dpop: 'js/auth/dpop.ts',
  static: 'js/static.ts',
};
/** Files that contain all that they need, without WebAssembly. The core is JavaScript in them. */
const WITHOUT_WASM = {
  'engine-without-wasm': 'js/engine/engine-without-wasm.ts',
  'worker-without-wasm': 'js/worker/worker.ts',
};
const source = (name) => path.join(root, SOURCES[name]);
const sources = (names) => Object.fromEntries(names.map((name) => [name, source(name)]));
/** The presets of back ends: `tokenward/servers/NAME`. */
const SERVERS = readdirSync(path.join(root, 'js/servers')).map((file) => `servers/${path.basename(file, '.ts')}`);
const DECLARED = [
  ...ENTRIES,
  ...ES_ENTRIES,
  'static',
  ...SERVERS,
  ...['testing/fake-browser', 'testing/fake-server'],
  ...['auth-client', 'errors', 'events', 'options', 'pkce-options', 'server-options', 'session'].map(inClient),
];
function inClient(name) {
  return `client/${name}`;
}
/** CommonJS entries, and their types, import each other as `.cjs`. The engine stays an ES module, which they load by `import()`. */
const inCommonJs = (text) => text.replace(/(['"])(\.\/index|\.{1,2}\/[\w./-]+)\.js\1/g, '$1$2.cjs$1');
const entriesInCommonJs = (text) => text.replace(/(['"])\.\/index\.js\1/g, '$1./index.cjs$1');
/** An import of another file's source becomes an import of that file. */
const separateFiles = {
  name: 'separate files',
  setup({ onResolve }) {
    const names = new Map(Object.keys(SOURCES).map((name) => [source(name), name]));
    names.set(path.join(root, 'js/engine/engine-without-wasm.ts'), 'engine-without-wasm');
    onResolve({ filter: /^\.{1,2}\// }, ({ importer, kind, path: imported, resolveDir }) => {
      const name = names.get(path.resolve(resolveDir, imported.replace(/\.js$/, '.ts')));
      // A bundler warns of a file that one module imports and another one loads, so this entry contains its engine.
      const isOwnEngine = importer === source('eager') && name === 'engine';
      return kind === 'entry-point' || !name || isOwnEngine ? undefined : { path: `./${name}.js`, external: true };
    });
  },
};
/** The module as JavaScript takes the place of the wasm module. */
const wasmAsJs = {
  name: 'wasm as JavaScript',
  setup({ onResolve }) {
    onResolve({ filter: /\/load-wasm\.js$/ }, () => ({ path: path.join(root, 'js/engine/load-wasm-as-js.ts') }));
    onResolve({ filter: /\/token-xhr\.js$/ }, ({ importer }) =>
      importer.endsWith('token-fetch.ts') ? undefined : { path: path.join(root, 'js/auth/token-fetch.ts') },
    );
  },
};
/** The files an app downloads. Only open developer tools fetch the source maps. */
const SHIPPED = ['index.js', 'engine.js'];

export async function buildPackage(tools, { dev = false } = {}) {
  await buildWasm(tools, { dev });
  say('package: TypeScript to pkg/');
  rmSync(pkg, { recursive: true, force: true });
  mkdirSync(pkg, { recursive: true });
  await buildTypes();
  await buildBundles(dev);
  if (!dev) await minifyBundles();
  for (const file of ['LICENSE-MIT', 'LICENSE-APACHE']) copyFileSync(path.join(root, file), path.join(pkg, file));
}

/** The type declarations, for `import` and for `require`. */
async function buildTypes() {
  await run(bin('tsc'), [
    '--noEmit',
    'false',
    '--emitDeclarationOnly',
    '--declaration',
    '--rootDir',
    'js',
    '--outDir',
    pkg,
  ]);
  for (const file of declarations()) {
    const name = file.slice(0, -'.d.ts'.length).replaceAll(path.sep, '/');
    const declared = path.join(pkg, file);
    if (!DECLARED.includes(name)) rmSync(declared);
    // Without its own types, TypeScript takes a CommonJS file for an ES module.
    else if (!ES_ENTRIES.includes(name))
      writeFileSync(path.join(pkg, `${name}.d.cts`), inCommonJs(readFileSync(declared, 'utf8')));
  }
  for (const folder of readdirSync(pkg, { withFileTypes: true }).filter((entry) => entry.isDirectory()))
    if (!['client', 'servers', 'testing'].includes(folder.name))
      rmSync(path.join(pkg, folder.name), { recursive: true });
}

const declarations = () => readdirSync(pkg, { recursive: true }).filter((name) => name.endsWith('.d.ts'));

/** Members by which the parts of the engine know each other: 0.1 KB (brotli). No message, log entry or platform object has them. */
export const INTERNAL = [
  ...['createError', 'currentId', 'forgetRevoked', 'isFresh', 'isRefresh', 'isRejected', 'learnNonce'],
  ...['onStepUp', 'receiveMessage', 'rejectAll', 'rejectCalls', 'renewBeforeMs', 'servesAllTabs'],
  ...[
    'timeoutMs',
    'unstoredRevocation',
    'authorizeOn401',
    'keepsAccess',
    'usesCookies',
    'isRefusal',
    'isStep',
    'isPage',
  ],
  ...['setHeaders', 'needsUser', 'sharesSession', 'isAnswer', 'inBody', 'lastTokens', 'remembered'],
  ...['renewable', 'numberOf', 'userOf', 'identityOf', 'unstoredTokens', 'replayBody', 'tabStorage', 'unasked'],
  ...['generation', 'discard', 'describe', '__wbg_ptr', 'replayable', 'isSimple', 'sendSimple'],
  ...['isNewSession', 'receiveMark', 'setSignedIn'],
];

/**
 * The compound names of the functions by which the wasm module and its host call each other, from the declarations that
 * wasm-bindgen writes, each with the short name that every bundle of a release build has for it: 0.3 KB (brotli).
 */
function borderNames() {
  const text = readFileSync(path.join(glueDir, 'tokenward.d.ts'), 'utf8');
  const border = text.match(/interface Host \{[\s\S]*?\n\}/)[0] + text.match(/class Client \{[\s\S]*?\n\}/)[0];
  const names = new Set([...border.matchAll(/^ +(?:static )?([a-z]+[A-Z]\w*)\(/gm)].map(([, name]) => name));
  const words = declarations().flatMap((name) => readFileSync(path.join(pkg, name), 'utf8').match(/\w+/g));
  const internal = [...names, ...INTERNAL].filter((name) => !words.includes(name));
  return Object.fromEntries(internal.map((name, index) => [name, `_${index.toString(36)}`]));
}

async function buildBundles(dev) {
  const { build } = await import('esbuild');
  const short = borderNames();
  const options = {
    bundle: true,
    format: 'esm',
    target: 'es2022',
    // Terser removes the blanks: esbuild would remove the comments for bundlers with them.
    minifySyntax: !dev,
    minifyIdentifiers: !dev,
    ...(!dev && { mangleProps: new RegExp(`^(${Object.keys(short).join('|')})$`), mangleCache: short }),
    sourcemap: true,
    legalComments: 'none',
    alias: { '#glue': path.join(glueDir, 'tokenward.js'), '#wasm': path.join(glueDir, 'wasm.js') },
    logLevel: 'warning',
  };
  const separate = { ...options, plugins: [separateFiles], external: FRAMEWORKS, outdir: pkg };
  await build({ ...separate, entryPoints: sources(Object.keys(SOURCES)) });
  const { outputFiles } = await build({
    ...separate,
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    write: false,
    entryPoints: sources(ENTRIES),
  });
  for (const { path: file, text } of outputFiles)
    writeFileSync(file, file.endsWith('.cjs') ? entriesInCommonJs(text) : text);
  const servers = Object.fromEntries(SERVERS.map((name) => [name, path.join(root, `js/${name}.ts`)]));
  const presets = {
    entryPoints: servers,
    outdir: pkg,
    target: 'es2022',
    bundle: true,
    minify: !dev,
    logLevel: 'warning',
  };
  await build({ ...presets, format: 'esm' });
  await build({ ...presets, format: 'cjs', outExtension: { '.js': '.cjs' } });
  // One file: Vite before version 8 cannot split a worker, and Next.js copies a worker as it is.
  await build({ ...options, entryPoints: { worker: path.join(root, 'js/worker/worker.ts') }, outdir: pkg });
  await build({
    ...options,
    alias: {
      '#glue': path.join(jsGlueDir, 'tokenward.js'),
      '#wasm-as-js': path.join(jsGlueDir, 'wasm-as-js.js'),
    },
    plugins: [wasmAsJs],
    entryPoints: Object.fromEntries(Object.entries(WITHOUT_WASM).map(([name, file]) => [name, path.join(root, file)])),
    outdir: pkg,
  });
  // For the tests of the wasm bindings: the host and the token store, on a network that the tests script.
  const contents = `export { network } from './tests/bindings/network.js'; export * from './tests/bindings/parts.js';`;
  const outfile = path.join(buildDir, 'bindings-test.js');
  await build({
    ...options,
    minify: false,
    mangleProps: undefined,
    mangleCache: undefined,
    stdin: { contents, resolveDir: root },
    outfile,
  });
}

/** Minifies the output of esbuild again with terser, which saves 0.4 KB (brotli) of the client on the page. */
async function minifyBundles() {
  const { minify } = await import('terser');
  const names = readdirSync(pkg).filter((name) => /\.c?js$/.test(name) && existsSync(path.join(pkg, `${name}.map`)));
  for (const name of names) {
    const file = path.join(pkg, name);
    const { code, map } = await minify(readFileSync(file, 'utf8'), {
      module: name.endsWith('.js'),
      ecma: 2022,
      // (`directives` would remove React's 'use client'.)
      compress: {
        ...{ passes: 3, keep_fargs: false, directives: false, unsafe_arrows: true, unsafe_methods: true },
        // 50 bytes (brotli) less.
        ...{ hoist_funs: true, lhs_constants: false },
      },
      // Bundlers leave an `import()` with such a comment as it is.
      format: { comments: /@vite-ignore|\w+Ignore: true/ },
      sourceMap: { content: readFileSync(`${file}.map`, 'utf8'), url: `${name}.map` },
    });
    writeFileSync(file, code);
    writeFileSync(`${file}.map`, map);
  }
}

/** Raw, gzip and brotli bytes of what an app downloads. */
export function sizes() {
  const rows = SHIPPED.map((name) => {
    const bytes = readFileSync(path.join(pkg, name));
    const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
    return {
      name,
      raw: bytes.length,
      gzip: gzipSync(bytes, { level: 9 }).length,
      brotli: brotliCompressSync(bytes, quality).length,
    };
  });
  const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
  return [...rows, { name: 'together', raw: sum('raw'), gzip: sum('gzip'), brotli: sum('brotli') }];
}

export function printSizes() {
  const rows = sizes();
  console.log('bytes                     raw     gzip   brotli');
  for (const { name, raw, gzip, brotli } of rows) {
    console.log(`${name.padEnd(20)}${[raw, gzip, brotli].map((n) => String(n).padStart(9)).join('')}`);
  }
  return rows.at(-1).brotli;
}

/** Fails if the package exceeds one of the two limits of size-budget.json. */
export function checkBudget() {
  const { brotliBytes, firstBytes } = JSON.parse(readFileSync(path.join(root, 'size-budget.json'), 'utf8'));
  const together = printSizes();
  const first = sizes().find(({ name }) => name === 'index.js').brotli;
  for (const [name, bytes, budget] of [
    ['the package', together, brotliBytes],
    ['index.js', first, firstBytes],
  ]) {
    if (bytes > budget)
      throw new UserError(`${name} has ${bytes} bytes (brotli), the budget of size-budget.json is ${budget}`);
  }
  console.log(`budget              ${String(brotliBytes).padStart(27)}  (index.js ${firstBytes}; size-budget.json)`);
  const stated = `about ${Math.round(together / 1000)} KB`;
  if (!readFileSync(path.join(root, 'README.md'), 'utf8').includes(stated))
    throw new UserError(`README.md: expected the size of the package, "${stated}"`);
}

if (process.argv[1] === path.join(root, 'tools/build.mjs')) {
  await main(async () => {
    const dev = process.argv.includes('--dev');
    await buildPackage(await setUpBuild(), { dev });
    if (!dev) checkBudget();
  });
}
