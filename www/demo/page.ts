// Helpers that several modules of the page share: DOM access, formatting of times, and requests to the page's server.
import type { AuthClient } from 'tokenward';

/** Whether this is the page for the user's own server. */
export const OWN_SERVER = location.pathname === '/own-server';

export const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

/** Creates an element with text or children, and attributes. */
export function make<K extends keyof HTMLElementTagNameMap>(
  name: K,
  content: string | readonly Node[] = '',
  attributes: Readonly<Record<string, string>> = {},
): HTMLElementTagNameMap[K] {
  const one = document.createElement(name);
  if (typeof content === 'string') one.textContent = content;
  else one.append(...content);
  for (const [attribute, value] of Object.entries(attributes)) one.setAttribute(attribute, value);
  return one;
}

export const clock = (time: number) => new Date(time).toLocaleTimeString();

/** `1 refresh`, `2 refreshes`. */
export const counted = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** 12 ms, 1.3 s or 900 s. */
export const duration = (milliseconds: number) =>
  milliseconds < 1000
    ? `${Math.round(milliseconds)} ms`
    : `${(milliseconds / 1000).toFixed(milliseconds < 100_000 ? 1 : 0)} s`;

export const delay = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** Sends a request to the demo server with the page's client. Throws if the status is not 2xx. */
export async function request(auth: AuthClient, method: string, path: string, body?: unknown): Promise<Response> {
  const json = { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const response = await auth.fetch(path, { method, ...(body !== undefined && json) });
  if (!response.ok) throw new Error(`${method} ${path} failed with status ${response.status}`);
  return response;
}
