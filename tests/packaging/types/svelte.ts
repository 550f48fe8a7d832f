import { AuthClient } from 'tokenward';
import { createGuard, type Reactive, setAuth, useAuth, useIdleWarning, useRole, useSession } from 'tokenward/svelte';
import { invalidate, redirect } from './kit.js';

interface User {
  name: string;
}
const auth = setAuth(new AuthClient<User>());
const name: string | undefined = useSession<User>().current.user?.name;
useAuth<User>().session.user?.name satisfies string | undefined;
// @ts-expect-error: it is read-only
useSession().current = auth.session;
useRole('admin').current satisfies boolean;
useRole(() => ['admin', 'editor']) satisfies Reactive<boolean>;
useIdleWarning().current satisfies number | null;

const guard = createGuard(auth, { redirect, invalidate, forbidden: '/403' });
export const load = guard();
guard(['admin', 'editor']) satisfies typeof load;
guard.watch();
// @ts-expect-error: SvelteKit's functions are needed
createGuard(auth);

export { name };
