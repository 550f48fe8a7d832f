// What several parts of the page need: its elements, its two places, times in words, and a call that must succeed.
import type { AuthClient } from 'tokenward';

/** Whether the page was opened to be pointed at a server of the visitor's own. */
export const OWN_SERVER = location.pathname === '/own-server';

export const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

/** A new element with its text or its children, and its attributes. */
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

export const later = (milliseconds: number) => new Promise<void>((resolve) => setTimeout(resolve, milliseconds));

/** Calls the page's own server, with the page's own client. Throws where the answer is no success. */
export async function ask(auth: AuthClient, method: string, path: string, body?: unknown): Promise<Response> {
  const json = { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const response = await auth.fetch(path, { method, ...(body !== undefined && json) });
  if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}`);
  return response;
}
