const heap = () => {
  for (let i = 0; i < 4; i++) globalThis.gc();
  return process.memoryUsage().heapUsed;
};

export const cases = {
  'keeps nothing of twenty thousand closures that were sent': {
    async here({ serialize }) {
      const sendMany = (count) => {
        let bytes = 0;
        for (let i = 0; i < count; i++) {
          const captured = { i, list: [i] };
          const helper = () => captured.list;
          bytes += serialize((x) => helper()[x]).length;
        }
        return bytes;
      };
      sendMany(1000);
      const before = heap();
      sendMany(20_000);
      return heap() - before < 5_000_000;
    },
    gives: true,
  },
  'keeps nothing of closures that use `this`, nor of those that cannot be sent': {
    async here({ serialize }) {
      class Owner {
        #n = 1;
        arrow(x) {
          return () => [this.#n, x];
        }
      }
      const sendMany = (count) => {
        for (let i = 0; i < count; i++) {
          serialize(new Owner().arrow(i));
          try {
            serialize(new Owner().arrow(new WeakRef({})));
          } catch {
            continue;
          }
        }
      };
      sendMany(20);
      const before = heap();
      sendMany(200);
      return heap() - before < 1_000_000;
    },
    gives: true,
  },
};
