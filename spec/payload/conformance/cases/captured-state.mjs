let total = 0;
const add = (n) => (total += n);
const readTotal = () => total;

let stage = 'early';
const stages = [stage];

let unset;
var variable = 'of var';
const settings = { rate: 3, nested: { list: [1, 2] } };
const { rate: destructured, ...others } = settings;

export const cases = {
  'sends primitives of every kind': {
    send() {
      const long = 'long'.repeat(50_000);
      const all = [
        0,
        -0,
        NaN,
        Infinity,
        -Infinity,
        1.5,
        2 ** 53,
        true,
        undefined,
        null,
        12n,
        -(2n ** 80n),
        '',
        'ä€😀',
      ];
      const [zero, minus] = [0, -0];
      const lone = '\ud83d and \ude00';
      const none = undefined;
      const big = 2n ** 64n;
      return () => [
        all,
        zero,
        Object.is(minus, -0),
        lone.charCodeAt(0),
        lone.at(-1) === '\ude00',
        none,
        big,
        long.length,
      ];
    },
    gives: [
      [0, -0, NaN, Infinity, -Infinity, 1.5, 2 ** 53, true, undefined, null, 12n, -(2n ** 80n), '', 'ä€😀'],
      0,
      true,
      0xd83d,
      true,
      undefined,
      2n ** 64n,
      200_000,
    ],
  },
  'sends variables of the top of the program': {
    send: () => () => [unset, variable, settings.nested.list, destructured, others],
    gives: [undefined, 'of var', [1, 2], 3, { nested: { list: [1, 2] } }],
  },
  'sends what variables hold when they are sent, not later': {
    send: () => () => [stage, ...stages],
    meanwhile() {
      stage = 'late';
      stages.push(stage);
    },
    gives: ['early', 'early'],
    givesHere: ['late', 'early', 'late'],
  },
  'lets two functions share a variable': {
    send() {
      let n = 0;
      const [increment, get] = [() => ++n, () => n];
      return () => [increment(), increment(), get()];
    },
    gives: [1, 2, 2],
  },
  'lets two functions share a variable of any name': {
    send() {
      const values = (value) => ({ get: () => value, set: (next) => (value = next) });
      const longer = (value_, value) => ({ get: () => [value_, value], set: (x) => (value_ = value = x) });
      const getters = (get, set) => ({ get: () => [get, set], set: (next) => (get = set = next) });
      const stores = [values(0), longer(0, 0), getters(0, 0)];
      return () => stores.map(({ get, set }, index) => [set(index), get()].flat());
    },
    gives: [
      [0, 0],
      [1, 1, 1],
      [2, 2, 2],
    ],
  },
  'lets functions share a variable of the top of the program': {
    send: () => (n) => [add(n), readTotal(), add(n), total],
    with: () => [4],
    gives: [4, 4, 8, 8],
  },
  'lets functions share a variable where a reducer changes another one in the meantime': {
    send() {
      let n = 0;
      let reduced = 0;
      class Counted {
        [Symbol.for('condor-futures.reduce')]() {
          reduced += 1;
          return [() => 'counted'];
        }
        toString() {
          return 'counted';
        }
      }
      const holder = { counted: new Counted(), read: () => [n, reduced > 5] };
      return () => [++n, holder.read(), String(holder.counted)];
    },
    gives: [1, [1, false], 'counted'],
  },
  'keeps variables apart that have the same name and value': {
    send() {
      const counter = () => {
        let n = 0;
        return () => ++n;
      };
      const [a, b] = [counter(), counter()];
      return () => [a(), a(), b()];
    },
    gives: [1, 2, 1],
  },
  'lets two of three functions share, where all are of one text': {
    send() {
      const pair = () => {
        let n = 0;
        const make = () => () => ++n;
        return [make(), make()];
      };
      const [[a, b], [c]] = [pair(), pair()];
      return () => [a(), b(), c(), a()];
    },
    gives: [1, 2, 1, 3],
  },
  'keeps the variables of the rounds of a loop apart with let, and together with var': {
    send() {
      const functions = [];
      for (let i = 0; i < 3; i++) functions.push(() => i++);
      for (var j = 0; j < 3; j++) functions.push(() => j++);
      for (const k of ['a', 'b']) functions.push(() => k);
      return () => [...functions.map((f) => f()), ...functions.map((f) => f())];
    },
    gives: [0, 1, 2, 3, 4, 5, 'a', 'b', 1, 2, 3, 6, 7, 8, 'a', 'b'],
  },
  'sends variables of catch clauses, switches and blocks': {
    send() {
      const functions = [];
      try {
        throw new Error('caught');
      } catch ({ message }) {
        functions.push(() => message);
      }
      switch (functions.length) {
        case 1:
          const one = 'switched';
          functions.push(() => one);
          break;
        default:
      }
      const name = 'outer';
      {
        const name = 'inner';
        functions.push(() => name);
      }
      functions.push(() => name);
      return () => functions.map((f) => f());
    },
    gives: ['caught', 'switched', 'inner', 'outer'],
  },
  'lets a memo, a lazy value and a queue work on': {
    send() {
      const known = new Map();
      let calls = 0;
      const square = (n) => {
        if (!known.has(n)) known.set(n, (calls++, n * n));
        return known.get(n);
      };
      square(3);
      let lazy;
      const get = () => (lazy ??= { made: calls });
      return () => [square(3), square(4), square(4), calls, get(), get() === get()];
    },
    gives: [9, 16, 16, 2, { made: 2 }, true],
  },
  'sends an object once, through however many captures': {
    send() {
      const shared = { n: 0 };
      const list = [shared];
      const byFunction = () => shared;
      const map = new Map([['shared', shared]]);
      return () => {
        shared.n += 1;
        return [list[0] === shared, byFunction() === shared, map.get('shared').n];
      };
    },
    gives: [true, true, 1],
  },
  'sends functions once, through however many captures': {
    send() {
      const f = () => f;
      const all = [f, { f }, new Set([f])];
      return () => [all[0] === f, all[1].f === f, all[2].has(f), f() === f];
    },
    gives: [true, true, true, true],
  },
  'sends cycles': {
    send() {
      const object = { list: [] };
      object.self = object;
      object.list.push(object.list, object);
      const map = new Map();
      map.set(map, map);
      const set = new Set();
      set.add(set);
      class Node {
        static first = new Node();
        owner = Node;
      }
      const bound = function () {
        return this.bound;
      }.bind(object);
      object.bound = bound;
      const error = new Error('circular');
      error.cause = error;
      return () => [
        object.self === object,
        object.list[0] === object.list && object.list[1] === object,
        map.get(map) === map,
        set.has(set),
        Node.first instanceof Node && Node.first.owner === Node,
        bound() === bound,
        error.cause === error,
      ];
    },
    gives: [true, true, true, true, true, true, true],
  },
  'leaves objects of the caller as they were': {
    async here({ serialize }) {
      const frozen = Object.freeze({ deep: Object.freeze([1]) });
      let got = 0;
      const f = Object.assign(() => [object, frozen], { own: 1 });
      const object = {
        frozen,
        f,
        get counted() {
          return ++got;
        },
      };
      class Kept {
        #x = 1;
        x = () => this.#x;
      }
      const kept = new Kept();
      const all = [
        object,
        frozen,
        f,
        kept,
        Kept,
        Kept.prototype,
        Object.prototype,
        Function.prototype,
        globalThis,
      ];
      const keys = () => all.map((value) => Reflect.ownKeys(value).map(String).join());
      const before = keys();
      serialize({ f, kept });
      return [
        got,
        keys().every((text, i) => text === before[i]),
        Object.isFrozen(frozen),
        Object.isExtensible(f),
      ];
    },
    gives: [0, true, true, true],
  },
};
