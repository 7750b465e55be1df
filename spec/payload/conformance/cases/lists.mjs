/** Lists of each size class of the ways in which they are looked at. */
const lengths = [0, 1, 3, 8, 9, 40, 1000];
const listOf = (length) => Array.from({ length }, (_, index) => index * 2);
const define = (list, key, property) => Object.defineProperty(list, key, { configurable: true, ...property });

/** What tells lists apart: keys, flags, extensibility and class. */
const show = (list) => [
  list.length,
  Reflect.ownKeys(list).map(String).slice(-3).join(),
  Object.values(Object.getOwnPropertyDescriptors(list))
    .slice(-3)
    .map(({ get, value, writable, enumerable, configurable }) =>
      [get ? `get ${get()}` : JSON.stringify(value), writable, enumerable, configurable].join(),
    )
    .join(' '),
  Object.isExtensible(list),
  Object.getPrototypeOf(list)?.constructor.name,
];

/** Ways in which lists differ from those that hold data alone. */
const CHANGES = {
  'that are frozen': (list) => Object.freeze(list),
  'that are sealed': (list) => Object.seal(list),
  'that cannot be extended': (list) => Object.preventExtensions(list),
  'with a hole in the middle': (list) => (delete list[Math.floor(list.length / 2)], list),
  'that end in holes': (list) => ((list.length += 3), list),
  // oxlint-disable-next-line unicorn/no-new-array -- it is a kind of its own
  'that were made empty and filled': (list) => new Array(list.length).fill(7),
  'with another key': (list) => Object.assign(list, { other: { a: 1 } }),
  'with a key that is hidden': (list) => define(list, 'raw', { value: ['r'], writable: true }),
  'with a key that is a symbol': (list) => Object.assign(list, { [Symbol.for('key of a list')]: 1 }),
  'with an accessor at the end': (list) => define(list, list.length, { get: () => 5, enumerable: true }),
  'with an accessor as another key': (list) => define(list, 'other', { get: () => 5, enumerable: true }),
  'with an element that cannot be written': (list) =>
    define(list, list.length, { value: 1, enumerable: true }),
  'with an element that cannot be seen': (list) => define(list, list.length, { value: 1, writable: true }),
  'whose length cannot be written': (list) => Object.defineProperty(list, 'length', { writable: false }),
};

class Series extends Array {
  get last() {
    return this.at(-1);
  }
}

/** Lists that are long and hold little. */
const sparse = () => {
  const far = [];
  far[2 ** 32 - 2] = { at: 'the end' };
  const long = [1];
  long.length = 2 ** 32 - 1;
  const keyed = Object.assign([], { 5: 'five', 1_000_000_000: 'far', other: 'text' });
  return {
    far,
    long,
    keyed,
    empty: Object.assign([], { length: 100_000_000 }),
    most: new Map([['m', [[[Object.assign([], { length: 40_000_000 })]]]]]),
  };
};

const lookAt = ({ far, long, keyed, empty, most }) => [
  Object.keys(far).length,
  far.length,
  far.at(-1).at,
  long.length,
  Object.keys(long).join(),
  keyed.length,
  Object.keys(keyed).join(),
  empty.length,
  Object.keys(empty).length,
  most.get('m')[0][0][0].length,
];

const LOOKS = [
  1,
  2 ** 32 - 1,
  'the end',
  2 ** 32 - 1,
  '0',
  1_000_000_001,
  '5,1000000000,other',
  100_000_000,
  0,
  40_000_000,
];

/** Each list with its text and how it was made. */
const makeAll = () =>
  Object.entries(CHANGES).flatMap(([how, change]) =>
    lengths.map((length) => {
      const list = change(listOf(length));
      return { how: `${length} ${how}`, list, text: JSON.stringify(show(list)) };
    }),
  );

const areOthers = ({ list, text }) => text !== JSON.stringify(show(list));

export const cases = {
  'captures lists of any kind and length as they are': {
    send() {
      const all = makeAll();
      return () => all.filter(areOthers).map(({ how }) => how);
    },
    gives: [],
  },
  'sends lists of any kind and length home as they are': {
    send: () => () => makeAll(),
    home: (all) => all.filter(areOthers).map(({ how }) => how),
    gives: [],
  },
  'sends single lists of any kind and length as they are': {
    async here({ serialize, deserialize }) {
      const others = [];
      for (const { how, list, text } of makeAll()) {
        if (areOthers({ list: await deserialize(serialize(list)), text })) others.push(how);
        const { held } = await deserialize(serialize({ held: [list] }));
        if (areOthers({ list: held[0], text })) others.push(`${how}, held by another`);
      }
      return others;
    },
    gives: [],
  },
  'sends lists of a class of the program, of any length': {
    send() {
      const all = lengths.map((length) => Series.from(listOf(length)));
      return () => all.map((list) => [list instanceof Series, list.last ?? null, list.length]);
    },
    gives: lengths.map((length) => [true, length === 0 ? null : length * 2 - 2, length]),
  },
  'captures long lists by what they hold': {
    send() {
      const lists = sparse();
      return () => lookAt(lists);
    },
    gives: LOOKS,
  },
  'sends long lists home by what they hold': {
    send: () => () => sparse(),
    home: (lists) => lookAt(lists),
    gives: LOOKS,
  },
  'takes no time for what a list does not hold': {
    async here({ serialize, deserialize }) {
      const before = process.cpuUsage();
      const { most, ...lists } = sparse();
      lists.few = Object.assign([], { 9_999_999: 1 });
      await deserialize(serialize(lists));
      await deserialize(serialize([lists, () => most]));
      // To visit each place takes minutes.
      return process.cpuUsage(before).user < 5_000_000;
    },
    gives: true,
  },
};
