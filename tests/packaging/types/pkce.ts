// The types of an app without a server of its own (docs/guides/pkce.md).
import { AuthError, createPkceClient, type PkceClient, type PkceOptions, type ProviderMetadata } from 'tokenward/pkce';
import { AuthProvider } from 'tokenward/react';

interface Claims {
  sub: string;
  email?: string;
}

const options: PkceOptions = {
  issuer: 'https://id.example.com',
  clientId: 'spa',
  scope: 'openid profile offline_access',
  parameters: { audience: 'https://api.example.com' },
  apiOrigins: ['https://api.example.com'],
  isolation: 'shared-worker',
};
const auth: PkceClient<Claims> = createPkceClient<Claims>(options);
// These functions never resolve.
export const calls: (() => Promise<never>)[] = [
  () => auth.signIn({ prompt: 'none' }),
  () => auth.login({}),
  () => auth.adopt({}),
];
auth.subscribe(({ user }) => {
  const sub: string | undefined = user?.sub;
  console.log(sub);
});
auth.on('sign-in-failed', ({ error, returnTo }) => {
  if (error instanceof AuthError && error.code !== 'ACCESS_DENIED') auth.signIn({ returnTo, prompt: 'login' });
});
await auth.logout({ scope: 'provider', returnTo: '/goodbye' });
export const provided = AuthProvider<Claims>({ client: auth });

// @ts-expect-error the provider says what it speaks
createPkceClient({ ...options, server: {} });
// @ts-expect-error the issuer is required
createPkceClient({ clientId: 'spa' });

export const metadata: ProviderMetadata = {
  issuer: 'https://id.example.com',
  authorization_endpoint: 'https://id.example.com/auth',
  token_endpoint: 'https://id.example.com/token',
};
