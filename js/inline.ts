// The same with the wasm inside: for places that serve one file and no assets.
export * from './index.js';
