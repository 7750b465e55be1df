import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { LocalExecutor } from '../../lib/local-executor.ts';
import { Gate, passGate } from '../support/gate.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

describe('a map', () => {
  const directory = temporaryDirectory();
  const executor = new LocalExecutor({ directory: join(directory, 'maps'), maxWorkers: 2 });
  afterAll(async () => executor.shutdown({ cancelFutures: true }));

  it('yields components that are run again while it is iterated over when they are done once more', async () => {
    const file = join(directory, 'mended');
    const map = await executor.createMap(
      async (path: string) => {
        const { existsSync: exists } = await import('node:fs');
        if (!exists(path)) throw new RangeError('not mended');
        return 'mended';
      },
      [file, file, file],
    );
    await map.wait({ errorsOk: true });
    const ends: unknown[] = [];
    for await (const { component, future } of map.asCompleted()) {
      ends.push([component, await future.catch((error: Error) => error.message)]);
      writeFileSync(file, '');
      await map.rerun();
    }
    expect(ends).toEqual([
      [0, 'not mended'],
      [1, 'mended'],
      [2, 'mended'],
    ]);
  });

  it('does not run a component whose future was cancelled while it waited', async () => {
    const narrow = new LocalExecutor({ directory: join(directory, 'maps'), maxInFlight: 1 });
    const [gate, other] = [new Gate(directory), new Gate(directory)];
    const map = await narrow.createStarmap(passGate<number>, [
      [gate.file, 1],
      [other.file, 2],
    ]);
    await until(() => gate.reached);
    expect(map.future(1).cancel()).toBe(true);
    gate.open();
    other.open();
    await map.wait({ errorsOk: true });
    expect(await map.statuses()).toEqual(['completed', 'removed']);
    expect(other.reached).toBe(false);
    await narrow.shutdown();
  });

  it('refuses to take what are no inputs, and no lists of arguments, and is as it was', async () => {
    const map = await executor.createStarmap((x: number) => x, [[1]]);
    expect(await thrownBy(map.add(7 as never))).toMatchObject({
      name: 'TypeError',
      message: expect.stringContaining('Expected `inputs` to be an array'),
    });
    expect(await thrownBy(map.add([5]))).toMatchObject({
      name: 'TypeError',
      message: 'Expected input 1 to be an array of arguments, got `5` (number)',
    });
    expect(map).toHaveLength(1);
    await map.wait();
  });

  it.each(['inputs', 'logs', 'job-set.yaml'])(
    'of which the %s are gone, as its removal was cut off, can be removed, or be made anew',
    async (part) => {
      const options = { tag: `without-${part}`, reuse: true };
      const square = (x: number): number => x * x;
      for (const again of [
        async () => executor.removeMap(options.tag),
        async () => executor.createMap(square, [2], options),
      ]) {
        const map = await executor.createMap(square, [2], options);
        await map.wait();
        await until(async () => !(await executor.loadMap(options.tag)).isAttended);
        rmSync(join(map.directory, part), { recursive: true });
        expect(['MapRemovedError', 'MapUnfinishedError']).toContain(
          ((await thrownBy(executor.loadMap(options.tag))) as Error).name,
        );
        await again();
        expect(existsSync(map.directory)).toBe(false);
      }
      expect(await (await executor.loadMap(options.tag)).get(0)).toBe(4);
    },
  );
});
