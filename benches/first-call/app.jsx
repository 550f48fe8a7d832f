// A small React app with one protected page, the same for each client. `openClient` is bundled from a file beside this one.

import { useEffect, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { openClient } from '#client';

const client = openClient();

function App() {
  const [state, setState] = useState({ text: 'Loading' });
  useEffect(() => {
    client
      .firstAnswer()
      .then((user) => (user ? `Hello ${user.email}` : 'Sign in'))
      .then((text) => {
        globalThis.measured = { text, answer: performance.now() };
        setState({ text });
      });
  }, []);
  return (
    <main>
      <h1>Notes</h1>
      <p>{state.text}</p>
    </main>
  );
}

createRoot(document.getElementById('root')).render(<App />);
