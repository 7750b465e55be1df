import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, jest } from '@jest/globals';
import type { JobEvent } from '../../../lib/batch/batch-system.ts';
import { Orphans } from '../../../lib/batch/local/orphans.ts';
import { scriptFile } from '../../../lib/job-set/names.ts';
import { runProgram, startProgram } from '../../support/run-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

jest.setTimeout(60_000);
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
});
