/** Names that a variable may have in sloppy code, and names that the library itself uses in the text that it makes. */
const NAMES = [
  ...[
    'let',
    'yield',
    'await',
    'static',
    'implements',
    'interface',
    'package',
    'private',
    'protected',
    'public',
  ],
  ...['async', 'of', 'get', 'set', 'as', 'from', 'using', 'accessor', 'meta', 'target'],
  ...[
    'eval',
    'arguments',
    'undefined',
    'NaN',
    'value',
    'name',
    'then',
    'constructor',
    'toString',
    '__proto__',
  ],
  ...['exports', 'require', 'module', '__filename', 'globalThis', 'cov_1xy', 'x', 'x_', 'ä', 'l\\u0065t'],
  ...['$condor_futures', '$condor_futures_', '$condor_futures_value', '$condor_futures_heritage'],
  ...['$condor_futures_keys', '$condor_futures_arguments', '\\u0024condor_futures', '$condor\\u{5f}futures'],
];

/**
 * A case for functions whose text has each of these names in place of N: those that are wrong, and whether there were many.
 * @param source body of a sloppy function that returns a function
 */
function withAnyName(source, names = NAMES) {
  return {
    send() {
      const rows = names.flatMap((name) => {
        const text = source.replaceAll(/\bN\b/g, () => name).replaceAll(/\bM\b/g, () => `${name}_`);
        try {
          const make = new Function(text);
          return [{ name, fn: make(), wanted: JSON.stringify(make()()) }];
        } catch {
          // A function like this cannot have this name.
          return [];
        }
      });
      return () => [rows.filter(isWrong).map(({ name }) => name), rows.length > names.length / 2];
    },
    gives: [[], true],
  };
}

function isWrong({ fn, wanted }) {
  try {
    return JSON.stringify(fn()) !== wanted;
  } catch {
    return true;
  }
}

/** A case for functions that are refused. */
function refusing(source, saying) {
  return { refuses: () => new Function(source)(), saying };
}

const without = (...left) => NAMES.filter((name) => !left.includes(name));

export const cases = {
  'sends captured variables of any name': {
    ...withAnyName('var N = 5; return () => [N, typeof N, { N }];'),
  },
  'sends captured parameters of any name': {
    ...withAnyName('return (function (N, M) { return () => [N, M]; })(1, 2);'),
  },
  'sends variables of any name that functions share and assign to': {
    ...withAnyName(
      `var N = 1, M = 10;
       const add = () => { N += 1; M += 10; return N; }, read = function () { return [N, M]; };
       const both = { set v(x) { N = x; }, get v() { return M; } };
       return () => { const seen = [add(), read()]; both.v = 7; return [seen, both.v, read()]; };`,
      without('eval', 'arguments'),
    ),
  },
  'sends variables of any name beside texts that lie in one another': {
    ...withAnyName(
      'var N = 1, M = 2; function a() { return () => [N, M]; } const b = a(); return () => [a()(), b()];',
    ),
  },
  'sends functions of any name that call themselves': {
    ...withAnyName('function N(x) { return x ? 1 + N(x - 1) : 0; } return () => N(3);'),
  },
  'sends function expressions of any name': {
    ...withAnyName('const f = function N(x) { return x ? 1 + N(x - 1) : 0; }; return () => f(3);'),
  },
  'sends generators and async functions of any name': {
    ...withAnyName(
      'function* N() { yield 3; } async function M() {} return () => [...N()].concat(typeof M().then);',
    ),
  },
  'sends async functions whose name only a declaration may have': {
    ...withAnyName('async function N() {} return () => typeof N().then;'),
  },
  'sends methods, getters and labels of any name': {
    ...withAnyName(
      `const o = { N(a) { return a; }, get M() { return 4; } };
       const { N: method } = o, { get } = Object.getOwnPropertyDescriptor(o, 'M');
       return () => { N: for (;;) { for (;;) break N; } return [method(3), get()]; };`,
      without('get', 'l\\u0065t', '\\u0024condor_futures', '$condor\\u{5f}futures'),
    ),
  },
  'sends methods with `super` and locals of any name': {
    ...withAnyName(
      `const base = { m: (x) => x + 1 };
       const o = { __proto__: base, m(N) { var M = 1; return super.m(N) + M; } };
       return () => o.m(4);`,
    ),
  },
  'sends arrows that use `this` beside variables of any name': {
    ...withAnyName('var N = 3; return (function () { return () => this.k + N; }).call({ k: 1 });'),
  },
  'sends classes that capture variables of any name': {
    ...withAnyName(
      `var N = 3, M = 'key';
       class C { a = N; m() { return N; } [M + 's']() { return M; } static s() { return N; } }
       return () => [new C().a, new C().m(), C.s(), new C().keys()];`,
    ),
  },
  'sends classes that extend a variable of any name': {
    ...withAnyName(
      `var N = class { constructor() { this.k = 1; } };
       class B extends N { #p; constructor(M) { super(); this.#p = M; } m() { return [this.k, this.#p]; } }
       const b = new B(6);
       return () => [b.m(), new B(7).m()];`,
      without('cov_1xy'),
    ),
  },
  'sends instances with private members beside variables of any name': {
    ...withAnyName(
      `const make = (N) => new (class {
         #x = N; #y; static #z = 1;
         constructor(...M) { this.#y = M.length; }
         m() { return [this.#x, this.#y, N]; }
       })(1, 2);
       const o = make(4);
       return () => o.m();`,
    ),
  },
  'sends arrows that use private members beside variables of any name': {
    ...withAnyName(
      `var N = 2;
       class C { #x = 1; m(M) { return () => [this.#x, N, M]; } }
       const f = new C().m(4);
       return () => f();`,
      without('eval'),
    ),
  },
  'sends variables of a `catch` and of blocks, of any name': {
    ...withAnyName('let f; try { throw 3; } catch (N) { { let a = 1; f = () => [N, a]; } } return f;'),
  },
  'sends functions with a global variable of any name': {
    ...withAnyName(
      'return () => { globalThis.N ??= 4; return typeof N; };',
      NAMES.filter((name) => /condor/.test(name)),
    ),
  },
  'sends arrows with the `arguments` around them, which they share': {
    send() {
      const f = function () {
        const add = () => (arguments[0] += 1);
        const read = () => [...arguments];
        return [add, read];
      };
      const [add, read] = f(1, 2);
      return () => [add(), read()];
    },
    gives: [2, [2, 2]],
  },
  'sends arrows with private members and the `arguments` around them': {
    send() {
      class Holder {
        #x = 1;
        read() {
          return () => [this.#x, arguments.length, ...arguments];
        }
      }
      return new Holder().read('a', { b: 1 });
    },
    gives: [1, 2, 'a', { b: 1 }],
  },
  'says that a variable named `arguments` is assigned to': {
    ...refusing('var arguments = 1; return () => (arguments += 1);', ['assigns to the `arguments`']),
  },
  'says that a variable named `eval` is in the way': {
    ...refusing(
      'var eval = 1; class C { #x = 1; m() { return () => [this.#x, eval]; } } return new C().m();',
      ['a variable named `eval`', 'another name'],
    ),
  },
};
