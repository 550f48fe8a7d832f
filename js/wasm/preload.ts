// The way of the wasm file to the page, begun before anybody needs it.
let asked = false;

/**
 * The wasm file, asked for as early as the engine and not by it: on a network that is one way there and back less. For the
 * first client of a page; the engine asks for itself where it is needed once more.
 */
export function early(): Promise<Response> | undefined {
  if (asked) return undefined;
  asked = true;
  const file = fetch(new URL('tokenward_bg.wasm', import.meta.url));
  file.catch(() => {}); // whoever waits for it says what to do
  return file;
}
