// The package `tokenward/vite`: a plugin of Vite that preloads the file with the client's engine.

import type { AuthClientOptions } from './client/options.js';

/** A file that Vite has built, as far as the plugin reads it: `OutputChunk` of Rollup and Rolldown. */
interface BuiltFile {
  type: string;
  fileName: string;
  moduleIds?: readonly string[];
  imports?: readonly string[];
  dynamicImports?: readonly string[];
}

/** What Vite says of the page that it writes: `IndexHtmlTransformContext` of Vite. */
interface PageContext {
  path: string;
  bundle?: Readonly<Record<string, BuiltFile>>;
  chunk?: BuiltFile;
}

/** An element for the head of the page: `HtmlTagDescriptor` of Vite. */
interface HeadElement {
  tag: string;
  attrs: Record<string, string | true>;
  injectTo: 'head';
}

/** The plugin, as Vite 5 and later take it: `Plugin` of Vite. */
export interface TokenwardPlugin {
  name: 'tokenward';
  apply: 'build';
  configResolved(config: { base: string }): void;
  transformIndexHtml: {
    order: 'post';
    handler(html: string, context: PageContext): HeadElement[] | undefined;
  };
}

/** The options of the plugin. */
export interface TokenwardPluginOptions {
  /** The option `isolation` of the app's client, because the modes load different files. Default `'page'`. */
  isolation?: AuthClientOptions['isolation'];
}

/** The file that the client loads first in each mode. */
const FILES: Record<NonNullable<TokenwardPluginOptions['isolation']>, string> = {
  page: 'engine',
  worker: 'worker-client',
  'shared-worker': 'worker-client',
  auto: 'worker-client',
};

/**
 * Adds `<link rel="modulepreload">` for the engine to each page whose first script imports `tokenward`. The browser then loads the
 * engine beside the app's script instead of after it, which saves one round trip before the first request with a token.
 *
 * `vite build` uses the plugin; the development server does not. A framework that writes its HTML without Vite (Nuxt, SvelteKit,
 * Astro, React Router in its framework mode) does not call it. An app that imports `tokenward/eager` needs no preload.
 *
 * @example
 * // vite.config.js
 * import react from '@vitejs/plugin-react';
 * import { tokenward } from 'tokenward/vite';
 *
 * export default { plugins: [react(), tokenward()] };
 *
 * @see https://vite.dev/guide/api-plugin#transformindexhtml
 * @see https://developer.mozilla.org/docs/Web/HTML/Reference/Attributes/rel/modulepreload
 */
export function tokenward(options: TokenwardPluginOptions = {}): TokenwardPlugin {
  const { isolation = 'page' } = options;
  if (!Object.hasOwn(FILES, isolation)) {
    const valid = Object.keys(FILES).map((mode) => JSON.stringify(mode));
    throw new TypeError(
      `tokenward/vite: options.isolation: expected ${valid.join(', ')}, got ${JSON.stringify(isolation)}`,
    );
  }
  const module = new RegExp(`[\\\\/]pkg[\\\\/]${FILES[isolation]}\\.js$`);
  let base = '/';
  return {
    name: 'tokenward',
    apply: 'build',
    configResolved(config) {
      base = config.base;
    },
    transformIndexHtml: {
      order: 'post',
      handler(_, { bundle = {}, chunk, path }) {
        if (!chunk) return undefined;
        const first = withImports(chunk, bundle);
        const later = first.flatMap(({ dynamicImports = [] }) => dynamicImports.flatMap((name) => bundle[name] ?? []));
        const wanted = later.filter(({ moduleIds }) => moduleIds?.some((id) => module.test(id)));
        const files = new Set(wanted.flatMap((file) => withImports(file, bundle)));
        return [...files]
          .filter((file) => !first.includes(file))
          .map(({ fileName }) => ({
            tag: 'link',
            attrs: { rel: 'modulepreload', crossorigin: true, href: addressOf(fileName, base, path) },
            injectTo: 'head',
          }));
      },
    },
  };
}

/** A file, and the files that it imports (not by `import()`). */
function withImports(file: BuiltFile, bundle: Readonly<Record<string, BuiltFile>>): BuiltFile[] {
  const found = new Set([file]);
  // (The loop also visits what it adds.)
  for (const { imports = [] } of found) for (const name of imports) if (bundle[name]) found.add(bundle[name]);
  return [...found];
}

/** The address of a file on a page: with a relative `base`, it starts at the folder of the page. */
function addressOf(fileName: string, base: string, page: string): string {
  if (base !== '' && base !== './') return base + fileName;
  const depth = page.split('/').length - 2;
  return (depth > 0 ? '../'.repeat(depth) : './') + fileName;
}
