import { afterAll, describe, expect, it } from '@jest/globals';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { collect } from '../support/collect.ts';
import { Gate, passGate } from '../support/gate.ts';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';

const directory = sharedTemporaryDirectory();
const submit = { request_memory: 128, request_disk: 1024, requirements: 'Cpus > 0' };
const executor = new HTCondorExecutor({ directory, submit });
afterAll(async () => executor.shutdown());

/** What its job has asked for, as HTCondor tells the job. */
async function request(x: number, y: number): Promise<unknown[]> {
  const { readFileSync } = await import('node:fs');
  const ad = readFileSync(process.env['_CONDOR_JOB_AD'] as string, 'utf8');
  const of = (name: string): string | undefined => new RegExp(`^${name} = (.*)$`, 'm').exec(ad)?.[1];
  return [x, y, of('RequestMemory'), of('Requirements')];
}

describe('Making maps on HTCondor', () => {
  it('submits a product of a wrapped function with the options of all layers', async () => {
    const wrapped = executor.wrap(request, {
      submit: { request_memory: ([x]) => 100 + x, requirements: 'Memory > 1' },
    });
    const map = await wrapped.product([[1, 2], [3]], {
      submit: { requirements: ([, y]) => `Disk > ${y}` },
    });
    const rows = await collect(map);
    expect(rows.map(([x, y, memory]) => [x, y, memory])).toEqual([
      [1, 3, '101'],
      [2, 3, '102'],
    ]);
    for (const [, , , requirements] of rows)
      for (const part of ['Cpus > 0', 'Memory > 1', 'Disk > 3']) expect(requirements).toContain(part);
    await map.remove();
  });

  it('goes on with a map: its jobs in the queue are left alone, and what was removed runs again', async () => {
    const gate = new Gate(directory);
    const lists = [1, 2, 3].map((value): [string, number] => [gate.file, value]);
    const options = { tag: 'gone-on-with', reuse: true };
    const map = await executor.createStarmap(passGate<number>, lists.slice(0, 2), options);
    await map.cancel([1]);
    await map.error(1);
    const other = new HTCondorExecutor({ directory, submit });
    const again = await other.createStarmap(passGate<number>, lists, options);
    gate.open();
    await expect(collect(again)).resolves.toEqual([1, 2, 3]);
    const attempts = (await again.usage()).map((usage) => usage.attempts);
    expect(attempts).toEqual([1, 2, 1]);
    const taken = await other.createStarmap(passGate<number>, lists.toReversed(), { reuse: true });
    await expect(taken.isDone()).resolves.toBe(true);
    await expect(collect(taken)).resolves.toEqual([3, 2, 1]);
    await Promise.all([again.remove(), taken.remove()]);
    await other.shutdown();
  });
});
