import { render, screen } from '@solidjs/testing-library';
import { createEffect, createSignal, Show } from 'solid-js';
import { AuthProvider, RequireAuth, useAuth, useIdleWarning, useRole, useSession } from 'tokenward/solid';
import { createTestAuth } from 'tokenward/testing';
import { expect, test, vi } from 'vitest';

const mounted = (auth, view) => render(() => <AuthProvider client={auth}>{view()}</AuthProvider>);
const shown = (text) => screen.findByText(text);

function Name() {
  const { session, status, user, claims, expiresAt, reason } = useSession();
  return (
    <p>
      {`${status()} ${user()?.name ?? 'nobody'} ${claims()?.role ?? '-'} ${expiresAt() ?? '-'} ${reason() ?? '-'} ${session().status}`}
    </p>
  );
}

test('useSession returns accessors that follow the session', async () => {
  const auth = createTestAuth({ user: { name: 'Ada' }, claims: { role: 'admin' }, expiresAt: 5 });
  mounted(auth, () => <Name />);
  expect(screen.getByText('signed-in Ada admin 5 - signed-in')).toBeTruthy();
  auth.test.signOut('revoked');
  await shown('signed-out nobody - - revoked signed-out');
});

test('useAuth returns the client, and without AuthProvider throws an error that names it', () => {
  const auth = createTestAuth();
  let found;
  const View = () => {
    found = useAuth();
    return null;
  };
  mounted(auth, () => <View />);
  expect(found).toBe(auth);
  expect(() => render(() => <View />)).toThrow(/<AuthProvider client=\{auth\}>/);
});

test('useRole follows the session and the role that is asked for', async () => {
  const auth = createTestAuth({ user: { role: 'admin' } });
  const [asked, setAsked] = createSignal('admin');
  const View = () => {
    const has = useRole(asked);
    return <p>{`has ${has()}`}</p>;
  };
  mounted(auth, () => <View />);
  expect(screen.getByText('has true')).toBeTruthy();
  auth.test.signIn({ role: 'user' });
  await shown('has false');
  setAsked(['editor', 'user']);
  await shown('has true');
  auth.test.signOut();
  await shown('has false');
});

test('useIdleWarning follows the warning until the component is unmounted', async () => {
  const auth = createTestAuth({ user: {} });
  let signOutAt;
  const View = () => {
    signOutAt = useIdleWarning();
    return <p>{`warning ${signOutAt()}`}</p>;
  };
  const { unmount } = mounted(auth, () => <View />);
  auth.test.warnIdle(1_800_000_000_000);
  await shown('warning 1800000000000');
  auth.stayActive();
  await shown('warning null');
  unmount();
  const warned = new Promise((resolve) => void auth.on('idle-warning', resolve));
  auth.test.warnIdle(1_800_000_000_000);
  await warned;
  expect(signOutAt()).toBe(null);
});

test('useIdleWarning knows the warning that began before its component was mounted', async () => {
  const auth = createTestAuth({ user: {} });
  const [isOpen, setOpen] = createSignal(false);
  const Warning = () => <p>{`warning ${useIdleWarning()()}`}</p>;
  mounted(auth, () => <Show when={isOpen()}>{<Warning />}</Show>);
  auth.test.warnIdle(1_800_000_000_000);
  setOpen(true);
  await shown('warning 1800000000000');
  auth.dispose();
  await shown('warning null');
});

test('an error in one component does not hide the warning from another', async () => {
  const auth = createTestAuth({ user: {} });
  const failed = vi.fn();
  addEventListener('error', failed);
  const Failing = () => {
    const signOutAt = useIdleWarning();
    createEffect(() => {
      if (signOutAt()) throw new Error('of the app');
    });
  };
  const Warning = () => <p>{`warning ${useIdleWarning()()}`}</p>;
  mounted(auth, () => [<Failing />, <Warning />]);
  const uncaught = vi.fn();
  process.on('uncaughtException', uncaught);
  auth.test.warnIdle(1_800_000_000_000);
  await shown('warning 1800000000000');
  await vi.waitFor(() => expect(failed.mock.calls.length + uncaught.mock.calls.length).toBeGreaterThan(0));
  process.off('uncaughtException', uncaught);
  removeEventListener('error', failed);
});

test('RequireAuth shows each state, and hides the page when the session ends', async () => {
  history.replaceState(null, '', '/reports?page=2#total');
  const auth = createTestAuth({ status: 'restoring' });
  const onSignedOut = vi.fn();
  mounted(auth, () => (
    <RequireAuth
      fallback={<p>restoring</p>}
      signedOut={(returnTo) => <p>login, then {returnTo}</p>}
      onSignedOut={onSignedOut}
      requiredRole={['admin', 'root']}
      forbidden={<p>forbidden</p>}
    >
      <p>the reports</p>
    </RequireAuth>
  ));
  expect(screen.getByText('restoring')).toBeTruthy();
  auth.test.signIn({ role: 'admin' });
  await shown('the reports');
  auth.test.signIn({ role: 'user' });
  await shown('forbidden');
  auth.test.signIn({ role: 'root' });
  await shown('the reports');
  expect(onSignedOut).not.toHaveBeenCalled();
  auth.test.signOut('expired');
  await shown('login, then /reports?page=2#total');
  expect(screen.queryByText('the reports')).toBeNull();
  expect(onSignedOut).toHaveBeenCalledExactlyOnceWith('/reports?page=2#total');
});

test('RequireAuth calls onSignedOut once, also if what it shows then changes', async () => {
  history.replaceState(null, '', '/reports?page=2');
  const auth = createTestAuth({ user: { name: 'Ada' } });
  const [problem, setProblem] = createSignal(false);
  const onSignedOut = vi.fn(() => history.replaceState(null, '', '/login'));
  const redirecting = (returnTo) => <p>{problem() ? `no redirect to ${returnTo}` : `redirect to ${returnTo}`}</p>;
  mounted(auth, () => [
    <RequireAuth onSignedOut={onSignedOut} signedOut={problem() ? <p>a problem</p> : <p>redirect</p>}>
      one
    </RequireAuth>,
    <RequireAuth signedOut={redirecting}>two</RequireAuth>,
  ]);
  auth.test.signOut('expired');
  await shown('redirect');
  await shown(/^redirect to .*page=2$/);
  setProblem(true);
  await shown('a problem');
  await shown(/^no redirect to .*page=2$/);
  expect(onSignedOut).toHaveBeenCalledExactlyOnceWith('/reports?page=2');
  history.replaceState(null, '', '/');
});

test('a new token does not render the page again', async () => {
  const auth = createTestAuth({ user: { name: 'Ada' } });
  const made = vi.fn();
  const Page = () => {
    made();
    return <Name />;
  };
  mounted(auth, () => (
    <RequireAuth>
      <Page />
    </RequireAuth>
  ));
  auth.test.refreshed({ expiresAt: 5 });
  await shown('signed-in Ada - 5 - signed-in');
  expect(made).toHaveBeenCalledTimes(1);
});

test('unmounting removes the listener and does not dispose the client', async () => {
  const auth = createTestAuth({ user: { name: 'Ada' } });
  const seen = vi.fn();
  const { subscribe } = auth;
  auth.subscribe = (listener) => {
    const remove = subscribe(listener);
    return () => seen(remove());
  };
  const { unmount } = mounted(auth, () => <Name />);
  expect(seen).not.toHaveBeenCalled();
  unmount();
  expect(seen).toHaveBeenCalledTimes(1);
  await auth.login({});
  expect(auth.session.status).toBe('signed-in');
});
