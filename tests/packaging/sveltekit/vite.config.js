import { sveltekit } from '@sveltejs/kit/vite';

// An app has its packages in its own folder, which the dev server allows to read.
export default { plugins: [sveltekit()], server: { fs: { allow: ['../node_modules'] } } };
