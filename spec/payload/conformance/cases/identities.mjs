import { all, GREEN, joker, nameOf, Operator, Shape, Suit } from './constants.mjs';
import { everything, namesOf } from './uses-constants.mjs';

class Color {
  static RED = new Color('red');
  static GREEN = new Color('green');
  static all = [Color.RED, Color.GREEN];
  constructor(name) {
    this.name = name;
  }
}

class Point {
  constructor(x, y) {
    this.x = x;
    this.y = y;
  }
  get sum() {
    return this.x + this.y;
  }
}

class Point3 extends Point {
  z = 3;
  get sum() {
    return super.sum + this.z;
  }
}

class OutOfRange extends RangeError {
  constructor(value) {
    super(`out of range: ${value}`);
    this.value = value;
  }
}

/** Constructor functions, with what people do to their prototypes. */
function Plain() {
  this.x = 1;
}
function Methods() {}
Methods.prototype.hi = function () {
  return 'hi';
};
function Replaced() {}
Replaced.prototype = { hi: () => 'hi' };
function Bare() {
  Methods.call(this);
}
Bare.prototype = Object.create(Methods.prototype);
function Inherits() {
  Methods.call(this);
}
Object.setPrototypeOf(Inherits.prototype, Methods.prototype);
function makeTagged(tag) {
  return function Tagged() {
    this.tag = tag;
  };
}
const [TaggedA, TaggedB] = [makeTagged('a'), makeTagged('b')];
const CONSTRUCTORS = [Plain, Methods, Replaced, Bare, Inherits, TaggedA, TaggedB];

const KEY = Symbol('key');

class Operation {
  static ADD = new Operation((a, b) => a + b, 1);
  static FIRST = new Operation((a) => KEY && a, 2);
  #order;
  constructor(apply, order) {
    this.apply = apply;
    this.#order = order;
  }
  get order() {
    return this.#order;
  }
}
const Level = Object.freeze({ LOW: Object.freeze({ at: 1 }), HIGH: Object.freeze({ at: 2 }) });

export const cases = {
  'keeps enum-like static instances the same within a payload': {
    send() {
      const favourite = Color.RED;
      return () => [
        favourite === Color.RED,
        Color.all[1] === Color.GREEN,
        Color.all.indexOf(favourite),
        Color.RED.name,
      ];
    },
    gives: [true, true, 0, 'red'],
  },
  'sends a class that a function and its argument have in common once': {
    send: () => (point) => [point instanceof Point, point.constructor === Point3, point.sum],
    with: () => [new Point3(1, 2)],
    gives: [true, true, 6],
  },
  'takes a class for the same that is the function in one payload and the argument in another': {
    send: () => (Class) => [
      Class === Point3,
      new Class(1, 2) instanceof Point,
      Object.getPrototypeOf(Class) === Point,
    ],
    with: () => [Point3],
    gives: [true, true, true],
  },
  'takes a symbol of the program for the same in a function, its argument and its result': {
    send: () => (object) => [object[KEY], { [KEY]: 'home' }],
    with: () => [{ [KEY]: 'there' }],
    home: ([there, object]) => [there, object[KEY]],
    gives: ['there', 'home'],
  },
  'takes constants of a module in an argument for those of the module there': {
    send: () => (values) => values.map(nameOf),
    with: () => [[GREEN, Shape.CIRCLE, Suit.HEARTS, joker, Operator.ADD]],
    gives: ['green', 'circle', 'hearts', 'joker', 'add'],
  },
  'takes constants of a module that a function captures for those of the module there': {
    send() {
      const values = [GREEN, Shape.CIRCLE, Suit.HEARTS, joker, Operator.ADD];
      return () => values.map(nameOf);
    },
    gives: ['green', 'circle', 'hearts', 'joker', 'add'],
  },
  'takes constants of a module that another one imports for those of the module there': {
    send: () => (values) => namesOf(values),
    with: () => [[GREEN, Shape.CIRCLE, Suit.HEARTS, joker]],
    gives: ['green', 'circle', 'hearts', 'joker'],
  },
  'sends constants of a module home as those of the module here': {
    send: () => () => [all(), everything()],
    home: ([own, others]) => [own.map(nameOf), others.map(nameOf)],
    gives: [
      ['green', 'circle', 'hearts', 'joker', 'add'],
      ['green', 'circle', 'hearts', 'joker', 'add'],
    ],
  },
  'sends static instances and frozen constants home as those here': {
    send: () => (given) => [
      given === Color.GREEN,
      Color.RED,
      Operation.ADD,
      { within: Operation.FIRST },
      Level.HIGH,
      Level,
    ],
    with: () => [Color.GREEN],
    home: ([isGreen, red, add, { within }, high, level]) => [
      isGreen,
      red === Color.RED,
      add === Operation.ADD,
      within === Operation.FIRST,
      high === Level.HIGH,
      level === Level,
    ],
    gives: [true, true, true, true, true, true],
  },
  'sends instances home as those of the class here': {
    send: () => () => [new Point3(1, 2), Point3],
    home: ([point, Class]) => [
      point instanceof Point3,
      point.constructor === Point3,
      point.sum,
      Class === Point3,
    ],
    gives: [true, true, 6, true],
  },
  'sends instances home that were an argument': {
    send: () => (point) => Object.assign(point, { x: 10 }),
    with: () => [new Point3(1, 2)],
    home: (point) => [point instanceof Point3, point.sum],
    gives: [true, 15],
  },
  'sends objects of constructor functions home as those of the functions here': {
    send: () => (objects) => [
      CONSTRUCTORS.map((Type) => new Type()),
      objects,
      objects.map((object, at) => object instanceof CONSTRUCTORS[at]),
    ],
    with: () => [CONSTRUCTORS.map((Type) => new Type())],
    home: ([made, given, wereThere]) => [
      [...made, ...given].every((object, at) => object instanceof CONSTRUCTORS[at % CONSTRUCTORS.length]),
      wereThere.every(Boolean),
      made[5] instanceof TaggedB,
      made.map((object) => object.hi?.()),
    ],
    gives: [true, true, false, [undefined, 'hi', 'hi', 'hi', 'hi', undefined, undefined]],
  },
  'keeps functions that make no objects apart, and copies them': {
    send: () => {
      const make = (n) => ({
        count: function Count() {
          return (n += typeof this === 'object' ? 1 : 2);
        },
      });
      const counters = [make(0), make(0), make(0)];
      return () => [counters.map((counter) => counter.count()), counters];
    },
    home: ([counts, counters]) => [counts, counters.map((counter) => counter.count())],
    gives: [
      [1, 1, 1],
      [2, 2, 2],
    ],
  },
  'sends errors of a class of the program home as those of the class here': {
    send: () => (value) => new OutOfRange(value),
    with: () => [9],
    home: (error) => [error instanceof OutOfRange, error instanceof RangeError, error.message, error.value],
    gives: [true, true, 'out of range: 9', 9],
  },
  'sends functions home that were made there, with what they capture there': {
    send: () => (start) => {
      let n = start;
      return { next: () => ++n, point: () => new Point(n, 0) };
    },
    with: () => [4],
    home: ({ next, point }) => [next(), next(), point().x, point() instanceof Point],
    gives: [5, 6, 6, true],
  },
  'sends on what was sent': {
    send: () => (depth) => {
      const capture = new Point(depth, 1);
      return { again: () => capture.sum };
    },
    with: () => [2],
    home: ({ again }) => again(),
    gives: 3,
  },
};
