class Shape {
  name = 'shape';
  corners;
  constructor(corners = 0) {
    this.corners = corners;
  }
  describe() {
    return `${this.name} of ${this.corners}`;
  }
  get twice() {
    return this.corners * 2;
  }
  set twice(value) {
    this.corners = value / 2;
  }
  static made = 0;
  static count() {
    return ++this.made;
  }
  static get kind() {
    return `kind ${this.name}`;
  }
}

export const cases = {
  'sends classes with fields, methods, accessors and static members': {
    send: () => () => {
      const [shape, before] = [new Shape(3), Shape.made];
      shape.twice = 10;
      return [
        shape.describe(),
        shape.twice,
        Shape.count() - before,
        Shape.kind,
        shape instanceof Shape,
        [Shape.name, Shape.length],
        Object.keys(shape),
        Object.getOwnPropertyNames(Shape.prototype),
        Object.getOwnPropertyDescriptor(Shape.prototype, 'describe').enumerable,
        Object.getOwnPropertyDescriptor(Shape, 'prototype').writable,
      ];
    },
    gives: [
      'shape of 5',
      10,
      1,
      'kind Shape',
      true,
      ['Shape', 0],
      ['name', 'corners'],
      ['constructor', 'describe', 'twice'],
      false,
      false,
    ],
  },
  'sends classes that must be called with new': {
    send: () => () => {
      try {
        return Shape();
      } catch (error) {
        return [error.name, typeof Shape];
      }
    },
    gives: ['TypeError', 'function'],
  },
  'keeps the present values of static fields, and runs no static block again': {
    send() {
      let blocks = 0;
      class Registry {
        static entries = new Map([['first', 1]]);
        static ready = false;
        static {
          blocks += 1;
          this.ready = true;
        }
      }
      Registry.entries.set('second', 2);
      Registry.late = 'added';
      return () => [[...Registry.entries.keys()], Registry.ready, Registry.late, blocks];
    },
    gives: [['first', 'second'], true, 'added', 1],
  },
  'runs no constructor to make an instance again': {
    send() {
      let constructed = 0;
      class Connection {
        opened = new Date(0);
        constructor(options) {
          constructed += 1;
          this.host = options.host.toLowerCase();
        }
      }
      class Pool extends Connection {
        constructor({ host, size }) {
          super({ host });
          this.size = size.valueOf();
        }
      }
      const all = [new Connection({ host: 'A' }), new Pool({ host: 'B', size: 2 })];
      return () => [
        constructed,
        all,
        all[1] instanceof Connection,
        new Connection({ host: 'C' }).host,
        constructed,
      ];
    },
    home: ([before, [first, second], ...rest]) => [before, { ...first }, { ...second }, ...rest],
    gives: [2, { opened: new Date(0), host: 'a' }, { opened: new Date(0), host: 'b', size: 2 }, true, 'c', 3],
  },
  'evaluates computed keys of methods once': {
    send() {
      let i = 0;
      const symbol = Symbol('of a method');
      class Odd {
        ['m' + ++i]() {
          return 'first';
        }
        ['m' + ++i]() {
          return 'second';
        }
        static ['s' + ++i]() {
          return 'static';
        }
        get ['g' + ++i]() {
          return 'got';
        }
        [symbol]() {
          return 'symbol';
        }
        *[Symbol.iterator]() {
          yield i;
        }
      }
      const odd = new Odd();
      return () => [odd.m1(), odd.m2(), Odd.s3(), odd.g4, odd[symbol](), ...odd, i, new Odd().m2.name];
    },
    gives: ['first', 'second', 'static', 'got', 'symbol', 4, 4, 'm2'],
  },
  'sends classes with computed keys of fields that are constant': {
    send: () => {
      class Row {
        [`x`] = 1;
        ['p' + `q`] = 3;
        [-1] = 4;
        [null] = 5;
        [true] = 6;
        static [`s`] = 7;
        get [`g` + 'h']() {
          return 8;
        }
      }
      return () => [Object.entries(new Row()), Row.s, new Row().gh];
    },
    gives: [
      [
        ['x', 1],
        ['pq', 3],
        ['-1', 4],
        ['null', 5],
        ['true', 6],
      ],
      7,
      8,
    ],
  },
  'sends classes with computed keys of fields that can be read still': {
    send() {
      const key = 'known';
      class Keyed {
        [key] = 5;
        ['literal'] = 6;
      }
      return () => [new Keyed().known, new Keyed().literal, key];
    },
    gives: [5, 6, 'known'],
  },
  'sends classes with fields whose keys are symbols of the language': {
    send() {
      class Tagged {
        [Symbol.toStringTag] = 'Tagged';
      }
      return () => String(new Tagged());
    },
    gives: '[object Tagged]',
  },
  'sends classes with keys of fields that nothing remembers, or says that it cannot': {
    send() {
      const make = (key) =>
        class {
          [key] = 5;
        };
      const Keyed = make('forgotten');
      return () => new Keyed().forgotten;
    },
    gives: 5,
    orRefuses: true,
  },
  'sends methods that were replaced or added later': {
    send() {
      class Patched {
        hello() {
          return 'original';
        }
      }
      const original = Patched.prototype.hello;
      Patched.prototype.hello = function () {
        return `patched ${original.call(this)}`;
      };
      Object.defineProperty(Patched.prototype, 'hidden', { get: () => 'hidden' });
      return () => [new Patched().hello(), new Patched().hidden, Object.keys(Patched.prototype)];
    },
    gives: ['patched original', 'hidden', []],
  },
  'sends classes without the methods that were deleted': {
    send() {
      class Lean {
        keep() {
          return 1;
        }
        drop() {
          return 2;
        }
      }
      delete Lean.prototype.drop;
      return () => [new Lean().keep(), 'drop' in Lean.prototype];
    },
    gives: [1, false],
  },
};
