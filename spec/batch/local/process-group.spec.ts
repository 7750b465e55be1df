import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ProcessGroup } from '../../../lib/batch/local/process-group.ts';
import { untilStill } from '../../support/beat.ts';
import { runProgram } from '../../support/run-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { thrownBy } from '../../support/thrown-by.ts';
import { until } from '../../support/until.ts';

const directory = temporaryDirectory();
const place = { cwd: directory, env: process.env };
const BEAT = 'while true; do printf . >>"$0"; sleep 0.1; done';

describe('ProcessGroup', () => {
  it('tells how its program has ended', async () => {
    const exiting = new ProcessGroup('/bin/sh', ['-c', 'exit 3'], place);
    const killed = new ProcessGroup('/bin/sh', ['-c', 'kill -USR1 $$'], place);
    await Promise.all([exiting.started, killed.started]);
    expect(await exiting.ended).toEqual({ exitCode: 3, signal: null });
    expect(await killed.ended).toEqual({ exitCode: null, signal: 'SIGUSR1' });
    exiting.stop();
  });

  it('says when its program cannot be started', async () => {
    const group = new ProcessGroup('/nonesuch', [], place);
    expect(await thrownBy(group.started)).toMatchObject({ code: 'ENOENT' });
    group.kill();
  });

  it('stops with all that it has started, also while it is suspended', async () => {
    const file = join(directory, 'stopped');
    const group = new ProcessGroup('/bin/sh', ['-c', `${BEAT} & wait`, file], place);
    await until(() => existsSync(file));
    group.suspend();
    await untilStill(file);
    group.stop();
    expect(await group.ended).toMatchObject({ signal: 'SIGTERM' });
    await untilStill(file);
  });

  it('is killed when it does not stop in ten seconds', async () => {
    const file = join(directory, 'stubborn');
    const group = new ProcessGroup('/bin/sh', ['-c', `trap '' TERM; ${BEAT}`, file], place);
    await until(() => existsSync(file));
    group.stop();
    expect(await group.ended).toMatchObject({ signal: 'SIGKILL' });
    await untilStill(file);
  });
});

describe('A program with jobs on this machine', () => {
  it.each([
    ['ends itself', 'process.exit(5);', 5],
    ['throws', "throw new Error('out of luck');", 1],
  ])('takes them along when it %s', async (_, end, exitCode) => {
    const file = join(directory, `program-${exitCode}`);
    const source = `
      import { existsSync } from 'node:fs';
      const executor = new condorFutures.LocalExecutor({ directory: ${JSON.stringify(join(directory, 'jobs'))} });
      const future = executor.submit(async (file) => {
        const { appendFileSync } = await import('node:fs');
        setInterval(() => appendFileSync(file, '.'), 20);
        process.on('SIGTERM', () => {});
        await new Promise(() => {});
      }, ${JSON.stringify(file)});
      while (!existsSync(${JSON.stringify(file)})) await new Promise((resolve) => setTimeout(resolve, 20));
      setTimeout(() => { ${end} });`;
    expect(await runProgram(source)).toMatchObject({ exitCode });
    await untilStill(file);
  });
});
