import { tokenward } from 'tokenward/vite';
import { defineConfig } from 'vite';

export default defineConfig({ plugins: [tokenward(), tokenward({ isolation: 'worker' })] });

// @ts-expect-error The plugin has the modes of the client.
tokenward({ isolation: 'iframe' });
