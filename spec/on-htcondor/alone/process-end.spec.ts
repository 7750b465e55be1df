import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, describe, expect, it } from '@jest/globals';
import { startProgram, type RunningProgram } from '../../support/run-program.ts';
import { sharedTemporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

const condor = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8' }).trim();

/** Whether a job lies in a directory of these specs, as an expression of condor_q. */
const ours = (directory: string): string => `regexp("^${directory}/", UserLog)`;

/** Whether no job of a directory is left, not even one that is being removed and may still write there. */
const isEmpty = (directory: string): boolean =>
  condor('condor_q', '-constraint', ours(directory), '-af', 'ProcId') === '';

/** The states of the jobs of a directory's job sets that are not removed already. */
const states = (directory: string): string[] =>
  condor('condor_q', '-constraint', `${ours(directory)} && JobStatus != 3`, '-af', 'JobStatus')
    .split('\n')
    .filter((line) => line !== '');

// Before the directory is removed: these run in the order in which they stand here.
afterAll(async () => {
  for (let index = 1; index <= count; index += 1) {
    const directory = join(parent, String(index));
    if (states(directory).length > 0) condor('condor_rm', '-constraint', ours(directory));
  }
  await until(() => isEmpty(parent));
});

const parent = sharedTemporaryDirectory();
let count = 0;

/** A program whose 20 calls never return; it prints `ready` when they are in the queue, and half of them run. */
function start(
  { options = '', before = '', after = 'await futures[0];' },
  environment: Record<string, string> = {},
): { program: RunningProgram; directory: string } {
  count += 1;
  const directory = join(parent, String(count));
  const program = startProgram(
    `const executor = new condorFutures.HTCondorExecutor({
       directory: ${JSON.stringify(directory)},
       submit: { request_memory: 128, request_disk: 1024 }, ${options}
     });
     ${before}
     const futures = Array.from({ length: 20 }, () =>
       executor.submit(() => new Promise((resolve) => setTimeout(resolve, 600_000))));
     while (futures.filter((future) => future.running()).length < 10)
       await new Promise((resolve) => setTimeout(resolve, 20));
     console.log('ready');
     ${after}`,
    environment,
  );
  return { program, directory };
}

/** A PATH that begins with a condor_rm of the spec's own. */
function withCondorRm(script: string): Record<string, string> {
  count += 1;
  const bin = join(parent, String(count));
  mkdirSync(bin);
  writeFileSync(join(bin, 'condor_rm'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(bin, 'condor_rm'), 0o755);
  return { PATH: [bin, process.env['PATH']].join(delimiter) };
}

describe('A program with 20 jobs on HTCondor', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)(
    'leaves nothing in the queue nor on the disk when %s ends it',
    async (signal) => {
      const { program, directory } = start({});
      await program.printed('ready');
      program.signal(signal, 'group');
      expect(await program.ended).toEqual({
        exitCode: null,
        signal,
        stdout: 'ready\n',
        stderr: `condor-futures: removing 20 jobs after ${signal}; a second ${signal} ends the process at once\n`,
      });
      expect(states(directory)).toEqual([]);
      expect(existsSync(directory)).toBe(false);
    },
  );

  it('removes also what a condor_submit is about to queue', async () => {
    const { program, directory } = start({
      before: `process.on('exit', () => console.log('not ended by the signal'));
               const first = executor.submit(() => new Promise((resolve) => setTimeout(resolve, 600_000)));
               while (first.jobId === undefined) await new Promise(setImmediate);
               const more = Array.from({ length: 3000 }, () => executor.submit(() => 1));
               while (more[0].attempts === 0) await new Promise(setImmediate);
               process.kill(process.pid, 'SIGINT');`,
    });
    const { signal, stdout, stderr } = await program.ended;
    expect({ signal, stdout }).toEqual({ signal: 'SIGINT', stdout: '' });
    expect(stderr).toContain('removing 3001 jobs after SIGINT');
    expect(states(directory)).toEqual([]);
  });

  it('is ended at once by a second signal, and the removal goes on', async () => {
    const environment = withCondorRm('sleep 2; PATH=/usr/local/bin:/usr/bin:/bin exec condor_rm "$@"');
    const { program, directory } = start({}, environment);
    await program.printed('ready');
    program.signal('SIGINT', 'group');
    const repeat = setInterval(() => program.signal('SIGINT', 'group'), 200);
    const { signal, stderr } = await program.ended.finally(() => clearInterval(repeat));
    expect(signal).toBe('SIGINT');
    const [jobSet = ''] = readdirSync(directory);
    expect(stderr).toContain(`condor_rm -constraint 'CondorFuturesJobSet == "${jobSet}"'\n`);
    expect(states(directory)).toHaveLength(20);
    await until(() => states(directory).length === 0);
  });

  it('tells what to type when condor_rm fails', async () => {
    const { program, directory } = start({}, withCondorRm('echo "no such luck" >&2; exit 1'));
    await program.printed('ready');
    program.signal('SIGTERM');
    const { signal, stderr } = await program.ended;
    expect(signal).toBe('SIGTERM');
    expect(stderr).toContain('CommandError: condor_rm failed with exit code 1: no such luck; ');
    const [command] = /condor_rm -constraint .*/.exec(stderr) as unknown as [string];
    execFileSync('sh', ['-c', command]);
    expect(states(directory)).toEqual([]);
  });

  it('that listens itself gets CancelledErrors, and goes on', async () => {
    const { program, directory } = start({
      before: `process.on('SIGINT', () => console.log('heard'));`,
      after: `const outcomes = await Promise.allSettled(futures);
              console.log(new Set(outcomes.map(({ reason }) => reason.name + ' ' + reason.cause.signal)));
              await executor.shutdown();`,
    });
    await program.printed('ready');
    program.signal('SIGINT', 'group');
    expect(await program.ended).toMatchObject({
      exitCode: 0,
      stdout: "ready\nheard\nSet(1) { 'CancelledError SIGINT' }\n",
      stderr: 'condor-futures: removing 20 jobs after SIGINT\n',
    });
    expect(states(directory)).toEqual([]);
    expect(existsSync(directory)).toBe(false);
  });

  it.each([
    ['process.exit(7)', 'process.exit(7);', 7],
    ['an uncaught exception', `throw new Error('uncaught');`, 1],
  ])('leaves nothing in the queue when %s ends it', async (_, after, exitCode) => {
    const { program, directory } = start({ after });
    const end = await program.ended;
    expect(end).toMatchObject({ exitCode, signal: null });
    expect(end.stderr).toContain('condor-futures: removing 20 jobs, since the process exits\n');
    expect(states(directory)).toEqual([]);
  });

  it('leaves nothing in the queue when it exits during condor_submit', async () => {
    const { program, directory } = start({
      before: `const more = Array.from({ length: 3000 }, () => executor.submit(() => 1));
               while (more[0].attempts === 0) await new Promise((resolve) => setTimeout(resolve, 50));
               process.exit(7);`,
    });
    expect(await program.ended).toMatchObject({ exitCode: 7 });
    expect(states(directory)).toEqual([]);
  });

  it.each([
    ['SIGINT', 'await futures[0];', { exitCode: null, signal: 'SIGINT' }],
    ['process.exit(7)', 'process.exit(7);', { exitCode: 7, signal: null }],
  ])('leaves its jobs in the queue with detachOnExit, when %s ends it', async (_, after, end) => {
    const { program, directory } = start({ options: 'detachOnExit: true', after });
    await program.printed('ready');
    if (end.signal !== null) program.signal('SIGINT', 'group');
    expect(await program.ended).toEqual({ ...end, stdout: 'ready\n', stderr: '' });
    expect(states(directory)).toHaveLength(20);
    condor('condor_rm', '-constraint', ours(directory));
  });
});
