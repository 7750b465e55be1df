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
