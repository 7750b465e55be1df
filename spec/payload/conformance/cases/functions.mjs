import { runInThisContext } from 'node:vm';

const greeting = 'hello';

function greet(name) {
  return `${greeting} ${name}`;
}

function isEven(n) {
  return n === 0 || isOdd(n - 1);
}

function isOdd(n) {
  return n !== 0 && isEven(n - 1);
}

const factorial = (n) => (n < 2 ? 1 : n * factorial(n - 1));

async function fetchGreeting(name) {
  await null;
  return greet(name);
}

export const cases = {
  'sends arrow functions': {
    send() {
      const x = 20;
      return (y) => x + y + ((z) => z * x)(1);
    },
    with: () => [1],
    gives: 41,
  },
  'sends arrow functions with a body, and with patterns for parameters': {
    send() {
      const x = 20;
      return ({ y }, [z = x], ...rest) => {
        const sum = x + y + z;
        return [sum, ...rest];
      };
    },
    with: () => [{ y: 1 }, [], 'rest'],
    gives: [41, 'rest'],
  },
  'sends anonymous function expressions': {
    send() {
      const x = 20;
      return (() =>
        function () {
          return [x, arguments.length];
        })();
    },
    with: () => ['a', 'b'],
    gives: [20, 2],
  },
  'sends functions declared at the top of the program': {
    send: () => greet,
    with: () => ['world'],
    gives: 'hello world',
  },
  'sends async functions': {
    send: () => [fetchGreeting, async (name) => fetchGreeting(name)][1],
    with: () => ['world'],
    gives: 'hello world',
  },
  'sends functions whose promise rejects': {
    send: () => async (name) => {
      const failing = async () => {
        throw new RangeError(await fetchGreeting(name));
      };
      return failing().catch((error) => [error instanceof RangeError, error.message]);
    },
    with: () => ['world'],
    gives: [true, 'hello world'],
  },
  'sends generators': {
    send() {
      const limit = 3;
      function* count() {
        for (let i = 0; i < limit; i++) yield i;
        return limit;
      }
      return () => [[...count()], count().next(), Object.getPrototypeOf(count).constructor.name];
    },
    gives: [[0, 1, 2], { value: 0, done: false }, 'GeneratorFunction'],
  },
  'sends async generators': {
    send() {
      const limit = 3;
      async function* count() {
        for (let i = 0; i < limit; i++) yield await i;
      }
      return async () => {
        const seen = [];
        for await (const i of count()) seen.push(i);
        return seen;
      };
    },
    gives: [0, 1, 2],
  },
  'sends functions that call themselves by their declared name': {
    send() {
      function sum(n) {
        return n === 0 ? 0 : n + sum(n - 1);
      }
      return sum;
    },
    with: () => [4],
    gives: 10,
  },
  'sends functions that call themselves by the name of their expression': {
    send: () =>
      function sum(n) {
        return n === 0 ? 0 : n + sum(n - 1);
      },
    with: () => [4],
    gives: 10,
  },
  'sends functions that call themselves through the variable they are in': {
    send: () => factorial,
    with: () => [5],
    gives: 120,
  },
  'sends functions that call each other': { send: () => isEven, with: () => [7], gives: false },
  'sends a function whose name means another value by now': {
    send() {
      function f(n) {
        return n === 0 ? 'done' : `inner ${f(n - 1)}`;
      }
      const inner = f;
      f = (n) => `outer ${inner(n)}`;
      return inner;
    },
    with: () => [2],
    gives: 'inner outer inner outer done',
  },
  'sends default parameters that use captured names': {
    send() {
      const one = 1;
      const make = () => ({ two: one + 1 });
      return (a = one, { two } = make(), three = two + a, [four = () => three + one] = []) => [
        a,
        two,
        three,
        four(),
      ];
    },
    gives: [1, 2, 3, 4],
  },
  'keeps a parameter apart from the variable of the same name in the body': {
    send: () =>
      function (a, get = () => a) {
        var a = 9;
        return [a, get()];
      },
    with: () => [1],
    gives: [9, 1],
  },
  'keeps own properties of a function, the function itself among them': {
    send() {
      const step = (n) => n + step.size;
      step.size = 5;
      step.self = step;
      step.nested = { again: step };
      return () => [step(1), step.self === step, step.nested.again === step, Object.keys(step)];
    },
    gives: [6, true, true, ['size', 'self', 'nested']],
  },
  'keeps a toString of the function itself': {
    send() {
      const step = (n) => n + 1;
      step.toString = () => 'step by step';
      return () => [step(1), String(step)];
    },
    gives: [2, 'step by step'],
  },
  'keeps name and length': {
    send() {
      const arrow = (a, b) => [a, b];
      const { inferred = function (a) {} } = {};
      const dynamic = { ['with' + 'Key']: (a, b, c) => {} }.withKey;
      const none = (
        () => () =>
          1
      )();
      const withDefault = (a, b = 1, c) => {};
      const all = [arrow, inferred, dynamic, none, withDefault, greet, async (...rest) => rest];
      const look = () => all.map(({ name, length }) => `${name} of ${length}`);
      const here = look();
      // What transforms a program may name what has no name.
      return () => [...here.map((text, i) => text === look()[i]), look()[0], look()[2], look()[4]];
    },
    gives: [true, true, true, true, true, true, true, 'arrow of 2', 'withKey of 3', 'withDefault of 1'],
  },
  'keeps a name and a length that were defined later': {
    send() {
      const f = () => 1;
      Object.defineProperty(f, 'name', { value: 'renamed', configurable: true });
      Object.defineProperty(f, 'length', { value: 7 });
      return () => [f.name, f.length, Object.getOwnPropertyDescriptor(f, 'length').configurable];
    },
    gives: ['renamed', 7, true],
  },
  'keeps the text that toString gives': {
    send() {
      const text = (x) => x /* and a comment */ + 1;
      const here = text.toString();
      return () => text.toString() === here;
    },
    gives: true,
  },
  'sends bound functions, also those bound twice': {
    send() {
      const owner = { base: 100 };
      function add(a, b, c) {
        return [this.base + a + b + c, this === owner];
      }
      const bound = add.bind(owner, 1).bind(null, 2);
      return () => [bound(3), bound.name, bound.length, 'prototype' in bound];
    },
    gives: [[106, true], 'bound bound add', 1, false],
  },
  'sends bound functions of the language': {
    send() {
      const max = Math.max.bind(null, 3);
      const sliced = Array.prototype.slice.call.bind(Array.prototype.slice);
      return () => [max(1, 2), sliced([1, 2, 3], 1)];
    },
    gives: [3, [2, 3]],
  },
  'sends what new Function made': {
    send: () => new Function('a', 'b', 'return a + b'),
    with: () => [1, 2],
    gives: 3,
  },
  'sends functions of a thousand lines': {
    send() {
      const lines = Array.from({ length: 1000 }, (_, i) => `sum += x * ${i}; // line ${i}`);
      const make = runInThisContext(
        `(start) => function long(x) {\nlet sum = start;\n${lines.join('\n')}\nreturn sum;\n}`,
      );
      return make(10);
    },
    with: () => [2],
    gives: 999_010,
  },
  'sends ten lines in few bytes': {
    async here({ serialize }) {
      const numbers = [1, 2, 3];
      const f = (limit) => {
        let sum = 0;
        for (const number of numbers) {
          if (number > limit) {
            sum -= number;
          } else {
            sum += number;
          }
        }
        return `${greeting} ${sum}`;
      };
      return serialize(f).length < 10_000;
    },
    gives: true,
  },
  'sends minified functions': {
    send: () =>
      runInThisContext(
        'var minified=((e,t)=>{let n=e;return function(r,o){return r<1?n:(n+=o||t,arguments.callee(r-1,o))}})(1,2);minified',
      ),
    with: () => [3],
    gives: 7,
  },
  'sends functions with comments everywhere, also those of HTML, and line separators': {
    send: () =>
      runInThisContext(`((captured) => /* a */ function /* b */ odd /* (c */ ( /* d) */ x /* => */ ) /* { */ {
        // } function
        <!-- an HTML comment
        const text = "\u2028 and \u2029"; /* // */
        return [captured, x /* } */, text.length, \`\${ /* \` */ captured }\`, /[/*]{2}/.test('/*')] // end
      --> another one
      } /* after */)(5)`),
    with: () => [6],
    gives: [5, 6, 7, '5', true],
  },
};
