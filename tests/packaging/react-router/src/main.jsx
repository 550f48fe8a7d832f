// React Router in data mode: loaders call the API before a page is rendered.
import { createRoot } from 'react-dom/client';
import {
  createBrowserRouter,
  Navigate,
  Outlet,
  RouterProvider,
  replace,
  useLoaderData,
  useNavigate,
  useSearchParams,
} from 'react-router';
import { AuthClient } from 'tokenward';
import { AuthProvider, RequireAuth, useAuth } from 'tokenward/react';

const isolation = new URLSearchParams(location.search).get('isolation') ?? 'page';
const auth = new AuthClient({ isolation });
const loginPath = (returnTo) => `/login?redirect=${encodeURIComponent(returnTo)}`;

async function loadMe({ request }) {
  await auth.ready;
  const { pathname, search } = new URL(request.url);
  if (auth.session.status === 'signed-out') throw replace(loginPath(pathname + search));
  return (await auth.fetch('/api/me', { signal: request.signal })).json();
}

function Mine() {
  const { email } = useLoaderData();
  const { logout } = useAuth();
  const signOut = () => {
    document.title = 'signing out';
    logout();
  };
  document.title = `${auth.session.status}: ${email}`;
  return (
    <main>
      <p>{email}</p>
      <button type="button" onClick={signOut}>
        Sign out
      </button>
    </main>
  );
}

function Login() {
  const { login } = useAuth();
  const navigate = useNavigate();
  const [query] = useSearchParams();
  const signIn = () => {
    document.title = 'signing in';
    login({ email: 'ada@example.com', password: 'analytical engine' })
      .then(() => navigate(query.get('redirect')))
      .catch((error) => {
        document.title = `failed: ${error}`;
      });
  };
  return (
    <button type="button" onClick={signIn}>
      Sign in
    </button>
  );
}

const protectedPages = (
  <RequireAuth fallback={<p>restoring</p>} signedOut={(returnTo) => <Navigate to={loginPath(returnTo)} replace />}>
    <Outlet />
  </RequireAuth>
);
const router = createBrowserRouter([
  { path: '/login', element: <Login /> },
  {
    element: protectedPages,
    HydrateFallback: () => <p>restoring</p>,
    children: [{ path: '/mine', element: <Mine />, loader: loadMe }],
  },
]);

createRoot(document.getElementById('root')).render(
  <AuthProvider client={auth}>
    <RouterProvider router={router} />
  </AuthProvider>,
);
