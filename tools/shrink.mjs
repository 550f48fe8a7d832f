// Three things that neither rustc nor wasm-opt does for us, worth a third of what an app downloads:
//
// 1. Panics say nothing. On wasm32-unknown-unknown the text of a panic goes nowhere, and with panic = "abort" it ends in a
//    trap. The functions that format it are replaced by the trap; nothing else of ours formats anything. What they would
//    have said, and of which line of which file, is blanked: wasm-opt drops zeros. Nothing is left then that calls through
//    the table of functions, and the table goes with all that only it holds.
// 2. Imports and exports have short names. wasm-bindgen's carry a hash each, twice: in the module and in its glue.
// 3. The glue keeps what the module imports, and lends its two ends to js/load.ts: the loader that it brings knows every
//    browser since 2017 and every way to name a module.
//
// ARCHITECTURE.md ("Bytes") says what each is worth.
import { readFileSync, writeFileSync } from 'node:fs';

const PANICS =
  /panicking|panic_|throw_|alloc_error|core(\[\w+\])?::fmt|\bfmt\d|FormatString|_fail\b|_failed\b|rust_begin_unwind/;
const IMPORT = /__wbg_\w+_[0-9a-f]{16}\b/g;

/** Shrinks the module and rewrites its glue in place; returns the path of the new module. */
export async function shrink(wasm, glue) {
  const { default: binaryen } = await import('binaryen');
  const module = binaryen.readBinary(readFileSync(wasm));
  const features = module.getFeatures();
  let silenced = 0;
  for (let index = 0; index < module.getNumFunctions(); index += 1) {
    const reference = module.getFunctionByIndex(index);
    const { module: imported, name } = binaryen.getFunctionInfo(reference);
    // What is ours keeps its body, whatever it is called.
    if (imported || /tokenward/.test(name) || !PANICS.test(name)) continue;
    binaryen.Function.setBody(reference, module.unreachable());
    silenced += 1;
  }
  if (silenced === 0) throw new Error('no panic function was found by name: was the name section removed too early?');
  module.runPasses(['remove-unused-module-elements']);

  const short = new Map();
  const rename = (text) =>
    text.replace(IMPORT, (name) => {
      if (!short.has(name)) short.set(name, `_${short.size.toString(36)}`);
      return short.get(name);
    });
  const exported = new Map();
  const renameExport = (whole, name) => {
    if (!exported.has(name)) exported.set(name, `$${exported.size.toString(36)}`);
    return whole.replace(name, () => exported.get(name));
  };
  // Only the import's own name is in quotes; the function's inner name stays as it is.
  const text = module
    .emitText()
    .replace(/\(import "[^"]*" "[^"]*"/g, rename)
    .replace(/\(export "(?!memory")([^"]+)"/g, renameExport);
  const script = rename(readFileSync(glue, 'utf8')).replace(/\bwasm\.(\w+)/g, (whole, name) =>
    exported.has(name) ? `wasm.${exported.get(name)}` : whole,
  );
  const imported = new Set([...text.matchAll(/\(import "[^"]*" "([^"]*)"/g)].map(([, name]) => name));
  module.dispose();
  const renamed = binaryen.parseText(text);
  renamed.setFeatures(features);
  const shrunk = wasm.replace('_bg.wasm', '_shrunk.wasm');
  writeFileSync(shrunk, blanked(renamed.emitBinary()));
  renamed.dispose();
  writeFileSync(glue, lent(script, imported));
  return shrunk;
}

/** One of the functions that the module may import, as wasm-bindgen writes them. */
const OFFERED = /^ {8}(\w+): function\(.*?\n {8}\},\n/gms;
const LENT = { imports: '__wbg_get_imports', started: '__wbg_finalize_init' };

/** The glue without what the module does not import, and with its two ends exported. */
function lent(script, imported) {
  for (const [name, inner] of Object.entries(LENT)) {
    if (!script.includes(`function ${inner}(`))
      throw new Error(`${name}: wasm-bindgen calls it otherwise than ${inner} now`);
  }
  const used = script
    .replace(OFFERED, (whole, name) => (imported.has(name) ? whole : ''))
    // It warms up what nobody uses here, and would be kept for that.
    .replace(/^cachedTextDecoder\.decode\(\);$/m, '')
    .replace('let cachedTextDecoder = new', 'let cachedTextDecoder = /* @__PURE__ */ new');
  const exported = Object.entries(LENT).map(([name, inner]) => `${inner} as ${name}`);
  return `${used}\nexport { ${exported.join(', ')} };\n`;
}

/** Files that a panic names. */
const FILE = /(\/rustc\/[0-9a-f]{40}\/library|crates|src)\/[\w./-]*?\.rs/g;
/** What a panic says. A text that is not there (another version of a crate) is none the worse. */
const SAID = [
  'Shared future polled again after completion',
  'assertion `left \xc0\x17 right` failed\n  left: \xc0\t\n right: \xc0',
  'assertion `left \xc0\x10 right` failed: \xc0\t\n  left: \xc0\t\n right: \xc0',
  'assertion failed: slot.is_none()',
  'internal error: entered unreachable code',
  'inner future panicked during poll',
  'finish: result should be None',
  'finish: callbacks should be Some',
  'called `Result::unwrap_throw()` on an `Err` value',
  'called `Option::unwrap_throw()` on a `None` value',
  'called `Option::unwrap()` on a `None` value',
  'attempted to take ownership of Rust value while it was borrowed',
  'null pointer passed to rust',
  'recursive use of an object detected which would lead to unsafe aliasing in rust',
  'FnOnce called more than once',
  'closure invoked recursively or after being dropped',
  'cannot recursively acquire mutex',
  'invalid key',
  'capacity overflow',
  'LazyCell instance has previously been poisoned',
  '`async fn` resumed after completion',
  'RefCell already mutably borrowed',
  'RefCell already borrowed',
];
/** A `core::panic::Location`: address and length of the file's name, line, column. */
const LOCATION = 16;

/** The module, with zeros in the place of what only a panic would read. */
function blanked(binary) {
  const bytes = Buffer.from(binary);
  const data = segments(bytes);
  const blank = ({ start }, at, length) => bytes.fill(0, start + at, start + at + length);
  const files = new Map();
  for (const segment of data) {
    for (const { 0: name, index } of text(bytes, segment).matchAll(FILE)) {
      files.set(segment.address + index, name.length);
      blank(segment, index, name.length);
    }
    for (const said of SAID) {
      for (let at = text(bytes, segment).indexOf(said); at >= 0; at = text(bytes, segment).indexOf(said))
        blank(segment, at, said.length);
    }
  }
  for (const segment of data) {
    // Locations lie at whole words of the memory, wherever the segment begins.
    for (let at = -segment.address & 3; at + LOCATION <= segment.size; at += 4) {
      const [address, length] = [0, 4].map((word) => bytes.readUInt32LE(segment.start + at + word));
      if (files.get(address) === length) blank(segment, at, LOCATION);
    }
  }
  if (files.size === 0) throw new Error('no panic names a file: are locations written in another way now?');
  return bytes;
}

const text = (bytes, { start, size }) => bytes.toString('latin1', start, start + size);

/** The active data segments: where their bytes start in the file, how many there are, and their address in memory. */
function segments(bytes) {
  let at = 8;
  const number = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  };
  const found = [];
  while (at < bytes.length) {
    const id = bytes[at++];
    const end = number() + at;
    if (id === 11) {
      for (let count = number(); count > 0; count -= 1) {
        if (number() !== 0 || bytes[at++] !== 0x41)
          throw new Error('a data segment is not of the kind that rustc makes');
        const address = number();
        at += 1; // the end of the address's expression
        const size = number();
        found.push({ start: at, size, address });
        at += size;
      }
    }
    at = end;
  }
  return found;
}
