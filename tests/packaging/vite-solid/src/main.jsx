import { createSignal, onMount } from 'solid-js';
import { render } from 'solid-js/web';
import { AuthClient } from 'tokenward';
import { AuthProvider, RequireAuth, useAuth, useSession } from 'tokenward/solid';

const isolation = new URLSearchParams(location.search).get('isolation') ?? 'page';
const auth = new AuthClient({ isolation });

function SignIn(props) {
  const { login } = useAuth();
  const signIn = () => {
    document.title = 'signing in';
    login({ email: 'ada@example.com', password: 'analytical engine' }).catch((error) => {
      document.title = `failed: ${error}`;
    });
  };
  return (
    <button type="button" onClick={signIn} data-return-to={props.returnTo}>
      Sign in
    </button>
  );
}

function Me() {
  const { fetch, logout } = useAuth();
  const signOut = () => {
    document.title = 'signing out';
    logout();
  };
  const { status } = useSession();
  const [email, setEmail] = createSignal('');
  onMount(async () => {
    try {
      const me = await (await fetch('/api/me')).json();
      setEmail(me.email);
      document.title = `${status()}: ${me.email}`;
    } catch (error) {
      document.title = `failed: ${error}`;
    }
  });
  return (
    <main>
      <p>{email()}</p>
      <button type="button" onClick={signOut}>
        Sign out
      </button>
    </main>
  );
}

render(
  () => (
    <AuthProvider client={auth}>
      <RequireAuth fallback={<p>restoring</p>} signedOut={(returnTo) => <SignIn returnTo={returnTo} />}>
        <Me />
      </RequireAuth>
    </AuthProvider>
  ),
  document.getElementById('app'),
);
