// Errors as data, so that a rejection in the worker arrives on the page as the same kind of error.
import type { AuthError, AuthErrorCode } from '../client/errors.js';
import type { Session } from '../client/session.js';
import type { AuthErrorClass } from '../engine/auth-errors.js';
import { ownMembers } from '../util/own-members.js';

interface SerializedError {
  readonly kind: 'auth' | 'dom' | 'type' | 'other' | 'value';
  readonly name?: string;
  readonly message?: string;
  readonly details?: Record<string, unknown>;
  readonly value?: unknown;
}

/** A reason that cannot be cloned is replaced by its text. */
export function serializeError(error: unknown): SerializedError {
  if (error instanceof Error && error.name === 'AuthError') {
    const { code, message, status, retryable, retryAfterSeconds, body } = error as AuthError;
    const details = { retryable, status: status ?? undefined, retryAfterSeconds: retryAfterSeconds ?? undefined, body };
    return { kind: 'auth', name: code, message: message.slice(code.length + 2), details };
  }
  if (error instanceof Error || error instanceof DOMException) {
    const { name, message } = error;
    const kind = error instanceof DOMException ? 'dom' : error instanceof TypeError ? 'type' : 'other';
    return { kind, name, message };
  }
  try {
    return { kind: 'value', value: structuredClone(error) };
  } catch {
    return { kind: 'value', value: String(error) };
  }
}

/** A session as a message holds it: a message cannot hold an `AuthError`. */
export type SerializedSession = {
  readonly [Member in keyof Session]: Member extends 'error' ? SerializedError | null : Session[Member];
};

export const serializeSession = (session: Session): SerializedSession => ({
  ...session,
  error: session.error && serializeError(session.error),
});

export const deserializeSession = (session: SerializedSession, AuthErrorType: AuthErrorClass) =>
  ({ ...session, error: session.error && deserializeError(session.error, AuthErrorType) }) as Session;

export function deserializeError(serialized: unknown, AuthErrorType: AuthErrorClass): unknown {
  // A member that the error lacks is not one of `Object.prototype`.
  const { kind, name = '', message = '', details, value } = ownMembers(serialized as SerializedError);
  if (kind === 'auth') return new AuthErrorType(name as AuthErrorCode, message, ownMembers(details));
  if (kind === 'dom') return new DOMException(message, name);
  if (kind === 'type') return new TypeError(message);
  return kind === 'other' ? Object.assign(new Error(message), { name }) : value;
}
