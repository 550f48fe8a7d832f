import { AuthProvider, SignedIn, SignedOut, useAuth } from 'tokenward/react';
import { auth } from './auth.js';

function SignIn() {
  const { login } = useAuth();
  const signIn = () => {
    document.title = 'signing in';
    login({ email: 'ada@example.com', password: 'analytical engine' }).catch((error) => {
      document.title = `failed: ${error}`;
    });
  };
  return (
    <button type="button" onClick={signIn}>
      Sign in
    </button>
  );
}

function SignOut() {
  const { logout } = useAuth();
  const signOut = () => {
    document.title = 'signing out';
    logout();
  };
  return (
    <button type="button" onClick={signOut}>
      Sign out
    </button>
  );
}

export default function Account() {
  return (
    <AuthProvider client={auth}>
      <SignedIn>
        <SignOut />
      </SignedIn>
      <SignedOut>
        <SignIn />
      </SignedOut>
    </AuthProvider>
  );
}
