/** Objects have all kinds of methods here; each is called where they arrive. */
const methods = {
  value: 1,
  plain(x) {
    return this.value + x;
  },
  async later(x) {
    return this.plain(await x);
  },
  *several() {
    yield this.value;
    yield 2;
  },
  async *stream() {
    yield* this.several();
  },
  get got() {
    return `got ${this.value}`;
  },
  set got(value) {
    this.value = value;
  },
  ['comp' + 'uted']() {
    return 'computed';
  },
  [Symbol.toPrimitive]() {
    return 'primitive';
  },
  'quoted name'() {
    return 'quoted';
  },
  42() {
    return 'forty-two';
  },
  class() {
    return 'class';
  },
  get() {
    return 'get';
  },
  set() {
    return 'set';
  },
  static() {
    return 'static';
  },
  function() {
    return 'function';
  },
  async() {
    return 'async';
  },
};

export const cases = {
  'sends methods of every kind and name': {
    send: () => async () => {
      const streamed = [];
      for await (const item of methods.stream()) streamed.push(item);
      methods.got = 5;
      return [
        methods.plain(1),
        await methods.later(2),
        [...methods.several()],
        streamed,
        methods.got,
        methods.computed(),
        `${methods}`,
        methods['quoted name'](),
        methods[42](),
        [
          methods.class(),
          methods.get(),
          methods.set(),
          methods.static(),
          methods.function(),
          methods.async(),
        ],
        Object.keys(methods).length,
        'prototype' in methods.plain,
      ];
    },
    gives: [
      6,
      7,
      [5, 2],
      [1, 2],
      'got 5',
      'computed',
      'primitive',
      'quoted',
      'forty-two',
      ['class', 'get', 'set', 'static', 'function', 'async'],
      15,
      false,
    ],
  },
  'sends a method alone': {
    send() {
      const { plain, class: ofClass, function: ofFunction, static: ofStatic, async: ofAsync } = methods;
      const { get } = Object.getOwnPropertyDescriptor(methods, 'got');
      const all = [plain, ofClass, ofFunction, ofStatic, ofAsync, get];
      return () => [all.map((f) => f.call({ value: 3 }, 4)), all.map((f) => f.name)];
    },
    gives: [
      [7, 'class', 'function', 'static', 'async', 'got 3'],
      ['plain', 'class', 'function', 'static', 'async', 'get got'],
    ],
  },
  'sends methods that call the one of the prototype by `super`': {
    send() {
      const parent = { hello: () => 'parent' };
      const child = {
        __proto__: parent,
        hello() {
          return `${super.hello()} and child`;
        },
        get both() {
          return [super.hello(), this.hello()];
        },
      };
      return () => [child.hello(), child.both, Object.getPrototypeOf(child) === parent];
    },
    gives: ['parent and child', ['parent', 'parent and child'], true],
  },
};
