import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { InvalidStateError, SerializationError } from '../../../lib/base/errors.ts';
import { LocalExecutor } from '../../../lib/executors/local-executor.ts';
import { EmptyMapError, MapNotMadeError } from '../../../lib/base/map-errors.ts';
import { collect } from '../../support/collect.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { testsAtOnce } from '../../support/tests-at-once.ts';
import { thrownBy } from '../../support/thrown-by.ts';

const directory = temporaryDirectory();
const executor = new LocalExecutor({ directory });
const unused = join(directory, 'unused');
const idle = new LocalExecutor({ directory: unused });
afterAll(async () => Promise.all([executor.shutdown(), idle.shutdown()]));

const add = (x: number, y: number): number => x + y;

/** What there is of maps that could not be made. */
function left(): string[] {
  const names = existsSync(unused) ? readdirSync(unused, { recursive: true }) : [];
  return names.filter((name) => name !== 'tags') as string[];
}

describe('a map built call by call', () => {
  const atOnce = testsAtOnce();

  atOnce('has the calls in the order in which they were made, and their indices', async () => {
    const indices: number[] = [];
    const map = await executor.buildMap(
      add,
      (call) => {
        for (const x of [1, 2]) indices.push(call(x, 10 * x));
      },
      { tag: 'built' },
    );
    expect(indices).toEqual([0, 1]);
    expect([map.tag, map.length]).toEqual(['built', 2]);
    await expect(map.inputs(1)).resolves.toEqual([2, 20]);
    await expect(collect(map)).resolves.toEqual([11, 22]);
    await map.remove();
  });

  atOnce(
    'takes the arguments and the function as they are at each call, whatever becomes of them',
    async () => {
      const state = { factor: 2 };
      const list = [1];
      const builder = executor.mapBuilder((values: number[]) => values.map((value) => value * state.factor));
      builder.call(list);
      list.push(2);
      builder.call(list);
      list.length = 0;
      state.factor = 1000;
      const map = await builder.submit();
      await expect(collect(map)).resolves.toEqual([[2], [2, 4]]);
      await map.remove();
    },
  );

  atOnce('is there only after submit(), and is the same for whoever asks again', async () => {
    const builder = executor.mapBuilder(add);
    expect(() => builder.map).toThrow(MapNotMadeError);
    builder.call(1, 2);
    expect(builder.length).toBe(1);
    const map = await builder.submit();
    expect(builder.map).toBe(map);
    await expect(builder.submit()).resolves.toBe(map);
    expect(() => builder.call(3, 4)).toThrow(InvalidStateError);
    await map.remove();
  });

  atOnce('is not made, and leaves nothing, if the callback throws', async () => {
    const error = new Error('no more of this');
    const failing = async (call: (x: number, y: number) => number): Promise<void> => {
      call(1, 2);
      await Promise.resolve();
      throw error;
    };
    expect(await thrownBy(idle.buildMap(add, failing, { tag: 'never' }))).toBe(error);
    expect(left()).toEqual([]);
  });

  atOnce('is not made of no calls', async () => {
    expect(await thrownBy(idle.buildMap(add, () => {}))).toBeInstanceOf(EmptyMapError);
    expect(left()).toEqual([]);
  });

  it('refuses arguments that cannot travel at the call that has them', async () => {
    const builder = executor.mapBuilder((value: unknown) => value);
    expect(() => builder.call(executor)).toThrow(SerializationError);
    expect(builder.length).toBe(0);
  });

  it('refuses wrong options and what is no function before any call', () => {
    expect(() => executor.mapBuilder(add, { tags: 'x' } as never)).toThrow(/no option `tags`/);
    expect(() => executor.mapBuilder('add' as never)).toThrow(/to be a function/);
  });

  atOnce('can be submitted again with another try, if it could not be made', async () => {
    const other = await executor.createMap((x: number) => x, [1], { tag: 'taken' });
    const builder = executor.mapBuilder(add, { tag: 'taken' });
    builder.call(1, 2);
    await expect(builder.submit()).rejects.toThrow(/taken/);
    await other.remove();
    const map = await builder.submit();
    await expect(map.get(0)).resolves.toBe(3);
    await map.remove();
  });
});
