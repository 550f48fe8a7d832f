// The engine with the core as JavaScript, for browsers and policies without WebAssembly. The build puts `load-wasm-as-js.ts` in
// the place of `load-wasm.ts`, and everything into one file.
export { openEngine } from './engine.js';
