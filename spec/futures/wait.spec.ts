import { getEventListeners } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import type { Future } from '../../lib/futures/future.ts';
import { wait, type ReturnWhen, type WaitResult } from '../../lib/futures/wait.ts';
import { countCallbacks } from '../support/count-callbacks.ts';
import { manualFutures, mixedFutures, type ManualFuture } from '../support/manual-future.ts';
import { thrownBy } from '../support/thrown-by.ts';
import { turn } from '../support/turn.ts';

function futuresOf<T>(made: readonly ManualFuture<T>[]): Future<T>[] {
  return made.map(({ future }) => future);
}

/** The indexes of the done futures, and of the others. */
function partition(
  made: readonly ManualFuture<number>[],
  { done, notDone }: WaitResult<Future<number>>,
): number[][] {
  return [done, notDone].map((set) => [...set].map((future) => futuresOf(made).indexOf(future)));
}

describe('wait', () => {
  it('returns two sets, with each future once', async () => {
    const made = mixedFutures();
    const result = await wait([...futuresOf(made), ...futuresOf(made)], { timeout: 0 });
    expect(result.done).toBeInstanceOf(Set);
    expect(result.notDone).toBeInstanceOf(Set);
    expect(partition(made, result)).toEqual([[0, 1, 2], [3]]);
  });

  it.each(['ALL_COMPLETED', 'FIRST_COMPLETED', 'FIRST_EXCEPTION'] as const)(
    'returns at once for nothing (%s)',
    async (returnWhen) => {
      const { done, notDone } = await wait([], { returnWhen });
      expect([done.size, notDone.size]).toEqual([0, 0]);
    },
  );

  it('waits for all: those that return, fail and are cancelled', async () => {
    const made = manualFutures<number>(3);
    const waiting = wait(futuresOf(made));
    let ended = false;
    void waiting.then(() => (ended = true));
    made[0]?.controller.resolve(1);
    made[1]?.controller.reject(new Error('failed'));
    await turn();
    expect(ended).toBe(false);
    made[2]?.future.cancel();
    expect(partition(made, await waiting)).toEqual([[0, 1, 2], []]);
  });

  it.each<[how: string, end: (made: ManualFuture<number>) => void]>([
    ['returns', ({ controller }) => controller.resolve(1)],
    ['fails', ({ controller }) => controller.reject(new Error('failed'))],
    ['is cancelled', ({ future }) => future.cancel()],
  ])('returns with FIRST_COMPLETED once one %s', async (_how, end) => {
    const made = manualFutures<number>(3);
    const waiting = wait(futuresOf(made), { returnWhen: 'FIRST_COMPLETED' });
    end(made[1] as ManualFuture<number>);
    expect(partition(made, await waiting)).toEqual([[1], [0, 2]]);
  });

  it('returns at once with FIRST_COMPLETED if some are done, with exactly those', async () => {
    const made = mixedFutures();
    expect(partition(made, await wait(futuresOf(made), { returnWhen: 'FIRST_COMPLETED' }))).toEqual([
      [0, 1, 2],
      [3],
    ]);
  });

  it('returns with FIRST_EXCEPTION at the first failure; values and cancellations do not count', async () => {
    const made = manualFutures<number>(4);
    const waiting = wait(futuresOf(made), { returnWhen: 'FIRST_EXCEPTION' });
    let ended = false;
    void waiting.then(() => (ended = true));
    made[0]?.controller.resolve(1);
    made[1]?.future.cancel();
    await turn();
    expect(ended).toBe(false);
    made[2]?.controller.reject(undefined);
    expect(partition(made, await waiting)).toEqual([[0, 1, 2], [3]]);
  });

  it('returns at once with FIRST_EXCEPTION if one has failed already', async () => {
    const made = mixedFutures();
    expect(partition(made, await wait(futuresOf(made), { returnWhen: 'FIRST_EXCEPTION' }))).toEqual([
      [0, 1, 2],
      [3],
    ]);
  });

  it('waits for all with FIRST_EXCEPTION if none fails', async () => {
    const made = manualFutures<number>(2);
    const waiting = wait(futuresOf(made), { returnWhen: 'FIRST_EXCEPTION' });
    for (const { controller } of made) controller.resolve(1);
    expect(partition(made, await waiting)).toEqual([[0, 1], []]);
  });

  it.each([[0], [-1], [5]])('returns what there is after %p ms, and never throws', async (timeout) => {
    const made = mixedFutures();
    expect(partition(made, await wait(futuresOf(made), { timeout }))).toEqual([[0, 1, 2], [3]]);
  });

  it('returns sets that do not change any more', async () => {
    const made = manualFutures<number>(2);
    const result = await wait(futuresOf(made), { timeout: 1 });
    for (const { controller } of made) controller.resolve(1);
    expect([result.done.size, result.notDone.size]).toEqual([0, 2]);
  });

  it('does not wait again after a timeout that is longer than a timer can be', async () => {
    const made = manualFutures<number>(1);
    const waiting = wait(futuresOf(made), { timeout: 2 ** 31 });
    await wait(futuresOf(made), { timeout: 20 });
    made[0]?.controller.resolve(1);
    expect(partition(made, await waiting)).toEqual([[0], []]);
  });

  it('rejects with the reason of the signal, and leaves the futures alone', async () => {
    const made = manualFutures<number>(2);
    const count = countCallbacks(made);
    const controller = new AbortController();
    const waiting = thrownBy(wait(futuresOf(made), { signal: controller.signal }));
    controller.abort('enough');
    expect(await waiting).toBe('enough');
    expect(await thrownBy(wait(futuresOf(made), { signal: controller.signal }))).toBe('enough');
    expect(made.map(({ future }) => future.state)).toEqual(['pending', 'pending']);
    expect(count()).toBe(0);
  });

  it('leaves nothing behind, however it ends', async () => {
    const made = manualFutures<number>(3);
    const count = countCallbacks(made);
    const { signal } = new AbortController();
    await wait(futuresOf(made), { timeout: 1, signal });
    const waiting = wait(futuresOf(made), { returnWhen: 'FIRST_COMPLETED', signal });
    made[0]?.controller.resolve(1);
    await waiting;
    expect(count()).toBe(0);
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it.each([['SOME_COMPLETED'], ['all_completed'], [1], [null]])(
    'rejects %p as returnWhen, also for done futures',
    async (returnWhen) => {
      for (const futures of [[], futuresOf(mixedFutures())])
        expect(await thrownBy(wait(futures, { returnWhen: returnWhen as ReturnWhen }))).toBeInstanceOf(
          RangeError,
        );
    },
  );

  it('sees all of 10,000 futures that end in one tick, without a warning about listeners', async () => {
    const made = manualFutures<number>(10_000);
    const warnings: unknown[] = [];
    const onWarning = (warning: unknown): void => void warnings.push(warning);
    process.on('warning', onWarning);
    const { signal } = new AbortController();
    const waiting = wait(futuresOf(made), { signal, timeout: 60_000 });
    for (const { controller } of made) controller.resolve(1);
    expect((await waiting).done.size).toBe(10_000);
    process.off('warning', onWarning);
    expect(warnings).toEqual([]);
  });
});
