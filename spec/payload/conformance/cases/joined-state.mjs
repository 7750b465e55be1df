import {
  Box,
  Cell,
  Far,
  giveKey,
  giveToken,
  Growing,
  isBare,
  isInner,
  isLight,
  isToken,
  label,
  labelOf,
  makeBare,
  makeInner,
  makeLight,
  open,
  Option,
  register,
} from 'cells';

class Sample {
  static unit = 'K';
}
label(Sample, 'sample');

export const cases = {
  'keeps what an instance has under a private symbol of the module': {
    send() {
      const box = new Box(5);
      return (other) => [box.get(), other.get(), new Box(7).get()];
    },
    with: () => [new Box(6)],
    gives: [5, 6, 7],
  },
  'sends it home': {
    send: () => (box) => [box, new Box(6)],
    with: () => [new Box(5)],
    home: (boxes) => boxes.map((box) => [box.get(), box instanceof Box]),
    gives: [
      [5, true],
      [6, true],
    ],
  },
  'keeps what WeakMaps and WeakSets of the module have of an instance': {
    send() {
      const cell = new Cell(5);
      return (other) => [cell.get(), other.get(), new Cell(7).get()];
    },
    with: () => [new Cell(6)],
    gives: [
      [5, true],
      [6, true],
      [7, true],
    ],
  },
  'sends home what WeakMaps have': {
    send: () => (cell) => [cell, new Cell(6)],
    with: () => [new Cell(5)],
    home: (cells) => cells.map((cell) => cell.get()),
    gives: [
      [5, true],
      [6, true],
    ],
  },
  'keeps what a WeakMap of another module has': {
    send() {
      const far = new Far(new Cell(new Box(5)));
      return (other) => [far.get().get()[0].get(), other.get()];
    },
    with: () => [new Far(6)],
    home: (result) => result,
    gives: [5, 6],
  },
  'keeps objects, functions and symbols that the module compares': {
    send() {
      const option = new Option();
      return (other) => [option.get(), other.get()];
    },
    with: () => [new Option()],
    gives: [
      [true, true, true, true],
      [true, true, true, true],
    ],
  },
  'sends home objects, functions and symbols that the module compares': {
    send: () => () => new Option(),
    home: (option) => option.get(),
    gives: [true, true, true, true],
  },
  'keeps instances of a class that the module does not export': {
    send() {
      const inner = makeInner(3);
      return (other) => [isInner(inner), isInner(other), isInner(makeInner(1)), inner.value, other.value];
    },
    with: () => [makeInner(4)],
    gives: [true, true, true, 3, 4],
  },
  'sends home instances of a class that the module does not export': {
    send: () => () => makeInner(1),
    home: (inner) => [isInner(inner), inner.value],
    gives: [true, 1],
  },
  'keeps objects with a prototype that the module does not export': {
    send() {
      const light = makeLight(3);
      return (other) => [isLight(light), light.double(), isLight(other), makeLight(4)];
    },
    with: () => [makeLight(5)],
    home: ([is, doubled, isToo, light]) => [is, doubled, isToo, isLight(light), light.double()],
    gives: [true, 6, true, true, 8],
  },
  'keeps a symbol that the module gives away': {
    send() {
      const token = giveToken();
      return ({ other }) => [isToken(token), isToken(other), giveToken()];
    },
    with: () => [{ other: giveToken(), isToken }],
    home: ([is, isToo, token]) => [is, isToo, isToken(token)],
    gives: [true, true, true],
  },
  'keeps a plain object by which the module knows something': {
    send() {
      const key = giveKey('secret');
      return () => open(key);
    },
    gives: 'secret',
  },
  'keeps what a table of the module has of a class of the program': {
    send: () => () => [labelOf(Sample), Sample.unit],
    gives: [['sample', true], 'K'],
  },
  'keeps instances of a function whose prototype names no constructor': {
    send() {
      const bare = makeBare(4);
      return (other) => [isBare(bare), bare.half(), isBare(other), makeBare(6)];
    },
    with: () => [makeBare(8)],
    home: ([is, half, isToo, bare]) => [is, half, isToo, isBare(bare), bare.half()],
    gives: [true, 2, true, true, 3],
  },
  'sends a class with the methods that it got when it was first used': {
    send() {
      const growing = new Growing(4);
      return (other) => [growing.twice(), other.twice(), growing instanceof growing.constructor];
    },
    with: () => [new Growing(5)],
    gives: [8, 10, true],
  },
  'refuses a class of which a package keeps something in a global variable': {
    refuses() {
      class Registered {}
      register(Registered, 'text');
      return () => new Registered();
    },
    saying: [
      'class Registered',
      'the global variable cellsRegistry.entries of cells',
      'Export the class from a module of its own',
    ],
  },
};
