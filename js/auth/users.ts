// Which user a response or a message is about. Users have numbers: the core compares users without knowing their ids.

/**
 * What a server calls a user. A server may name one user in two ways: by `user.id` at the login, by the claim `sub` after a
 * refresh.
 */
export interface UserIdentity {
  /** `user.id`. */
  readonly userId?: string | undefined;
  /** `user.sub`, or the claim `sub` of the access token. */
  readonly sub?: string | undefined;
}

export interface Users {
  /**
   * The number of the user; 0 if the identity names none. `present` is the number of the user of the session, 0 if unknown.
   * A message of another tab teaches no second name of a user.
   */
  numberOf(identity: UserIdentity, present: number, isMessage?: boolean): number;
  /** The identity behind a number. */
  identityOf(number: number): UserIdentity | undefined;
}

/** Whether two identities are of one user; undefined if they have no name of the same kind. */
export function isSameUser(one: UserIdentity, other: UserIdentity): boolean | undefined {
  for (const kind of ['userId', 'sub'] as const)
    if (one[kind] !== undefined && other[kind] !== undefined) return one[kind] === other[kind];
  return undefined;
}

export function createUsers(): Users {
  const users: UserIdentity[] = [];
  return {
    numberOf(identity, present, isMessage) {
      const { userId, sub } = identity;
      if (userId === undefined && sub === undefined) return 0;
      // The present user first: two accounts of one person may share a name.
      const known = users[present - 1];
      const isPresent = known && isSameUser(known, identity);
      let number = isPresent ? present : users.findIndex((other) => isSameUser(other, identity)) + 1;
      if (isMessage && number) return number;
      // Only names of the same kind are compared: another kind of name is a second name of the present user.
      if (!number && known && isPresent === undefined) {
        if (isMessage) return 0;
        number = present;
      }
      number ||= users.push({});
      const { userId: knownId = userId, sub: knownSub = sub } = users[number - 1] as UserIdentity;
      users[number - 1] = { userId: knownId, sub: knownSub };
      return number;
    },
    identityOf: (number) => users[number - 1],
  };
}
