/** What Object.getOwnPropertyDescriptors would say, short enough to compare. */
function flags(object, key) {
  const { value, get, set, writable, enumerable, configurable } = Object.getOwnPropertyDescriptor(
    object,
    key,
  );
  return [value, typeof get, typeof set, writable, enumerable, configurable];
}

export const cases = {
  'sends objects, arrays and dates alone': {
    send: () => ({
      list: [1, [2, { three: 3 }]],
      date: new Date(0),
      none: undefined,
      text: 'text',
      nothing: null,
    }),
    gives: { list: [1, [2, { three: 3 }]], date: new Date(0), none: undefined, text: 'text', nothing: null },
  },
  'keeps the order of keys': {
    send: () => ({ b: 1, a: 2, 10: 3, 2: 4, [Symbol.for('s')]: 5, __proto__: null }),
    home: (object) => [Reflect.ownKeys(object), Object.getPrototypeOf(object)],
    gives: [['2', '10', 'b', 'a', Symbol.for('s')], null],
  },
  'sends a property called __proto__': {
    send() {
      const object = JSON.parse('{ "__proto__": { "own": true } }');
      const f = () => object;
      return () => [Object.keys(f()), f().own, object instanceof Object, Object.getOwnPropertyNames(object)];
    },
    gives: [['__proto__'], undefined, true, ['__proto__']],
  },
  'keeps accessors': {
    send() {
      let stored = 1;
      const object = {
        get both() {
          return stored;
        },
        set both(value) {
          stored = value * 2;
        },
      };
      Object.defineProperty(object, 'only', { get: () => 'only', enumerable: false });
      return () => {
        object.both = 5;
        return [object.both, object.only, Object.keys(object), flags(object, 'both'), flags(object, 'only')];
      };
    },
    gives: [
      10,
      'only',
      ['both'],
      [undefined, 'function', 'function', undefined, true, true],
      [undefined, 'function', 'undefined', undefined, false, false],
    ],
  },
  'keeps properties that cannot be written, seen or configured': {
    send() {
      const object = Object.defineProperties(
        { plain: 1 },
        {
          constant: { value: 2, enumerable: true },
          hidden: { value: 3, writable: true },
          configurable: { value: 4, configurable: true },
        },
      );
      return () => Reflect.ownKeys(object).map((key) => flags(object, key));
    },
    gives: [
      [1, 'undefined', 'undefined', true, true, true],
      [2, 'undefined', 'undefined', false, true, false],
      [3, 'undefined', 'undefined', true, false, false],
      [4, 'undefined', 'undefined', false, false, true],
    ],
  },
  'keeps frozen, sealed and non-extensible objects, also nested ones': {
    send() {
      const all = {
        frozen: Object.freeze({ a: Object.freeze([1]), open: {} }),
        sealed: Object.seal({ a: 1 }),
        fixed: Object.preventExtensions({ a: 1 }),
        list: Object.freeze([Object.seal(new Map())]),
        f: Object.freeze(() => 1),
      };
      const look = (value) => [Object.isFrozen(value), Object.isSealed(value), Object.isExtensible(value)];
      return () =>
        [...Object.values(all), all.frozen.a, all.frozen.open, all.list[0]].map((value) =>
          look(value).map(Number).join(''),
        );
    },
    gives: ['110', '010', '000', '110', '110', '110', '001', '110'],
  },
  'keeps frozen data alone': {
    send: () => Object.freeze({ a: Object.freeze([1]) }),
    home: (value) => [value, Object.isFrozen(value), Object.isFrozen(value.a)],
    gives: [{ a: [1] }, true, true],
  },
  'keeps holes, extra properties and length of arrays': {
    send() {
      const sparse = Array.of(1, 2, 3);
      delete sparse[1];
      sparse.length = 6;
      sparse.extra = 'extra';
      sparse[-1] = 'minus';
      const huge = [];
      huge[2 ** 31] = 'far';
      const empty = Array.from({ length: 0 });
      empty.length = 1000;
      return () => [
        sparse,
        1 in sparse,
        Object.keys(sparse),
        huge.length,
        huge[2 ** 31],
        empty.length,
        0 in empty,
      ];
    },
    home: ([sparse, ...rest]) => [sparse.length, sparse.extra, 1 in sparse, ...rest],
    gives: [6, 'extra', false, false, ['0', '2', 'extra', '-1'], 2 ** 31 + 1, 'far', 1000, false],
  },
  'keeps sparse arrays alone': {
    send() {
      const sparse = Array.of(1, 2, 3);
      delete sparse[1];
      sparse.extra = 1;
      return sparse;
    },
    home: (sparse) => [sparse, 1 in sparse],
    get gives() {
      const sparse = Array.of(1, 2, 3);
      delete sparse[1];
      sparse.extra = 1;
      return [sparse, false];
    },
  },
  'keeps symbols: own ones, those of the registry and those of the language': {
    send() {
      const local = Symbol('local');
      const nameless = Symbol();
      const object = { [local]: 1, [Symbol.for('shared')]: 2, [Symbol.toStringTag]: 'Tagged', [nameless]: 3 };
      const again = [local, nameless];
      return () => [
        object[local],
        object[again[0]],
        object[Symbol.for('shared')],
        String(object),
        object[nameless],
        [local.description, nameless.description, String(local)],
        Symbol.keyFor(local),
        Reflect.ownKeys(object).length,
      ];
    },
    gives: [1, 1, 2, '[object Tagged]', 3, ['local', undefined, 'Symbol(local)'], undefined, 4],
  },
  'keeps objects without a prototype, and with one of the program': {
    send() {
      const prototype = { hello: () => 'hello' };
      const made = Object.create(prototype, { own: { value: 1, enumerable: true } });
      const bare = Object.assign(Object.create(null), { a: 1 });
      return () => [
        made.hello(),
        Object.getPrototypeOf(made) === prototype,
        Object.keys(made),
        Object.getPrototypeOf(bare),
      ];
    },
    gives: ['hello', true, ['own'], null],
  },
  'keeps proxies and does not go through their traps': {
    send() {
      let trapped = 0;
      const count =
        (f) =>
        (...args) => {
          trapped += 1;
          return f(...args);
        };
      const handler = {
        get: count((target, key) => target[key] ?? `no ${String(key)}`),
        ownKeys: count(Reflect.ownKeys),
        getOwnPropertyDescriptor: count(Reflect.getOwnPropertyDescriptor),
        getPrototypeOf: count(Reflect.getPrototypeOf),
        has: count(Reflect.has),
      };
      const proxy = new Proxy({ known: 1 }, handler);
      return () => {
        const before = trapped;
        return [before, proxy.known, proxy.unknown, 'known' in proxy, Object.keys(proxy), trapped > before];
      };
    },
    gives: [0, 1, 'no unknown', true, ['known'], true],
  },
  'calls no toJSON, Symbol.toPrimitive, valueOf or getter': {
    async here({ serialize, deserialize }) {
      let calls = 0;
      const called = () => {
        calls += 1;
        return 'called';
      };
      const object = { toJSON: called, valueOf: called, toString: called, [Symbol.toPrimitive]: called };
      Object.defineProperty(object, 'got', { get: called, enumerable: true });
      Object.defineProperty(object, 'then', { get: () => void called(), enumerable: true });
      const bytes = serialize({ object, f: () => object });
      const before = calls;
      const { object: again } = await deserialize(bytes);
      return [before, typeof again.toJSON, again.got];
    },
    gives: [0, 'function', 'called'],
  },
  'keeps the `arguments` of a call, and boxed primitives': {
    send() {
      const list = (function () {
        return arguments;
      })(1, 'two');
      const boxed = [Object(1), Object('text'), Object(true), Object(2n), Object(Symbol.iterator)];
      return () => [
        [...list, list.length, Object.prototype.toString.call(list)],
        boxed.map((box) => typeof box),
        boxed.map((box) => box.valueOf()),
        [...boxed[1], Object.prototype.toString.call(boxed[0])],
      ];
    },
    gives: [
      [1, 'two', 2, '[object Arguments]'],
      ['object', 'object', 'object', 'object', 'object'],
      [1, 'text', true, 2n, Symbol.iterator],
      ['t', 'e', 'x', 't', '[object Number]'],
    ],
  },
};
