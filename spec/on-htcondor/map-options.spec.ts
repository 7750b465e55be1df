import { execFileSync } from 'node:child_process';
import { afterAll, describe, expect, it } from '@jest/globals';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { TagNotFoundError } from '../../lib/base/map-errors.ts';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

describe('The submit options of a map', () => {
  const directory = sharedTemporaryDirectory();
  const executor = new HTCondorExecutor({ directory, submit: { request_disk: 1024 } });
  afterAll(async () => executor.shutdown());

  /** What the jobs in the queue ask for, in the order of their ids. */
  const queued = (tag: string): string[] =>
    execFileSync('condor_q', [
      '-constraint',
      `JobBatchName == "${tag}"`,
      '-af',
      'RequestMemory',
      'RequestDisk',
      'Note',
    ])
      .toString()
      .split('\n')
      .filter((row) => row !== '');

  it('that components have of their own can be changed in the queue, and are theirs when they run again', async () => {
    const map = await executor.createMap((x: number) => x, [1, 2, 3], {
      tag: 'of-their-own',
      submit: {
        request_memory: (x) => 100 + x,
        '+Note': ['"a b"', '"c, d"', '"e"'],
        // No machine is like that.
        requirements: 'TARGET.CondorFuturesSpec is 7',
      },
    });
    expect(queued('of-their-own')).toEqual(['101 1024 a b', '102 1024 c, d', '103 1024 e']);
    expect(await map.setMemory('1GB', [1])).toEqual([1]);
    expect(await map.setDisk('2MB')).toEqual([0, 1, 2]);
    expect(queued('of-their-own')).toEqual(['101 2048 a b', '1024 2048 c, d', '103 2048 e']);
    expect(await thrownBy(map.setMemory('much'))).toBeInstanceOf(TypeError);
    await map.cancel();
    await until(async () => (await map.statuses()).every((status) => status === 'removed'));
    await until(() => queued('of-their-own').length === 0);
    await map.rerun([0, 2], { submit: { '+Again': 1 } });
    expect(queued('of-their-own')).toEqual(['101 1024 a b', '103 1024 e']);
    await map.remove();
  });

  it('are refused wherever they come from, and then there is nothing', async () => {
    const nasty = { rank: (x: number) => (x === 2 ? 'x\nqueue 1000' : 'x') };
    expect(
      await thrownBy(executor.createMap((x: number) => x, [1, 2], { tag: 'nasty', submit: nasty })),
    ).toMatchObject({
      name: 'TypeError',
      message: expect.stringContaining('`submit.rank` has a line break'),
    });
    expect(await thrownBy(executor.loadMap('nasty'))).toBeInstanceOf(TagNotFoundError);
    const map = await executor.createMap((x: number) => x, [1], { submit: { request_memory: 128 } });
    await map.wait();
    for (const refused of [
      map.rerun([0], { submit: { '+CondorFuturesCall': '"7"' } }),
      map.add([2], { submit: { LOG: '/dev/null' } }),
    ])
      expect(await thrownBy(refused)).toMatchObject({
        name: 'TypeError',
        message: expect.stringContaining('not yours to set'),
      });
    expect(await map.statuses()).toEqual(['completed']);
    await map.remove();
  });
});
