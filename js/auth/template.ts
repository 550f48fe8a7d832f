// Texts with placeholders, such as `Bearer {access}`. They are read with captured functions: a script that replaced `split` could
// otherwise make one field of an answer another one.
import { hasHeader, indexOf, keys, parse, slice, stringify, URLSearchParams } from '../browser/captured-globals.js';
import type { TemplateValue } from '../client/server-options.js';
import { readPath } from './json.js';

/** What the placeholders stand for. Without a prototype: no getter of the page receives what is read here. */
export interface Values {
  readonly access: string;
  readonly refresh: string;
  /** As JSON. */
  readonly credentials: string | undefined;
  readonly clientId: string | undefined;
  /** The cookies that scripts can read, as `document.cookie` shows them. */
  readonly cookies: string;
  /** What was kept for this page: `{refresh, access, until, user}`. */
  readonly kept: unknown;
}

/** What an API call has: no credentials and no refresh token. */
export const apiValues = (access: string, cookies: string): Values =>
  ({
    __proto__: null,
    access,
    refresh: '',
    credentials: undefined,
    clientId: undefined,
    cookies,
    kept: undefined,
  }) as unknown as Values;

export type SetHeader = (name: string, value: string) => void;

function valueFor(name: string, values: Values): unknown {
  if (name === 'access') return values.access;
  if (name === 'refresh') return values.refresh;
  if (name === 'clientId') return values.clientId;
  if (name === 'credentials') return values.credentials === undefined ? undefined : parse(values.credentials);
  if (indexOf(name, 'cookie:') === 0) return cookieOf(values.cookies, slice(name, 7));
  return values.credentials === undefined ? undefined : readPath(parse(values.credentials), slice(name, 12));
}

/** The value of a cookie, decoded; undefined if there is none. */
function cookieOf(cookies: string, name: string): string | undefined {
  const all = `; ${cookies};`;
  const start = indexOf(all, `; ${name}=`);
  if (start < 0) return undefined;
  const from = start + name.length + 3;
  const value = slice(all, from, indexOf(all, ';', from));
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

/** Whether the template holds a placeholder whose name starts so. */
export function mentions(template: unknown, name: string): boolean {
  if (typeof template === 'string') return indexOf(template, `{${name}`) >= 0;
  if (typeof template !== 'object' || template === null) return false;
  const names = keys(template);
  for (let at = 0; at < names.length; at += 1)
    if (mentions((template as Record<string, unknown>)[names[at] as string], name)) return true;
  return false;
}

/**
 * The template with its values: a string, or the value itself if the template is one placeholder. Undefined if a placeholder
 * has no value.
 */
function fill(template: string, values: Values): unknown {
  let text = '';
  for (let at = 0; ; ) {
    const start = indexOf(template, '{', at);
    const end = start < 0 ? -1 : indexOf(template, '}', start);
    if (end < 0) return text + slice(template, at);
    const value = valueFor(slice(template, start + 1, end), values);
    if (value === undefined || value === null || value === '') return undefined;
    if (start === 0 && end === template.length - 1) return value;
    text += slice(template, at, start) + value;
    at = end + 1;
  }
}

/** Sets the headers whose placeholders have values, except those that `given` has. */
export function fillHeaders(
  templates: Readonly<Record<string, string>>,
  values: Values,
  set: SetHeader,
  given?: Headers,
): void {
  const names = keys(templates);
  for (let at = 0; at < names.length; at += 1) {
    const name = names[at] as string;
    const value = given && hasHeader(given, name) ? undefined : fill(templates[name] as string, values);
    if (value !== undefined) set(name, `${value}`);
  }
}

/** (`Object(value)` would show the value to a script that replaced `Object`.) */
const namesOf = (value: unknown): string[] => (typeof value === 'object' && value !== null ? keys(value) : []);

/** The members with their values; members without a value are left out. The result inherits nothing. */
function fillMembers(members: object, values: Values): Record<string, unknown> {
  const filled = { __proto__: null } as unknown as Record<string, unknown>;
  const names = keys(members);
  for (let at = 0; at < names.length; at += 1) {
    const name = names[at] as string;
    const member = (members as Record<string, unknown>)[name];
    const value =
      typeof member === 'string'
        ? fill(member, values)
        : typeof member === 'object' && member !== null
          ? fillMembers(member, values)
          : member;
    if (name === '...') {
      const more = namesOf(value);
      for (let index = 0; index < more.length; index += 1)
        filled[more[index] as string] = (value as Record<string, unknown>)[more[index] as string];
    } else if (value !== undefined) filled[name] = value;
  }
  return filled;
}

/** The body of a request; null if there is nothing to send. */
export function encodeBody(body: TemplateValue | undefined, isForm: boolean, values: Values): BodyInit | null {
  if (body === undefined || body === null) return null;
  if (body === '{credentials}' && !isForm) return values.credentials ?? null;
  const filled =
    typeof body === 'object' ? fillMembers(body, values) : typeof body === 'string' ? fill(body, values) : body;
  // Nothing that the members stand for is there. (A body `{}` is sent.)
  if (filled === undefined || (typeof filled === 'object' && namesOf(filled).length === 0 && namesOf(body).length > 0))
    return null;
  if (!isForm) return stringify(filled);
  return new URLSearchParams(filled as Record<string, string>);
}
