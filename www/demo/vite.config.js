// Builds the demo page as an app would be built, with the local build of the package instead of a published one.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  resolve: { alias: { tokenward: fileURLToPath(new URL('../../pkg/index.js', import.meta.url)) } },
  build: { outDir: 'dist', emptyOutDir: true, assetsInlineLimit: 0 },
});
