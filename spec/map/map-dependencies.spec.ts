import { readdirSync } from 'node:fs';
import { afterAll, describe, expect, it } from '@jest/globals';
import { DependencyError } from '../../lib/base/errors.ts';
import { CancelledError, SerializationError } from '../../lib/base/errors.ts';
import { resultsDirectory } from '../../lib/job-set/names.ts';
import { LocalExecutor } from '../../lib/executors/local-executor.ts';
import { collect } from '../support/collect.ts';
import { Gate, passGate } from '../support/gate.ts';
import { runProgram } from '../support/run-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const directory = temporaryDirectory();
const newExecutor = (): LocalExecutor => new LocalExecutor({ directory, maxWorkers: 4 });
const increment = (x: number): number => x + 1;
const add = (x: number, y: number): number => x + y;
const fail = (): number => {
  throw new RangeError('never');
};

describe('futures in the inputs of a map', () => {
  const executor = newExecutor();
  afterAll(async () => executor.shutdown({ cancelFutures: true }));

  it('stand for their values, wherever they are in the inputs, and stay when the executor has gone', async () => {
    const other = newExecutor();
    const gate = new Gate(directory);
    const late = other.submit(passGate<number>, gate.file, 40);
    const done = other.submit(increment, 1);
    await done;
    const sum = ({ items }: { items: Set<number> }): number => [...items].reduce(add);
    const making = other.createMap(sum, [{ items: new Set([late, 2]) }, { items: new Set([done, 1]) }]);
    await until(() => gate.reached);
    gate.open();
    const map = await making;
    expect(await collect(map)).toEqual([42, 3]);
    await other.shutdown();
    expect(await map.inputs(0)).toEqual([{ items: new Set([40, 2]) }]);
    expect(await map.inputs(1)).toEqual([{ items: new Set([1, 2]) }]);
    expect(readdirSync(resultsDirectory(map.directory))).toHaveLength(2);
  });

  it('may be given to all methods that make maps', async () => {
    const two = executor.submit(increment, 1);
    const list = await executor.createStarmap(add, [[1, two]]);
    const product = await executor.createProduct(add, [[two, 10], [two]]);
    const built = await executor.buildMap(add, (call) => void call(two, two));
    const wrapped = await executor.wrap(increment).map([two]);
    const maps = [list, product, built, wrapped];
    expect(await Promise.all(maps.map(async (map) => collect(map)))).toEqual([[3], [4, 12], [4], [3]]);
  });

  it('may be added, and are copied when a builder is given them', async () => {
    const list = executor.submit(() => [1]);
    const builder = executor.mapBuilder((numbers: number[], { more }: { more: number[] }) => [
      ...numbers,
      ...more,
    ]);
    const given = { more: [2] };
    builder.call(list, given);
    given.more.push(3);
    const map = await builder.submit();
    expect(await map.add([[list, { more: list }]])).toEqual([1]);
    expect(await collect(map)).toEqual([
      [1, 2],
      [1, 1],
    ]);
  });

  it('are found again by other programs: to be looked at, and to be run again', async () => {
    const { tag } = await executor.createMap(increment, [executor.submit(increment, 1)], { tag: 'again' });
    await collect(await executor.loadMap(tag));
    const { stdout, stderr } = await runProgram(`
      const executor = new condorFutures.LocalExecutor({ directory: ${JSON.stringify(directory)} });
      const map = await executor.loadMap('again');
      console.log(await map.inputs(0), await map.rerun([0]));
      await map.add([executor.submit((x) => x, 5)]);
      for await (const value of map) console.log(value);
      await executor.shutdown();`);
    expect({ stdout, stderr }).toEqual({ stdout: '[ 2 ] [ 0 ]\n3\n6\n', stderr: '' });
  });

  it('keep the map from being made if they fail, before or meanwhile', async () => {
    const failed = executor.submit(fail);
    await thrownBy(failed);
    const before = await executor.tags();
    for (const future of [failed, executor.submit(fail)]) {
      const error = await thrownBy(executor.createMap(increment, [1, future], { tag: 'failed' }));
      expect(error).toBeInstanceOf(DependencyError);
      expect(error).toMatchObject({ future, cause: new RangeError('never') });
    }
    expect(await executor.tags()).toEqual(before);
    const map = await executor.createMap(increment, [1]);
    expect(await thrownBy(map.add([2, executor.submit(fail)]))).toBeInstanceOf(DependencyError);
    expect(await map.add([5])).toEqual([1]);
    expect(await collect(map)).toEqual([2, 6]);
  });

  it('keep all that is added with them from being added if they fail, as all that cannot travel does', async () => {
    const gate = new Gate(directory);
    const map = await executor.createStarmap(passGate<number>, [[gate.file, 1]]);
    const written = Array.from({ length: 1000 }, (): [string, number] => [gate.file, 2]);
    const failing = map.add([...written, [gate.file, executor.submit(fail)]]);
    expect(await thrownBy(failing)).toBeInstanceOf(DependencyError);
    expect(await map.add([[gate.file, 3]])).toEqual([1]);
    gate.open();
    expect(await collect(map)).toEqual([1, 3]);
  });

  it('keep it from being made if they are cancelled, or its making is given up', async () => {
    const gate = new Gate(directory);
    const future = executor.submit(passGate<number>, gate.file, 1);
    const abort = new AbortController();
    const given = executor.createMap(increment, [future], { tag: 'given-up', signal: abort.signal });
    await until(() => gate.reached);
    abort.abort(new Error('Enough'));
    expect(await thrownBy(given)).toEqual(new Error('Enough'));
    const cancelled = executor.createMap(increment, [future]);
    future.cancel();
    expect(await thrownBy(cancelled)).toBeInstanceOf(CancelledError);
    expect(await executor.tags()).not.toContain('given-up');
  });

  it('are refused if they are of another executor or of a map, or the map is to be known again', async () => {
    const other = newExecutor();
    const theirs = other.submit(increment, 1);
    const map = await executor.createMap(increment, [1]);
    for (const future of [theirs, map.future(0)]) {
      const error = await thrownBy(executor.createMap(increment, [future]));
      expect(error).toBeInstanceOf(SerializationError);
      expect(String(error)).toMatch(/a Future of another job set .*\n {2}Await it/);
    }
    const mine = executor.submit(increment, 1);
    const again = await thrownBy(executor.createMap(increment, [mine], { reuse: true }));
    expect(again).toBeInstanceOf(SerializationError);
    expect(String(again)).toMatch(/Await it/);
    await other.shutdown();
  });
});
