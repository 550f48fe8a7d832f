import type { Accessor } from 'solid-js';
import { AuthClient } from 'tokenward';
import { AuthProvider, RequireAuth, useAuth, useIdleWarning, useRole, useSession } from 'tokenward/solid';

interface User {
  name: string;
}
AuthProvider({ client: new AuthClient<User>() });
const { user, status, session } = useSession<User>();
user()?.name satisfies string | undefined;
session() satisfies { status: string };
// @ts-expect-error: it is a function
status === 'signed-in';
useAuth<User>().session.user?.name satisfies string | undefined;
useRole('admin') satisfies Accessor<boolean>;
useRole(() => ['admin', 'editor'])() satisfies boolean;
useIdleWarning()() satisfies number | null;
RequireAuth({ requiredRole: ['admin'], signedOut: (returnTo) => returnTo.length, onSignedOut: () => {} });
// @ts-expect-error: a role is a string
RequireAuth({ requiredRole: 1 });
