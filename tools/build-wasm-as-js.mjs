// The wasm module as JavaScript, for browsers and policies without WebAssembly: a second run of wasm-bindgen, and wasm2js.
//
// wasm2js knows neither reference types nor the features that Rust's target uses. Therefore this build names fewer features to
// wasm-bindgen, which then keeps the objects in an array of the glue, and wasm-opt replaces the instructions.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { output, run } from './run.mjs';

const SECTION = 'target_features';

/** Builds `tokenward.js` (the glue) and `wasm-as-js.js` in `folder`. `common` are the steps that both builds share. */
export async function buildWasmAsJs(compiled, folder, wasmBindgen, common) {
  const { bin, features, shrink, trapPanics, trimGlue } = common;
  mkdirSync(folder, { recursive: true });
  const at = (name) => path.join(folder, name);
  writeFileSync(at('input.wasm'), withoutReferenceTypes(readFileSync(compiled)));
  const bindgen = ['--target', 'web', '--out-dir', folder, '--out-name', 'tokenward', '--remove-producers-section'];
  await run(wasmBindgen, [at('input.wasm'), ...bindgen]);
  writeFileSync(at('trapped.wasm'), await trapPanics(readFileSync(at('tokenward_bg.wasm'))));
  const lower = ['--llvm-memory-copy-fill-lowering', '--signext-lowering', '--llvm-nontrapping-fptoint-lowering'];
  const strip = ['--strip-debug', '--strip-producers', '--strip-target-features'];
  await run(bin('wasm-opt'), [at('trapped.wasm'), ...lower, ...shrink, ...strip, ...features, '-o', at('small.wasm')]);
  const shorten = [at('small.wasm'), '--minify-imports-and-exports-and-modules', ...features, '-o', at('small.wasm')];
  const names = JSON.parse(output(bin('wasm-opt'), shorten) ?? 'null');
  if (!names) throw new Error('wasm-opt failed on the module without reference types');
  await run(bin('wasm2js'), [at('small.wasm'), '-Oz', '-o', at('wasm2js.js')]);
  writeFileSync(at('wasm-as-js.js'), asFunction(readFileSync(at('wasm2js.js'), 'utf8')));
  writeFileSync(
    at('wasm-as-js.d.ts'),
    'export default function instantiate(imports: WebAssembly.Imports): WebAssembly.Exports;\n',
  );
  writeFileSync(at('tokenward.js'), trimGlue(withHeap(readFileSync(at('tokenward.js'), 'utf8')), names));
}

/** Reads an LEB128 number: the number, and the offset behind it. */
function readNumber(bytes, offset) {
  let number = 0;
  for (let at = offset, shift = 0; ; at += 1, shift += 7) {
    number |= (bytes[at] & 127) << shift;
    if (bytes[at] < 128) return [number, at + 1];
  }
}

/** The module with a section of features that does not name reference types. */
function withoutReferenceTypes(bytes) {
  const kept = [bytes.subarray(0, 8)];
  for (let start = 8; start < bytes.length; ) {
    const [length, content] = readNumber(bytes, start + 1);
    const [nameLength, name] = readNumber(bytes, content);
    const isFeatures = bytes[start] === 0 && bytes.toString('latin1', name, name + nameLength) === SECTION;
    if (!isFeatures) kept.push(bytes.subarray(start, content + length));
    start = content + length;
  }
  const text = (value) => Buffer.from(`${String.fromCharCode(value.length)}${value}`, 'latin1');
  const section = Buffer.concat([text(SECTION), Buffer.from([1]), Buffer.from('+'), text('mutable-globals')]);
  return Buffer.concat([...kept, Buffer.from([0, section.length]), section]);
}

/** The output of wasm2js as a function of the imports that returns the exports. */
function asFunction(text) {
  const end = text.indexOf('var retasmFunc = ');
  if (end < 0 || !text.includes('function asmFunc(imports)'))
    throw new Error('wasm2js writes its output in another way');
  return `${text.slice(0, end).replace(/^import .*\n/gm, '')}export default asmFunc;\n`;
}

/** The glue for this module: without the import that wasm-bindgen leaves unresolved, and for a memory that grows. */
function withHeap(glue) {
  const first = glue.match(/function dropObject\(idx\) \{\s*if \(idx < (\d+)\) return;/)?.[1];
  const offered = /"\.\/tokenward_bg\.js": import0|const import0 = \{\n {8}__proto__: null,\n/;
  const stale = 'cachedUint8ArrayMemory0.byteLength === 0';
  if (!first || !offered.test(glue) || !glue.includes(stale))
    throw new Error('wasm-bindgen keeps its objects in another way');
  return (
    glue
      .replace(/^import \* as import1 .*\n/m, '')
      .replace(/^.*: import1,\n/m, '')
      .replace(
        /const import0 = \{\n {8}__proto__: null,\n/,
        (start) =>
          `${start}        __wbindgen_externref_statics_end: function() {\n            return ${first};\n        },\n`,
      )
      // When wasm grows its memory, the browser detaches the old buffer. JavaScript code leaves it as it is.
      .replace(stale, 'cachedUint8ArrayMemory0.buffer !== wasm.memory.buffer')
  );
}
