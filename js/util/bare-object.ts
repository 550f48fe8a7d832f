// Objects that inherit nothing from the page. One that `{__proto__: null}` makes takes several times as long, and more memory.
class Bare {}
Object.setPrototypeOf(Bare.prototype, null);
Reflect.deleteProperty(Bare.prototype, 'constructor');
Object.freeze(Bare.prototype);

/** A copy of an object that inherits nothing. The caller may add members to the copy. */
export function bareCopy<Value>(members: Readonly<Record<string, Value>>): Record<string, Value> {
  const copy = new Bare() as Record<string, Value>;
  for (const name in members) copy[name] = members[name] as Value;
  return copy;
}
