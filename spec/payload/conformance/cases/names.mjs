export const cases = {
  'sends functions beside variables that have no value yet': {
    here({ serialize }) {
      const shared = { n: 1 };
      const { length } = serialize(() => shared.n);
      const later = 2;
      return [length > 0, (() => [shared, later])().at(1)];
    },
    gives: [true, 2],
  },
  'sends functions that shadow a name of the language': {
    send() {
      const Math = { sqrt: (x) => `root of ${x}` };
      const undefined = 'defined';
      return (x) => [Math.sqrt(x), undefined];
    },
    with: () => [4],
    gives: ['root of 4', 'defined'],
  },
  'sends functions that ask for the type of an undeclared name': {
    send: () => () => [typeof neverDeclared, typeof window],
    gives: ['undefined', 'undefined'],
  },
  'sends functions with names that nothing declares, which fail as they do here': {
    send: () => () => {
      try {
        return neverDeclared;
      } catch (error) {
        return [error.name, error.message];
      }
    },
    gives: ['ReferenceError', 'neverDeclared is not defined'],
  },
  'sends functions that evaluate in the global scope': {
    send: () => () => (0, eval)('1 + 1'),
    gives: 2,
  },
  'says that direct eval hides what a function captures': {
    refuses() {
      const hidden = 1;
      const f = (text) => [hidden, eval(text)];
      return () => f('hidden');
    },
    saying: ['cannot send', 'eval'],
  },
};
