import { describe, expect, it } from '@jest/globals';
import { Functions } from '../../../lib/cluster/calls/functions.ts';
import { SerializationError } from '../../../lib/base/errors.ts';
import type { AnyFunction } from '../../../lib/payload/graph.ts';
import { deserialize } from '../../../lib/payload/deserialize.ts';

/** Functions that share a variable and objects of all kinds with whoever made them. */
function makeModel(): {
  run: () => unknown[];
  setFactor: (value: number) => void;
  list: number[];
  table: Map<string, number>;
  weights: Float64Array;
  settings: { deep: { threshold: number } };
} {
  let factor = 2;
  const list = [1];
  const table = new Map([['a', 1]]);
  const weights = new Float64Array([0.5]);
  const settings = { deep: { threshold: 1 } };
  const run = (): unknown[] => [factor, list.length, table.get('a'), weights[0], settings.deep.threshold];
  const setFactor = (value: number): void => {
    factor = value;
  };
  return { run, setFactor, list, table, weights, settings };
}

/** Objects of many kinds, each with a state that is not in the values of its properties alone. */
function makeChangeable(): Record<string, { read: () => unknown; change: () => unknown }> {
  class Table extends Map<string, number> {
    #reads = 0;
    count(): number {
      return (this.#reads += 1);
    }
    get reads(): number {
      return this.#reads;
    }
  }
  class Series extends Float64Array {
    #unit = 'm';
    get unit(): string {
      return this.#unit;
    }
    set unit(unit: string) {
      this.#unit = unit;
    }
  }
  class Counter {
    static #made = 0;
    #id = (Counter.#made += 1);
    static get made(): number {
      return Counter.#made;
    }
    get id(): number {
      return this.#id;
    }
    renumber(): void {
      this.#id += 100;
    }
  }
  const table = new Table();
  const series = new Series(2);
  const [instance, other] = [new Counter(), new Counter()];
  const [key, late] = [{}, {}];
  const weights = new WeakMap([[key, 1]]);
  const seen = new WeakSet<object>();
  const named = Object.assign(new Uint8Array(2), { unit: 'm' });
  const unnamed: Uint8Array & { unit?: string } = new Uint8Array(2);
  const fixed = new Uint8Array(2);
  const buffer = Object.assign(new ArrayBuffer(2), { unit: 'm' });
  const view = Object.assign(new DataView(new ArrayBuffer(2)), { unit: 'm' });
  const url = Object.assign(new URL('http://a/b'), { note: 'old' });
  const pattern = /a/;
  const date = Object.assign(new Date(0), { note: 'old' });
  return {
    'a private field of a Map changes': { read: () => table.reads, change: () => table.count() },
    'a private field of a typed array changes': {
      read: () => series.unit,
      change: () => (series.unit = 'km'),
    },
    'a private field of an instance changes': { read: () => instance.id, change: () => instance.renumber() },
    'a private field of a class changes': {
      read: () => [Counter.made, other.id],
      change: () => new Counter(),
    },
    'an entry of a WeakMap changes': { read: () => weights.get(key), change: () => weights.set(key, 2) },
    'a WeakSet gets a member that they capture': {
      read: () => [seen.has(late), late],
      change: () => seen.add(late),
    },
    'a property of a typed array changes': { read: () => named.unit, change: () => (named.unit = 'km') },
    'a typed array gets a property': { read: () => unnamed.unit, change: () => (unnamed.unit = 'm') },
    'a typed array cannot be extended any more': {
      read: () => Object.isExtensible(fixed),
      change: () => Object.preventExtensions(fixed),
    },
    'a property of an ArrayBuffer changes': { read: () => buffer.unit, change: () => (buffer.unit = 'km') },
    'a property of a DataView changes': { read: () => view.unit, change: () => (view.unit = 'km') },
    'a property of a URL changes': { read: () => url.note, change: () => (url.note = 'new') },
    'a part of a URL changes': { read: () => url.pathname, change: () => (url.pathname = '/c') },
    'a property of a Date changes': { read: () => date.note, change: () => (date.note = 'new') },
    // oxlint-disable-next-line typescript/no-deprecated -- it changes an expression in place
    'a regular expression is compiled again': {
      read: () => pattern.source,
      change: () => pattern.compile('b'),
    },
  };
}

async function callThere(functions: Functions, fn: AnyFunction): Promise<unknown> {
  return ((await deserialize(functions.write(fn).bytes)) as AnyFunction)();
}

describe('The functions of an executor', () => {
  // `npm run bench -- --only submit-again` does so 100,000 times.
  it('are captured once, though they are submitted 10,000 times', () => {
    const functions = new Functions({});
    const { run } = makeModel();
    const written = functions.write(run);
    let same = 0;
    for (let count = 0; count < 10_000; count += 1) if (functions.write(run) === written) same += 1;
    expect(same).toBe(10_000);
  });

  it.each<[string, (model: ReturnType<typeof makeModel>) => void, unknown[]]>([
    ['a variable', ({ setFactor }) => setFactor(3), [3, 1, 1, 0.5, 1]],
    ['an array', ({ list }) => list.push(2), [2, 2, 1, 0.5, 1]],
    ['a Map', ({ table }) => table.set('a', 9), [2, 1, 9, 0.5, 1]],
    ['a typed array', ({ weights }) => (weights[0] = 7), [2, 1, 1, 7, 1]],
    ['an object within an object', ({ settings }) => (settings.deep.threshold = 5), [2, 1, 1, 0.5, 5]],
    [
      'a property that was another object',
      ({ settings }) => (settings.deep = { threshold: 6 }),
      [2, 1, 1, 0.5, 6],
    ],
  ])('are captured again when %s has changed', async (_, change, expected) => {
    const functions = new Functions({});
    const model = makeModel();
    // Often enough for the quick way of looking at variables to be in use.
    for (let count = 0; count < 10; count += 1) functions.write(model.run);
    expect(await callThere(functions, model.run)).toEqual([2, 1, 1, 0.5, 1]);
    change(model);
    expect(await callThere(functions, model.run)).toEqual(expected);
  });

  it.each(Object.entries(makeChangeable()))('are captured again when %s', async (_, { read, change }) => {
    const functions = new Functions({});
    for (let count = 0; count < 10; count += 1) functions.write(read);
    expect(functions.write(read)).toBe(functions.write(read));
    const before = await callThere(functions, read);
    change();
    expect(read()).not.toEqual(before);
    expect(await callThere(functions, read)).toEqual(read());
  });

  it('are captured again when a weak collection gets a key that they do not capture', () => {
    const functions = new Functions({});
    const key = {};
    const seen = new WeakSet<object>();
    const fn = (thing: object): boolean => seen.has(thing);
    expect(functions.write(fn).captured.apart.has(key)).toBe(false);
    seen.add(key);
    expect(functions.write(fn).captured.apart.has(key)).toBe(true);
  });

  it('have one file as long as they come out the same, even if only capturing again can tell', () => {
    const functions = new Functions({});
    const seen = new WeakSet<object>();
    const fn = (thing: object): boolean => seen.has(thing);
    expect(functions.write(fn)).toBe(functions.write(fn));
  });

  it('may capture symbols of all kinds', async () => {
    const symbols = [Symbol.for('registered'), Symbol.iterator, Symbol.dispose, Symbol('local')];
    const names = await callThere(new Functions({}), () => symbols.map(String));
    expect(names).toEqual(symbols.map(String));
  });

  it('stay as they were when they were prepared', async () => {
    const functions = new Functions({});
    const model = makeModel();
    const prepared = functions.prepare(model.run);
    model.setFactor(10);
    expect(prepared.name).toBe('run');
    expect(prepared()).toEqual([10, 1, 1, 0.5, 1]);
    expect(await callThere(functions, prepared)).toEqual([2, 1, 1, 0.5, 1]);
  });

  it('are refused at once where they cannot travel', () => {
    const socket = new WeakRef({});
    expect(() => new Functions({}).prepare(() => socket)).toThrow(SerializationError);
  });
});
