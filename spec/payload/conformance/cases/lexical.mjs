class Counter {
  #n = 5;
  step = 2;
  adder() {
    return (x = 1) => (this.#n += x * this.step);
  }
  asyncAdder() {
    return async (x) => {
      await null;
      return () => this.step + x;
    };
  }
}

class Base {
  hello() {
    return `base ${this.name}`;
  }
  static create() {
    return `created ${this.name}`;
  }
}

class Derived extends Base {
  name = 'derived';
  hello() {
    return `${super.hello()}!`;
  }
  later() {
    return () => super.hello();
  }
}

export const cases = {
  'sends arrows that use the `this` around them': {
    send: () => new Counter().adder(),
    with: () => [2],
    gives: 9,
  },
  'sends arrows whose `this` is a primitive, as strict code sees it': {
    send() {
      function make() {
        'use strict';
        return () => [this, typeof this];
      }
      const [five, nothing] = [make.call(5), make.call(undefined)];
      return () => [five(), nothing()];
    },
    gives: [
      [5, 'number'],
      [undefined, 'undefined'],
    ],
  },
  'sends async arrows that use the `this` around them': {
    send: () => new Counter().asyncAdder(),
    with: () => [40],
    home: (add) => add(),
    gives: 42,
  },
  'sends arrows that use `this` in a default parameter only': {
    send() {
      const owner = {
        n: 5,
        make() {
          return (x = this.n, { y = () => this.n + 1 } = {}) => [x, y()];
        },
      };
      return owner.make();
    },
    gives: [5, 6],
  },
  'sends arrows within arrows, all with the same `this`': {
    send() {
      const owner = {
        make() {
          return [() => this, () => () => this];
        },
      };
      const [direct, nested] = owner.make();
      return () => direct() === nested()() && typeof direct().make === 'function';
    },
    gives: true,
  },
  'does not run an arrow to find the `this` around it': {
    async here({ serialize }) {
      let runs = 0;
      class Owner {
        make() {
          const touch = () => (runs += 1);
          return [
            () => touch() + this.n,
            async () => touch() + this.n,
            (x = touch()) => [x, this.n],
            ({ y = touch() } = {}, ...rest) => [y, rest, this],
            () => {
              for (const x of [touch()]) return [x, this];
            },
            () => {
              try {
                return touch();
              } finally {
                touch(this);
              }
            },
          ];
        }
      }
      const arrows = new Owner().make();
      for (const arrow of arrows) serialize(arrow);
      return runs;
    },
    gives: 0,
  },
  'sends arrows that use the `arguments` around them': {
    send() {
      function make() {
        return (i) => [arguments[i], arguments.length];
      }
      return make('a', 'b', 'c');
    },
    with: () => [1],
    gives: ['b', 3],
  },
  'sends functions that use new.target': {
    send() {
      function Made() {
        return { byNew: new.target === Made };
      }
      return () => [new Made(), Made()];
    },
    gives: [{ byNew: true }, { byNew: false }],
  },
  'sends arrows that use the new.target around them, or says that it cannot': {
    send() {
      function Made() {
        this.target = () => new.target === Made;
      }
      return new Made().target;
    },
    gives: true,
    orRefuses: true,
  },
  'sends a closure made where a private field is in sight': {
    send() {
      class Secret {
        #code;
        constructor(code) {
          this.#code = code;
        }
        opener() {
          return { open: () => this.#code, change: (code) => (this.#code = code) };
        }
        static opensWith(secret) {
          return (code) => secret.#code === code;
        }
      }
      const secret = new Secret(7);
      const { open, change } = secret.opener();
      const opensWith = Secret.opensWith(secret);
      return () => [open(), change(8), open(), opensWith(8), opensWith(7)];
    },
    gives: [7, 8, 8, true, false],
  },
  'sends classes that call the parent by `super`, in methods and in arrows of theirs': {
    send() {
      const derived = new Derived();
      return () => [derived.hello(), derived.later()(), Derived.create()];
    },
    gives: ['base derived!', 'base derived', 'created Derived'],
  },
  'sends an arrow that uses `super`, or says that it cannot': {
    send: () => new Derived().later(),
    gives: 'base derived',
    orRefuses: true,
  },
};
