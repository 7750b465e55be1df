import { afterAll, describe, expect, it } from '@jest/globals';
import { LocalExecutor } from '../../../lib/executors/local-executor.ts';
import { EmptyMapError } from '../../../lib/base/map-errors.ts';
import { cartesianProduct, coordinatesIn, indexIn } from '../../../lib/map/create/inputs.ts';
import { collect } from '../../support/collect.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const executor = new LocalExecutor({ directory: temporaryDirectory() });
afterAll(async () => executor.shutdown());

describe('a cartesian product', () => {
  it("comes in the order of Python's itertools.product: the last axis varies fastest", () => {
    expect([...cartesianProduct([['a', 'b'], [1, 2], [true]])]).toEqual([
      ['a', 1, true],
      ['a', 2, true],
      ['b', 1, true],
      ['b', 2, true],
    ]);
    expect([...cartesianProduct([])]).toEqual([[]]);
    expect([...cartesianProduct([['a'], []])]).toEqual([]);
  });

  it('is made bit by bit, however large it is', () => {
    const axis = Array.from({ length: 1_000_000 }, (_, index) => index);
    const product = cartesianProduct([axis, axis, axis]);
    expect([product.next().value, product.next().value]).toEqual([
      [0, 0, 0],
      [0, 0, 1],
    ]);
  });

  it('numbers its calls by their coordinates, and back', () => {
    const lengths = [2, 3, 4];
    const indices = Array.from({ length: 24 }, (_, index) => index);
    expect(indices.map((index) => indexIn(lengths, coordinatesIn(lengths, index)))).toEqual(indices);
    expect(coordinatesIn(lengths, 23)).toEqual([1, 2, 3]);
    expect(indexIn([], [])).toBe(0);
  });

  it.each([[[0]], [[0, 3]], [[-1, 0]], [[0.5, 0]], [undefined]])('has no call at %j', (coordinates) => {
    expect(() => indexIn([2, 3], coordinates as number[])).toThrow(RangeError);
  });
});

describe('a map of a product', () => {
  it('is found by coordinates, also when it is loaded', async () => {
    const made = await executor.createProduct(
      (x: number, y: string) => `${x}${y}`,
      [new Set([1, 2]), ['a', 'b', 'c']],
      { tag: 'product' },
    );
    const map = await executor.loadMap('product');
    expect([map.length, map.axes, made.axes]).toEqual([6, [2, 3], [2, 3]]);
    await expect(map.get(map.indexOf([1, 2]))).resolves.toBe('2c');
    expect(map.coordinatesOf(5)).toEqual([1, 2]);
    await expect(collect(made)).resolves.toEqual(['1a', '1b', '1c', '2a', '2b', '2c']);
    expect(() => map.indexOf([2, 0])).toThrow('each below its one of [2, 3]');
    expect(() => map.coordinatesOf(6)).toThrow(RangeError);
    await made.remove();
  });

  it('has no coordinates if it was made otherwise', async () => {
    const map = await executor.createMap((x: number) => x, [1]);
    expect(map.axes).toBeUndefined();
    expect(() => map.indexOf([0])).toThrow(/not made by createProduct/);
    await map.remove();
  });

  it('is not made of an axis without values, nor of what is none', async () => {
    const add = (x: number, y: number): number => x + y;
    await expect(executor.createProduct(add, [[1], []])).rejects.toThrow(EmptyMapError);
    await expect(executor.createProduct(add, [[1], 'ab' as never])).rejects.toThrow(/axis 1 to be an array/);
    await expect(executor.createProduct(add, 7 as never)).rejects.toThrow(/`axes` to be an array/);
  });
});
