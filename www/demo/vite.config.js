// The demo page is built as a user's app would be; the package is the one that was just built, not one from a registry.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  resolve: { alias: { tokenward: fileURLToPath(new URL('../../pkg/index.js', import.meta.url)) } },
  build: { outDir: 'dist', emptyOutDir: true, assetsInlineLimit: 0 },
});
