import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import type { JobEvent } from '../../../lib/batch/batch-system.ts';
import { Orphans } from '../../../lib/batch/local/orphans.ts';
import type { Future } from '../../../lib/futures/future.ts';
import { scriptFile } from '../../../lib/job-set/names.ts';
import { startTimeOf } from '../../../lib/job-set/claim.ts';
import { LocalExecutor } from '../../../lib/executors/local-executor.ts';
import { runProgram, startProgram } from '../../support/run-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { thrownBy } from '../../support/thrown-by.ts';
import { until } from '../../support/until.ts';
const directory = temporaryDirectory();

describe('Jobs of this machine whose program is gone', () => {
  it('have ended when their process has, though nobody asks for its exit code', async () => {
    const jobSet = mkdtempSync(join(directory, 'set-'));
    const go = join(jobSet, 'go');
    writeFileSync(scriptFile(jobSet), `while [ ! -e ${go} ]; do sleep 0.05; done`);
    const start = '/bin/sh "$1" 7 & exec sleep 60';
    const careless = spawn('sh', ['-c', start, 'sh', scriptFile(jobSet)], { stdio: 'ignore' });
    const events: JobEvent[] = [];
    const orphans = new Orphans((event) => events.push(event));
    let found = new Map<string, string>();
    await until(() => {
      found = orphans.adopt(jobSet);
      return found.size === 1 && found.has('7');
    });
    const jobId = found.get('7') as string;
    expect(orphans.has(jobId)).toBe(true);
    writeFileSync(go, '');
    await until(() => events.some((event) => event.jobId === jobId && event.kind === 'ended'));
    expect(orphans.has(jobId)).toBe(false);
    orphans.close();
    careless.kill();
  });

  it('end with the program that attached to them', async () => {
    const file = join(directory, 'pid');
    const options = JSON.stringify({ directory });
    const first = startProgram(`
      const executor = new condorFutures.LocalExecutor(${options});
      const future = executor.submit(async (file) => {
        (await import('node:fs')).writeFileSync(file, String(process.pid));
        await new Promise((resolve) => setTimeout(resolve, 600_000));
      }, ${JSON.stringify(file)});
      console.log('id ' + executor.id + '.');
      await future;`);
    await until(() => existsSync(file) && readFileSync(file, 'utf8') !== '');
    first.signal('SIGKILL');
    const id = /id (.*)\./.exec((await first.ended).stdout)?.[1];
    const { stdout } = await runProgram(`
      const executor = await condorFutures.LocalExecutor.attach(${JSON.stringify(id)}, ${options});
      process.on('exit', () => console.log(executor.futures[0].state));
      process.exit();`);
    expect(stdout).toBe('pending\n');
    const stat = `/proc/${readFileSync(file, 'utf8')}/stat`;
    await until(() => !existsSync(stat) || readFileSync(stat, 'utf8').split(' ')[2] === 'Z');
  });

  it('are not taken for those that are submitted anew, which die later', async () => {
    const set = mkdtempSync(join(directory, 'set-'));
    const files = { pid: join(set, 'pid'), go: join(set, 'go') };
    const options = { directory: set, maxWorkers: 1, outcomeGrace: 100 };
    const first = startProgram(`
      const executor = new condorFutures.LocalExecutor(${JSON.stringify(options)});
      const die = async ({ pid, go }, n) => {
        const { existsSync, writeFileSync } = await import('node:fs');
        if (n === 1) writeFileSync(pid, String(process.pid));
        while (!existsSync(go)) await new Promise((resolve) => setTimeout(resolve, 50));
        process.kill(process.pid, 'SIGKILL');
      };
      const futures = [1, 2].map((n) => executor.submit(die, ${JSON.stringify(files)}, n));
      console.log('id ' + executor.id + '.');
      await Promise.all(futures);`);
    await until(() => existsSync(files.pid) && readFileSync(files.pid, 'utf8') !== '');
    first.signal('SIGKILL');
    const id = /id (.*)\./.exec((await first.ended).stdout)?.[1] as string;
    process.kill(Number(readFileSync(files.pid, 'utf8')), 'SIGKILL');
    await until(() => startTimeOf(Number(readFileSync(files.pid, 'utf8'))) === undefined);
    const executor = await LocalExecutor.attach(id, options);
    const [lost, again] = executor.futures as [Future<unknown>, Future<unknown>];
    expect(await thrownBy(lost)).toMatchObject({ name: 'JobLostError' });
    await until(() => again.running());
    writeFileSync(files.go, '');
    expect(await thrownBy(again)).toMatchObject({ name: 'JobKilledError', signal: 9 });
    await executor.shutdown();
  });
});
