// Two things that neither rustc nor wasm-opt does for us, worth 3.6 KB (brotli) of what an app downloads:
//
// 1. Panics say nothing (2.6 KB). On wasm32-unknown-unknown the text of a panic goes nowhere, and with panic = "abort"
//    it ends in a trap. The functions that format it are replaced by the trap. Nothing else of ours formats anything.
// 2. Imports have short names (1 KB). wasm-bindgen's carry a hash each, twice: in the module and in its glue.
import { readFileSync, writeFileSync } from 'node:fs';

const PANICS = /panicking|panic_|core(\[\w+\])?::fmt|\bfmt\d|FormatString|_fail\b|_failed\b|rust_begin_unwind/;
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

  const short = new Map();
  const rename = (text) =>
    text.replace(IMPORT, (name) => {
      if (!short.has(name)) short.set(name, `_${short.size.toString(36)}`);
      return short.get(name);
    });
  const script = rename(readFileSync(glue, 'utf8'));
  // Only the import's own name is in quotes; the function's inner name stays as it is.
  const text = module.emitText().replace(/\(import "[^"]*" "[^"]*"/g, rename);
  module.dispose();
  const renamed = binaryen.parseText(text);
  renamed.setFeatures(features);
  const shrunk = wasm.replace('_bg.wasm', '_shrunk.wasm');
  writeFileSync(shrunk, renamed.emitBinary());
  renamed.dispose();
  writeFileSync(glue, script);
  return shrunk;
}
