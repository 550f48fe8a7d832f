// Runs in the page before every other script, so that it holds the platform's own functions when a probe patches them. Defines
// `leakDetector`: `patch(probe)` installs a probe, `record(value)` keeps and searches a value that a probe obtained, and
// `count(tokens)` resolves with the number of tokens that were found. One function, because the browser receives it as text.
export function installLeakDetector() {
  const native = {
    Map,
    Set,
    WeakSet,
    Object,
    Array,
    Reflect,
    Promise,
    JSON,
    Response,
    Request,
    Headers,
    XMLHttpRequest,
  };
  const uncurry = (method) => Function.prototype.call.bind(method);
  const { apply, construct, ownKeys, getOwnPropertyDescriptor: descriptor, getPrototypeOf } = Reflect;
  const { defineProperty } = Object;
  const includes = uncurry(String.prototype.includes);
  const push = uncurry(Array.prototype.push);
  const then = uncurry(Promise.prototype.then);
  const headersOfRequest = uncurry(descriptor(Request.prototype, 'headers').get);
  const headersOfResponse = uncurry(descriptor(Response.prototype, 'headers').get);
  const each = uncurry(Headers.prototype.forEach);
  const cloneResponse = uncurry(Response.prototype.clone);
  const textOfResponse = uncurry(Response.prototype.text);
  const responseText = uncurry(descriptor(XMLHttpRequest.prototype, 'responseText').get);
  const isRequest = (value) => value instanceof native.Request;
  const isResponse = (value) => value instanceof native.Response;
  const decode = (() => {
    const decoder = new TextDecoder('latin1');
    const method = uncurry(TextDecoder.prototype.decode);
    return (bytes) => method(decoder, bytes);
  })();
  const bufferOf = uncurry(descriptor(WebAssembly.Memory.prototype, 'buffer').get);
  const tableGet = uncurry(WebAssembly.Table.prototype.get);
  const tableLength = uncurry(descriptor(WebAssembly.Table.prototype, 'length').get);

  const keyOf = uncurry(Storage.prototype.key);
  const itemOf = uncurry(Storage.prototype.getItem);
  const add = uncurry(Set.prototype.add);
  const size = uncurry(descriptor(Set.prototype, 'size').get);

  const strings = [];
  const recordedObjects = new WeakSet();
  const recorded = [];
  const hasObject = uncurry(WeakSet.prototype.has);
  const addObject = uncurry(WeakSet.prototype.add);
  let searching = false;

  /** Collects the strings in a value, down to this depth. Calls no getter of the page. */
  function search(value, depth) {
    if (typeof value === 'string') {
      if (value.length > 15) push(strings, value);
      return;
    }
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return;
    try {
      if (isRequest(value)) search(headersOfRequest(value), depth);
      else if (isResponse(value)) {
        search(headersOfResponse(value), depth);
        then(
          textOfResponse(cloneResponse(value)),
          (text) => push(strings, text),
          () => {},
        );
      } else if (value instanceof native.Headers) each(value, (text) => push(strings, text));
      else if (value instanceof native.XMLHttpRequest) push(strings, responseText(value));
      else if (value instanceof native.Promise)
        then(
          value,
          (result) => record(result),
          () => {},
        );
      else if (value instanceof WebAssembly.Memory) push(strings, decode(bufferOf(value)));
      else if (value instanceof WebAssembly.Table) {
        for (let at = 0; at < tableLength(value); at += 1) search(tableGet(value, at), 3);
      } else if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) push(strings, decode(value));
    } catch {
      // The body was consumed, or the prototype does not match the kind of object.
    }
    if (depth <= 0) return;
    let names = [];
    try {
      names = ownKeys(value);
    } catch {
      return;
    }
    for (let at = 0; at < names.length && at < 200; at += 1) {
      try {
        const property = descriptor(value, names[at]);
        if (property && 'value' in property) {
          if (typeof names[at] === 'string' && names[at].length > 15) push(strings, names[at]);
          search(property.value, depth - 1);
        }
      } catch {
        // The property is not readable.
      }
    }
  }

  /** Keeps a value for the search at the end, and searches it now. */
  function record(value) {
    if (searching) return;
    searching = true;
    try {
      if (typeof value === 'object' && value !== null) {
        if (!hasObject(recordedObjects, value)) {
          addObject(recordedObjects, value);
          if (recorded.length < 20_000) push(recorded, value);
        }
      }
      search(value, 2);
    } finally {
      searching = false;
    }
  }

  const symbol = (name) => (name[0] === '@' ? Symbol[name.slice(1)] : name);

  const PATCHES = {
    method(holder, name) {
      const original = holder[name];
      if (typeof original !== 'function') return;
      const patched = {
        value(...args) {
          record(this);
          record(args);
          const result = new.target ? construct(original, args, new.target) : apply(original, this, args);
          record(result);
          return result;
        },
      };
      defineProperty(holder, name, { __proto__: null, value: patched.value, configurable: true, writable: true });
    },
    getter(holder, name) {
      const original = descriptor(holder, name);
      if (!original) return;
      const { value } = original;
      defineProperty(holder, name, {
        __proto__: null,
        configurable: true,
        get() {
          record(this);
          const result = original.get ? apply(original.get, this, []) : value;
          record(result);
          return result;
        },
        set(next) {
          record(this);
          record(next);
          if (original.set) apply(original.set, this, [next]);
        },
      });
    },
    construct(holder, name) {
      const original = holder[name];
      if (typeof original !== 'function') return;
      holder[name] = new Proxy(original, {
        apply(target, self, args) {
          record(args);
          const result = apply(target, self, args);
          record(result);
          return result;
        },
        construct(target, args, newTarget) {
          record(args);
          const object = construct(target, args, newTarget);
          record(object);
          return object;
        },
      });
    },
    trap(holder, name) {
      if (descriptor(holder, name)) return PATCHES.getter(holder, name);
      defineProperty(holder, name, {
        __proto__: null,
        configurable: true,
        get() {
          record(this);
          return undefined;
        },
        set(value) {
          record(this);
          record(value);
          defineProperty(this, name, { __proto__: null, value, configurable: true, enumerable: true, writable: true });
        },
      });
    },
  };

  const special = {
    stack() {
      Error.prepareStackTrace = (error, sites) => {
        for (const site of sites) record([site.getThis?.(), site.getFunction?.()]);
        return String(error);
      };
    },
    event() {
      const recordEventTarget = () => record(globalThis.event?.target);
      for (const [holder, name] of [
        [Promise.prototype, 'then'],
        [JSON, 'parse'],
        [Date, 'now'],
        [Date, 'parse'],
        [Math, 'max'],
        [Object, 'hasOwn'],
        [Array.prototype, 'map'],
        [Array.prototype, 'forEach'],
        [Array.prototype, 'indexOf'],
        [String.prototype, 'split'],
        [String.prototype, 'slice'],
        [RegExp.prototype, 'exec'],
        [globalThis, 'atob'],
      ]) {
        const original = holder[name];
        holder[name] = function (...args) {
          recordEventTarget();
          return apply(original, this, args);
        };
      }
      for (const name of ['then', 'code', 'message', 'error']) {
        defineProperty(Object.prototype, name, {
          __proto__: null,
          configurable: true,
          get() {
            recordEventTarget();
            return undefined;
          },
          set(value) {
            defineProperty(this, name, {
              __proto__: null,
              value,
              configurable: true,
              enumerable: true,
              writable: true,
            });
          },
        });
      }
    },
    // `count` searches the storages and the client in every run.
    stores() {},
    graph() {},
    listeners() {
      for (const event of [
        'signed-in',
        'refreshed',
        'signed-out',
        'account-changed',
        'refresh-failed',
        'step-up-required',
      ])
        globalThis.auth?.on?.(event, (detail) => search(detail, 6));
      globalThis.auth?.subscribe?.((session) => search(session, 6));
    },
    exports() {
      for (const name of ['instantiate', 'instantiateStreaming']) {
        const original = WebAssembly[name];
        WebAssembly[name] = (...args) =>
          then(apply(original, WebAssembly, args), (result) => {
            const { exports } = result.instance ?? result;
            push(recorded, exports);
            // The table holds the host objects. A script would call each of their methods that may return a token.
            setInterval(() => {
              for (const table of Object.values(exports).filter((one) => one instanceof WebAssembly.Table)) {
                for (let at = 0; at < tableLength(table); at += 1) {
                  const host = tableGet(table, at);
                  for (const method of ['reveal', 'getAccessToken', 'token', 'send']) {
                    try {
                      const request = new native.Request('/api/me');
                      record(host?.[method]?.(request));
                      record(request);
                    } catch {
                      // The object has no such method.
                    }
                  }
                }
              }
            }, 50);
            return result;
          });
      }
    },
  };

  const { fetch } = globalThis;
  const textOf = (response) => textOfResponse(response);

  globalThis.leakDetector = {
    record,
    /** Fetches a text with the platform's own functions. */
    readText: (path) => then(fetch(path), textOf),
    patch({ how, places }) {
      if (special[how]) return special[how]();
      for (const [holder, name] of places) {
        let object;
        try {
          object = new Function(`return ${holder}`)();
        } catch {
          continue; // This browser lacks it.
        }
        PATCHES[how](object, symbol(name));
      }
    },
    /** The number of tokens found. The argument holds them reversed: Playwright passes it through patched functions. */
    async count(reversed) {
      const tokens = [];
      for (let at = 0; at < reversed.length; at += 1) {
        let token = '';
        for (let index = reversed[at].length - 1; index >= 0; index -= 1) token += reversed[at][index];
        defineProperty(tokens, at, { __proto__: null, value: token });
      }
      // Without spread syntax, which a trap for descriptors on Object.prototype would break.
      for (const storage of [localStorage, sessionStorage])
        for (let at = 0; at < storage.length; at += 1) {
          const key = keyOf(storage, at);
          search(key, 0);
          search(itemOf(storage, key), 0);
        }
      for (const value of [document.cookie, history.state, location.href, window.name]) search(value, 3);
      for (const entry of performance.getEntries()) search(entry.name, 0);
      for (const { name } of (await indexedDB.databases?.()) ?? []) search(name, 0);
      search(globalThis.auth, 8);
      for (let proto = globalThis.auth; proto; proto = getPrototypeOf(proto)) search(proto, 4);
      search(globalThis.auth?.diagnostics?.(), 8);
      for (let at = 0; at < recorded.length; at += 1) search(recorded[at], 2);
      await new native.Promise((resolve) => setTimeout(resolve, 30));
      const found = new native.Set();
      for (let at = 0; at < strings.length; at += 1)
        for (let token = 0; token < tokens.length; token += 1)
          if (includes(strings[at], tokens[token])) add(found, token);
      return size(found);
    },
  };
}
