import solid from 'vite-plugin-solid';

// An app has its packages in its own folder, which the dev server allows to read.
export default { plugins: [solid()], server: { fs: { allow: ['.', '../node_modules'] } } };
