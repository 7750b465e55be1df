import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { inputFile } from '../../lib/payload/given-files.ts';
import { collect } from '../support/collect.ts';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';

describe('A map whose files are transferred', () => {
  const directory = sharedTemporaryDirectory();
  const executor = new HTCondorExecutor({
    directory,
    filesystem: 'transfer',
    submit: { request_memory: 128, request_disk: 1024 },
  });
  afterAll(async () => executor.shutdown());

  it('has all that others have, and can be run again and added to', async () => {
    const factor = 7;
    const multiply = (x: number): number => {
      console.log(process.cwd());
      if (x === 13) throw new RangeError('unlucky');
      return factor * x;
    };
    const map = await executor.createMap(multiply, [1, 13]);
    await map.wait({ errorsOk: true });
    expect(await map.statuses()).toEqual(['completed', 'errored']);
    expect(await map.get(0)).toBe(7);
    expect(await map.error(1)).toBeInstanceOf(RangeError);
    expect((await map.stdout(0)).startsWith(directory)).toBe(false);
    expect(await map.rerun([0])).toEqual([0]);
    expect(await map.add([2])).toEqual([2]);
    expect(await map.rerun([1])).toEqual([1]);
    expect(await map.get(0)).toBe(7);
    expect(await map.get(2)).toBe(14);
    expect(await map.error(1)).toBeInstanceOf(RangeError);
    const ends = await collect(map.asCompleted());
    expect(ends.map(({ status }) => status).toSorted()).toEqual(['completed', 'completed', 'errored']);
  });

  it('takes what came of futures along, also when it is run again', async () => {
    const list = executor.submit(() => [1, 2]);
    const map = await executor.createMap((numbers: number[]) => numbers.length, [list, [3]]);
    expect(await collect(map)).toEqual([2, 1]);
    expect(await map.rerun([0])).toEqual([0]);
    expect(await map.get(0)).toBe(2);
    expect(await map.inputs(0)).toEqual([[1, 2]]);
  });

  it('brings its components files, also those that are added to it later', async () => {
    const here = join(directory, 'files');
    mkdirSync(here);
    const inputs = ['a', 'b', 'c'].map((name) => {
      writeFileSync(join(here, name), `text of ${name}`);
      return { path: inputFile(join(here, name)) };
    });
    const read = async ({ path }: { path: string }): Promise<string> =>
      (await import('node:fs')).readFileSync(path, 'utf8');
    const map = await executor.createMap(read, inputs.slice(0, 2), { tag: 'with-files' });
    expect(await map.get(1)).toBe('text of b');
    expect(await map.add(inputs.slice(2))).toEqual([2]);
    expect(await map.get(2)).toBe('text of c');
    expect(await map.get(0)).toBe('text of a');
  });
});
