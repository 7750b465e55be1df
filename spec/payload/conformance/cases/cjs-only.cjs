const os = require('node:os');
const { Plain, renamed } = require('./library.cjs');
const square = require('./function.cjs');
const wholePool = require('./pool-alone.cjs');

exports.exported = (n) => n * 2;
exports.other = 'other';
module.exports.viaModule = 1;

var hoisted = 'hoisted';

function sloppy() {
  return this === globalThis;
}

const cases = {
  'sends functions and classes of modules': {
    send: () => () => [
      new Plain('x').hello(),
      renamed(),
      square(3),
      square.cube(2),
      os.EOL === require('os').EOL,
    ],
    gives: ['hello x', 'renamed', 9, 8, true],
  },
  'sends a function that is all that a module exports': { send: () => square, with: () => [4], gives: 16 },
  'sends an object with a socket inside that is all that a module exports': {
    send: () => () => wholePool.query(),
    gives: 'rows of Socket',
  },
  'requires within functions as from the original file': {
    send: () => () => {
      const library = require('./library.cjs');
      const { sep } = require('path');
      return [
        library.renamed === renamed,
        require('shapes').area(2),
        require('./data.json').from,
        sep === require('node:path').sep,
        require.resolve('./library.cjs').endsWith(`${sep}library.cjs`),
        typeof require.cache,
      ];
    },
    gives: [true, '4 cm', 'json', true, true, 'object'],
  },
  'knows __filename and __dirname of the original file': {
    send() {
      const [file, directory] = [__filename, __dirname];
      return () => [__filename === file, __dirname === directory, file.startsWith(directory)];
    },
    gives: [true, true, true],
  },
  'imports within functions as from the original file': {
    send: () => async () => {
      const { Plain: Imported } = await import('./library.cjs');
      return [Imported === Plain, (await import('node:os')).EOL === os.EOL];
    },
    gives: [true, true],
  },
  'runs functions in sloppy mode': {
    send: () => () => {
      const both = function (a) {
        arguments[0] = 'changed';
        return [a, this === globalThis];
      };
      return [sloppy(), both('a'), typeof both.caller, (() => this)() === this];
    },
    gives: [true, ['changed', true], 'object', true],
  },
  'lets functions assign to an undeclared name': {
    send: () => () => {
      implicit = 1;
      const seen = [implicit, globalThis.implicit];
      delete globalThis.implicit;
      return seen;
    },
    gives: [1, 1],
  },
  'runs functions with their own directive in strict mode': {
    send: () =>
      function () {
        'use strict';
        return this;
      },
    gives: undefined,
  },
  'says that a parameter is assigned to, of which `arguments` has the value too': {
    refuses() {
      function count(n) {
        return { add: () => (n += 1), list: () => [...arguments] };
      }
      const counter = count(1);
      return () => counter;
    },
    saying: [
      'cannot send',
      'counter',
      'list',
      '`arguments` that change where a function assigns to `n`',
      'rest',
    ],
  },
  'sends `arguments` beside parameters that nothing assigns to': {
    send() {
      function count(n, more) {
        return { read: () => n + arguments.length, list: () => [...arguments], add: () => (more += 1) };
      }
      const counter = count(1);
      return () => [counter.read(), counter.list(), counter.add()];
    },
    gives: [2, [1], NaN],
  },
  'sends functions that name themselves by arguments.callee': {
    send: () =>
      function (n) {
        return n < 2 ? 1 : n * arguments.callee(n - 1);
      },
    with: () => [5],
    gives: 120,
  },
  'sends functions with octal numbers and labels, in blocks': {
    send() {
      if (hoisted) {
        function inBlock() {
          outer: for (;;) for (;;) break outer;
          return [010, '\101', hoisted];
        }
      }
      return () => inBlock();
    },
    gives: [8, 'A', 'hoisted'],
  },
  'sends what the program itself exports, as far as the function names it': {
    send: () => () => [exports.exported(4), exports.other, module.exports.viaModule],
    gives: [8, 'other', 1],
    orRefuses: true,
  },
  'sends functions that use only exports of the program': {
    send: () => () => [exports.exported(4), exports.other],
    gives: [8, 'other'],
  },
  'sends variables of a with statement': {
    send() {
      const scope = { a: 1, b: 2 };
      with (scope) {
        return () => [a, b, (a = 5), scope.a];
      }
    },
    gives: [1, 2, 5, 5],
    orRefuses: true,
  },
};
