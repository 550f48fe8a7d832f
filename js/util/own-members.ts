// Objects of the app are read by their own members: JSON that a page merged into `Object.prototype` changes nothing.

/** A copy without a prototype. */
export const ownMembers = <T extends object>(value: T | null | undefined): T =>
  ({ __proto__: null, ...value }) as never;
