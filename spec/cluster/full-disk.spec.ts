import { readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ClusterExecutor } from '../../lib/cluster/cluster-executor.ts';
import { resolveOptions } from '../../lib/cluster/cluster-options.ts';
import type { Future } from '../../lib/futures/future.ts';
import { inputsDirectory, journalFile } from '../../lib/job-set/names.ts';
import { runProgram } from '../support/run-program.ts';
import { ScriptedSystem } from '../support/scripted-system.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';
const directory = temporaryDirectory();
let system: ScriptedSystem;
let executor: ClusterExecutor;
let jobSet: string;
beforeEach(async () => {
  system = new ScriptedSystem();
  executor = new ClusterExecutor(system, resolveOptions('it', { directory }, {}));
  await submitted(executor.submit(() => 0));
  jobSet = executor.jobSetDirectory as string;
});
afterEach(async () => executor.shutdown({ cancelFutures: true }));

async function submitted(future: Future<unknown>): Promise<void> {
  await until(() => future.jobId !== undefined);
}

describe('Calls that cannot be written down', () => {
  it('fail with the reason and without a job when there is no room for the journal; later ones go through', async () => {
    const journal = journalFile(jobSet);
    renameSync(journal, `${journal}.away`);
    symlinkSync('/dev/full', journal);
    const inputs = readdirSync(inputsDirectory(jobSet));
    const futures = [executor.submit(() => 1), executor.submit(() => 2)];
    for (const future of futures) {
      expect(await thrownBy(future)).toMatchObject({
        name: 'DirectoryError',
        message: expect.stringContaining('ENOSPC'),
        directory,
        cause: { code: 'ENOSPC' },
      });
    }
    expect(system.batches.length).toBe(1);
    await until(() => readdirSync(inputsDirectory(jobSet)).length === inputs.length);
    rmSync(journal);
    renameSync(`${journal}.away`, journal);
    await submitted(executor.submit(() => 3));
    expect(system.batches.length).toBe(2);
  });

  it('fail likewise when their inputs cannot be written', async () => {
    const inputs = inputsDirectory(jobSet);
    renameSync(inputs, `${inputs}.away`);
    expect(await thrownBy(executor.submit(() => 1))).toMatchObject({ name: 'DirectoryError', directory });
    expect(system.batches.length).toBe(1);
    renameSync(`${inputs}.away`, inputs);
    await submitted(executor.submit(() => 2));
    expect(system.batches.length).toBe(2);
  });
});

it('What came of a call counts, and harms nothing, though there is no room to archive it', async () => {
  const program = `
    import { rmSync, symlinkSync } from 'node:fs';
    const executor = new condorFutures.LocalExecutor({ directory: ${JSON.stringify(directory)} });
    console.log(await executor.submit(() => 1));
    const archive = executor.jobSetDirectory + '/settled';
    rmSync(archive, { force: true });
    symlinkSync('/dev/full', archive);
    const lingering = executor.submit(() => {
      // The outcome is read while the job is still there.
      process.on('exit', () => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000));
      return 2;
    });
    console.log(await lingering);
    await executor.shutdown();
    console.log('end');`;
  const { stdout, stderr, exitCode } = await runProgram(program);
  expect({ stdout, stderr, exitCode }).toEqual({ stdout: '1\n2\nend\n', stderr: '', exitCode: 0 });
});

it('A job set whose claim cannot be written is made again for the next call', async () => {
  const program = `
    import promises from 'node:fs/promises';
    import { syncBuiltinESMExports } from 'node:module';
    const { link } = promises;
    promises.link = async () => {
      throw Object.assign(new Error('no room'), { code: 'ENOSPC' });
    };
    syncBuiltinESMExports();
    const executor = new condorFutures.LocalExecutor({ directory: ${JSON.stringify(directory)} });
    await executor.submit(() => 1).catch(({ cause }) => console.log(cause.code));
    promises.link = link;
    syncBuiltinESMExports();
    console.log(await executor.submit(() => 2));
    await executor.shutdown();`;
  expect(await runProgram(program)).toMatchObject({ stdout: 'ENOSPC\n2\n', stderr: '' });
});
