// The package `tokenward/inline`: the same with the wasm inside, for deployments that serve one file and no assets.
export * from './index.js';
