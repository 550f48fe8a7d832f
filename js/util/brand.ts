// The kind of a platform object. `instanceof` would not recognise an object of another realm, such as an iframe.

/** Such as `FormData` or `ReadableStream`; `Undefined` and `Null` for no value. */
export const brandOf = (value: unknown): string => Object.prototype.toString.call(value).slice(8, -1);
