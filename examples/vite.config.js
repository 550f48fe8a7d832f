import { svelte } from '@sveltejs/vite-plugin-svelte';
import react from '@vitejs/plugin-react';
import vue from '@vitejs/plugin-vue';

// The server compares `Origin` with `Host` where the browser sends no `Sec-Fetch-Site` (docs/guides/development.md).
const server = { target: process.env.AUTH_SERVER ?? 'http://127.0.0.1:8080', changeOrigin: false };

export default {
  plugins: [react(), vue(), svelte()],
  // The auth server is on the page's own origin, as a reverse proxy makes it.
  server: { proxy: { '/auth': server, '/api': server, '/demo/': server } },
};
