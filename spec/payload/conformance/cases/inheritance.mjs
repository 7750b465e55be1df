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

class Polygon extends Shape {
  name = `poly${this.name}`;
  describe() {
    return `<${super.describe()}>`;
  }
  static count() {
    return super.count() * 10;
  }
}

class Square extends Polygon {
  constructor(size) {
    super(4);
    this.size = size;
  }
  describe() {
    return `${super.describe()} ${this.size}`;
  }
  get twice() {
    return super.twice + 1;
  }
  static count() {
    return super.count() + 1;
  }
}

export const cases = {
  'sends instances, which keep their class': {
    send() {
      const square = new Square(7);
      square.extra = 'own';
      return () => [
        square.describe(),
        square.extra,
        square instanceof Polygon,
        square.constructor === Square,
      ];
    },
    gives: ['<polyshape of 4> 7', 'own', true, true],
  },
  'sends an instance alone': {
    send: () => new Square(7),
    home: (square) => square.describe(),
    gives: '<polyshape of 4> 7',
  },
  'sends three levels of inheritance with super in methods, accessors and static methods': {
    send: () => () => {
      const square = new Square(2);
      const counted = Square.count();
      return [
        square.describe(),
        square.twice,
        Square.count() - counted,
        Object.getPrototypeOf(Square) === Polygon,
      ];
    },
    gives: ['<polyshape of 4> 2', 9, 10, true],
  },
  'sends constructors of the older kind, and what is on their prototypes': {
    send() {
      function Animal(name) {
        this.name = name;
      }
      Animal.prototype.speak = function () {
        return `${this.name} speaks`;
      };
      function Dog(name) {
        Animal.call(this, name);
      }
      Dog.prototype = Object.create(Animal.prototype, {
        constructor: { value: Dog, writable: true, configurable: true },
      });
      Object.setPrototypeOf(Dog, Animal);
      Dog.prototype.speak = function () {
        return `${Animal.prototype.speak.call(this)} loudly`;
      };
      const rex = new Dog('rex');
      return () => [
        rex.speak(),
        new Dog('bob').speak(),
        rex instanceof Animal,
        rex.constructor === Dog,
        Object.keys(Dog.prototype),
        Object.keys(Animal.prototype),
        Object.getPrototypeOf(Dog) === Animal,
      ];
    },
    gives: ['rex speaks loudly', 'bob speaks loudly', true, true, ['speak'], ['speak'], true],
  },
  'sends mixins and anonymous classes': {
    send() {
      const named = (base) =>
        class extends base {
          hello() {
            return `${super.hello?.() ?? 'nobody'} and ${this.constructor.name}`;
          }
        };
      const Twice = named(named(Object));
      class Named extends named(named(Object)) {}
      const Anonymous = (() => class {})();
      const { name } = Anonymous;
      return () => [
        new Twice().hello(),
        new Named().hello(),
        Anonymous.name === name,
        new Anonymous() instanceof Anonymous,
      ];
    },
    gives: ['nobody and  and ', 'nobody and Named and Named', true, true],
  },
  'sends subclasses of classes of the language': {
    send() {
      class Stack extends Array {
        top() {
          return this.at(-1);
        }
      }
      class Counts extends Map {
        add(key) {
          return this.set(key, (this.get(key) ?? 0) + 1);
        }
      }
      class Failure extends Error {
        name = 'Failure';
        constructor(code) {
          super(`failed with ${code}`, { cause: 'a cause' });
          this.code = code;
        }
      }
      const stack = Stack.of(1, 2);
      const counts = new Counts().add('a').add('a');
      const failure = new Failure(3);
      return () => [
        [stack.top(), stack.length, Array.isArray(stack), stack.map((x) => x) instanceof Stack],
        [counts.get('a'), counts.size, counts.add('b').size],
        [
          failure.code,
          failure.message,
          failure.name,
          failure.cause,
          failure instanceof Failure,
          new Failure(1).code,
        ],
      ];
    },
    gives: [
      [2, 2, true, true],
      [2, 1, 2],
      [3, 'failed with 3', 'Failure', 'a cause', true, 1],
    ],
  },
  'sends subclasses of null, of functions and of bound classes': {
    send() {
      class Bare extends null {
        static hello() {
          return 'bare';
        }
      }
      function Old() {
        this.old = true;
      }
      class New extends Old {}
      return () => [
        Bare.hello(),
        Object.getPrototypeOf(Bare.prototype),
        new New().old,
        new New() instanceof Old,
      ];
    },
    gives: ['bare', null, true, true],
  },
};
