// What an app sees before anything is known. The adapters show it while a page is rendered on a server.
import type { Session } from './index.js';

export const RESTORING: Session<never> = Object.freeze({
  status: 'restoring',
  user: null,
  claims: null,
  expiresAt: null,
  reason: null,
});
