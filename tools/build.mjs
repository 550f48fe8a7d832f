// npm run build: the wasm module, the package in pkg/, and its size.
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { brotliCompressSync, constants, deflateRawSync, gzipSync } from 'node:zlib';
import { find, Mend, main, root, run, say } from './run.mjs';
import { setUpBuild } from './setup.mjs';
import { shrink } from './shrink.mjs';

const pkg = path.join(root, 'pkg');
const glue = path.join(root, 'target/glue');
const bin = (name) => path.join(root, 'node_modules/.bin', name);
const WASM = 'tokenward_bg.wasm';
/** What Rust's wasm target uses by default; every browser has had it since 2022. */
const FEATURES = [
  'bulk-memory',
  'multivalue',
  'mutable-globals',
  'nontrapping-float-to-int',
  'reference-types',
  'sign-ext',
].map((feature) => `--enable-${feature}`);
/** What apps import. */
const ENTRIES = ['index', 'react', 'vue', 'testing'];
/** The files of pkg/ and their sources. Those that are no entries load when they are needed. */
const SOURCES = {
  ...Object.fromEntries(ENTRIES.map((name) => [name, `js/${name}.ts`])),
  engine: 'js/engine/engine.ts',
  'worker-client': 'js/worker/worker-client.ts',
  dpop: 'js/auth/dpop.ts',
  wasm: 'js/wasm/bytes.ts',
};
const source = (name) => path.join(root, SOURCES[name] ?? `js/${name}.ts`);
const sources = (names) => Object.fromEntries(names.map((name) => [name, source(name)]));
const DECLARED = [...ENTRIES, 'inline', ...['auth-client', 'errors', 'events', 'options', 'session'].map(inClient)];
function inClient(name) {
  return `client/${name}`;
}
/** In CommonJS, the entries import each other, and types each other, with another ending. The engine stays a module, for `import()` alone. */
const inCommonJs = (text) => text.replace(/(['"])(\.\/index|\.{1,2}\/[\w./-]+)\.js\1/g, '$1$2.cjs$1');
const entriesInCommonJs = (text) => text.replace(/(['"])\.\/index\.js\1/g, '$1./index.cjs$1');
/** An import of another file's source becomes an import of that file. */
const separateFiles = {
  name: 'separate files',
  setup({ onResolve }) {
    const names = new Map(Object.keys(SOURCES).map((name) => [source(name), name]));
    onResolve({ filter: /^\.{1,2}\// }, ({ kind, path: imported, resolveDir }) => {
      const name = names.get(path.resolve(resolveDir, imported.replace(/\.js$/, '.ts')));
      return kind === 'entry-point' || !name ? undefined : { path: `./${name}.js`, external: true };
    });
  },
};
/**
 * Members by which the parts of the client know each other; nothing outside of a bundle sees them, and no message between
 * tabs or workers has them. Short names for them are worth 0.2 KB (brotli).
 */
const INTERNAL = `
  __destroy_into_raw __wbg_ptr abandon admit adopt answered attempt discard elapsed hold owe refuse rejected settle
  settleLogout silence unlock wipe
`
  .trim()
  .split(/\s+/);
/** One name each in every bundle: they meet. */
const SHORT = Object.fromEntries(
  INTERNAL.map((name, index) => [name, `${index < 26 ? '' : '_'}${String.fromCharCode(65 + (index % 26))}`]),
);
/** The files an app downloads. The source maps are only fetched by open developer tools. */
const SHIPPED = ['index.js', 'engine.js', WASM];

export async function buildPackage({ wasmBindgen }) {
  say('client: Rust to wasm');
  const args = ['--locked', '--lib', '--profile', 'wasm', '--target', 'wasm32-unknown-unknown', '--quiet'];
  // Panics name their source files; whoever builds shall not ship the path of a home folder with them.
  const home = process.env.CARGO_HOME ?? path.join(os.homedir(), '.cargo');
  const flags = [
    `--remap-path-prefix=${path.join(home, 'registry/src')}=crates`,
    `--remap-path-prefix=${root}=.`,
    '-Cllvm-args=-inline-threshold=10', // 90 bytes (brotli), and 3.5 KB before compression
  ];
  await run('cargo', ['build', ...args], { env: { CARGO_ENCODED_RUSTFLAGS: flags.join('\x1f') } });
  const compiled = path.join(root, 'target/wasm32-unknown-unknown/wasm/tokenward.wasm');
  await run(wasmBindgen, [
    compiled,
    '--target',
    'web',
    '--out-dir',
    glue,
    '--out-name',
    'tokenward',
    '--remove-producers-section',
  ]);
  rmSync(pkg, { recursive: true, force: true });
  mkdirSync(pkg, { recursive: true });
  appendFileSync(
    path.join(glue, 'tokenward.d.ts'),
    'export function imports(): WebAssembly.Imports;\nexport function started(instance: WebAssembly.Instance): unknown;\n',
  );
  const shrunk = await shrink(path.join(glue, WASM), path.join(glue, 'tokenward.js'));
  await run(find(bin('wasm-opt')), [
    '-Oz',
    '--converge',
    '--flatten',
    '--rereloop',
    '-Oz',
    '-Oz',
    '--strip-debug',
    '--strip-producers',
    ...FEATURES,
    shrunk,
    '-o',
    path.join(pkg, WASM),
  ]);
  say('package: TypeScript to pkg/');
  const packed = deflateRawSync(readFileSync(path.join(pkg, WASM)), { level: 9 }).toString('base64');
  writeFileSync(path.join(glue, 'wasm.js'), `export default '${packed}';\n`);
  writeFileSync(path.join(glue, 'wasm.d.ts'), 'declare const packed: string;\nexport default packed;\n');
  await run(bin('tsc'), [
    '--noEmit',
    'false',
    '--emitDeclarationOnly',
    '--declaration',
    '--rootDir',
    'js',
    '--outDir',
    'pkg',
  ]);
  for (const file of declarations()) {
    const name = file.slice(0, -'.d.ts'.length).replaceAll(path.sep, '/');
    const declared = path.join(pkg, file);
    if (!DECLARED.includes(name)) rmSync(declared);
    // What `require` finds has types of its own, or TypeScript takes it for a module.
    else writeFileSync(path.join(pkg, `${name}.d.cts`), inCommonJs(readFileSync(declared, 'utf8')));
  }
  for (const folder of readdirSync(pkg, { withFileTypes: true }).filter((entry) => entry.isDirectory()))
    if (folder.name !== 'client') rmSync(path.join(pkg, folder.name), { recursive: true });
  mustBeInternal();
  const { build } = await import('esbuild');
  const options = {
    bundle: true,
    format: 'esm',
    target: 'es2022',
    minify: true,
    sourcemap: true,
    legalComments: 'none',
    mangleProps: new RegExp(`^(${INTERNAL.join('|')})$`),
    mangleCache: SHORT,
    alias: {
      '#glue': path.join(glue, 'tokenward.js'),
      '#early': path.join(root, 'js/wasm/preload.ts'),
      '#load': path.join(root, 'js/wasm/fetch.ts'),
      '#wasm': path.join(glue, 'wasm.js'),
    },
    logLevel: 'warning',
  };
  const separate = { ...options, plugins: [separateFiles], external: ['react', 'vue'], outdir: pkg };
  const { wasm, ...modules } = sources(Object.keys(SOURCES));
  await build({ ...separate, entryPoints: modules });
  await build({ ...separate, sourcemap: false, entryPoints: { wasm } });
  const noPreload = path.join(root, 'js/wasm/no-preload.ts');
  const { outputFiles } = await build({
    ...separate,
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    write: false,
    alias: { ...options.alias, '#early': noPreload },
    entryPoints: sources(ENTRIES),
  });
  for (const { path: file, text } of outputFiles)
    writeFileSync(file, file.endsWith('.cjs') ? entriesInCommonJs(text) : text);
  for (const [whole, entry] of [
    ['inline', 'js/inline.ts'],
    ['worker', 'js/worker/worker.ts'],
  ]) {
    const load = path.join(root, `js/wasm/${whole}.ts`);
    const alias = { ...options.alias, '#early': noPreload, '#load': load };
    await build({ ...options, alias, entryPoints: { [whole]: path.join(root, entry) }, outdir: pkg });
  }
  await tighten(readdirSync(pkg).filter((name) => name.endsWith('.js') && existsSync(path.join(pkg, `${name}.map`))));
  // For the tests of the wasm bindings alone: the host and the token store, on a network that the tests script.
  const contents = `export { network } from './tests/web/network.js'; export * from './tests/web/parts.js';`;
  const readable = { ...options, mangleProps: undefined, mangleCache: undefined };
  await build({ ...readable, stdin: { contents, resolveDir: root }, outfile: path.join(root, 'target/hands.js') });
  for (const file of ['LICENSE-MIT', 'LICENSE-APACHE']) copyFileSync(path.join(root, file), path.join(pkg, file));
}

const declarations = () => readdirSync(pkg, { recursive: true }).filter((name) => name.endsWith('.d.ts'));

/** A name that apps use must stay as it is. */
function mustBeInternal() {
  const words = new Set(
    declarations().flatMap((name) => withoutComments(readFileSync(path.join(pkg, name), 'utf8')).match(/\w+/g)),
  );
  const known = INTERNAL.filter((name) => words.has(name));
  if (known.length > 0) throw new Error(`INTERNAL: apps know these by name: ${known.join(', ')}`);
}

const withoutComments = (text) => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');

/** What terser finds to shorten after esbuild: 0.5 KB (brotli) of the client on the page. */
async function tighten(names) {
  const { minify } = await import('terser');
  for (const name of names) {
    const file = path.join(pkg, name);
    const { code, map } = await minify(readFileSync(file, 'utf8'), {
      module: true,
      ecma: 2022,
      // (`directives` would take away React's 'use client'.)
      compress: { passes: 3, keep_fargs: false, directives: false, unsafe_arrows: true, unsafe_methods: true },
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

/** Fails when the package has grown beyond the two numbers that say how large it may be. */
export function checkBudget() {
  const { brotliBytes, firstBytes } = JSON.parse(readFileSync(path.join(root, 'size-budget.json'), 'utf8'));
  const together = printSizes();
  const first = sizes().find(({ name }) => name === 'index.js').brotli;
  for (const [what, bytes, budget] of [
    ['the package', together, brotliBytes],
    ['index.js', first, firstBytes],
  ]) {
    if (bytes > budget)
      throw new Mend(`${what} has ${bytes} bytes (brotli), the budget of size-budget.json is ${budget}`);
  }
  console.log(`budget              ${String(brotliBytes).padStart(27)}  (index.js ${firstBytes}; size-budget.json)`);
}

if (process.argv[1] === path.join(root, 'tools/build.mjs')) {
  await main(async () => {
    await buildPackage(await setUpBuild());
    checkBudget();
  });
}
