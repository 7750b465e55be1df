import { describe, expect, it } from '@jest/globals';
import { asCompleted } from '../../lib/futures/as-completed.ts';
import { checkFutures } from '../../lib/futures/wait.ts';
import { wait } from '../../lib/futures/wait.ts';
import { manualFuture, manualFutures } from '../support/manual-future.ts';
import { thrownBy } from '../support/thrown-by.ts';

describe('checkFutures', () => {
  it('gives the futures of any iterable', () => {
    const futures = manualFutures(3).map(({ future }) => future);
    expect([...checkFutures(new Set(futures))]).toEqual(futures);
    expect([...checkFutures([])]).toEqual([]);
  });

  it.each<[unknown, string]>([
    [manualFuture().future, 'Expected `futures` to be an iterable of futures'],
    [null, 'Expected `futures` to be an iterable of futures, got `null`'],
    [[Promise.resolve(1)], 'Expected `futures` to hold futures only, got `Promise'],
    [[1], 'Expected `futures` to hold futures only, got `1` (number)'],
  ])('refuses what holds no futures: %p', async (futures, message) => {
    expect(() => asCompleted(futures as never)).toThrow(
      new RegExp(`^${message.replaceAll(/[()]/g, '\\$&')}`),
    );
    expect(await thrownBy(wait(futures as never))).toMatchObject({
      message: expect.stringContaining(message),
    });
  });

  it('lets a timeout be a number, for both', async () => {
    const { future } = manualFuture();
    expect((await wait([future], 0)).notDone).toEqual(new Set([future]));
    expect(await thrownBy(asCompleted([future], 0).next())).toMatchObject({
      message: '1 (of 1) futures unfinished',
    });
    expect(() => asCompleted([future], { timout: 1 } as never)).toThrow(
      'asCompleted() has no option `timout`',
    );
  });
});
