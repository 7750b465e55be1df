import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect } from '@jest/globals';
import { LocalExecutor } from '../../lib/executors/local-executor.ts';
import { Gate, passGate } from '../support/gate.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { testsAtOnce } from '../support/tests-at-once.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

describe('a map', () => {
  const directory = temporaryDirectory();
  const executor = new LocalExecutor({ directory: join(directory, 'maps'), maxWorkers: 4 });
  afterAll(async () => executor.shutdown({ cancelFutures: true }));
  const atOnce = testsAtOnce();

  atOnce(
    'yields components that are run again while it is iterated over when they are done once more',
    async () => {
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
      const [first, ...others] = ends;
      expect(first).toEqual([0, 'not mended']);
      // Whichever is done first.
      expect(others).toHaveLength(2);
      expect(others).toEqual(
        expect.arrayContaining([
          [1, 'mended'],
          [2, 'mended'],
        ]),
      );
    },
  );

  atOnce(
    'runs a component again once, however many ask for it at once, and adds what each gives it',
    async () => {
      const gate = new Gate(directory);
      const map = await executor.createStarmap(
        async (wait: typeof passGate<number>, file: string, log: string) => {
          const { appendFileSync } = await import('node:fs');
          if (log === '') await wait(file, 1);
          else appendFileSync(log, 'ran\n');
          return log;
        },
        [
          [passGate, gate.file, ''],
          [passGate, gate.file, join(directory, 'ran')],
        ],
      );
      await map.get(1);
      const others = await Promise.all(Array.from({ length: 3 }, async () => executor.loadMap(map.tag)));
      const asked = await Promise.allSettled(others.map(async (other) => other.rerun([1])));
      // Whichever was first.
      const refused = asked.filter((one) => one.status === 'rejected');
      expect(refused).toHaveLength(2);
      for (const { reason } of refused)
        expect(reason).toMatchObject({ name: 'ComponentStateError', components: [1] });
      gate.open();
      await map.wait();
      expect(readFileSync(join(directory, 'ran'), 'utf8')).toBe('ran\nran\n');
      await until(async () => !(await executor.loadMap(map.tag)).isAttended);
      const adders = [map, others[0] as (typeof others)[0]];
      const added = await Promise.all(adders.map(async (adder) => adder.add([[passGate, gate.file, '']])));
      expect(added.flat().toSorted((a, b) => a - b)).toEqual([2, 3]);
      const values = adders.map(async (adder, at) => adder.get(added[at]?.[0] as number));
      expect(await Promise.all(values)).toEqual(['', '']);
    },
  );

  atOnce('does not run a component whose future was cancelled while it waited', async () => {
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

  atOnce('refuses to take what are no inputs, and no lists of arguments, and is as it was', async () => {
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

  for (const part of ['inputs', 'logs', 'job-set.yaml']) {
    atOnce(
      `of which the ${part} are gone, as its removal was cut off, can be removed, or be made anew`,
      async () => {
        // In a directory of its own, so that nothing is reused from a map that is made like it.
        const own = new LocalExecutor({ directory: join(directory, `without-${part}`) });
        const options = { tag: 'cut-off', reuse: true };
        const square = (x: number): number => x * x;
        for (const again of [
          async () => own.removeMap(options.tag),
          async () => own.createMap(square, [2], options),
        ]) {
          const map = await own.createMap(square, [2], options);
          await map.wait();
          await until(async () => !(await own.loadMap(options.tag)).isAttended);
          rmSync(join(map.directory, part), { recursive: true });
          expect(['MapRemovedError', 'MapUnfinishedError']).toContain(
            ((await thrownBy(own.loadMap(options.tag))) as Error).name,
          );
          await again();
          expect(existsSync(map.directory)).toBe(false);
        }
        expect(await (await own.loadMap(options.tag)).get(0)).toBe(4);
        await own.shutdown();
      },
    );
  }

  atOnce(
    'knows that a component has failed for good while others are run again, though its program could not say so',
    async () => {
      const gate = new Gate(directory);
      const call = async (pass: typeof passGate<string>, file: string): Promise<string> => {
        if (file === '') throw new RangeError('nowhere to wait');
        return pass(file, 'passed');
      };
      gate.open();
      const map = await executor.createStarmap(call, [
        [passGate, ''],
        [passGate, gate.file],
      ]);
      await map.wait({ errorsOk: true });
      await until(async () => !existsSync(join(map.directory, 'owner.json')));
      rmSync(join(map.directory, 'settled'));
      const again = await executor.loadMap(map.tag);
      expect(await again.rerun([1])).toEqual([1]);
      expect((await again.statuses())[0]).toBe('errored');
      expect(await again.rerun([0])).toEqual([0]);
      expect(await again.error(0)).toBeInstanceOf(RangeError);
      expect(await again.get(1)).toBe('passed');
    },
  );

  atOnce('leaves out submit commands that are undefined', async () => {
    const map = await executor.createMap((x: number) => x, [1], { submit: { request_memory: undefined } });
    expect(await map.get(0)).toBe(1);
  });
});
