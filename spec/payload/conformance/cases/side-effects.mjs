// What sending leaves behind; so no other case may have been here before.

/** The kinds of functions that need more than one look: scopes, `this`, private fields. */
function closures() {
  class Owner {
    #n = 1;
    arrow() {
      return () => [this, this.#n];
    }
  }
  const [captured, owner] = [{ n: 1 }, new Owner()];
  return [() => captured, owner.arrow(), { owner }];
}

const sends = ({ serialize }) => closures().every((value) => serialize(value).length > 0);

export const cases = {
  'opens no inspector for plain data, nor for functions that it refers to': {
    async here({ serialize, deserialize }) {
      const data = {
        list: [1, 'two', new Date(0)],
        map: new Map([[1, { a: 1 }]]),
        bytes: new Uint8Array(10),
      };
      await deserialize(serialize(data));
      serialize([]);
      return process.moduleLoadList.includes('NativeModule inspector');
    },
    gives: false,
  },
  'opens no inspector where functions are loaded': {
    send() {
      const captured = 1;
      return () => [captured, process.moduleLoadList.includes('NativeModule inspector')];
    },
    gives: [1, false],
    givesHere: [1, true],
  },
  'leaves the speed of eval and of promises as it was': {
    async here(payload) {
      const time = async () => {
        const before = process.cpuUsage();
        for (let i = 0; i < 2000; i++) new Function(`return ${i}`)();
        for (let i = 0; i < 100_000; i++) await null;
        const { user, system } = process.cpuUsage(before);
        return (user + system) / 1000;
      };
      await time();
      const before = Math.min(await time(), await time());
      sends(payload);
      // A debugger that is left on makes both tens of times slower.
      return Math.min(await time(), await time(), await time()) < before * 5 + 5;
    },
    gives: true,
  },
  'leaves nothing on the global object': {
    async here(payload) {
      const before = Reflect.ownKeys(globalThis).length;
      sends(payload);
      await payload.deserialize(payload.serialize(closures()[0]));
      return Reflect.ownKeys(globalThis).length - before;
    },
    gives: 0,
  },
};
