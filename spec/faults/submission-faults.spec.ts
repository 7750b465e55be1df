import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SubmitError } from '../../lib/base/errors.ts';
import { HTCondorExecutor, type HTCondorExecutorOptions } from '../../lib/executors/htcondor-executor.ts';
import { countedCall } from '../support/counted-call.ts';
import { assertPersonalPool, kill, resume, stop } from '../support/pool-control.ts';
import { sharedTemporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';
import { poolIsWhole } from './pool-state.ts';

const directory = sharedTemporaryDirectory();
const submit = { request_memory: 128, request_disk: 1024 };
const bin = join(directory, 'bin');
const path = process.env['PATH'] as string;

let warnings: string[];
const executors: HTCondorExecutor[] = [];
const executorWith = (options: HTCondorExecutorOptions = {}): HTCondorExecutor => {
  const executor = new HTCondorExecutor({ directory, submit, ...options });
  executors.push(executor);
  return executor;
};

assertPersonalPool();
beforeEach(() => {
  warnings = [];
  jest.spyOn(process, 'emitWarning').mockImplementation((warning) => void warnings.push(String(warning)));
});
afterEach(async () => {
  restorePath();
  await poolIsWhole();
  await Promise.all(executors.splice(0).map(async (executor) => executor.shutdown({ cancelFutures: true })));
  jest.restoreAllMocks();
});

/** Puts a script in the place of condor_submit, until {@link restorePath}. `$real` in it is the real one. */
function fakeSubmit(script: string): void {
  mkdirSync(bin);
  writeFileSync(join(bin, 'condor_submit'), `#!/bin/sh\nreal=/usr/bin/condor_submit\n${script}\n`);
  chmodSync(join(bin, 'condor_submit'), 0o755);
  process.env['PATH'] = [bin, path].join(delimiter);
}

function restorePath(): void {
  process.env['PATH'] = path;
  rmSync(bin, { recursive: true, force: true });
}

const waiting = (): boolean => warnings.some((warning) => warning.includes('Jobs wait to be submitted'));

describe('A call that is submitted', () => {
  it('while there is no schedd waits for one, with a warning', async () => {
    await kill('schedd');
    const call = countedCall(executorWith(), directory);
    call.gate.open();
    expect(await call.future).toBe('passed');
    expect(waiting()).toBe(true);
    expect(call.runs()).toHaveLength(1);
  });

  it('while the schedd does not answer is queued once', async () => {
    await stop('schedd');
    const call = countedCall(executorWith({ commandTimeout: 1000 }), directory);
    call.gate.open();
    await until(waiting);
    await resume('schedd');
    expect(await call.future).toBe('passed');
    expect(call.runs()).toHaveLength(1);
  });

  it('fails with the remedy when no schedd comes in time, and those after it go through', async () => {
    const executor = executorWith({ submitPatience: 100 });
    await kill('schedd');
    const error = await thrownBy(executor.submit(() => 1));
    expect(error).toBeInstanceOf(SubmitError);
    expect(error).toMatchObject({ transient: true, message: expect.stringContaining('Remedy: ') });
    await poolIsWhole();
    expect(await executor.submit(() => 2)).toBe(2);
  });

  it('can be cancelled while it waits, and shutdown does not wait for the schedd then', async () => {
    const executor = executorWith({ submitPatience: Infinity });
    fakeSubmit(`echo "ERROR: Can't find address of local schedd" >&2; exit 1`);
    const future = executor.submit(() => 1);
    await until(waiting);
    future.cancel();
    await executor.shutdown();
    expect(future.cancelled()).toBe(true);
  });
});

describe('A call whose condor_submit', () => {
  it.each([
    ['has queued it and hangs', '$real "$@" >/dev/null; sleep 60'],
    ['has queued it and is killed', '$real "$@" >/dev/null; kill -9 $$'],
    ['has queued it and answers garbage', '$real "$@" >/dev/null; echo Segmentation fault'],
    [
      'has queued it and says that the connection was lost',
      '$real "$@" >/dev/null; echo "ERROR: Failed to commit job submission into the queue" >&2; exit 1',
    ],
  ])('%s runs once', async (_, script) => {
    fakeSubmit(script);
    const call = countedCall(executorWith({ commandTimeout: 3000 }), directory);
    call.gate.open();
    expect(await call.future).toBe('passed');
    expect(call.runs()).toHaveLength(1);
    expect(call.future.jobId).toMatch(/^\d+\.0$/);
  });

  it('hangs and queues nothing is submitted when another one works', async () => {
    fakeSubmit('sleep 60');
    const call = countedCall(executorWith({ commandTimeout: 1000 }), directory);
    call.gate.open();
    await until(waiting);
    restorePath();
    expect(await call.future).toBe('passed');
    expect(call.runs()).toHaveLength(1);
  });

  it('answers garbage and queues nothing fails with what it said', async () => {
    fakeSubmit('echo Segmentation fault');
    const error = await thrownBy(executorWith().submit(() => 1));
    expect(error).toBeInstanceOf(SubmitError);
    expect((error as Error).message).toContain('answered for 0 of 1 jobs: Segmentation fault');
  });
});
