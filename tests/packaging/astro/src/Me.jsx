import { useEffect, useState } from 'react';
import { AuthProvider, useAuth, useSession } from 'tokenward/react';
import { auth } from './auth.js';

function Email() {
  const { fetch } = useAuth();
  const { status } = useSession();
  const [email, setEmail] = useState('');
  useEffect(() => {
    if (status !== 'signed-in') return;
    fetch('/api/me')
      .then((response) => response.json())
      .then((me) => setEmail(me.email));
  }, [fetch, status]);
  useEffect(() => {
    if (email && status === 'signed-in') document.title = `${status}: ${email}`;
  }, [status, email]);
  return status === 'signed-in' ? <p>{email}</p> : <p id="status">{status}</p>;
}

export default function Me() {
  return (
    <AuthProvider client={auth}>
      <Email />
    </AuthProvider>
  );
}
