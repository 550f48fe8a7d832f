// The package `tokenward`: the client, its errors and the types of its options, session and events.
export { AuthClient } from './client/auth-client.js';
export { AuthError, type AuthErrorCode } from './client/errors.js';
export type { AuthEvents } from './client/events.js';
export type { ApiRequestInit, AuthClientOptions, LogEntry, SignInOptions } from './client/options.js';
export type {
  RememberStore,
  ServerAnswer,
  ServerCall,
  ServerOptions,
  Template,
  TemplateValue,
} from './client/server-options.js';
export type {
  Register,
  RegisteredUser,
  RestoringSession,
  Session,
  SignedInSession,
  SignedOutReason,
  SignedOutSession,
} from './client/session.js';
