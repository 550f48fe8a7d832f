// Checks a login before anything is sent, for both clients.
import type { LoginRequest } from '../auth/auth-requests.js';
import type { Server } from '../auth/server.js';
import { hasOwn } from '../browser/captured-globals.js';

/** Which argument is wrong: `'call'` if the server has no such call, `'credentials'` if a form cannot hold them. */
export function wrongArgument(
  { json, call: name = 'login', isAnswer }: LoginRequest,
  { calls }: Pick<Server, 'calls'>,
): 'call' | 'credentials' | undefined {
  if (isAnswer) return undefined;
  const call = hasOwn(calls, name) ? calls[name] : undefined;
  if (!call || ['refresh', 'logout', 'logoutAll'].includes(name)) return 'call';
  return call.isForm && !isFormFields(json) ? 'credentials' : undefined;
}

/** Whether the credentials are an object of strings, which a form can hold. */
const isFormFields = (json: string) =>
  json[0] === '{' && Object.values(JSON.parse(json)).every((value) => typeof value === 'string');
