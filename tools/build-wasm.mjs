// Builds the wasm module and its glue: cargo, wasm-bindgen, wasm-opt, and the module as a string for the bundles.
//
// A release build differs from a `--dev` build in three ways:
// 1. Panics trap without a message. On wasm32-unknown-unknown the text of a panic is never shown, so the functions that format
//    it are replaced by a trap: 2.4 KB (brotli). (`panic = "immediate-abort"` of the standard library needs nightly.)
// 2. Imports and exports have short names. Those of wasm-bindgen carry a hash each, in the module and in its glue: 0.9 KB.
// 3. The glue keeps only what the module imports, without wasm-bindgen's loader: 0.5 KB.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { buildWasmAsJs } from './build-wasm-as-js.mjs';
import { find, main, output, root, run, say } from './run.mjs';
import { setUpBuild } from './setup.mjs';

/** The crate of the bindings. */
const CRATE = 'tokenward-bindings';
const NAME = 'tokenward_bindings';
const TARGET = 'wasm32-unknown-unknown';
/** The folder of the build's files. A test sets another folder, so that it does not replace the package. */
export const buildDir = path.resolve(root, process.env.BUILD_DIR ?? 'target');
export const glueDir = path.join(buildDir, 'glue');
const raw = path.join(glueDir, 'tokenward_bg.wasm');
const optimised = path.join(glueDir, 'tokenward.wasm');
const script = path.join(glueDir, 'tokenward.js');
/** The files of the module as JavaScript. */
export const jsGlueDir = path.join(buildDir, 'glue-js');
const binaryenTool = (name) => find(path.join(root, 'node_modules/.bin', name));
const wasmOpt = () => binaryenTool('wasm-opt');
/** The wasm features that Rust's target uses by default. Every browser has supported them since 2022. */
const FEATURES = [
  'bulk-memory',
  'multivalue',
  'mutable-globals',
  'nontrapping-float-to-int',
  'reference-types',
  'sign-ext',
].map((feature) => `--enable-${feature}`);

const SHRINK = ['-Oz', '--converge', '--flatten', '--rereloop', '-Oz', '-Oz'];

/** Builds the module. In `target/glue` are then `tokenward.js` (the glue), `tokenward.wasm`, and `wasm.js` (the string). */
export async function buildWasm({ wasmBindgen }, { dev = false } = {}) {
  say(`client: Rust to wasm${dev ? ' (dev)' : ''}`);
  const profile = dev ? 'wasm-dev' : 'wasm';
  await compile(profile, dev);
  const compiled = path.join(root, 'target', TARGET, profile, `${NAME}.wasm`);
  const bindgen = ['--target', 'web', '--out-dir', glueDir, '--out-name', 'tokenward', '--remove-producers-section'];
  mkdirSync(glueDir, { recursive: true });
  await run(wasmBindgen, [compiled, ...bindgen, ...(dev ? ['--keep-debug'] : [])]);
  const names = dev ? copyModule() : await optimise();
  writeFileSync(script, trimGlue(readFileSync(script, 'utf8'), names));
  const common = { bin: binaryenTool, features: FEATURES, shrink: SHRINK, trapPanics, trimGlue };
  await buildWasmAsJs(compiled, jsGlueDir, wasmBindgen, common);
  const declared = path.join(glueDir, 'tokenward.d.ts');
  writeFileSync(
    declared,
    `${readFileSync(declared, 'utf8')}export function imports(): WebAssembly.Imports;
export function started(instance: WebAssembly.Instance): unknown;\n`,
  );
  const bytes = readFileSync(optimised);
  writeFileSync(
    path.join(glueDir, 'wasm.js'),
    `export const length = ${bytes.length};\nexport default ${encode(bytes)};\n`,
  );
  writeFileSync(
    path.join(glueDir, 'wasm.d.ts'),
    'export declare const length: number;\ndeclare const module: string;\nexport default module;\n',
  );
  return bytes.length;
}

async function compile(profile, dev) {
  const args = ['--locked', '--package', CRATE, '--lib', '--profile', profile, '--target', TARGET, '--quiet'];
  if (dev) args.push('--features', 'panic-messages');
  // Panics name their source files: the package must not contain the path of a home folder.
  const home = process.env.CARGO_HOME ?? path.join(os.homedir(), '.cargo');
  const flags = [
    `--remap-path-prefix=${path.join(home, 'registry/src')}=crates`,
    `--remap-path-prefix=${root}=.`,
    '-Cllvm-args=-inline-threshold=10', // 90 bytes (brotli), and 3.5 KB before compression
  ];
  await run('cargo', ['build', ...args], { env: { CARGO_ENCODED_RUSTFLAGS: flags.join('\x1f') } });
}

function copyModule() {
  writeFileSync(optimised, readFileSync(raw));
  return undefined;
}

/** Traps panics, optimises, and shortens the names. Returns the names that wasm-opt chose. */
async function optimise() {
  const trapped = path.join(glueDir, 'tokenward_trapped.wasm');
  writeFileSync(trapped, await trapPanics(readFileSync(raw)));
  const passes = [...SHRINK, '--strip-debug', '--strip-producers'];
  await run(wasmOpt(), [trapped, ...passes, ...FEATURES, '-o', optimised]);
  // A separate run: with `--converge`, wasm-opt would shorten the short names again, and print several maps.
  const last = ['--minify-imports-and-exports-and-modules', '--strip-target-features'];
  const printed = output(wasmOpt(), [optimised, ...last, ...FEATURES, '-o', optimised]);
  if (printed === null) throw new Error('wasm-opt failed on the module');
  return JSON.parse(printed);
}

const PANICS =
  /panicking|panic_|throw_|alloc_error|core(\[\w+\])?::fmt|\bfmt\d|FormatString|_fail\b|_failed\b|rust_begin_unwind/;

/** Replaces the bodies of the functions that only a panic calls by a trap. */
async function trapPanics(binary) {
  const { default: binaryen } = await import('binaryen');
  const module = binaryen.readBinary(binary);
  const exported = new Set(
    Array.from(
      { length: module.getNumExports() },
      (_, at) => binaryen.getExportInfo(module.getExportByIndex(at)).value,
    ),
  );
  let trapped = 0;
  for (let index = 0; index < module.getNumFunctions(); index += 1) {
    const reference = module.getFunctionByIndex(index);
    const { module: imported, name } = binaryen.getFunctionInfo(reference);
    // Functions of this project keep their bodies, also if their names match (`client_failed` does).
    if (imported || exported.has(name) || /tokenward/.test(name) || !PANICS.test(name)) continue;
    binaryen.Function.setBody(reference, module.unreachable());
    trapped += 1;
  }
  if (trapped === 0) throw new Error('no panic function was found by name: was the name section removed too early?');
  // A client lives as long as its page or worker.
  module.removeExport(FREE);
  module.runPasses(['remove-unused-module-elements']);
  const result = module.emitBinary();
  module.dispose();
  return result;
}

/** A function that wasm-bindgen's glue provides to the module. */
const OFFERED = /^ {8}(\w+): function\(.*?\n {8}\},\n/gms;
const FREE = '__wbg_client_free';
const LOADER = { imports: '__wbg_get_imports', started: '__wbg_finalize_init' };

/** The number of a name; the length of the table, which is wasm-bindgen's "no such name", if it is not in the table. */
const NAME_TO_NUMBER = /\((__wbindgen_enum_\w+)\.indexOf\((\w+)\) \+ 1 \|\| \d+\) - 1/g;
const NUMBER_OF = `function numberOf(table, name) {
  let number = 0;
  while (number < table.length && table[number] !== name) number += 1;
  return number;
}`;
/** The code that frees a client: two methods, and the registry that calls one of them. */
const FREEING = new RegExp(
  [
    String.raw`^ {4}__destroy_into_raw\(\) \{\n[\s\S]*?^ {4}\}\n {4}free\(\) \{\n[\s\S]*?^ {4}\}\n`,
    String.raw`^ {8}ClientFinalization\.register\(.*\n`,
    String.raw`^if \(Symbol\.dispose\) Client.*\n`,
    String.raw`^const ClientFinalization = [\s\S]*?;\n`,
  ].join('|'),
  'gm',
);

/**
 * The glue with the short names, without functions that the module does not import, and with the two functions that
 * `js/engine/load-wasm.ts` needs as exports. A loop of this project searches a table of names: a page may have replaced
 * `Array.prototype.indexOf`, which would get the table as `this`, and could change the names.
 */
function trimGlue(glue, names) {
  for (const [name, inner] of Object.entries(LOADER)) {
    if (!glue.includes(`function ${inner}(`))
      throw new Error(`${name}: wasm-bindgen no longer has the function ${inner}`);
  }
  let text = glue
    .replace(NAME_TO_NUMBER, 'numberOf($1, $2)')
    .replace('= performance.now()', '= (globalThis.performance ?? Date).now()');
  if (!text.includes('numberOf(') || text.includes('.indexOf('))
    throw new Error('wasm-bindgen looks names up in another way');
  if (names) {
    const imported = new Map(names.imports.map(([, long, short]) => [long, short]));
    const exported = new Map(names.exports);
    text = text
      .replace(OFFERED, (whole, name) => (imported.has(name) ? whole.replace(name, imported.get(name)) : ''))
      .replaceAll('"./tokenward_bg.js"', '"a"')
      .replace(/\bwasm\.(\w+)/g, (whole, name) => (exported.has(name) ? `wasm.${exported.get(name)}` : whole))
      // wasm-bindgen calls a decoder in advance that this module does not use; the call would keep the decoder in the bundle.
      .replace(/^cachedTextDecoder\.decode\(\);$/m, '')
      .replace('let cachedTextDecoder = new', 'let cachedTextDecoder = /* @__PURE__ */ new')
      .replace(FREEING, '');
  }
  const exports = Object.entries(LOADER).map(([name, inner]) => `${inner} as ${name}`);
  return `${text}\n${NUMBER_OF}\nexport { ${exports.join(', ')} };\n`;
}

/**
 * The bytes as printable ASCII, which no charset, no bundler and no minifier changes. A byte below 90 is one character, from
 * `#` on. For a larger byte, `}` (adds 90) or `~` (adds 180) precedes the character of the rest. Low bytes are frequent in
 * wasm: six of seven need one character. `decode` in js/engine/load-wasm.ts is the inverse.
 */
function encode(bytes) {
  const characters = Array.from(
    bytes,
    (byte) => ['', '}', '~'][Math.floor(byte / 90)] + String.fromCharCode(35 + (byte % 90)),
  );
  return JSON.stringify(characters.join(''));
}

if (process.argv[1] === path.join(root, 'tools/build-wasm.mjs'))
  await main(async () => {
    console.log(await buildWasm(await setUpBuild(), { dev: process.argv.includes('--dev') }), 'bytes');
  });
