// The types of two functions of SvelteKit, whose own declarations exist only inside of an app.
export declare function redirect(
  status: 300 | 301 | 302 | 303 | 304 | 305 | 306 | 307 | 308,
  location: string | URL,
): never;
export declare function invalidate(resource: string | URL | ((url: URL) => boolean)): Promise<void>;
