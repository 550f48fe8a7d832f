// An app that declares the type of its user once: the client, both adapters and the test client have it without type arguments.
import { AuthClient, type AuthEvents, type Session } from 'tokenward';
import * as react from 'tokenward/react';
import { createTestAuth, type TestAuth } from 'tokenward/testing';
import * as vue from 'tokenward/vue';

interface User {
  id: string;
  email: string;
}

declare module 'tokenward' {
  interface Register {
    user: User;
  }
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_: Same<A, B>) => {};

const auth = new AuthClient();
same<typeof auth, AuthClient<User>>(true);
same<Session, Session<User>>(true);
same<AuthEvents['account-changed']['from'], User | null>(true);
same<ReturnType<typeof auth.login>, Promise<Session<User>>>(true);
same<typeof auth.session.user, User | null>(true);
// @ts-expect-error: the user has no such member
auth.session.user?.name;

export function Email() {
  const session = react.useSession();
  same<typeof session, Session<User>>(true);
  const client = react.useAuth();
  same<typeof client, AuthClient<User>>(true);
  return session.user?.email;
}
export const app = (
  <react.AuthProvider client={auth}>
    <Email />
  </react.AuthProvider>
);

export function setup() {
  const { user } = vue.useSession();
  same<typeof user.value, User | null>(true);
  const client = vue.useAuth();
  same<typeof client, AuthClient<User>>(true);
  vue.createAuth(auth);
}

const test = createTestAuth();
same<typeof test, TestAuth<User>>(true);
// @ts-expect-error: a user has an id
test.test.signIn({ email: 'ada@example.com' });

// A type argument takes precedence.
same<AuthClient<string>['session']['user'], string | null>(true);
