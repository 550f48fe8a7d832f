import { StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { AuthClient } from 'tokenward';
import { AuthProvider, SessionUnavailable, SignedIn, SignedOut, useAuth, useSession } from 'tokenward/react';

const auth = new AuthClient();

/** The text for the user depends on the code of the error; the message is for developers. */
const explain = ({ code, message }) => (code === 'INVALID_CREDENTIALS' ? 'Wrong email or password.' : message);

function Login() {
  const auth = useAuth();
  const [problem, setProblem] = useState('');
  const submit = (event) => {
    event.preventDefault();
    const { email, password } = Object.fromEntries(new FormData(event.currentTarget));
    auth.login({ email, password }).catch((error) => setProblem(explain(error)));
  };
  return (
    <form onSubmit={submit}>
      <label>
        Email <input name="email" type="email" autoComplete="username" defaultValue="ada@example.com" />
      </label>
      <label>
        Password
        <input name="password" type="password" autoComplete="current-password" defaultValue="analytical engine" />
      </label>
      <button type="submit">Sign in</button>
      {problem && <p role="alert">{problem}</p>}
    </form>
  );
}

function Home() {
  const auth = useAuth();
  const { user } = useSession();
  const [answer, setAnswer] = useState('');
  const call = async () => setAnswer(await (await auth.fetch('/api/me')).text());
  return (
    <main>
      <p>Signed in as {user.email}</p>
      <button type="button" onClick={call}>
        Call the API
      </button>
      {answer && <pre>{answer}</pre>}
      <button type="button" onClick={() => auth.logout()}>
        Sign out
      </button>
    </main>
  );
}

createRoot(document.getElementById('app')).render(
  <StrictMode>
    <AuthProvider client={auth}>
      <SignedIn>
        <Home />
      </SignedIn>
      <SignedOut>
        <Login />
      </SignedOut>
      <SessionUnavailable>
        {({ error }) => <p role="alert">The server cannot be reached. {error.message}</p>}
      </SessionUnavailable>
    </AuthProvider>
  </StrictMode>,
);
