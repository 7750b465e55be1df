import { setImmediate as immediate } from 'node:timers/promises';
import { AsyncLocalStorage } from 'node:async_hooks';
import { createContext, runInContext } from 'node:vm';

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
  'sends in a switch, in the head of a loop, in a getter and in an initialiser': {
    async here(payload) {
      const seen = [];
      switch (sends(payload)) {
        case sends(payload): {
          const one = sends(payload);
          seen.push(one, (() => one)());
        }
        // falls through
        default:
      }
      for (const x of [sends(payload), ...closures().map((value) => payload.serialize(value).length > 0)])
        seen.push(x);
      for (let i = 0, ok = sends(payload); i < 1 && sends(payload); i++) seen.push((() => ok)());
      const object = {
        get got() {
          return sends(payload);
        },
        ...{ spread: sends(payload) },
      };
      class Initialised {
        static field = sends(payload);
        static {
          seen.push(sends(payload));
        }
        field = sends(payload);
        [`computed ${sends(payload)}`] = true;
      }
      seen.push(
        object.got,
        object.spread,
        Initialised.field,
        new Initialised().field,
        'computed true' in new Initialised(),
      );
      return [seen.length, seen.every(Boolean)];
    },
    gives: [13, true],
  },
  'sends in jobs of all kinds, generators, proxies, callbacks and default parameters': {
    async here(payload) {
      const seen = [];
      const send = () => seen.push(sends(payload));
      await Promise.resolve().then(send);
      await new Promise((resolve) => void process.nextTick(() => resolve(send())));
      await new Promise((resolve) => void queueMicrotask(() => resolve(send())));
      await immediate(send());
      await new Promise((resolve) => void setTimeout(() => resolve(send())));
      new AsyncLocalStorage().run({}, send);
      [2, 1].sort(() => send());
      'ab'.replace(/a/, send);
      new Proxy({}, { get: send }).key;
      JSON.stringify({ toJSON: send });
      ((x = send()) => x)();
      [...(function* () {
        yield send();
      })()]; // prettier-ignore
      for await (const x of (async function* () {
        yield send();
      })())
        seen.push(x > 0);
      try {
        throw send();
      } catch {
        send();
      } finally {
        send();
      }
      return [seen.length, seen.every(Boolean)];
    },
    gives: [17, true],
  },
  'sends in a script with a time limit, and functions of another context': {
    async here(payload) {
      const { serialize, deserialize } = payload;
      const context = createContext({ serialize, send: () => sends(payload), outside: { n: 1 } });
      const inTime = runInContext('send()', context, { timeout: 60_000 });
      const made = runInContext('const inside = { n: 2 }; serialize(() => inside.n + outside.n)', context);
      const there = await deserialize(made);
      const f = runInContext('(function () { let n = 5; return { f: () => ++n }.f })()', context);
      return [inTime, there(), (await deserialize(serialize(f)))()];
    },
    gives: [true, 3, 6],
  },
  'never looks for `this` where it is told not to': {
    refuses: () => closures()[1],
    options: { captureThis: 'never' },
    saying: ['cannot send', 'this', 'captureThis'],
  },
  'sends other closures where it is told never to look for `this`': {
    send: () => closures()[0],
    options: { captureThis: 'never' },
    gives: { n: 1 },
  },
};
