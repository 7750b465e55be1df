import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { loadMap, removeMap } from '../../lib/map/manage-maps.ts';
import { collect } from '../support/collect.ts';
import { Gate } from '../support/gate.ts';
import { startProgram } from '../support/run-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';
const directory = temporaryDirectory();

/** A program that makes a map of calls that wait at a gate, all but the first; two jobs at once. */
function startMaker(tag: string, gate: Gate, options: object = {}): ReturnType<typeof startProgram> {
  return startProgram(`const executor = new condorFutures.LocalExecutor({
    directory: ${JSON.stringify(directory)}, maxWorkers: 2, ...${JSON.stringify(options)},
  });
  const call = async (file, n) => {
    const { existsSync, writeFileSync } = await import('node:fs');
    if (n === 0) return 'first';
    writeFileSync(file + '.reached', '');
    const deadline = Date.now() + 240_000;
    while (!existsSync(file) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    return 'value ' + n;
  };
  const inputs = [0, 1, 2, 3].map((n) => [${JSON.stringify(gate.file)}, n]);
  const map = await executor.createStarmap(call, inputs, { tag: ${JSON.stringify(tag)} });
  console.log(await map.get(0));`);
}

describe('A map whose program was killed', () => {
  const tag = `killed-${randomUUID()}`;
  const gate = new Gate(directory);

  it('has the results that came, follows the jobs that run on, and calls the others lost', async () => {
    const program = startMaker(tag, gate);
    await program.printed('first');
    await until(() => gate.reached);
    const attended = await loadMap(tag, { directory });
    expect(attended.isAttended).toBe(true);
    const refused = await thrownBy(attended.cancel());
    expect(refused).toMatchObject({ name: 'MapOutOfReachError', tag });
    program.signal('SIGKILL');
    await program.ended;
    const map = await loadMap<[string, number], string>(tag, { directory });
    expect(map.isAttended).toBe(false);
    await until(async () => (await map.statuses()).includes('errored'));
    const statuses = await map.statuses();
    expect(await map.get(0)).toBe('first');
    expect(statuses[0]).toBe('completed');
    // Two at once: one or two of them were running.
    const running = statuses.flatMap((status, index) => (status === 'running' ? [index] : []));
    expect(running).toContain(1);
    expect(statuses[3]).toBe('errored');
    expect(await map.error(3)).toMatchObject({ name: 'JobLostError' });
    expect(await map.inputs(3)).toEqual([gate.file, 3]);
    gate.open();
    expect(await map.get(1)).toBe('value 1');
    await map.wait({ errorsOk: true });
  });

  it('runs them again', async () => {
    const map = await loadMap<[string, number], string>(tag, { directory });
    const again = await map.rerun();
    expect(again).toContain(3);
    await map.wait();
    expect(await collect(map)).toEqual(['first', 'value 1', 'value 2', 'value 3']);
  });

  it('can be stopped and removed while its jobs run on', async () => {
    const other = `${tag}-other`;
    const shut = new Gate(directory);
    const program = startMaker(other, shut);
    await until(() => shut.reached);
    program.signal('SIGKILL');
    await program.ended;
    const map = await loadMap(other, { directory });
    await until(async () => (await map.statuses())[1] === 'running');
    expect(await removeMap(other, { directory })).toBe(true);
    expect(await thrownBy(map.get(1))).toMatchObject({ name: 'MapRemovedError' });
  });
});

describe('A map whose program was killed while it made it', () => {
  it('is not there, before all of its inputs are, and can be removed', async () => {
    const tag = `begun-${randomUUID()}`;
    const program =
      startProgram(`const executor = new condorFutures.LocalExecutor({ directory: ${JSON.stringify(directory)} });
      async function* inputs() {
        for (let n = 0; n < 1000; n++) yield n;
        console.log('half of them');
        await new Promise((resolve) => setTimeout(resolve, 600_000));
      }
      await executor.createMap((n) => n, inputs(), { tag: ${JSON.stringify(tag)} });`);
    await program.printed('half');
    const early = await thrownBy(loadMap(tag, { directory }));
    expect(early).toMatchObject({ name: 'MapUnfinishedError', isBeingMade: true });
    expect(await thrownBy(removeMap(tag, { directory }))).toMatchObject({ isBeingMade: true });
    program.signal('SIGKILL');
    await program.ended;
    const error = await thrownBy(loadMap(tag, { directory }));
    expect(error).toMatchObject({ name: 'MapUnfinishedError', isBeingMade: false, tag });
    expect(await removeMap(tag, { directory })).toBe(true);
    expect(await thrownBy(loadMap(tag, { directory }))).toMatchObject({ name: 'TagNotFoundError' });
  });

  it('has components that were never submitted, says so, and runs them again', async () => {
    const tag = `waiting-${randomUUID()}`;
    const gate = new Gate(directory);
    // All but one of its jobs wait in the program.
    const program = startMaker(tag, gate, { maxInFlight: 1 });
    await program.printed('first');
    await until(() => gate.reached);
    program.signal('SIGKILL');
    await program.ended;
    gate.open();
    const map = await loadMap<[string, number], string>(tag, { directory });
    expect(map.length).toBe(4);
    expect(await map.get(1)).toBe('value 1');
    expect(await map.statuses()).toEqual(['completed', 'completed', 'errored', 'errored']);
    expect(await map.error(2)).toMatchObject({ name: 'NeverSubmittedError', component: 2 });
    expect(await thrownBy(map.wait())).toMatchObject({ name: 'MapComponentError', component: 2 });
    expect(await map.rerun()).toEqual([2, 3]);
    expect(await map.get(3)).toBe('value 3');
    const journal = readFileSync(join(map.directory, 'journal.jsonl'), 'utf8');
    expect(journal).toContain('"components"');
  });
});
