import { join } from 'node:path';
import { renamed } from './library.mjs';

const top = 1;

/** The flag is named where this version of Node has it. */
const REMEDY = process.allowedNodeEnvironmentFlags.has('--allow-inspector')
  ? 'Or: Run node with --allow-inspector.'
  : 'Or: Run node without its permission model';

export const cases = {
  'sends plain data': { send: () => ({ a: [1, new Date(0)] }), gives: { a: [1, new Date(0)] } },
  'sends functions that capture nothing': {
    send: () => (a, b) => [Math.max(a, b), typeof process.version],
    with: () => [1, 2],
    gives: [2, 'string'],
  },
  'sends functions of modules and of node': {
    send: () => [renamed, join],
    home: ([f, g]) => [f(), g('a', 'b')],
    gives: ['renamed', 'a/b'],
  },
  'sends functions that are told what they capture': {
    send({ closure }) {
      const inner = { n: 2 };
      return closure({ top, inner, join }, (c) => [top + inner.n + c, join('a', 'b')]);
    },
    with: () => [3],
    gives: [6, 'a/b'],
  },
  'says what a function captures that it cannot read, and what to do': {
    refuses() {
      const inner = { n: 2 };
      return () => [top, inner];
    },
    saying: ['cannot send', 'top', 'inner', 'closure(', REMEDY],
  },
  'says that it cannot read a private field': {
    refuses() {
      class Secret {
        #n = 1;
        get n() {
          return this.#n;
        }
      }
      return new Secret();
    },
    saying: ['cannot send', 'inspector'],
  },
};
