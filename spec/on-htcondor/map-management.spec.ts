import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { HTCondorExecutor } from '../../lib/executors/htcondor-executor.ts';
import { clean, loadMap, removeMap, tags } from '../../lib/map/manage-maps.ts';
import { collect } from '../support/collect.ts';
import { Gate, passGate } from '../support/gate.ts';
import { startProgram } from '../support/run-program.ts';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const directory = sharedTemporaryDirectory();
const executor = new HTCondorExecutor({ directory });
afterAll(async () => executor.shutdown());

/** Of the jobs of a map, those in the queue. */
function queued(tag: string): string[] {
  const args = ['-constraint', `JobBatchName == "${tag}"`, '-af:j', 'JobStatus'];
  return execFileSync('condor_q', args, { encoding: 'utf8' }).split('\n').filter(Boolean);
}

describe('A map on HTCondor', () => {
  it('is found and controlled by a program that never had its function', async () => {
    const gate = new Gate(directory);
    const lists: [string, number][] = [0, 1].map((n) => [gate.file, n]);
    await executor.createStarmap(passGate<number>, lists, { tag: 'found' });
    const map = await loadMap<[string, number], number>('found', { directory });
    await map.hold([1], 'by the spec');
    await until(async () => (await map.statuses())[1] === 'held');
    expect(await map.holdReport()).toMatch(/^ +1 +1\S* +by the spec/m);
    expect(await map.status()).toContain('1 held');
    await map.release([1]);
    gate.open();
    await map.wait();
    expect(await collect(map)).toEqual([0, 1]);
    expect(await map.rerun([1])).toEqual([1]);
    expect(await map.get(1)).toBe(1);
  });

  it('leaves the queue with clean(), unless it has a name', async () => {
    const shut = new Gate(directory);
    const map = await executor.createStarmap(passGate<number>, [[shut.file, 1]]);
    await until(() => queued(map.tag).length === 1);
    expect(await clean({ directory })).toContain(map.tag);
    expect(queued(map.tag)).toEqual([]);
    expect(await tags('found', { directory })).toEqual(['found']);
    expect(await removeMap('found', { directory })).toBe(true);
  });

  it('can be read where its queue cannot be asked, and says so when it would have to be', async () => {
    const gate = new Gate(directory);
    const made = await executor.createStarmap(passGate<number>, [[gate.file, 1]], { tag: 'elsewhere' });
    const header = join(made.directory, 'job-set.yaml');
    const before = readFileSync(header, 'utf8');
    writeFileSync(header, before.replace(/^host: .*$/m, 'host: far.away'));
    const map = await loadMap('elsewhere', { directory });
    await until(async () => (await map.statuses())[0] === 'running');
    const refused = await thrownBy(map.cancel());
    expect(refused).toMatchObject({ name: 'MapOutOfReachError', tag: 'elsewhere' });
    expect((refused as Error).message).toContain('far.away');
    expect(await thrownBy(map.remove())).toMatchObject({ name: 'MapOutOfReachError' });
    gate.open();
    expect(await map.get(0)).toBe(1);
    await map.remove();
  });
});

describe('A map on HTCondor whose program was killed', () => {
  it('has jobs that nobody has heard of: they are found, and not made twice', async () => {
    const tag = `unheard-${randomUUID()}`;
    const gate = new Gate(directory);
    const map = await executor.createStarmap(passGate<number>, [[gate.file, 7]], { tag });
    // As if the program had been killed before it could write down the ids.
    const journal = join(map.directory, 'journal.jsonl');
    const lines = readFileSync(journal, 'utf8').split('\n');
    writeFileSync(journal, lines.filter((line) => !line.includes('"submitted"')).join('\n'));
    const found = await loadMap<[string, number], number>(tag, { directory });
    await until(async () => (await found.statuses())[0] === 'running');
    expect(await found.cancel([0])).toEqual([0]);
    await until(async () => (await found.statuses())[0] === 'removed');
    gate.open();
    expect(await found.rerun()).toEqual([0]);
    expect(await found.get(0)).toBe(7);
  });

  it('has jobs that no queue knows: they were never submitted, and do nothing should they come late', async () => {
    const map = await executor.createMap((x: number) => x * 7, [1], { tag: `unknown-${randomUUID()}` });
    await map.wait();
    const journal = join(map.directory, 'journal.jsonl');
    const lines = readFileSync(journal, 'utf8').split('\n');
    const unheard = lines.filter((line) => !line.includes('"submitted"')).join('\n');
    writeFileSync(journal, unheard.replaceAll('"submission":1,', '"submission":99,'));
    rmSync(join(map.directory, 'outcomes', '1'));
    rmSync(join(map.directory, 'logs', '1.out'));
    const found = await loadMap<[number], number>(map.tag, { directory });
    expect(await found.statuses()).toEqual(['unmaterialized']);
    expect(await found.error(0)).toMatchObject({ name: 'NeverSubmittedError' });
    expect(await found.rerun()).toEqual([0]);
    expect(readdirSync(join(map.directory, 'revoked'))).toEqual(['99']);
    expect(await found.get(0)).toBe(7);
  });

  it('has components that were never submitted: they fail, and can be run again', async () => {
    const tag = `waiting-${randomUUID()}`;
    const gate = new Gate(directory);
    const program = startProgram(`const executor = new condorFutures.HTCondorExecutor({
        directory: ${JSON.stringify(directory)}, maxInFlight: 1,
      });
      const call = async (file, n) => {
        const { existsSync } = await import('node:fs');
        const deadline = Date.now() + 60_000;
        while (!existsSync(file) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
        return n;
      };
      await executor.createStarmap(call, [[${JSON.stringify(gate.file)}, 1], [${JSON.stringify(gate.file)}, 2]], { tag: ${JSON.stringify(tag)} });
      console.log('made');`);
    await program.printed('made');
    program.signal('SIGKILL');
    await program.ended;
    const map = await loadMap<[string, number], number>(tag, { directory });
    expect(await map.error(1)).toMatchObject({ name: 'NeverSubmittedError', component: 1 });
    gate.open();
    expect(await map.get(0)).toBe(1);
    expect(await map.rerun()).toEqual([1]);
    expect(await collect(map)).toEqual([1, 2]);
  });
});
