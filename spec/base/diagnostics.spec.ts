import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { runCommand } from '../../lib/batch/run-command.ts';
import { ClusterExecutor } from '../../lib/cluster/cluster-executor.ts';
import { resolveOptions } from '../../lib/cluster/cluster-options.ts';
import {
  observe,
  publish,
  type DiagnosticMessages,
  type DiagnosticName,
} from '../../lib/base/diagnostics.ts';
import { CancelledError, SubmitError } from '../../lib/base/errors.ts';
import { JobDiedError } from '../../lib/base/job-errors.ts';
import { LocalExecutor } from '../../lib/executors/local-executor.ts';
import { runProgram } from '../support/run-program.ts';
import { ScriptedSystem } from '../support/scripted-system.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';

const directory = temporaryDirectory();
let stops: (() => void)[];
beforeEach(() => {
  stops = [];
});
afterEach(() => {
  for (const stop of stops) stop();
});

/** What is told on a channel from now on, until the end of the test. */
function messages<N extends DiagnosticName>(name: N): DiagnosticMessages[N][] {
  const heard: DiagnosticMessages[N][] = [];
  stops.push(observe(name, (message) => heard.push(message)));
  return heard;
}

describe('The channel', () => {
  it('condor-futures:submission tells of each batch, with the ids of its jobs', async () => {
    const heard = messages('submission');
    await using executor = new LocalExecutor({ directory });
    const futures = [1, 2, 3].map((x) => executor.submit((y: number) => y, x));
    await Promise.all(futures);
    expect(heard).toEqual([
      {
        system: 'local',
        jobSet: executor.jobSetDirectory?.split('/').at(-1),
        submission: 1,
        count: 3,
        jobIds: futures.map((future) => future.jobId),
        error: undefined,
        durationMs: expect.any(Number),
      },
    ]);
  });

  it('condor-futures:submission tells why a batch was refused', async () => {
    const heard = messages('submission');
    const system = new ScriptedSystem();
    const error = new SubmitError('no', { command: 'condor_submit', exitCode: 1, stderr: '' });
    system.beforeAnswer = async () => Promise.reject(error);
    await using executor = new ClusterExecutor(system, resolveOptions('it', { directory }, {}));
    expect(await thrownBy(executor.submit(() => 1))).toBe(error);
    expect(heard).toMatchObject([{ system: 'scripted', count: 1, jobIds: undefined, error }]);
  });

  it('condor-futures:state tells of each step of a call, whatever happens to it', async () => {
    const heard = messages('state');
    const system = new ScriptedSystem();
    const options = { directory, outcomeGrace: 1 };
    await using executor = new ClusterExecutor(system, resolveOptions('it', options, {}));
    const future = executor.with({ retries: 1 }).submit(() => 1);
    const later = executor.submit(() => 1);
    await until(() => future.jobId !== undefined);
    const first = future.jobId as string;
    system.emit({ jobId: first, kind: 'running', host: 'node7' });
    system.emit({ jobId: first, kind: 'running', host: 'node7' });
    system.emit({ jobId: first, kind: 'queued' });
    system.emit({ jobId: first, kind: 'running', host: 'node8' });
    system.emit({ jobId: first, kind: 'ended', exitCode: 1 });
    await until(() => future.attempts === 2 && future.jobId !== undefined);
    system.emit({ jobId: future.jobId as string, kind: 'ended', signal: 9 });
    await thrownBy(future);
    later.cancel();
    expect(heard.map(({ call, jobId, host, from, to }) => [call, jobId, host, `${from} → ${to}`])).toEqual([
      [1, first, 'node7', 'pending → running'],
      [1, first, 'node7', 'running → pending'],
      [1, first, 'node8', 'pending → running'],
      [1, undefined, 'node8', 'running → pending'],
      [1, future.jobId, 'node8', 'pending → failed'],
      [2, later.jobId, undefined, 'pending → cancelled'],
    ]);
    expect(new Set(heard.map(({ jobSet }) => jobSet))).toEqual(
      new Set([executor.jobSetDirectory?.split('/').at(-1)]),
    );
  });

  it('condor-futures:settlement tells how each future ended', async () => {
    const heard = messages('settlement');
    await using executor = new LocalExecutor({ directory, maxWorkers: 1 });
    const returned = executor.submit(() => 1);
    await returned;
    const thrown = executor.submit(() => {
      throw new RangeError('too far');
    });
    const error = await thrownBy(thrown);
    const died = executor.with({ retries: 1 }).submit(() => process.kill(process.pid, 'SIGKILL'));
    await thrownBy(died);
    executor.submit(() => 1).cancel();
    await until(() => heard.length === 4);
    expect(heard).toMatchObject([
      { call: 1, state: 'finished', jobId: returned.jobId, attempts: 1, error: undefined },
      { call: 2, state: 'failed', jobId: thrown.jobId, attempts: 1 },
      { call: 3, state: 'failed', jobId: died.jobId, attempts: 2, error: expect.any(JobDiedError) },
      { call: 4, state: 'cancelled', attempts: 0, error: expect.any(CancelledError) },
    ]);
    expect(heard[1]?.error).toBe(error);
    expect(heard[0]).toMatchObject({ host: returned.host, key: expect.stringMatching(/^1\b/) });
  });

  it('condor-futures:command tells of each command, but not what it was given', async () => {
    const heard = messages('command');
    await runCommand('sh', ['-c', 'exit 0', 'secret'], { input: 'secret' });
    await thrownBy(runCommand('sh', ['-c', 'exit 3']));
    await thrownBy(runCommand('condor_nonesuch', []));
    await until(() => heard.length === 3);
    const durationMs: unknown = expect.any(Number);
    expect(heard).toEqual([
      { command: 'sh', argumentCount: 3, exitCode: 0, durationMs },
      { command: 'sh', argumentCount: 2, exitCode: 3, durationMs },
      { command: 'condor_nonesuch', argumentCount: 0, exitCode: null, durationMs },
    ]);
  });

  it.each(['submission', 'state', 'settlement', 'command'] as const)(
    'condor-futures:%s is one of node:diagnostics_channel, and no message shows arguments or environment',
    async (name) => {
      const heard: unknown[] = [];
      const listener = (message: unknown): unknown => heard.push(message);
      subscribe(`condor-futures:${name}`, listener);
      stops.push(() => unsubscribe(`condor-futures:${name}`, listener));
      await using executor = new LocalExecutor({ directory, environment: { TOKEN: 's3cret' } });
      expect(await executor.submit((x: string) => x, 's3cret')).toBe('s3cret');
      await runCommand('echo', ['s3cret'], { input: 's3cret' });
      await until(() => heard.length > 0);
      expect(inspect(heard, { depth: Infinity, showHidden: true })).not.toContain('s3cret');
    },
  );
});

describe('A message', () => {
  it('is not even made while nobody listens', () => {
    const make = jest.fn(() => ({ command: 'sh', argumentCount: 0, exitCode: 0, durationMs: 1 }));
    publish('command', make);
    expect(make).not.toHaveBeenCalled();
    const heard = messages('command');
    publish('command', make);
    expect(heard).toEqual([make()]);
  });
});

describe('A listener of observe()', () => {
  it.each([
    ['rejects', async () => Promise.reject(new Error('of the listener'))],
    [
      'throws',
      () => {
        throw new Error('of the listener');
      },
    ],
  ])('that %s harms nothing, and becomes a warning', async (_, listener) => {
    const emitWarning = jest.spyOn(process, 'emitWarning').mockImplementation(() => {});
    stops.push(observe('state', listener));
    const heard = messages('state');
    await using executor = new LocalExecutor({ directory });
    expect(await executor.submit(() => 7)).toBe(7);
    await until(() => emitWarning.mock.calls.length === heard.length);
    const warnings = emitWarning.mock.calls.map(([warning]) => warning);
    emitWarning.mockRestore();
    expect(heard.map(({ to }) => to)).toContain('finished');
    expect(warnings[0]).toContain('A listener to condor-futures:state failed: Error: of the listener');
  });

  it('hears nothing more once it is taken back', async () => {
    const heard: unknown[] = [];
    observe('state', (message) => heard.push(message))();
    await using executor = new LocalExecutor({ directory });
    await executor.submit(() => 7);
    expect(heard).toEqual([]);
  });

  it('is refused if it is no function, or for a channel that does not exist', () => {
    expect(() => observe('state', 'x' as unknown as () => void)).toThrow(TypeError);
    expect(() => observe('stat' as 'state', () => {})).toThrow(RangeError);
  });
});

describe('A program', () => {
  const options = JSON.stringify({ directory });

  it('whose subscriber throws has an uncaught exception, and no other harm', async () => {
    const end = await runProgram(`
      import { subscribe } from 'node:diagnostics_channel';
      const uncaught = new Set();
      process.on('uncaughtException', ({ message }) => uncaught.add(message));
      for (const name of ['submission', 'state', 'settlement'])
        subscribe('condor-futures:' + name, () => { throw new Error(name); });
      const heard = new Set();
      subscribe('condor-futures:state', ({ to }) => heard.add(to));
      const executor = new condorFutures.LocalExecutor(${options});
      console.log(await executor.submit((x) => x * x, 7));
      await executor.shutdown();
      console.log([...uncaught].join(), heard.has('finished'));`);
    expect(end).toMatchObject({ exitCode: 0, stdout: '49\nsubmission,state,settlement true\n', stderr: '' });
  });

  it('with NODE_DEBUG=condor-futures has a line for each message on stderr', async () => {
    const source = `
      const executor = new condorFutures.LocalExecutor({ ...${options}, environment: { TOKEN: 's3cret' } });
      await executor.submit((x) => x, 's3cret');
      await executor.submit((x) => { throw new RangeError(x); }, 's3cret').exception();
      await executor.shutdown();`;
    const { stderr } = await runProgram(source, { NODE_DEBUG: 'condor-futures' });
    const lines = stderr.split('\n').map((line) => line.replace(/^CONDOR-FUTURES \d+: /, ''));
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^submission system=local jobSet=\S+ submission=1 count=1 jobIds=local\.\w+\.1 durationMs=\d+$/,
      ),
    );
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^state jobSet=\S+ call=1 key=\S+ jobId=local\.\w+\.1 host=\S+ from=running to=finished$/,
      ),
    );
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^settlement jobSet=\S+ call=2 .*jobId=local\.\w+\.2 .*state=failed attempts=1 error=RangeError$/,
      ),
    );
    expect(stderr).not.toContain('s3cret');
    expect((await runProgram(source)).stderr).toBe('');
  });
});
