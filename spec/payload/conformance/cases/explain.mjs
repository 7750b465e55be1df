import { renamed } from './library.mjs';

/** Each line of the tree without sizes, as these change with every version. */
const linesOf = (explanation) =>
  String(explanation)
    .split('\n')
    .map((line) => line.trimEnd());

export const cases = {
  'shows what is sent of a function as a tree, with the size of each part': {
    async here({ explain, serialize }) {
      const table = new Float64Array(1000);
      const helper = (i) => table[i];
      const f = (i) => [helper(i), renamed()];
      const explanation = explain(f);
      const [first, ...tree] = linesOf(explanation);
      const line = (words) => tree.find((text) => text.includes(words)) ?? '';
      return [
        /^\d[\d,.]* .*/.test(first) && explanation.bytes === serialize(f).length,
        line("'helper'").includes('function helper'),
        /\d bytes/.test(line("'table'")) && line("'table'").includes('Float64Array'),
        // What is sent by reference says where it comes from.
        line("'renamed'").includes('library.'),
        tree.indexOf(line("'table'")) > tree.indexOf(line("'helper'")),
      ];
    },
    gives: [true, true, true, true, true],
  },
  'shows the size of plain data': {
    async here({ explain, serialize }) {
      const data = { list: [1, 2, 3] };
      const { bytes } = explain(data);
      return [typeof bytes, bytes > 0, Math.abs(bytes - serialize(data).length) < 1000];
    },
    gives: ['number', true, true],
  },
  'says of what cannot be sent the same as serialize': {
    async here({ explain, serialize }) {
      const f = (
        (captured) => () =>
          captured
      )(new WeakRef({}));
      const messages = [explain, serialize].map((attempt) => {
        try {
          return attempt(f);
        } catch ({ name, message }) {
          return `${name}: ${message}`;
        }
      });
      return [messages[0] === messages[1], messages[0].startsWith('SerializationError: cannot send')];
    },
    gives: [true, true],
  },
};
