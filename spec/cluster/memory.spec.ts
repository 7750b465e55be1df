import { describe, expect, it } from '@jest/globals';
import type { Executor } from '../../lib/futures/executor.ts';
import type { Future } from '../../lib/futures/future.ts';
import { collect, untilCollected } from '../support/collect-garbage.ts';
import { ScriptedExecutor } from '../support/scripted-executor.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { until } from '../support/until.ts';
const directory = temporaryDirectory();

/** What is left of a future when its caller forgets it. */
type Remains = WeakRef<object>;

/** Ways in which a future comes to its end; each forgets it then. */
const ENDS: Record<string, (scripted: ScriptedExecutor) => Promise<Remains[]>> = {
  'whose call returned, while its job is still in the queue': async (scripted) => {
    const { future } = await scripted.submitted();
    await scripted.return(future, { large: true });
    return [new WeakRef(future), new WeakRef((await future) as unknown as object)];
  },
  'whose call returned, and whose job has left the queue': async (scripted) => {
    const { future } = await scripted.submitted();
    await scripted.return(future, { large: true });
    const value = new WeakRef((await future) as unknown as object);
    scripted.tell(future, { kind: 'ended', exitCode: 0 });
    return [new WeakRef(future), value];
  },
  'whose value a call was given that waits for another one': async (scripted) => {
    const { future } = await scripted.submitted();
    const other = await scripted.submitted();
    void scripted.executor.submit((x: number, y: number) => x + y, future, other.future);
    await scripted.return(future, { large: true });
    return [new WeakRef(future), new WeakRef((await future) as unknown as object)];
  },
  'that failed': async (scripted) => {
    const { future } = await scripted.submitted();
    scripted.tell(future, { kind: 'ended', exitCode: 1 });
    return [new WeakRef(future), new WeakRef((await thrownBy(future)) as object)];
  },
  'that was cancelled before it had a job': async ({ executor }) => forgetCancelled(executor.submit(() => 0)),
  'that was cancelled while its job was in the queue': async (scripted) => {
    const { future } = await scripted.submitted();
    return forgetCancelled(future);
  },
  'with a signal that never aborts': async (scripted) => {
    const { signal } = abort;
    const { future } = await scripted.submitted(scripted.executor.with({ signal }));
    await scripted.return(future, 7);
    await future;
    return [new WeakRef(future)];
  },
  'whose call was tried again, while both jobs are in the queue': async (scripted) => {
    const { future } = await scripted.submitted(scripted.executor.with({ retries: 1 }));
    scripted.tell(future, { kind: 'removed', reason: 'by policy', byPolicy: true });
    await scripted.nextAttempt(future, 2);
    await scripted.return(future, 7);
    await future;
    return [new WeakRef(future)];
  },
  'that had callbacks, of which one was taken back': async (scripted) => {
    const { future } = await scripted.submitted();
    let calls = 0;
    future.addDoneCallback(() => (calls += 1));
    future.addDoneCallback(() => (calls += 1))();
    await scripted.return(future, 7);
    await until(() => calls === 1);
    return [new WeakRef(future)];
  },
};
const abort = new AbortController();

function forgetCancelled(future: Future<unknown>): Remains[] {
  future.cancel();
  return [new WeakRef(future)];
}

describe('An executor does not hold a future', () => {
  it.each(Object.keys(ENDS))('%s', async (name) => {
    const scripted = new ScriptedExecutor(directory);
    const remains = (await ENDS[name]?.(scripted)) ?? [];
    expect(remains.length).toBeGreaterThan(0);
    for (const reference of remains) await untilCollected(reference);
  });
});

describe('An executor does not hold arguments', () => {
  /** Of those that something holds. */
  function bytesOfBuffers(): number {
    collect();
    return process.memoryUsage().arrayBuffers;
  }

  async function submitLarge(executor: Executor): Promise<{ future: Future<number>; argument: Remains }> {
    const large = { bytes: new Uint8Array(4_000_000) };
    const future = executor.submit(({ bytes }) => bytes.length, large);
    await until(() => future.jobId !== undefined);
    return { future, argument: new WeakRef(large) };
  }

  it('that are on the disk, neither as they were nor as bytes', async () => {
    const { executor } = new ScriptedExecutor(directory);
    // Other specs in this process may hold buffers of their own.
    const before = bytesOfBuffers();
    const submitted = [await submitLarge(executor), await submitLarge(executor), await submitLarge(executor)];
    for (const { argument } of submitted) await untilCollected(argument);
    await until(() => bytesOfBuffers() - before < 4_000_000);
    expect(submitted.map(({ future }) => future.state)).toEqual(['pending', 'pending', 'pending']);
  });
});
