import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { runProgram, startProgram, type RunningProgram } from '../../support/run-program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

let directory: string;
let prelude: string;
const parent = temporaryDirectory();
let count = 0;
beforeEach(() => {
  count += 1;
  directory = join(parent, String(count));
  prelude = `
    import { writeSync } from 'node:fs';
    const options = { directory: ${JSON.stringify(directory)}, maxWorkers: 3 };
    const executor = new condorFutures.LocalExecutor(options);
    /** To be submitted: never returns. */
    async function stay(file) {
      const { appendFileSync } = await import('node:fs');
      appendFileSync(file, process.pid + '\\n');
      await new Promise((resolve) => setTimeout(resolve, 600_000));
    }
    async function ready(futures) {
      while (!futures.some((future) => future.running())) await new Promise((resolve) => setTimeout(resolve, 10));
      console.log('ready');
    }
    const file = ${JSON.stringify(pidFile())};
    `;
});

const pidFile = (): string => join(parent, `${count}.pids`);

/** Of the jobs that have begun. */
function pids(): number[] {
  return existsSync(pidFile()) ? readFileSync(pidFile(), 'utf8').trim().split('\n').map(Number) : [];
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const fiveCalls = `
  const futures = Array.from({ length: 5 }, () => executor.submit(stay, file));
  await ready(futures);
  `;

/** A program once three of its five jobs have begun. */
async function started(source: string): Promise<RunningProgram> {
  const program = startProgram(prelude + source);
  await program.printed('ready');
  await until(() => pids().length === 3);
  return program;
}

describe('A program with pending futures', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'removes its jobs and is ended by %s, which none of its own code notices',
    async (signal) => {
      const program = await started(`${fiveCalls}
        for await (const future of condorFutures.asCompleted(futures)) console.log(await future);
        await executor.shutdown();
        console.log('went on');`);
      program.signal(signal);
      const end = await program.ended;
      expect(end).toMatchObject({ exitCode: null, signal, stdout: 'ready\n' });
      expect(end.stderr).toBe(
        `condor-futures: removing 5 jobs after ${signal}; a second ${signal} ends the process at once\n`,
      );
      expect(pids().filter(isAlive)).toEqual([]);
      expect(existsSync(directory)).toBe(false);
    },
  );

  it('takes a signal that comes twice at once, from the terminal and from npm, for one', async () => {
    const program = await started(`${fiveCalls} await futures[0];`);
    program.signal('SIGINT', 'group');
    program.signal('SIGINT');
    expect(await program.ended).toMatchObject({ exitCode: null, signal: 'SIGINT' });
    expect(existsSync(directory)).toBe(false);
  });

  it('is ended at once by a second signal', async () => {
    const program = await started(`
      const stubborn = executor.prepare(async (path) => {
        process.on('SIGTERM', () => {});
        const { appendFileSync } = await import('node:fs');
        appendFileSync(path, process.pid + '\\n');
        await new Promise((resolve) => setTimeout(resolve, 600_000));
      });
      const futures = [1, 2, 3].map(() => executor.submit(stubborn, file));
      await ready(futures);`);
    program.signal('SIGINT');
    const repeat = setInterval(() => program.signal('SIGINT'), 200);
    const end = await program.ended.finally(() => clearInterval(repeat));
    expect(end).toMatchObject({ exitCode: null, signal: 'SIGINT' });
    // It has not waited for jobs that do not end by themselves, after which it would have removed their files.
    expect(existsSync(directory)).toBe(true);
    for (const pid of pids().filter(isAlive)) process.kill(pid, 'SIGKILL');
  });

  it.each(['on', 'once'])(
    'that listens itself (%s) decides when to end, and its futures are cancelled',
    async (on) => {
      const program = await started(`
        process.${on}('SIGTERM', () => console.log('heard'));
        ${fiveCalls}
        const outcomes = await Promise.allSettled(futures);
        console.log(outcomes.every(({ reason }) => reason instanceof condorFutures.CancelledError
          && reason.cause instanceof condorFutures.SignalError && reason.cause.signal === 'SIGTERM'));
        console.log(await executor.submit((x) => x * x, 7));
        await executor.shutdown();`);
      program.signal('SIGTERM');
      expect(await program.ended).toEqual({
        exitCode: 0,
        signal: null,
        stdout: 'ready\nheard\ntrue\n49\n',
        stderr: 'condor-futures: removing 5 jobs after SIGTERM\n',
      });
      expect(pids().filter(isAlive)).toEqual([]);
    },
  );

  it('that listens for SIGHUP itself goes on as if nothing had happened', async () => {
    const program = await started(`
      process.on('SIGHUP', () => {
        console.log('heard', futures.filter((future) => future.done()).length);
        process.exit(0);
      });
      ${fiveCalls}`);
    program.signal('SIGHUP');
    expect(await program.ended).toMatchObject({ exitCode: 0, stdout: 'ready\nheard 0\n' });
  });

  it.each([
    ['process.exit(3);', 3],
    [`setTimeout(() => { throw new Error('uncaught'); });`, 1],
  ])('removes its jobs when it ends by %s', async (statement, exitCode) => {
    const program = startProgram(`${prelude} ${fiveCalls}
      while (futures.filter((future) => future.running()).length < 3) await new Promise(setImmediate);
      ${statement}
      await futures[0];`);
    const end = await program.ended;
    expect(end).toMatchObject({ exitCode });
    expect(end.stderr).toContain('condor-futures: removing 5 jobs, since the process exits\n');
    await until(() => !pids().some(isAlive));
  });

  it('does not wait for a schedd that is away when a signal ends it', async () => {
    const bin = join(parent, 'bin');
    mkdirSync(bin);
    for (const command of ['condor_submit', 'condor_rm']) {
      const script = `#!/bin/sh\necho "ERROR: Can't find address of local schedd" >&2; exit 1\n`;
      writeFileSync(join(bin, command), script, { mode: 0o755 });
    }
    const program = startProgram(
      `const patient = new condorFutures.HTCondorExecutor({
         directory: ${JSON.stringify(directory)}, submitPatience: Infinity
       });
       process.on('warning', () => console.log('ready'));
       await patient.submit(() => 1);`,
      { PATH: [bin, process.env['PATH']].join(delimiter) },
    );
    await program.printed('ready');
    program.signal('SIGINT');
    expect(await program.ended).toMatchObject({ signal: 'SIGINT', stdout: 'ready\n' });
  });

  it('submits nothing more once a signal ends it', async () => {
    const program = startProgram(`${prelude} ${fiveCalls}
      const listening = process.listenerCount('SIGINT');
      process.kill(process.pid, 'SIGINT');
      for (;;) {
        await new Promise(setImmediate);
        try { executor.submit(() => 1).cancel(); }
        catch (error) { console.log(listening, error.name); break; }
      }`);
    expect(await program.ended).toMatchObject({ signal: 'SIGINT', stdout: 'ready\n1 ShutdownError\n' });
  });
});

describe('Listeners for signals', () => {
  it('are one for all executors, and there only while something is pending', async () => {
    const end = await runProgram(`${prelude}
      const counts = () => ['SIGINT', 'SIGTERM', 'SIGHUP'].map((name) => process.listenerCount(name)).join();
      const atFirst = counts();
      const executors = Array.from({ length: 50 }, () => new condorFutures.LocalExecutor(options));
      const values = executors.map((each, index) => each.submit((x) => x, index));
      const pending = counts();
      await Promise.all(values);
      while (counts() === pending) await new Promise(setImmediate);
      console.log(atFirst, pending, counts());
      await Promise.all(executors.map((each) => each.shutdown()));`);
    expect(end).toEqual({ exitCode: 0, signal: null, stdout: '0,0,0 1,1,1 0,0,0\n', stderr: '' });
  });

  it('are gone, with every other handle, after shutdown', async () => {
    const end = await runProgram(`${prelude}
      const value = await executor.submit((x) => x, 1);
      executor.submit(stay, file).cancel();
      await executor.shutdown();
      // Its last request may be in its own callback yet.
      await new Promise(setImmediate);
      // Node 22 counts the program's own stderr.
      const handles = process.getActiveResourcesInfo().filter((name) => name !== 'PipeWrap');
      writeSync(1, JSON.stringify([value, handles, process.listenerCount('SIGINT')]));`);
    expect(end).toMatchObject({ exitCode: 0, stdout: '[1,[],0]', stderr: '' });
    expect(existsSync(directory)).toBe(false);
  });
});
