import { describe, expect } from '@jest/globals';
import { collect } from '../support/collect.ts';
import { testsAtOnce } from '../support/tests-at-once.ts';
import { groupExecutor, type Subject } from './subject.ts';

class Color {
  static readonly RED = new Color('red');
  static readonly GREEN = new Color('green');
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}
const letterOf = (color: Color): string => (color === Color.RED ? 'r' : color === Color.GREEN ? 'g' : '?');

class Operation {
  static readonly ADD = new Operation((a, b) => a + b, 1);
  static readonly FIRST = new Operation((a) => Math.max(a, registered.length), 2);
  static readonly list = ['of its own'];
  apply: (a: number, b: number) => number;
  note?: string;
  readonly #order: number;
  constructor(apply: (a: number, b: number) => number, order: number) {
    this.apply = apply;
    this.#order = order;
  }
  get order(): number {
    return this.#order;
  }
}
const Level = Object.freeze({ LOW: Object.freeze({ at: 1 }), HIGH: Object.freeze({ at: 2 }) });

class Gray {
  static readonly DARK = new Gray();
  isDark(): boolean {
    return this === Gray.DARK;
  }
}

class Registered {
  static readonly items = new Map<string, Registered>();
  readonly name: string;
  constructor(name: string) {
    this.name = name;
    Registered.items.set(name, this);
  }
}
const registered = ['a', 'b', 'c'].map((name) => new Registered(name));

/** Each call finds the state that the program had when it was submitted, whatever shares its process. */
export function programState(subject: Subject): void {
  describe('the state of the program', () => {
    const executor = groupExecutor(subject);
    const atOnce = testsAtOnce();

    for (const chunkSize of [1, 2, 3]) {
      atOnce(`is that of the map for each of its calls (chunkSize ${chunkSize})`, async () => {
        let n = 0;
        const list: number[] = [];
        const count = (x: number): unknown => [++n, list.push(x)];
        expect(await collect(executor().map(count, [0, 0, 0], { chunkSize }))).toEqual([
          [1, 1],
          [1, 1],
          [1, 1],
        ]);
      });

      atOnce(
        `has static members that are one object with the arguments (chunkSize ${chunkSize})`,
        async () => {
          const options = { chunkSize };
          const { RED, GREEN } = Color;
          const results = await Promise.all([
            collect(executor().map(letterOf, [RED, GREEN, RED], options)),
            collect(executor().starmap(letterOf, [[RED], [GREEN], [RED]], options)),
            collect(
              executor().map((gray: Gray) => gray.isDark(), [Gray.DARK, Gray.DARK, Gray.DARK], options),
            ),
            collect(
              executor().map((x: Registered) => Registered.items.get(x.name) === x, registered, options),
            ),
          ]);
          expect(results).toEqual([
            ['r', 'g', 'r'],
            ['r', 'g', 'r'],
            [true, true, true],
            [true, true, true],
          ]);
        },
      );
    }

    for (const chunkSize of [1, 2, 3]) {
      atOnce(`is copied when an item is taken (chunkSize ${chunkSize})`, async () => {
        const row = { i: 0 };
        const list: [{ i: number }, number] = [row, 0];
        function* rows(): Generator<{ i: number }> {
          for (row.i = 1; row.i <= 4; row.i += 1) yield row;
        }
        function* lists(): Generator<[{ i: number }, number]> {
          for (const _ of rows()) {
            list[1] = row.i;
            yield list;
          }
        }
        const options = { chunkSize };
        expect(await collect(executor().map((x: { i: number }) => [x.i, row.i], rows(), options))).toEqual([
          [1, 1],
          [2, 2],
          [3, 3],
          [4, 4],
        ]);
        expect(
          await collect(executor().starmap((x: { i: number }, i: number) => [x.i, i], lists(), options)),
        ).toEqual([
          [1, 1],
          [2, 2],
          [3, 3],
          [4, 4],
        ]);
      });
    }

    atOnce('is one for a function and its arguments: variables and weak keys', async () => {
      let total = 0;
      const add = (x: number): void => void (total += x);
      const sum = (each: (x: number) => void, xs: number[]): number => {
        xs.forEach((x) => each(x));
        return total;
      };
      class Adder {
        add(): void {
          total += 1;
        }
      }
      const key = {};
      const known = new WeakMap([[key, 'known']]);
      const lists: [(x: number) => void, number[]][] = [
        [add, [5]],
        [add, [7]],
      ];
      const useOf = (adder: Adder): number => {
        adder.add();
        return total;
      };
      const results = await Promise.all([
        executor().submit(sum, add, [1, 2, 3]),
        executor().submit(executor().prepare(sum), add, [1, 2, 3]),
        collect(executor().starmap(sum, lists, { chunkSize: 2 })),
        executor().submit(useOf, new Adder()),
        executor().submit((x: object) => known.get(x), key),
        executor().submit((map: typeof known) => map.get(key), known),
      ]);
      expect(results).toEqual([6, 6, [5, 7], 1, 'known', 'known']);
    });

    atOnce('is as a class had it at each submit', async () => {
      let scale = 1;
      class Config {
        static factor = 1;
        static scaled(): number {
          return scale * 10;
        }
        scaled(): number {
          return scale * 10;
        }
      }
      const look = (config: Config): number[] => [Config.factor, Config.scaled(), config.scaled()];
      const ofArgument = (type: typeof Config): number[] => [type.factor, type.scaled()];
      const before = [
        await executor().submit(look, new Config()),
        await executor().submit(ofArgument, Config),
      ];
      scale = 3;
      Config.factor = 5;
      const after = [
        await executor().submit(look, new Config()),
        await executor().submit(ofArgument, Config),
      ];
      expect([before, after]).toEqual([
        [
          [1, 10, 10],
          [1, 10],
        ],
        [
          [5, 30, 30],
          [5, 30],
        ],
      ]);
    });

    atOnce('has constants of its own in results, and in the results of other calls', async () => {
      const green = executor().submit(() => Color.GREEN);
      const high = executor().submit(() => [Level.HIGH]);
      const results = await Promise.all([
        green,
        executor().submit((color: Color) => ({ color }), Color.RED),
        executor().submit(() => Operation.ADD),
        executor().submit(() => Operation.FIRST),
        high,
      ]);
      expect(results.flat().map((x) => ('color' in x ? x.color : x))).toEqual([
        Color.GREEN,
        Color.RED,
        Operation.ADD,
        Operation.FIRST,
        Level.HIGH,
      ]);
      const [inGreen, { color }, add, first, [inHigh]] = results;
      expect([
        inGreen === Color.GREEN,
        color === Color.RED,
        add === Operation.ADD,
        first === Operation.FIRST,
        inHigh === Level.HIGH,
      ]).toEqual([true, true, true, true, true]);
      expect(
        await Promise.all([
          executor().submit(letterOf, green),
          executor().submit((one: Color, other: Color) => one === other, Color.GREEN, green),
          executor().submit((levels: unknown[]) => levels[0] === Level.HIGH, high),
        ]),
      ).toEqual(['g', true, true]);
    });

    atOnce('has other constants in results that the call has changed, and lists of its own', async () => {
      const [add, first, list] = await executor().submit(() => {
        const { ADD, FIRST } = Operation;
        ADD.apply = (a, b) => a - b;
        FIRST.note = 'new';
        return [ADD, FIRST, Operation.list] as const;
      });
      expect([
        add === Operation.ADD,
        add.apply(3, 2),
        Operation.ADD.apply(3, 2),
        add.order,
        first === Operation.FIRST,
        first.note,
        first.order,
        list === Operation.list,
      ]).toEqual([false, 1, 5, 1, false, 'new', 2, false]);
    });

    atOnce('is changed for later calls in a process by a prepared function alone', async () => {
      let n = 0;
      const count = executor().prepare((by: number) => (n += by));
      expect(await collect(executor().map(count, [1, 1, 1], { chunkSize: 3 }))).toEqual([1, 2, 3]);
    });
  });
}
