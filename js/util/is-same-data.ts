// Compares options that an app gives twice.
import { ownMembers } from './own-members.js';

/** Lists and plain objects. */
const isData = (value: unknown): value is object =>
  typeof value === 'object' &&
  value !== null &&
  (Array.isArray(value) || [Object.prototype, null].includes(Object.getPrototypeOf(value)));

/**
 * Whether two values are the same: lists and plain objects by their own members, down to `depth`, and all else, such as functions, by
 * identity. A member that is undefined is as one that is absent.
 */
export function isSameData(one: unknown, other: unknown, depth = 5): boolean {
  if (Object.is(one, other)) return true;
  if (depth === 0 || !isData(one) || !isData(other) || Array.isArray(one) !== Array.isArray(other)) return false;
  const [ones, others] = [one, other].map((value) => ownMembers(value as Record<string, unknown>));
  return Object.keys({ ...ones, ...others }).every((name) => isSameData(ones?.[name], others?.[name], depth - 1));
}
