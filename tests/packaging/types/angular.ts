import type { EnvironmentProviders, Signal } from '@angular/core';
import type { Routes } from '@angular/router';
import { AuthClient } from 'tokenward';
import {
  injectAuth,
  injectIdleWarning,
  injectRole,
  injectSession,
  provideAuth,
  provideAuthBackend,
  requireAuth,
} from 'tokenward/angular';

interface User {
  name: string;
}
[provideAuth(new AuthClient<User>()), provideAuthBackend()] satisfies EnvironmentProviders[];
const { user, status } = injectSession<User>();
user()?.name satisfies string | undefined;
// @ts-expect-error: it is read-only
status.set('signed-in');
injectAuth<User>().session.user?.name satisfies string | undefined;
injectRole(['admin', 'editor']) satisfies Signal<boolean>;
injectIdleWarning()() satisfies number | null;
[{ path: 'a', canActivate: [requireAuth(), requireAuth({ requiredRole: 'admin' })] }] satisfies Routes;
// @ts-expect-error: a path is a string
requireAuth({ login: 1 });
