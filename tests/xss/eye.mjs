// Runs in the page, before anything else: a script may have kept the platform's functions before it patched them. Defines
// `eye`: `eye.see(value)` keeps what a probe found, `eye.patch(probe)` patches, `eye.found(tokens)` says which were seen.
// One function, because it is handed to the browser as text.
export function openEye() {
  const kept = { Map, Set, WeakSet, Object, Array, Reflect, Promise, JSON, Response, Request, Headers, XMLHttpRequest };
  const free = (method) => Function.prototype.call.bind(method);
  const { apply, construct, ownKeys, getOwnPropertyDescriptor: descriptor, getPrototypeOf } = Reflect;
  const { defineProperty } = Object;
  const includes = free(String.prototype.includes);
  const push = free(Array.prototype.push);
  const then = free(Promise.prototype.then);
  const headersOfRequest = free(descriptor(Request.prototype, 'headers').get);
  const headersOfResponse = free(descriptor(Response.prototype, 'headers').get);
  const each = free(Headers.prototype.forEach);
  const cloneResponse = free(Response.prototype.clone);
  const textOfResponse = free(Response.prototype.text);
  const responseText = free(descriptor(XMLHttpRequest.prototype, 'responseText').get);
  const isRequest = (value) => value instanceof kept.Request;
  const isResponse = (value) => value instanceof kept.Response;
  const decode = (() => {
    const decoder = new TextDecoder('latin1');
    const method = free(TextDecoder.prototype.decode);
    return (bytes) => method(decoder, bytes);
  })();
  const bufferOf = free(descriptor(WebAssembly.Memory.prototype, 'buffer').get);
  const tableGet = free(WebAssembly.Table.prototype.get);
  const tableLength = free(descriptor(WebAssembly.Table.prototype, 'length').get);

  const keyOf = free(Storage.prototype.key);
  const itemOf = free(Storage.prototype.getItem);
  const add = free(Set.prototype.add);
  const size = free(descriptor(Set.prototype, 'size').get);

  const strings = [];
  const objects = new WeakSet();
  const remembered = [];
  const known = free(WeakSet.prototype.has);
  const remember = free(WeakSet.prototype.add);
  let busy = false;

  /** Looks into a value, so deep; getters of the page are not called. */
  function look(value, depth) {
    if (typeof value === 'string') {
      if (value.length > 15) push(strings, value);
      return;
    }
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return;
    try {
      if (isRequest(value)) look(headersOfRequest(value), depth);
      else if (isResponse(value)) {
        look(headersOfResponse(value), depth);
        then(
          textOfResponse(cloneResponse(value)),
          (text) => push(strings, text),
          () => {},
        );
      } else if (value instanceof kept.Headers) each(value, (text) => push(strings, text));
      else if (value instanceof kept.XMLHttpRequest) push(strings, responseText(value));
      else if (value instanceof kept.Promise)
        then(
          value,
          (result) => see(result),
          () => {},
        );
      else if (value instanceof WebAssembly.Memory) push(strings, decode(bufferOf(value)));
      else if (value instanceof WebAssembly.Table) {
        for (let at = 0; at < tableLength(value); at += 1) look(tableGet(value, at), 3);
      } else if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) push(strings, decode(value));
    } catch {
      // used up, or of another kind than it looks
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
          look(property.value, depth - 1);
        }
      } catch {
        // not readable
      }
    }
  }

  /** Keeps what was found, and looks at it now. */
  function see(value) {
    if (busy) return;
    busy = true;
    try {
      if (typeof value === 'object' && value !== null) {
        if (!known(objects, value)) {
          remember(objects, value);
          if (remembered.length < 20_000) push(remembered, value);
        }
      }
      look(value, 2);
    } finally {
      busy = false;
    }
  }

  const symbol = (name) => (name[0] === '@' ? Symbol[name.slice(1)] : name);

  const HOW = {
    method(holder, name) {
      const native = holder[name];
      if (typeof native !== 'function') return;
      const patched = {
        value(...args) {
          see(this);
          see(args);
          const result = new.target ? construct(native, args, new.target) : apply(native, this, args);
          see(result);
          return result;
        },
      };
      defineProperty(holder, name, { __proto__: null, value: patched.value, configurable: true, writable: true });
    },
    getter(holder, name) {
      const native = descriptor(holder, name);
      if (!native) return;
      const { value } = native;
      defineProperty(holder, name, {
        __proto__: null,
        configurable: true,
        get() {
          see(this);
          const result = native.get ? apply(native.get, this, []) : value;
          see(result);
          return result;
        },
        set(given) {
          see(this);
          see(given);
          if (native.set) apply(native.set, this, [given]);
        },
      });
    },
    maker(holder, name) {
      const native = holder[name];
      if (typeof native !== 'function') return;
      holder[name] = new Proxy(native, {
        apply(target, self, args) {
          see(args);
          const result = apply(target, self, args);
          see(result);
          return result;
        },
        construct(target, args, maker) {
          see(args);
          const made = construct(target, args, maker);
          see(made);
          return made;
        },
      });
    },
    trap(holder, name) {
      if (descriptor(holder, name)) return HOW.getter(holder, name);
      defineProperty(holder, name, {
        __proto__: null,
        configurable: true,
        get() {
          see(this);
          return undefined;
        },
        set(value) {
          see(this);
          see(value);
          defineProperty(this, name, { __proto__: null, value, configurable: true, enumerable: true, writable: true });
        },
      });
    },
  };

  const special = {
    stack() {
      Error.prepareStackTrace = (error, sites) => {
        for (const site of sites) see([site.getThis?.(), site.getFunction?.()]);
        return String(error);
      };
    },
    event() {
      const glance = () => see(globalThis.event?.target);
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
        const native = holder[name];
        holder[name] = function (...args) {
          glance();
          return apply(native, this, args);
        };
      }
      for (const name of ['then', 'code', 'message', 'error']) {
        defineProperty(Object.prototype, name, {
          __proto__: null,
          configurable: true,
          get() {
            glance();
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
        globalThis.auth?.on?.(event, (detail) => look(detail, 6));
      globalThis.auth?.subscribe?.((session) => look(session, 6));
    },
    exports() {
      for (const name of ['instantiate', 'instantiateStreaming']) {
        const native = WebAssembly[name];
        WebAssembly[name] = (...args) =>
          then(apply(native, WebAssembly, args), (result) => {
            const { exports } = result.instance ?? result;
            push(remembered, exports);
            // Functions behind the table of objects: a script would call whatever promises a token.
            setInterval(() => {
              for (const table of Object.values(exports).filter((one) => one instanceof WebAssembly.Table)) {
                for (let at = 0; at < tableLength(table); at += 1) {
                  const host = tableGet(table, at);
                  for (const tell of ['reveal', 'getAccessToken', 'token', 'send']) {
                    try {
                      const request = new kept.Request('/api/me');
                      see(host?.[tell]?.(request));
                      see(request);
                    } catch {
                      // not that kind of object
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

  globalThis.eye = {
    see,
    /** A text of the server, by what was kept. */
    ask: (path) => then(fetch(path), textOf),
    patch({ how, places }) {
      if (special[how]) return special[how]();
      for (const [holder, name] of places) {
        let found;
        try {
          found = new Function(`return ${holder}`)();
        } catch {
          continue; // not in this browser
        }
        HOW[how](found, symbol(name));
      }
    },
    /** How many of the tokens were seen. They come reversed: Playwright hands them over by functions that are patched. */
    async found(reversed) {
      const tokens = [];
      for (let at = 0; at < reversed.length; at += 1) {
        let token = '';
        for (let index = reversed[at].length - 1; index >= 0; index -= 1) token += reversed[at][index];
        defineProperty(tokens, at, { __proto__: null, value: token });
      }
      // (Not by spreading: a trap for descriptors on Object.prototype would stop that.)
      for (const storage of [localStorage, sessionStorage])
        for (let at = 0; at < storage.length; at += 1) {
          const key = keyOf(storage, at);
          look(key, 0);
          look(itemOf(storage, key), 0);
        }
      for (const value of [document.cookie, history.state, location.href, window.name]) look(value, 3);
      for (const entry of performance.getEntries()) look(entry.name, 0);
      for (const { name } of (await indexedDB.databases?.()) ?? []) look(name, 0);
      look(globalThis.auth, 8);
      for (let proto = globalThis.auth; proto; proto = getPrototypeOf(proto)) look(proto, 4);
      look(globalThis.auth?.diagnostics?.(), 8);
      for (let at = 0; at < remembered.length; at += 1) look(remembered[at], 2);
      await new kept.Promise((resolve) => setTimeout(resolve, 30));
      const seen = new kept.Set();
      for (let at = 0; at < strings.length; at += 1)
        for (let one = 0; one < tokens.length; one += 1) if (includes(strings[at], tokens[one])) add(seen, one);
      return size(seen);
    },
  };
}
