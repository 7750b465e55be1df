function listOf(length) {
  let list = null;
  for (let i = 0; i < length; i++) list = { i, next: list };
  return list;
}

/** Functions each of which captures the one before, and calls it down to some depth. */
function chainOf(length) {
  let chain = () => 0;
  for (let i = 0; i < length; i++) {
    const before = chain;
    chain = (depth = 0) => (depth < 100 ? before(depth + 1) : i);
  }
  return chain;
}

export const cases = {
  'sends functions with longer lists than a call can have arguments': {
    send: () => (0, eval)(`() => [${Array.from({ length: 150_000 }, (_, i) => i)}].length`),
    gives: 150_000,
  },
  'sends lists and chains of functions of any depth': {
    send() {
      const [list, chain] = [listOf(20_000), chainOf(5000)];
      return () => {
        let length = 0;
        for (let link = list; link !== null; link = link.next) length++;
        return [length, chain()];
      };
    },
    gives: [20_000, 4899],
  },
  'sends lists of any depth in plain data': {
    send: () => listOf(20_000),
    home(link) {
      let length = 0;
      for (; link !== null; link = link.next) length++;
      return length;
    },
    gives: 20_000,
  },
  'takes time in proportion to the depth': {
    async here({ serialize }) {
      const timeOf = (value) => {
        const before = process.cpuUsage();
        serialize(value);
        return process.cpuUsage(before).user;
      };
      const times = (make, length) => {
        timeOf(make(length));
        return timeOf(make(length * 8)) / timeOf(make(length));
      };
      const listIn = (length) => ({ list: listOf(length), f: () => length });
      // Eight times as much takes eight times as long; where it grew with the square, 64 times.
      return [times(chainOf, 500) < 20, times(listIn, 5000) < 20];
    },
    gives: [true, true],
  },
};
